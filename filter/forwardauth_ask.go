package filter

import (
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"

	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/rewrite"
)

// authAnswer is a whole answer of an authentication server.
type authAnswer struct {
	status int
	header http.Header
	body   []byte
}

// badAnswer says what is wrong with an answer.
type badAnswer string

func (b badAnswer) Error() string { return string(b) }

// ask asks the server about r, which is for uri.
func (f *forwardAuth) ask(r *http.Request, uri string) (*authAnswer, error) {
	ctx, cancel := context.WithTimeout(r.Context(), f.Timeout)
	defer cancel()
	question := (&http.Request{Method: http.MethodGet, URL: f.url, Host: f.url.Host, Header: f.fields(r, uri)}).WithContext(ctx)
	res, err := f.Transport.RoundTrip(question) // follows no redirect
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, min(f.MaxAnswer, math.MaxInt64-1)+1))
	users := len(res.Header[f.UserField])
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, badAnswer("its answer breaks off: " + err.Error())
	case int64(len(body)) > f.MaxAnswer:
		return nil, badAnswer(fmt.Sprintf("its answer is longer than %d bytes: see MaxAnswer", f.MaxAnswer))
	case res.StatusCode < 200 || res.StatusCode >= 500 || res.StatusCode == http.StatusNotModified:
		return nil, badAnswer(fmt.Sprintf("it answers with status %d", res.StatusCode))
	case res.StatusCode < 300 && users > 1:
		return nil, badAnswer(fmt.Sprintf("it names %d users in %s", users, f.UserField))
	}
	return &authAnswer{status: res.StatusCode, header: res.Header, body: body}, nil
}

// fields are those of the question about r.
func (f *forwardAuth) fields(r *http.Request, uri string) http.Header {
	h := make(http.Header, len(f.Send)+9)
	for _, name := range f.Send {
		if values := r.Header[name]; len(values) > 0 {
			h[name] = slices.Clone(values)
		}
	}
	if _, sent := h["User-Agent"]; !sent {
		h["User-Agent"] = []string{""} // none
	}
	scheme, host := rewrite.SchemeOf(r), rewrite.HostOf(r)
	for name, value := range map[string]string{
		"X-Forwarded-Method": r.Method, "X-Forwarded-Proto": scheme, "X-Forwarded-Host": host, "X-Forwarded-Uri": uri,
		"X-Forwarded-For": hop{addr: rewrite.ClientOf(r)}.name(), "X-Original-Method": r.Method, "X-Original-Uri": uri,
		"X-Original-Url": scheme + "://" + host + uri,
	} {
		h[name] = []string{value}
	}
	return h
}

// askedURI returns the path and the query that the application will be asked for, with the script name. It is empty where
// the target of r is no path, which may have a script name before it all the same.
func askedURI(r *http.Request) string {
	path := askedPath(r)
	if path == "" || r.Method == http.MethodConnect || r.URL.Opaque != "" || r.URL.Path == "*" {
		return ""
	}
	if r.URL.RawQuery != "" || r.URL.ForceQuery {
		path += "?" + r.URL.RawQuery
	}
	return path
}

// navigates says whether a browser asks for r in order to show what it gets: only then is a redirect of use.
func navigates(r *http.Request) bool {
	if mode := r.Header.Get("Sec-Fetch-Mode"); mode != "" {
		return mode == "navigate"
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead || r.Header.Get("X-Requested-With") != "" {
		return false
	}
	for _, line := range r.Header["Accept"] {
		for member := range strings.SplitSeq(line, ",") {
			kind, _, _ := strings.Cut(member, ";")
			kind = strings.TrimSpace(kind)
			if strings.EqualFold(kind, "text/html") || strings.EqualFold(kind, "application/xhtml+xml") {
				return true
			}
		}
	}
	return false
}

// relayed are the fields of an answer that the client gets.
var relayed = [...]string{"Cache-Control", "Content-Encoding", "Content-Language", "Content-Security-Policy", "Content-Type",
	"Location", "Retry-After", "Set-Cookie", "Www-Authenticate"}

// send answers with what the server says.
func (a *authAnswer) send(w http.ResponseWriter) {
	h := w.Header()
	h["Cache-Control"] = []string{"no-store"} // unless the server says something else
	for _, name := range relayed {
		switch values := a.header[name]; {
		case len(values) == 0:
		case name == "Set-Cookie":
			h[name] = append(slices.Clone(h[name]), values...)
		default:
			h[name] = slices.Clone(values)
		}
	}
	if a.status == http.StatusUnauthorized && len(a.header["Www-Authenticate"]) == 0 {
		h["Www-Authenticate"] = session()
	}
	w.WriteHeader(a.status)
	w.Write(a.body)
}

// session is the challenge of a 401 that has no other: RFC 9110 §15.5.2 asks for one. For one of a scheme that it does not
// know, no browser asks for a password.
func session() []string { return []string{"Session"} }

// unauthorized answers with 401 in place of a redirect.
func (a *authAnswer) unauthorized(w http.ResponseWriter) {
	h := w.Header()
	h["Cache-Control"] = []string{"no-store"}
	h["Www-Authenticate"] = session()
	if location := a.header["Location"]; len(location) > 0 {
		h["Location"] = slices.Clone(location)
	}
	http.Error(w, http.StatusText(http.StatusUnauthorized), http.StatusUnauthorized)
}

// authCookies are the cookies that the server set when it let a request through.
var authCookies = &rewrite.Key[[]string]{Name: "cookies of the authentication server"}

// privately adds the cookies of the server to the answers of next, and keeps them out of shared caches, which do not
// know what cookies let somebody in.
func privately(next http.Handler) http.Handler {
	return rewrite.Response(func(h *capture.Head) {
		cookies, _ := authCookies.Value(h.Request.Context())
		said := strings.ToLower(strings.Join(h.Header["Cache-Control"], ","))
		switch {
		case strings.Contains(said, "no-store"), len(cookies) == 0 && (strings.Contains(said, "private") ||
			strings.Contains(said, "public") || strings.Contains(said, "s-maxage")):
		case len(cookies) > 0:
			h.Header["Cache-Control"] = []string{"private, no-cache"}
		default:
			h.Header["Cache-Control"] = append(slices.Clone(h.Header["Cache-Control"]), "private")
		}
		if len(cookies) > 0 {
			h.Header["Set-Cookie"] = append(slices.Clone(h.Header["Set-Cookie"]), cookies...)
		}
	})(next)
}
