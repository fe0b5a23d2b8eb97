package rewrite_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/weirhttp/weir/rewrite"
)

func TestHost(t *testing.T) {
	long := strings.Repeat("a.", 127)
	for host, c := range map[string]struct{ host, domain, port, url string }{
		"example.com":                       {"example.com", "example.com", "80", "http://example.com"},
		"EXAMPLE.com.":                      {"EXAMPLE.com.", "example.com", "80", "http://EXAMPLE.com."},
		"example.com:":                      {"example.com:", "example.com", "80", "http://example.com"},
		"example.com:80":                    {"example.com:80", "example.com", "80", "http://example.com"},
		"example.com:8080":                  {"example.com:8080", "example.com", "8080", "http://example.com:8080"},
		"10.0.0.1:81":                       {"10.0.0.1:81", "10.0.0.1", "81", "http://10.0.0.1:81"},
		"[::1]":                             {"[::1]", "[::1]", "80", "http://[::1]"},
		"[0:0::1]:80":                       {"[0:0::1]:80", "[::1]", "80", "http://[0:0::1]"},
		"[2001:DB8::1]:8080":                {"[2001:DB8::1]:8080", "[2001:db8::1]", "8080", "http://[2001:DB8::1]:8080"},
		"under_score":                       {"under_score", "under_score", "80", "http://under_score"},
		"":                                  {"localhost", "localhost", "80", "http://localhost"},
		"a@b":                               {"localhost", "localhost", "80", "http://localhost"},
		"a/b":                               {"localhost", "localhost", "80", "http://localhost"},
		"a:b":                               {"localhost", "localhost", "80", "http://localhost"},
		"a:0":                               {"localhost", "localhost", "80", "http://localhost"},
		"a:080":                             {"localhost", "localhost", "80", "http://localhost"},
		"a:+80":                             {"localhost", "localhost", "80", "http://localhost"},
		"a:65536":                           {"localhost", "localhost", "80", "http://localhost"},
		"a:1:2":                             {"localhost", "localhost", "80", "http://localhost"},
		"::1":                               {"localhost", "localhost", "80", "http://localhost"},
		"[::1":                              {"localhost", "localhost", "80", "http://localhost"},
		"::1]":                              {"localhost", "localhost", "80", "http://localhost"},
		"[::1]x":                            {"localhost", "localhost", "80", "http://localhost"},
		"[]":                                {"localhost", "localhost", "80", "http://localhost"},
		"[10.0.0.1]":                        {"localhost", "localhost", "80", "http://localhost"},
		"[fe80::1%eth0]":                    {"localhost", "localhost", "80", "http://localhost"},
		"a b":                               {"localhost", "localhost", "80", "http://localhost"},
		"a..b":                              {"localhost", "localhost", "80", "http://localhost"},
		".":                                 {"localhost", "localhost", "80", "http://localhost"},
		":80":                               {"localhost", "localhost", "80", "http://localhost"},
		"a%2eb":                             {"localhost", "localhost", "80", "http://localhost"},
		`a"b`:                               {"localhost", "localhost", "80", "http://localhost"},
		"\u212Aelvin.example":               {"localhost", "localhost", "80", "http://localhost"}, // whose small letter is a k
		"é":                                 {"localhost", "localhost", "80", "http://localhost"},
		long[:253]:                          {long[:253], long[:253], "80", "http://" + long[:253]},
		long + "a":                          {"localhost", "localhost", "80", "http://localhost"},
		long[:65] + strings.Repeat("b", 64): {"localhost", "localhost", "80", "http://localhost"},
	} {
		r := ask("/")
		r.Host = host
		if got := rewrite.HostOf(r); got != c.host {
			t.Errorf("%q: the host is %q, want %q", host, got, c.host)
		}
		if got := rewrite.Domain(r); got != c.domain {
			t.Errorf("%q: the domain is %q, want %q", host, got, c.domain)
		}
		if got := rewrite.Port(r); got != c.port {
			t.Errorf("%q: the port is %q, want %q", host, got, c.port)
		}
		if got := rewrite.HostURL(r).String(); got != c.url {
			t.Errorf("%q: the URL is %q, want %q", host, got, c.url)
		}
	}
}

func TestHostOfTrust(t *testing.T) {
	r := ask("/")
	r.Host, r.TLS = "inside:8080", &tls.ConnectionState{}
	if got := rewrite.HostURL(r).String() + rewrite.Port(r); got != "https://inside:80808080" {
		t.Errorf("without a filter: %s", got)
	}
	rewrite.Scheme.Set("http")(r)
	rewrite.Host.Set("outside:443")(r)
	if got := rewrite.HostURL(r).String() + rewrite.Port(r); got != "http://outside:443443" {
		t.Errorf("with one: %s", got)
	}
	rewrite.Scheme.Set("")(r)
	rewrite.Host.Set("a@b")(r)
	if got := rewrite.HostURL(r).String() + rewrite.Port(r); got != "https://localhost443" {
		t.Errorf("with one that knows nothing: %s", got)
	}
}

