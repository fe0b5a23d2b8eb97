package filter

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/weirhttp/weir/rewrite"
)

// CanonicalHostOptions are the options of [CanonicalHost]. The zero value redirects all that came by another URL.
type CanonicalHostOptions struct {
	// Only redirects the hosts that it names, and no others. They are written as for [AllowHosts]: "www.example.org",
	// "*.example.net". A request for another host, or for none, goes on to the next handler as if the filter were not there.
	// The canonical name does not have to be in it: by another port or scheme it is redirected in any case.
	// Nil redirects whatever host is not the canonical one; an empty list panics when the filter is made.
	Only []string

	// Temporary answers with 307, which no client remembers, to try it out. Browsers keep a 308 for good.
	Temporary bool

	// Challenges redirects the challenges of ACME, too. False lets them pass, as the authority may ask by any name that a
	// certificate is for, and by http alone.
	Challenges bool
}

// CanonicalHost returns a filter that redirects a request for another host, port or scheme to the same path and query at
// canonical, such as https://example.org. What is no URL of http or https with a host alone panics when the filter is
// made.
//
// The answer is 308 (RFC 9110 §15.4.9), whatever the method is, so that a form that is sent to the old name arrives. Its
// Location is canonical, the path as the client wrote it, with the prefixes that were taken off on the way here, and the
// query as it is; nothing that the client says chooses the host. Case does not count, nor does the port of the scheme. A
// dot at the end of the name does, since it is another origin to a browser.
//
// What the client asked for is what [rewrite.Scheme] and [rewrite.Host] hold, where a filter further out has set them,
// such as [TrustProxy], or else the connection and Request.Host. Behind a proxy that ends TLS, without TrustProxy,
// every request seems to come by http, and is redirected for ever.
//
// A request with no path, such as OPTIONS *, passes. So does GET /.well-known/acme-challenge/TOKEN, unless the option
// Challenges is set, and nothing around it.
//
// It belongs inside of what finds out the host, and outside of what makes links of it; checks of health that ask by an
// address need a weir.When.
func CanonicalHost(canonical *url.URL, o CanonicalHostOptions) func(http.Handler) http.Handler {
	c := newCanonicalHost(canonical, o)
	return func(next http.Handler) http.Handler {
		if next == nil {
			panic("filter.CanonicalHost: next is nil")
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			path := askedPath(r)
			if path == "" || c.passes(r) {
				next.ServeHTTP(w, r)
				return
			}
			redirect(w, r, c.scheme+"://"+joinPort(c.name, c.port)+path, c.temporary)
		})
	}
}

type canonicalHost struct {
	scheme, name, port string // no port where it is the scheme's
	only               hostList
	temporary          bool
	challenges         bool
}

func newCanonicalHost(u *url.URL, o CanonicalHostOptions) *canonicalHost {
	if u == nil {
		panic("filter.CanonicalHost: canonical is nil")
	}
	c := &canonicalHost{scheme: u.Scheme, temporary: o.Temporary, challenges: o.Challenges}
	ok := false
	c.name, c.port, ok = rewrite.SplitHost(u.Host)
	alone := u.User == nil && (u.Path == "" || u.Path == "/") && u.RawQuery == "" && !u.ForceQuery && u.Fragment == "" && u.Opaque == ""
	if !ok || !alone || u.Scheme != "http" && u.Scheme != "https" {
		panic(fmt.Sprintf("filter.CanonicalHost: canonical is %q: write scheme and host alone, such as https://example.org", u.Redacted()))
	}
	if c.port == portOfScheme(c.scheme) {
		c.port = ""
	}
	if o.Only != nil {
		c.only = newHostList("CanonicalHost", "Only", o.Only)
	}
	return c
}

// passes says whether r is not redirected.
func (c *canonicalHost) passes(r *http.Request) bool {
	scheme := rewrite.SchemeOf(r)
	host, _ := rewrite.NamedHost(r)
	if name, port, ok := rewrite.SplitHost(host); ok && name == c.name && !strings.HasSuffix(strings.TrimSuffix(host, ":"+port), ".") {
		if port == portOfScheme(scheme) {
			port = ""
		}
		if port == c.port && scheme == c.scheme {
			return true
		}
	} else if c.only != nil && !c.only.allows(host, scheme) {
		return true
	}
	return !c.challenges && isChallenge(r)
}
