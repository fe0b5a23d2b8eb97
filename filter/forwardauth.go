package filter

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/weirhttp/weir/internal/token"
	"github.com/weirhttp/weir/rewrite"
)

// ForwardAuthOptions are the options of [ForwardAuth]. The zero value is right for Authelia.
type ForwardAuthOptions struct {
	// UserField names the field of the server's answer that says who is signed in. Empty means Remote-User; oauth2-proxy
	// has X-Auth-Request-User.
	UserField string

	// Copy names fields of the server's answer that the application gets, such as Remote-Groups. Nil means none.
	Copy []string

	// Send names the fields of the request that the server gets. Nil means Accept, Authorization and Cookie.
	Send []string

	// Timeout is how long the server may take for an answer, its body included. Zero means 10 seconds.
	Timeout time.Duration

	// MaxAnswer is how long the body of the server's answer may be, in bytes. Zero means 256 KiB.
	MaxAnswer int64

	// Transport sends the requests. Nil is one of its own, which keeps up to 64 idle connections for 30 seconds, reads
	// heads of up to 64 KiB, and minds no proxy of the environment.
	Transport http.RoundTripper

	// Logger gets what is wrong with the server, at level Error. Nil means [slog.Default], asked for each time.
	Logger *slog.Logger
}

// ForwardAuth returns a filter that asks an authentication server at url about each request, as Traefik's ForwardAuth and
// nginx's auth_request do: Authelia, oauth2-proxy and their like answer such questions.
//
// The question is a GET without a body. It has those fields of the request that Send names, no others, and says what the
// request is: X-Forwarded-Method, -Proto, -Host, -Uri and -For, and for servers that know nginx X-Original-Method, -URL and
// -URI. The URI is the path and the query that go to the application, byte for byte, with the script name before them. It
// always begins with a slash, and with two where the client says so, so that only X-Original-URL is a URL to be parsed.
// Scheme and host are those that [TrustProxy] or the like found out, or else of the connection and the request.
//
// Requests for no path, such as OPTIONS * and those of CONNECT, and for what is no host are answered with 400, and nothing
// is asked: a server that made a URL of it could read another host out of that. The server goes by the host, which
// is what the client says it is: [AllowHosts] must stand outside, unless the server itself denies the hosts that it does not
// know.
//
// A 2xx lets the request through. The handler gets a copy of it: the fields of Copy and UserField that the client sent are
// gone from header and trailer, in every spelling that an application may take for one (see [rewrite.DelLike]); those of
// Copy that the server answered are there instead; and the user whom UserField names, if there is one, is in the context
// under [rewrite.User]. The session of the client stays in its cookies. The response gets the cookies that the server set,
// and is for this client alone: Cache-Control gets "private" where the application said nothing about who may keep it, and
// becomes "private, no-cache" where a cookie of the server goes with it.
//
// Any other answer from 300 to 499, but for 304, goes to the client, with its body and those fields that make up a sign-in:
// Location, which is passed on as it is, Set-Cookie, WWW-Authenticate, Cache-Control, Retry-After and those about the
// body. A 401 always has a WWW-Authenticate: "Session" where the server has none. A redirect is for the navigation of a
// browser. Other requests get 401 with the Location in its place, and no cookies: those that Sec-Fetch-Mode says are none,
// and, where there is no such field, those whose method is not GET or HEAD, that ask for no HTML, or that have
// X-Requested-With.
//
// It fails closed. When the server cannot be reached or is too slow, or the request's context ends, the answer is 503.
// It is 502 when the server answers with any other status, breaks off, or says more than MaxAnswer. Nothing of
// such an answer is used. Redirects are not followed. What is wrong is logged, unless the client has left.
//
// A url that is not of http or https, or has a user or a fragment, a name that is no field name or is one of the
// connection, and an option below zero panic when the filter is made.
//
// ForwardAuth belongs inside of AllowHosts, RateLimit and what finds out the client address, and outside of everything that
// is protected, and of what changes the path. A MethodOverride further in makes a DELETE of a POST that the server let
// through as a POST: where its rules go by the method, MethodOverride belongs outside.
func ForwardAuth(url *url.URL, o ForwardAuthOptions) func(http.Handler) http.Handler {
	f := newForwardAuth(url, o)
	return func(next http.Handler) http.Handler {
		if next == nil {
			panic("filter.ForwardAuth: next is nil")
		}
		next = privately(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { f.serve(w, r, next) })
	}
}

type forwardAuth struct {
	ForwardAuthOptions
	url   *url.URL
	scrub func(http.Header)
}