// TestNamedHost holds that HostOf is NamedHost where that is a host.
func TestNamedHost(t *testing.T) {
	for name, c := range map[string]struct {
		set   any // a string, or nothing
		asked string
		want  string
		ok    bool
	}{
		"the request's":                                 {nil, "Example.com.:80", "Example.com.:80", true},
		"none":                                          {nil, "", "", false},
		"what is no host is told as it is":              {nil, "a@b", "a@b", false},
		"the one that a filter set":                     {"outside:8443", "inside", "outside:8443", true},
		"also where the request's is none":              {"outside", "a@b", "outside", true},
		"what a filter set counts also when it is none": {"a/b", "inside", "a/b", false},
		"and when it is nothing":                        {"", "inside", "", false},
	} {
		r := ask("/")
		r.Host = c.asked
		if set, ok := c.set.(string); ok {
			rewrite.Host.Set(set)(r)
		}
		got, ok := rewrite.NamedHost(r)
		if got != c.want || ok != c.ok {
			t.Errorf("%s: %q, %v", name, got, ok)
		}
		if host := rewrite.HostOf(r); ok && host != got || !ok && host != "localhost" {
			t.Errorf("%s: HostOf is %q", name, host)
		}
	}
}

// FuzzSplitHost holds that what is a host stands in a URL as it is, and that its parts are of one form.
func FuzzSplitHost(f *testing.F) {
	for _, s := range []string{"example.com", "A.:80", "[::1]:443", "[::ffff:1.2.3.4]", "a@b", "\u212A", "a:080", "a..", "[fe80::1%25a]", strings.Repeat("a.", 130)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, host string) {
		domain, port, ok := rewrite.SplitHost(host)
		if !ok {
			if domain != "" || port != "" {
				t.Errorf("%q is no host, but %q and %q", host, domain, port)
			}
			return
		}
		for i := range len(host) {
			if host[i] >= 0x80 || strings.IndexByte(" /\\@?#%\"'<>,", host[i]) >= 0 || host[i] < ' ' {
				t.Errorf("%q has sign %q", host, host[i])
			}
		}
		u, err := url.Parse("http://" + host + "/")
		if err != nil || u.Host != host || u.Port() != port {
			t.Errorf("%q: %v, %v", host, u, err)
		}
		if again, _, ok := rewrite.SplitHost(domain); !ok || again != domain || strings.ToLower(domain) != domain || strings.HasSuffix(domain, ".") {
			t.Errorf("%q: the domain is %q, and then %q", host, domain, again)
		}
	})
}

func TestHostOfNobody(t *testing.T) {
	for want, addr := range map[string]net.Addr{
		"127.0.0.1:8080": &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080},
		"[::1]:8080":     &net.TCPAddr{IP: net.IPv6loopback, Port: 8080},
		"localhost":      &net.UnixAddr{Name: "/run/x", Net: "unix"},
	} {
		r := ask("/")
		r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, addr))
		if got := rewrite.HostOf(r); got != want {
			t.Errorf("%v: %s, want %s", addr, got, want)
		}
	}
}

func TestClient(t *testing.T) {
	for peer, want := range map[string]string{
		"10.0.0.1:7":         "10.0.0.1",
		"10.0.0.1":           "10.0.0.1",
		"[2001:db8::1]:7":    "2001:db8::1",
		"2001:db8::1":        "2001:db8::1",
		"[fe80::1%eth0]:7":   "fe80::1",
		"[::ffff:1.2.3.4]:7": "1.2.3.4",
		"@":                  "invalid IP",
		"":                   "invalid IP",
		"host:7":             "invalid IP",
	} {
		r := ask("/")
		r.RemoteAddr = peer
		r.Header["X-Forwarded-For"] = []string{"6.6.6.6"}
		if got := rewrite.ClientOf(r); got.String() != want {
			t.Errorf("%q: %v, want %s", peer, got, want)
		}
		rewrite.Client.Set(netip.MustParseAddr("::ffff:9.9.9.9"))(r)
		if got := rewrite.ClientOf(r); got != netip.MustParseAddr("9.9.9.9") {
			t.Errorf("%q, and another client: %v", peer, got)
		}
		rewrite.Client.Set(netip.Addr{})(r)
		if got := rewrite.ClientOf(r); got.IsValid() {
			t.Errorf("%q, and a client that nobody knows: %v", peer, got)
		}
	}
}

func ExampleDomain() {
	r := httptest.NewRequest("GET", "https://[2001:DB8::1]/", nil)
	fmt.Println(rewrite.SchemeOf(r), rewrite.HostOf(r), rewrite.Domain(r), rewrite.Port(r))
	// Output: https [2001:DB8::1] [2001:db8::1] 443
}

func ExampleNamedHost() {
	for _, host := range []string{"example.com:8443", "example.com/evil", ""} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Host = host
		fmt.Println(rewrite.NamedHost(r))
	}
	// Output:
	// example.com:8443 true
	// example.com/evil false
	//  false
}

func ExampleSplitHost() {
	fmt.Println(rewrite.SplitHost("WWW.Example.com.:8080"))
	fmt.Println(rewrite.SplitHost("[2001:DB8:0::1]"))
	// Output:
	// www.example.com 8080 true
	// [2001:db8::1]  true
}

func ExampleClientOf() {
	office := netip.MustParsePrefix("192.0.2.0/24")
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = "[::ffff:192.0.2.7]:4711"
	r.Header.Set("X-Forwarded-For", "198.51.100.1") // anybody can write that
	fmt.Println(rewrite.ClientOf(r), office.Contains(rewrite.ClientOf(r)))
	// Output: 192.0.2.7 true
}
