package filter

import (
	"net/http"
	"net/netip"

	"github.com/weirhttp/weir/rewrite"
)

// AllowIPOptions are the options of [AllowIP]. The zero value goes by the client.
type AllowIPOptions struct {
	// Peer goes by who is at the other end of the connection, whatever [rewrite.Client] says: to let in a proxy alone.
	Peer bool

	// UnixSocket allows whoever connects to a Unix socket that the server listens on, as long as no filter further out has
	// found out the client.
	UnixSocket bool
}

// AllowIP returns a filter that lets through the requests of clients whose address is in one of the ranges that are
// allowed, and answers all others with 403 (RFC 9110 §15.5.4). What is allowed may be one address as well as a network.
// What is no range panics when the filter is made, and so does having neither ranges nor UnixSocket, which would refuse
// every request.
//
// The address is what [rewrite.Client] holds, where a filter further out has set it, such as [TrustProxy], or else the
// request's RemoteAddr; no field of the request counts. IPv4 mapped into IPv6 is IPv4, in the ranges, too, and zones do
// not matter. A client whose address nobody knows or can read is refused.
//
// It belongs inside of what finds out the client, and outside of everything that costs more than it does. To let some
// in without asking them who they are, put that which asks into a weir.When, and not this filter.
func AllowIP(allowed []netip.Prefix, o AllowIPOptions) func(http.Handler) http.Handler {
	list := newRanges("AllowIP", "allowed", allowed)
	if len(list) == 0 && !o.UnixSocket {
		panic("filter.AllowIP: allowed is empty, which would refuse every request")
	}
	allows := func(r *http.Request) bool {
		if a, ok := rewrite.Client.Value(r.Context()); ok && !o.Peer {
			return list.contain(plainAddr(a))
		}
		return list.contain(rewrite.PeerOf(r)) || o.UnixSocket && overUnix(r)
	}
	return func(next http.Handler) http.Handler {
		if next == nil {
			panic("filter.AllowIP: next is nil")
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !allows(r) {
				http.Error(w, http.StatusText(http.StatusForbidden), http.StatusForbidden)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}
