package mount

import (
	"cmp"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
)

// Proxy is a handler that has requests answered by an application over HTTP. Its fields are
// set before it serves and not changed after.
//
// The path goes on as the client wrote it, byte for byte, and so does the query; bytes that
// no URL may have (RFC 3986 section 2) are escaped on the way. The application learns how
// the client came to it by the forwarded family (X-Forwarded-For, -Proto, -Host, -Port,
// -Prefix, X-Script-Name and Forwarded of RFC 7239) and who is signed in by UserField. What
// the client itself says in these fields does not reach it, in any spelling, nor in trailers.
// They say what package rewrite does (ClientOf, SchemeOf, NamedHost, Port), and so what the
// client asked a proxy for, where a filter such as filter.TrustProxy found it out. The address
// in X-Forwarded-For is one, the client's: we are the one proxy that it has to trust.
// Below a prefix MapFields, or Guest, mends what an application says that does not honour
// X-Forwarded-Prefix.
//
// Bodies stream both ways at once, trailers and informational responses (RFC 9110 section
// 15.2) included, and what comes without a length, or as text/event-stream, is flushed piece
// by piece. An upgrade, as to WebSocket, becomes a tunnel (section 7.8), except one to
// another version of HTTP, which would go around all filters; where URL is h2c there is none.
// A request without a body whose method is safe is sent once more over a fresh connection
// where a kept one was closed meanwhile, as http.Transport does it.
//
// URLs that name the application's own host become such of the public one, which is
// rewrite.NamedHost by rewrite.SchemeOf, in Location, Content-Location, Refresh, Link and Access-Control-Allow-Origin; a Domain in Set-Cookie that names it is dropped. The
// paths in them stay.
//
// Proxy itself answers 400 to a path that climbs out of the path of URL, to an Upgrade that
// no protocol can be called and to a body that the client broke off, 413 to one that is
// longer than an http.MaxBytesReader allows, 501 to CONNECT, 502 when the application cannot
// be reached or does not answer with HTTP, and 504 when the deadline of the request's context
// passed. An answer that the application broke off is cut. To a client that left, there is
// no answer. A Proxy that is set up wrongly panics at each request.
type Proxy struct {
	// URL is where the application is. Its scheme is http, https, or h2c, which is HTTP/2
	// without TLS. Its path, if any, goes before the path info. It has no query, no user and
	// no fragment.
	URL *url.URL

	// Socket is the path of a unix socket to connect to, whatever host URL names. URL may
	// then be nil, which is http://localhost.
	Socket string

	// Passthrough sends the script name before the path info, for an application whose own
	// configuration has its base URL. It does not get X-Forwarded-Prefix and X-Script-Name,
	// then, so that it does not apply the prefix twice.
	Passthrough bool

	// Host is the Host that the application sees. It is then told no other one by
	// X-Forwarded-Host, X-Forwarded-Port and Forwarded, and Origin, Referer, Destination and
	// the tags of If that are of the public origin come to be of this host, so that they
	// compare equal. Empty: the one that the client asked for, rewrite.NamedHost.
	Host string

	// UserField is the field in which the application reads who is signed in, as rewrite.User
	// says. Empty: X-Remote-User.
	UserField string

	// Transport sends the requests. Nil is one of its own, by HTTP/1.1 or, for h2c, HTTP/2. It
	// keeps up to 64 idle connections for 30 seconds, reads heads of up to 256 KiB, and
	// minds no proxy of the environment.
	Transport http.RoundTripper

	// Logger gets the faults of the application, at level Error. Nil is slog.Default.
	Logger *slog.Logger

	once   sync.Once
	fault  string // in the fields above, and what to write instead
	target target
}

func (p *Proxy) init() {
	if p.fault = p.faultOf(); p.fault == "" {
		p.target = p.makeTarget()
	}
}

// ServeHTTP has r answered by the application.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.once.Do(p.init)
	switch {
	case p.fault != "":
		panic("mount.Proxy: " + p.fault)
	case r.Method == http.MethodConnect:
		http.Error(w, http.StatusText(http.StatusNotImplemented), http.StatusNotImplemented)
		return
	case p.target.base != "" && climbs(r.URL):
		refuseToClimb(w)
		return
	}
	if upgrade := r.Header.Get("Upgrade"); upgrade != "" && !plainText(upgrade) {
		http.Error(w, "400 this Upgrade names no protocol", http.StatusBadRequest)
		return
	}
	body, _ := takeBody(w, r, 0, true)
	e := &proxied{
		fault:  fault{w: w, r: r, status: http.StatusBadGateway},
		target: &p.target,
		body:   body,
	}
	e.serve()
	body.finish()
}

// Close closes the connections that are kept, unless they are of a Transport that was given.
// Requests in flight end as they would.
func (p *Proxy) Close() error {
	p.once.Do(p.init)
	if own, ok := p.target.transport.(*http.Transport); ok && p.Transport == nil {
		own.CloseIdleConnections()
	}
	return nil
}

// userField is where the application reads who is signed in.
func (p *Proxy) userField() string { return cmp.Or(p.UserField, "X-Remote-User") }
