package mount

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/weirhttp/weir/internal/token"
	"github.com/weirhttp/weir/rewrite"
)

// target is where a Proxy sends requests, and what it says in them.
type target struct {
	scheme      string   // http or https
	address     string   // host and port
	base        string   // goes before the path info, escaped, without a slash at its end
	host        string   // the Host to say; empty: the client's
	names       []string // the hosts by which the application may call itself
	h2c         bool
	passthrough bool
	userField   string
	transport   http.RoundTripper
	logger      *slog.Logger
}

// faultOf says what is wrong with p and what to write instead; empty: nothing.
func (p *Proxy) faultOf() string {
	switch u := p.URL; {
	case u == nil && p.Socket == "":
		return `URL is nil: set it to where the application is, such as &url.URL{Scheme: "http", Host: "localhost:3000"}, or set Socket`
	case u != nil && u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "h2c":
		return fmt.Sprintf("URL %q has the scheme %q: write http, https or h2c", u.Redacted(), u.Scheme)
	case u != nil && (u.Host == "" && p.Socket == "" || u.Opaque != ""):
		return fmt.Sprintf("URL %q names no host: write one such as \"http://localhost:3000\"", u.Redacted())
	case u != nil && (u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != ""):
		return fmt.Sprintf("URL %q has a user, a query or a fragment: write scheme, host and path alone", u.Redacted())
	case u != nil && u.Path != "" && u.Path[0] != '/':
		return fmt.Sprintf("URL has the path %q: write %q", u.Path, "/"+u.Path)
	case u != nil && climbs(u):
		return fmt.Sprintf("URL %q has a path that climbs: write the path that it comes to", u.Redacted())
	case p.Transport != nil && p.Socket != "":
		return "Socket is set, and Transport too, which would not know of it: have Transport dial the socket, or leave it nil"
	case p.Transport != nil && u.Scheme == "h2c":
		return "URL has the scheme h2c, and Transport is set: write http, and have Transport speak unencrypted HTTP/2, or leave it nil"
	case p.Host != "" && (!plainAuthority(p.Host) || strings.Contains(p.Host, "@")):
		return fmt.Sprintf("Host %q is none: write a host alone, such as \"app.internal\"", p.Host)
	case p.UserField != "" && !token.Is(p.UserField):
		return fmt.Sprintf("UserField %q is no field name: write one such as \"X-Remote-User\"", p.UserField)
	}
	return ""
}

// makeTarget returns the target of a Proxy that has no fault.
func (p *Proxy) makeTarget() target {
	t := target{
		scheme: "http", address: "localhost", host: p.Host, passthrough: p.Passthrough,
		userField: p.userField(), transport: p.Transport, logger: orDefaultLogger(p.Logger),
	}
	if p.Host != "" {
		t.names = append(t.names, p.Host)
	}
	if u := p.URL; u != nil {
		t.h2c = u.Scheme == "h2c"
		if u.Scheme == "https" {
			t.scheme = "https"
		}
		if u.Host != "" {
			t.address = u.Host
			t.names = append(t.names, u.Host)
		}
		t.base = strings.TrimSuffix(u.EscapedPath(), "/")
	}
	if t.transport == nil {
		t.transport = newTransport(p.Socket, t.h2c)
	}
	return t
}

// newTransport returns a transport to one application.
func newTransport(socket string, h2c bool) *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(!h2c)
	protocols.SetUnencryptedHTTP2(h2c)
	dialer := &net.Dialer{Timeout: dialTimeout}
	return &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if socket != "" {
				network, address = "unix", socket
			}
			return dialer.DialContext(ctx, network, address)
		},
		Protocols:              protocols,
		DisableCompression:     true, // what the client accepts is its own affair
		MaxIdleConnsPerHost:    64,
		IdleConnTimeout:        30 * time.Second,
		TLSHandshakeTimeout:    dialTimeout,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: maxHead,
	}
}

// point makes out, a copy of r, a request to the target.
func (t *target) point(out *url.URL, r *http.Request) {
	path := escapedPath(r.URL)
	if path == "" || path[0] != '/' && (path != "*" || t.base != "") {
		path = "/" + path
	}
	if t.passthrough {
		path = rewrite.EscapedScriptName(r) + path
	}
	path = t.base + path
	out.Scheme, out.Host, out.Opaque = t.scheme, t.address, ""
	out.RawPath = path
	out.Path, _ = url.PathUnescape(path)
	out.RawQuery = strings.ReplaceAll(r.URL.RawQuery, " ", "%20") // by HTTP/2 a client can send one
	out.ForceQuery = r.URL.ForceQuery
}

// escapedPath is u.EscapedPath, except that a byte which no path may have does not make
// other escapes than the client's of all the rest.
func escapedPath(u *url.URL) string {
	path := u.EscapedPath()
	if u.RawPath == "" || path == u.RawPath {
		return path
	}
	out := patch{text: u.RawPath}
	for i := range len(u.RawPath) {
		if c := u.RawPath[i]; c != '%' && !inPath(c) {
			out.put(i, i+1, fmt.Sprintf("%%%02X", c))
		}
	}
	if mended, err := url.PathUnescape(out.String()); err != nil || mended != u.Path {
		return path // somebody edited Path alone
	}
	return out.String()
}

// inPath reports whether c stands for itself in a path (RFC 3986 section 3.3), or does so to
// net/url, at least.
func inPath(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || strings.IndexByte("-._~!$&'()*+,;=:@/[]", c) >= 0
}