func newForwardAuth(url *url.URL, o ForwardAuthOptions) *forwardAuth {
	switch {
	case url == nil:
		panic("filter.ForwardAuth: url is nil")
	case url.Scheme != "http" && url.Scheme != "https", url.Host == "", url.User != nil, url.Fragment != "":
		panic(fmt.Sprintf("filter.ForwardAuth: url is %q: write one such as \"http://localhost:9091/api/authz/forward-auth\"", url.Redacted()))
	case o.Timeout < 0:
		panic(fmt.Sprintf("filter.ForwardAuth: Timeout is %v, below 0", o.Timeout))
	case o.MaxAnswer < 0:
		panic(fmt.Sprintf("filter.ForwardAuth: MaxAnswer is %d, below 0", o.MaxAnswer))
	}
	if o.UserField == "" {
		o.UserField = "Remote-User"
	}
	if o.Send == nil {
		o.Send = []string{"Accept", "Authorization", "Cookie"}
	}
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	if o.MaxAnswer == 0 {
		o.MaxAnswer = 256 << 10
	}
	if o.Transport == nil {
		o.Transport = &http.Transport{MaxIdleConnsPerHost: 64, IdleConnTimeout: 30 * time.Second, MaxResponseHeaderBytes: 64 << 10,
			DisableCompression: true, ForceAttemptHTTP2: true}
	}
	o.UserField = fieldNames("UserField", []string{o.UserField})[0]
	o.Copy, o.Send = fieldNames("Copy", o.Copy), fieldNames("Send", o.Send)
	scrub := rewrite.DelLike(append(slices.Clone(o.Copy), o.UserField)...)
	return &forwardAuth{ForwardAuthOptions: o, url: url, scrub: scrub}
}

// framing are fields of a connection or a message, which no other one can have.
var framing = [...]string{"Connection", "Content-Length", "Expect", "Host", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade"}

// fieldNames returns the canonical forms of the names in an option.
func fieldNames(option string, names []string) []string {
	canonical := make([]string, len(names))
	for i, name := range names {
		canonical[i] = http.CanonicalHeaderKey(name)
		if !token.Is(name) || slices.Contains(framing[:], canonical[i]) {
			panic(fmt.Sprintf("filter.ForwardAuth: %s has %q, which is no field to be passed on", option, name))
		}
	}
	return canonical
}

func (f *forwardAuth) serve(w http.ResponseWriter, r *http.Request, next http.Handler) {
	uri := askedURI(r)
	if _, ok := rewrite.NamedHost(r); uri == "" || !ok {
		http.Error(w, http.StatusText(http.StatusBadRequest), http.StatusBadRequest)
		return
	}
	answer, err := f.ask(r, uri)
	switch {
	case err != nil:
		f.fail(w, r, err)
	case answer.status < 300:
		f.letIn(w, r, answer, next)
	case answer.status < 400 && !navigates(r):
		answer.unauthorized(w)
	default:
		answer.send(w)
	}
}

// letIn calls next with a copy of r that has what the server says, and nothing that the client says about it.
func (f *forwardAuth) letIn(w http.ResponseWriter, r *http.Request, answer *authAnswer, next http.Handler) {
	ctx := r.Context()
	if user := answer.header.Get(f.UserField); user != "" {
		ctx = rewrite.User.WithValue(ctx, user)
	}
	ctx = authCookies.WithValue(ctx, answer.header["Set-Cookie"]) // none hides those of a ForwardAuth outside
	edited := r.WithContext(ctx)
	edited.Header = r.Header.Clone()
	if edited.Header == nil {
		edited.Header = http.Header{}
	}
	f.scrub(edited.Header)
	scrubTrailer(r, edited, f.scrub)
	for _, name := range f.Copy {
		if values := answer.header[name]; len(values) > 0 {
			edited.Header[name] = slices.Clone(values)
		}
	}
	rewrite.Serve(w, r, edited, next)
}

// fail answers a request about which the server said nothing of use.
func (f *forwardAuth) fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() == nil {
		logger := f.Logger
		if logger == nil {
			logger = slog.Default()
		}
		logger.LogAttrs(r.Context(), slog.LevelError, "the authentication server is of no use",
			slog.String("url", f.url.Redacted()), slog.Any("error", err))
	}
	status := http.StatusServiceUnavailable
	if _, ok := err.(badAnswer); ok {
		status = http.StatusBadGateway
	}
	http.Error(w, http.StatusText(status), status)
}
