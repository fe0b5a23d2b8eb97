package filter

import (
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/rewrite"
)

// entry is what is known of a request when it has been served.
type entry struct {
	r       *http.Request
	sent    capture.Sent
	start   time.Time
	ended   time.Time
	notes   []slog.Attr // but for those that the next three come from
	dropped int

	client, user, id string
}

// identify finds out who sent the request and what it is called: by the
// notes, or by what was set further out.
func (e *entry) identify() {
	e.client = clientAddr(e.r)
	e.user, _ = rewrite.User.Value(e.r.Context())
	e.id, _ = ID.Value(e.r.Context())
	e.notes = slices.DeleteFunc(e.notes, func(a slog.Attr) bool {
		switch a.Key {
		case rewrite.Client.Name:
			e.client = notedClient(a.Value)
		case rewrite.User.Name:
			e.user = a.Value.Resolve().String()
		case ID.Name:
			e.id = a.Value.Resolve().String()
		default:
			return false
		}
		return true
	})
}

// notedClient is the client as a filter further in noted it, or the application.
func notedClient(v slog.Value) string {
	v = v.Resolve()
	if addr, ok := v.Any().(netip.Addr); ok {
		return hop{addr: addr}.name()
	}
	return v.String()
}

// duration is how long it took, by a clock that nobody sets.
func (e *entry) duration() time.Duration { return e.ended.Sub(e.start) }

// requestTarget is what the client asked for, byte for byte, or would have, of a
// request that a program made.
func requestTarget(r *http.Request) string {
	if r.RequestURI != "" {
		return r.RequestURI
	}
	whole := *r.URL
	whole.Path, whole.RawPath = rewrite.ScriptName(r)+r.URL.Path, rewrite.EscapedScriptName(r)+r.URL.EscapedPath()
	return whole.RequestURI()
}

// requestPath is the path that the client asked for, without the query, or
// the authority of a CONNECT request.
func requestPath(r *http.Request) string {
	path, _, _ := strings.Cut(requestTarget(r), "?")
	if strings.HasPrefix(path, "/") {
		return path
	}
	if _, rest, absolute := strings.Cut(path, "://"); absolute { // RFC 9112 section 3.2.2
		slash := strings.IndexByte(rest, '/')
		if slash < 0 {
			return ""
		}
		return rest[slash:]
	}
	return path
}

// clientAddr is the client's address without its port.
func clientAddr(r *http.Request) string {
	if addr, ok := rewrite.Client.Value(r.Context()); ok {
		return hop{addr: addr}.name()
	}
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		return host
	}
	return r.RemoteAddr
}
