package mount

import (
	"context"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/weirhttp/weir/rewrite"
)

// Environ returns an edit for rewrite.Request that gives a mounted program one more
// variable in its environment for this request: in the process's own for CGI, as a
// parameter for FastCGI and SCGI, as a key of environ for WSGI. It takes precedence over a
// variable of the same name that the request or the backend's configuration makes, and
// over an earlier edit; REMOTE_USER of a user who signed in alone takes precedence over it.
// No client can set or change it. Go handlers and proxied applications do not see it.
//
// Name is any text without "=" and NUL, as "trac.env_path"; Environ panics for another. A
// value with a NUL, which no program could be given, makes the answer 400.
func Environ(name, value string) func(*http.Request) {
	if name == "" || strings.ContainsAny(name, "=\x00") {
		panic("mount.Environ: " + strconv.Quote(name) + " is no name of a variable: write one without \"=\" and NUL")
	}
	return func(r *http.Request) {
		added := &extra{name: name, value: value, before: extras(r.Context())}
		*r = *r.WithContext(context.WithValue(r.Context(), extraKey{}, added))
	}
}

// extra is a variable that Environ added, the last one first.
type extra struct {
	name, value string
	before      *extra
}

type extraKey struct{}

func extras(ctx context.Context) *extra {
	e, _ := ctx.Value(extraKey{}).(*extra)
	return e
}

// variable is one of a program's environment.
type variable struct{ name, value string }

// environ is what a program is told of a request: the meta-variables of RFC 3875 section
// 4.1, and those that programs expect besides. No two have one name.
type environ []variable

// set gives a variable a value, whether it is there already or not.
func (e *environ) set(name, value string) {
	for i := range *e {
		if (*e)[i].name == name {
			(*e)[i].value = value
			return
		}
	}
	e.add(name, value)
}

// add is set for a variable that is not there yet.
func (e *environ) add(name, value string) { *e = append(*e, variable{name, value}) }

// describe adds what the request says. The script name and path info are as they are for
// this application; length is that of the body, or -1 when nobody knows it.
func (e *environ) describe(r *http.Request, length int64) {
	*e = slices.Grow(*e, 24+len(r.Header))
	e.add("GATEWAY_INTERFACE", "CGI/1.1")
	e.add("SERVER_SOFTWARE", "weir")
	if r.Proto != "" {
		e.add("SERVER_PROTOCOL", r.Proto)
	} else {
		e.add("SERVER_PROTOCOL", "HTTP/1.1")
	}
	e.add("REQUEST_METHOD", r.Method)
	e.add("REQUEST_URI", requestURI(r))
	e.add("SCRIPT_NAME", rewrite.ScriptName(r))
	e.add("PATH_INFO", r.URL.Path)
	e.add("QUERY_STRING", r.URL.RawQuery)
	e.addServer(r)
	e.addClient(r)
	if length >= 0 && (length > 0 || len(r.Header["Content-Length"]) > 0) {
		e.add("CONTENT_LENGTH", strconv.FormatInt(length, 10))
	}
	e.addFields(r.Header)
}

func (e *environ) addServer(r *http.Request) {
	scheme := rewrite.SchemeOf(r)
	e.add("REQUEST_SCHEME", scheme)
	if scheme == "https" {
		e.add("HTTPS", "on")
	}
	if host, _ := rewrite.NamedHost(r); host != "" {
		e.add("HTTP_HOST", host)
	}
	e.add("SERVER_NAME", rewrite.Domain(r))
	e.add("SERVER_PORT", rewrite.Port(r))
}

func (e *environ) addClient(r *http.Request) {
	client := clientOf(r)
	e.add("REMOTE_ADDR", client)
	e.add("REMOTE_HOST", client)
	if _, found := rewrite.Client.Value(r.Context()); found {
		return // the port of the connection is that of a proxy
	}
	if _, port, err := net.SplitHostPort(r.RemoteAddr); err == nil && client != "" {
		e.add("REMOTE_PORT", port)
	}
}

// addFields adds the client's fields, but for those that it has no business to send, and
// those in whose names a character would become the "_" that a hyphen becomes.
func (e *environ) addFields(h http.Header) {
	for name, values := range h {
		switch {
		case name == "Content-Type":
			e.add("CONTENT_TYPE", strings.Join(values, ", "))
		case name == "Content-Length", name == "Host", claims(name, ""), !plainName(name):
		case name == "Cookie":
			e.add("HTTP_COOKIE", strings.Join(values, "; "))
		default:
			e.set(variableName(name), strings.Join(values, ", "))
		}
	}
}

// plainName reports whether a name is of letters, digits and hyphens.
func plainName(name string) bool {
	for i := range len(name) {
		c := name[i]
		if c != '-' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}

// variableName is HTTP_USER_AGENT for User-Agent.
func variableName(field string) string {
	if name, ok := variableNames[field]; ok {
		return name
	}
	name := []byte("HTTP_" + field)
	for i, c := range name {
		switch {
		case c == '-':
			name[i] = '_'
		case 'a' <= c && c <= 'z':
			name[i] = c - 'a' + 'A'
		}
	}
	return string(name)
}

// variableNames spares what most requests have.
var variableNames = map[string]string{
	"Accept": "HTTP_ACCEPT", "Accept-Encoding": "HTTP_ACCEPT_ENCODING", "Accept-Language": "HTTP_ACCEPT_LANGUAGE",
	"Authorization": "HTTP_AUTHORIZATION", "Cache-Control": "HTTP_CACHE_CONTROL", "Connection": "HTTP_CONNECTION",
	"If-Modified-Since": "HTTP_IF_MODIFIED_SINCE", "If-None-Match": "HTTP_IF_NONE_MATCH", "Origin": "HTTP_ORIGIN",
	"Referer": "HTTP_REFERER", "Sec-Fetch-Dest": "HTTP_SEC_FETCH_DEST", "Sec-Fetch-Mode": "HTTP_SEC_FETCH_MODE",
	"Sec-Fetch-Site": "HTTP_SEC_FETCH_SITE", "Sec-Fetch-User": "HTTP_SEC_FETCH_USER",
	"Upgrade-Insecure-Requests": "HTTP_UPGRADE_INSECURE_REQUESTS", "User-Agent": "HTTP_USER_AGENT",
}

// finish adds what the program's host says, the last word last, and reports whether a
// program can be given all of it: a NUL ends a variable.
func (e *environ) finish(ctx context.Context, configured []string) bool {
	for _, v := range configured {
		if name, value, ok := strings.Cut(v, "="); ok {
			e.set(name, value)
		}
	}
	e.setExtras(extras(ctx))
	if user, _ := rewrite.User.Value(ctx); user != "" {
		e.set("REMOTE_USER", user)
	}
	for _, v := range *e {
		if hasNUL(v.value) {
			return false
		}
	}
	return true
}

// setExtras sets the earliest first.
func (e *environ) setExtras(last *extra) {
	if last != nil {
		e.setExtras(last.before)
		e.set(last.name, last.value)
	}
}

// requestURI is what the client asked for, or would have, of a request that a program made.
func requestURI(r *http.Request) string {
	if r.RequestURI != "" {
		return r.RequestURI
	}
	whole := *r.URL
	whole.Path, whole.RawPath = rewrite.ScriptName(r)+r.URL.Path, rewrite.EscapedScriptName(r)+r.URL.EscapedPath()
	return whole.RequestURI()
}
