package filter_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/filtertest"
	"github.com/weirhttp/weir/rewrite"
)

// byHTTPS puts f behind what says that all requests came by https.
func byHTTPS(f func(http.Handler) http.Handler) func(http.Handler) http.Handler {
	https := rewrite.Request(rewrite.Scheme.Set("https"))
	return func(next http.Handler) http.Handler { return https(f(next)) }
}

func TestHTTPS(t *testing.T) {
	filtertest.Run(t, byHTTPS(filter.HTTPS(filter.HTTPSOptions{})), filtertest.Options{})

	type options = filter.HTTPSOptions
	for name, c := range map[string]struct {
		o                            options
		method, scheme, host, target string
		want                         string
		edits                        []func(*http.Request)
	}{
		"https passes":                                  {options{}, "GET", "https", "example.org", "/x", "passes", nil},
		"https passes whatever the host is":             {options{}, "GET", "https", "a b", "/x", "passes", nil},
		"http is redirected":                            {options{}, "GET", "http", "example.org", "/x?q=%2f", "308 https://example.org/x?q=%2f", nil},
		"a POST, too":                                   {options{}, "POST", "http", "example.org", "/x", "308 https://example.org/x", nil},
		"for a try":                                     {options{Temporary: true}, "GET", "http", "example.org", "/x", "307 https://example.org/x", nil},
		"the port of http goes":                         {options{}, "GET", "http", "example.org:8080", "/x", "308 https://example.org/x", nil},
		"another port comes":                            {options{Port: 8443}, "GET", "http", "example.org:8080", "/x", "308 https://example.org:8443/x", nil},
		"port 443 is not named":                         {options{Port: 443}, "GET", "http", "example.org", "/x", "308 https://example.org/x", nil},
		"an IPv6 address keeps its brackets":            {options{Port: 8443}, "GET", "http", "[::1]:80", "/", "308 https://[::1]:8443/", nil},
		"no host":                                       {options{}, "GET", "http", "", "/x", "400", nil},
		"a host with a user":                            {options{}, "GET", "http", "example.org@evil.example", "/x", "400", nil},
		"a host with a path":                            {options{}, "GET", "http", "evil.example/", "/x", "400", nil},
		"a host with a line end":                        {options{}, "GET", "http", "example.org\r\nX: y", "/x", "400", nil},
		"a host with a backslash":                       {options{}, "GET", "http", `evil.example\`, "/x", "400", nil},
		"below a mount the path is the client's":        {options{}, "GET", "http", "example.org", "/app//x?q", "308 https://example.org/app//x?q", []func(*http.Request){mounted("/app")}},
		"two slashes stay a path":                       {options{}, "GET", "http", "example.org", "//evil.example/", "308 https://example.org//evil.example/", nil},
		"an asterisk passes":                            {options{}, "OPTIONS", "http", "example.org", "*", "passes", nil},
		"also below a script name":                      {options{}, "OPTIONS", "http", "example.org", "*", "passes", []func(*http.Request){prepended("/front")}},
		"so does CONNECT below a script name":           {options{}, "CONNECT", "http", "example.org:443", "http://example.org:443", "passes", []func(*http.Request){prepended("/front")}},
		"a host with the sign of Kelvin":                {options{}, "GET", "http", "\u212Aelvin.example", "/x", "400", nil},
		"the scheme that was found out counts":          {options{}, "GET", "http", "example.org", "/x", "passes", []func(*http.Request){rewrite.Scheme.Set("https")}},
		"also where the proxy speaks TLS":               {options{}, "GET", "https", "example.org", "/x", "308 https://example.org/x", []func(*http.Request){rewrite.Scheme.Set("http")}},
		"so does the host":                              {options{}, "GET", "http", "10.0.0.1:80", "/x", "308 https://example.org/x", []func(*http.Request){rewrite.Host.Set("example.org")}},
		"a field does not":                              {options{}, "GET", "http", "example.org", "/x", "308 https://example.org/x", []func(*http.Request){func(r *http.Request) { r.Header.Set("X-Forwarded-Proto", "https") }}},
		"a challenge of ACME passes":                    {options{}, "GET", "http", "example.org", "/.well-known/acme-challenge/aB3", "passes", nil},
		"unless it is asked for":                        {options{Challenges: true}, "GET", "http", "example.org", "/.well-known/acme-challenge/aB3", "308 https://example.org/.well-known/acme-challenge/aB3", nil},
		"nothing else there passes":                     {options{}, "GET", "http", "example.org", "/.well-known/acme-challenge/a/b", "308 https://example.org/.well-known/acme-challenge/a/b", nil},
		"the prefix that a proxy took off is in it":     {options{}, "GET", "http", "example.org", "/x", "308 https://example.org/front/x", []func(*http.Request){prepended("/front")}},
		"the target in absolute form with no path, too": {options{}, "GET", "http", "example.org", "http://example.org?q", "308 https://example.org/?q", nil},
	} {
		t.Run(name, func(t *testing.T) {
			if got := location(filter.HTTPS(c.o), c.method, c.scheme, c.host, c.target, c.edits...); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// prepended puts a prefix before the script name.
func prepended(prefix string) func(*http.Request) {
	return func(r *http.Request) {
		below, _ := rewrite.Prepend(r, prefix)
		*r = *below
	}
}

// Over a real server by http the redirect comes with no body, and one by https is served.
func TestHTTPS_servers(t *testing.T) {
	h := filter.HTTPS(filter.HTTPSOptions{})(nothing)
	for _, secure := range []bool{false, true} {
		s := httptest.NewUnstartedServer(h)
		s.EnableHTTP2 = true
		want := http.StatusPermanentRedirect
		if secure {
			s.StartTLS()
			want = http.StatusOK
		} else {
			s.Start()
		}
		defer s.Close()
		c := s.Client()
		c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		res, err := c.Post(s.URL+"/x", "text/plain", strings.NewReader("body"))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want || res.ContentLength > 0 {
			t.Errorf("%s: %d, %d bytes, want %d", s.URL, res.StatusCode, res.ContentLength, want)
		}
	}
}

func TestHTTPS_nonsense(t *testing.T) {
	mustPanic(t, "filter.HTTPS: next is nil", func() { filter.HTTPS(filter.HTTPSOptions{})(nil) })
}

func ExampleHTTPS() {
	h := filter.HTTPS(filter.HTTPSOptions{})(nothing)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "http://example.org/page?q=1", nil))
	fmt.Println(w.Code, w.Header().Get("Location"))
	// Output: 308 https://example.org/page?q=1
}

// Behind a proxy that ends TLS every request comes by http: without TrustProxy the redirect never ends.
func ExampleHTTPS_wrong() {
	proxy := []netip.Prefix{netip.MustParsePrefix("192.0.2.1/32")}
	wrong := filter.HTTPS(filter.HTTPSOptions{})(nothing)
	right := filter.TrustProxy(proxy, filter.TrustProxyOptions{})(wrong)
	for _, h := range []http.Handler{wrong, right} {
		r := httptest.NewRequest("GET", "/page", nil) // from 192.0.2.1
		r.Header.Set("X-Forwarded-Proto", "https")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		fmt.Println(w.Code, w.Header().Get("Location"))
	}
	// Output:
	// 308 https://example.com/page
	// 200
}
