package rewrite

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
)

// Key is a context key for values of type T. It is always used by pointer, and the
// pointer is what tells two keys apart: declare it once, as a package variable. The
// value travels with the request's context, so it reaches every filter and application
// below the one that set it and nothing above, unless it is Noted.
type Key[T any] struct {
	// Name says in words what the value is. It tells nothing apart.
	Name string

	// Noted says that WithValue and Set also make a Note of the value, by Name, so that who
	// logs the request further out knows it, too, however much else is noted.
	Noted bool
}

// User is who sent the request, as a filter found out that asked for credentials. It is
// never taken from a field of the request. A mounted program gets it as REMOTE_USER.
// No value and the empty string both mean that nobody signed in. Whoever sets it also notes
// it, for the access log and for UserNoted.
var User = &Key[string]{Name: "user", Noted: true}

// Client is the address of who sent the request, as a filter found out that knows which
// proxies to believe. Without it Request.RemoteAddr is the address to take. The zero
// address means that the proxies do not know it, either: then it is not that of RemoteAddr.
// It is noted as User is.
var Client = &Key[netip.Addr]{Name: "client", Noted: true}

// Scheme is the scheme of the URL that the client asked for, "http" or "https", as a filter
// found out that knows which proxies to believe. Without it Request.TLS tells.
var Scheme = &Key[string]{Name: "scheme"}

// Host is the host of the URL that the client asked for, with its port where it named one,
// as a filter found out that knows which proxies to believe. Without it Request.Host is the
// host to take.
var Host = &Key[string]{Name: "host"}

// Value returns what WithValue stored last in ctx or in one of its parents, and whether
// there is such a value. A nil interface counts as none.
func (k *Key[T]) Value(ctx context.Context) (T, bool) {
	v, ok := ctx.Value(k).(T)
	return v, ok
}

// WithValue returns a copy of ctx that carries v.
func (k *Key[T]) WithValue(ctx context.Context, v T) context.Context {
	if k.Noted && notesOf(ctx) != nil {
		noteAlways(ctx, slog.Any(k.Name, v))
	}
	return context.WithValue(ctx, k, v)
}

// Set returns an edit for Request that puts v into the request's context.
func (k *Key[T]) Set(v T) func(*http.Request) {
	return func(r *http.Request) {
		*r = *r.WithContext(k.WithValue(r.Context(), v))
	}
}
