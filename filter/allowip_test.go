package filter_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/filtertest"
	"github.com/weirhttp/weir/rewrite"
)

func TestAllowIP(t *testing.T) {
	filtertest.Run(t, filter.AllowIP(prefixes("127.0.0.0/8", "::1/128"), filter.AllowIPOptions{}), filtertest.Options{})

	office := prefixes("192.0.2.0/24", "2001:db8::/32")
	client := func(s string) *netip.Addr { a, _ := netip.ParseAddr(s); return &a }
	for name, c := range map[string]struct {
		allowed []netip.Prefix
		o       filter.AllowIPOptions
		peer    string
		client  *netip.Addr // as a filter further out found out
		unix    bool
		want    int
	}{
		"an address in a range passes":                           {office, filter.AllowIPOptions{}, "192.0.2.7:1", nil, false, 200},
		"one outside does not":                                   {office, filter.AllowIPOptions{}, "192.0.3.7:1", nil, false, 403},
		"IPv6 passes":                                            {office, filter.AllowIPOptions{}, "[2001:db8::7]:1", nil, false, 200},
		"IPv6 outside does not":                                  {office, filter.AllowIPOptions{}, "[2001:db9::7]:1", nil, false, 403},
		"IPv4 mapped into IPv6 is IPv4":                          {office, filter.AllowIPOptions{}, "[::ffff:192.0.2.7]:1", nil, false, 200},
		"CVE-2024-24790 and GHSA-7jmw-8259-q9jx: also outside":   {prefixes("::ffff:0:0/96", "10.0.0.0/8"), filter.AllowIPOptions{}, "[::1]:1", nil, false, 403},
		"a range of mapped addresses is one of IPv4":             {prefixes("::ffff:192.0.2.0/120"), filter.AllowIPOptions{}, "192.0.2.7:1", nil, false, 200},
		"and ends where that does":                               {prefixes("::ffff:192.0.2.0/120"), filter.AllowIPOptions{}, "192.0.3.7:1", nil, false, 403},
		"all of IPv6 is not all of IPv4":                         {prefixes("::/0"), filter.AllowIPOptions{}, "192.0.2.7:1", nil, false, 403},
		"bits after the prefix do not matter":                    {prefixes("192.0.2.77/24"), filter.AllowIPOptions{}, "192.0.2.7:1", nil, false, 200},
		"a zone does not matter":                                 {prefixes("fe80::/10"), filter.AllowIPOptions{}, "[fe80::1%eth0]:1", nil, false, 200},
		"a peer without a port passes":                           {office, filter.AllowIPOptions{}, "192.0.2.7", nil, false, 200},
		"the client that was found out counts":                   {office, filter.AllowIPOptions{}, "10.0.0.1:1", client("192.0.2.7"), false, 200},
		"and not the proxy":                                      {office, filter.AllowIPOptions{}, "192.0.2.7:1", client("6.6.6.6"), false, 403},
		"a mapped client is IPv4":                                {office, filter.AllowIPOptions{}, "10.0.0.1:1", client("::ffff:192.0.2.7"), false, 200},
		"an unknown client does not pass, whatever its proxy is": {office, filter.AllowIPOptions{}, "192.0.2.7:1", client(""), false, 403},
		"with Peer the proxy counts":                             {office, filter.AllowIPOptions{Peer: true}, "192.0.2.7:1", client("6.6.6.6"), false, 200},
		"and not the client":                                     {office, filter.AllowIPOptions{Peer: true}, "10.0.0.1:1", client("192.0.2.7"), false, 403},
		"no address does not pass":                               {office, filter.AllowIPOptions{}, "", nil, false, 403},
		"nor does nonsense":                                      {prefixes("0.0.0.0/0", "::/0"), filter.AllowIPOptions{}, "localhost:80", nil, false, 403},
		"a Unix socket does not pass":                            {office, filter.AllowIPOptions{}, "@", nil, true, 403},
		"with UnixSocket it does":                                {nil, filter.AllowIPOptions{UnixSocket: true}, "@", nil, true, 200},
		"what only looks like one does not":                      {nil, filter.AllowIPOptions{UnixSocket: true}, "@", nil, false, 403},
		"nor does the client behind a proxy on one":              {nil, filter.AllowIPOptions{UnixSocket: true}, "@", client("6.6.6.6"), true, 403},
		"with Peer it does":                                      {nil, filter.AllowIPOptions{UnixSocket: true, Peer: true}, "@", client("6.6.6.6"), true, 200},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = c.peer
			for _, field := range []string{"X-Forwarded-For", "X-Real-Ip", "Forwarded"} { // nobody asks them
				r.Header.Set(field, "192.0.2.7")
			}
			ctx := r.Context()
			if c.unix {
				ctx = context.WithValue(ctx, http.LocalAddrContextKey, net.Addr(&net.UnixAddr{Name: "/run/s", Net: "unix"}))
			}
			if c.client != nil {
				ctx = rewrite.Client.WithValue(ctx, *c.client)
			}
			w := httptest.NewRecorder()
			called := false
			filter.AllowIP(c.allowed, c.o)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true })).ServeHTTP(w, r.WithContext(ctx))
			if w.Code != c.want || called != (c.want == 200) {
				t.Errorf("answered %d, called %v, want %d", w.Code, called, c.want)
			}
		})
	}
}

func TestAllowIP_nonsense(t *testing.T) {
	for want, f := range map[string]func(){
		"filter.AllowIP: allowed is empty, which would refuse every request": func() { filter.AllowIP(nil, filter.AllowIPOptions{}) },
		"filter.AllowIP: allowed[0] is no range of addresses: write one such as 10.0.0.0/8": func() {
			filter.AllowIP(make([]netip.Prefix, 1), filter.AllowIPOptions{})
		},
		"filter.AllowIP: next is nil": func() { filter.AllowIP(prefixes("::1/128"), filter.AllowIPOptions{})(nil) },
	} {
		mustPanic(t, want, f)
	}
}

func ExampleAllowIP() {
	office := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	h := filter.AllowIP(office, filter.AllowIPOptions{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {}))
	for _, peer := range []string{"192.0.2.7:4711", "203.0.113.9:4711"} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = peer
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		fmt.Println(peer, w.Code)
	}
	// Output:
	// 192.0.2.7:4711 200
	// 203.0.113.9:4711 403
}

// Behind a proxy every connection is the proxy's: without TrustProxy all clients pass, or none.
func ExampleAllowIP_wrong() {
	network := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	proxy := []netip.Prefix{netip.MustParsePrefix("10.0.0.1/32")}
	wrong := filter.AllowIP(network, filter.AllowIPOptions{})(nothing)
	right := filter.TrustProxy(proxy, filter.TrustProxyOptions{})(wrong)
	for _, h := range []http.Handler{wrong, right} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = "10.0.0.1:4711"
		r.Header.Set("X-Forwarded-For", "203.0.113.9")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		fmt.Println(w.Code)
	}
	// Output:
	// 200
	// 403
}
