package filter

import (
	"net/http"
	"strconv"

	"github.com/weirhttp/weir/rewrite"
)

// HTTPSOptions are the options of [HTTPS]. The zero value redirects to port 443.
type HTTPSOptions struct {
	// Port is that of https. Zero means 443.
	Port uint16

	// Temporary answers with 307, which no client remembers, to try it out. Browsers keep a 308 for good.
	Temporary bool

	// Challenges redirects the challenges of ACME, too. False lets them pass, as the authority asks by http.
	Challenges bool
}

// HTTPS returns a filter that redirects requests that came by http to https: the same host, path and query. The answer
// is 308 (RFC 9110 §15.4.9), whatever the method is; what a client sent by http, others may have read already. A
// request that names no host, or none that could stand in a URL, is answered with 400.
//
// The Location has the path as the client wrote it, with the prefixes that were taken off on the way here. Its host is the
// one that the client named: where answers go through a cache that mixes up hosts, or clients can be made to send any, put
// [AllowHosts] around it, or use [CanonicalHost], which does both in one redirect. The scheme is what [rewrite.Scheme]
// holds, where a filter further out has set it, such as [TrustProxy], or else that of the connection. Behind a proxy that
// ends TLS, without TrustProxy, every request is redirected for ever.
//
// A request with no path, such as OPTIONS *, passes. So does GET /.well-known/acme-challenge/TOKEN, unless the option
// Challenges is set, and nothing around it.
//
// That browsers ask by https the next time, and do not ask by http first, is said by Strict-Transport-Security, which
// this filter does not send: it counts in answers by https alone (RFC 6797 §7.2).
//
// It belongs inside of what finds out the scheme, and outside of everything that does something of worth.
func HTTPS(o HTTPSOptions) func(http.Handler) http.Handler {
	port := ""
	if o.Port != 0 && o.Port != 443 {
		port = strconv.Itoa(int(o.Port))
	}
	return func(next http.Handler) http.Handler {
		if next == nil {
			panic("filter.HTTPS: next is nil")
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			path := askedPath(r)
			if rewrite.SchemeOf(r) == "https" || path == "" || !o.Challenges && isChallenge(r) {
				next.ServeHTTP(w, r)
				return
			}
			host, ok := rewrite.NamedHost(r)
			if !ok {
				http.Error(w, "the Host is no host", http.StatusBadRequest)
				return
			}
			name, _, _ := rewrite.SplitHost(host)
			redirect(w, r, "https://"+joinPort(name, port)+path, o.Temporary)
		})
	}
}
