package filter_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/filtertest"
	"github.com/weirhttp/weir/rewrite"
)

func TestAllowHosts(t *testing.T) {
	filtertest.Run(t, filter.AllowHosts("127.0.0.1", "*.example", "*.example.com", "example.com"), filtertest.Options{})

	list := []string{"example.org", "Admin.Example.NET:8443", "*.example.com", "192.0.2.1", "[2001:db8::1]", "localhost", "xn--bcher-kva.example", "*.secure.example:443"}
	for name, c := range map[string]struct {
		host string
		want int
	}{
		"a name of the list":                                 {"example.org", 200},
		"in another case":                                    {"EXAMPLE.org", 200},
		"with any port":                                      {"example.org:8080", 200},
		"with a colon and no port":                           {"example.org:", 200},
		"with the dot of the root":                           {"example.org.", 200},
		"with the dot and a port":                            {"example.org.:80", 200},
		"with two dots it is none":                           {"example.org..", 400},
		"a name below one without a star":                    {"www.example.org", 421},
		"a name that ends like one":                          {"badexample.org", 421},
		"a name that begins like one":                        {"example.org.evil.example", 421},
		"a name and its port":                                {"admin.example.net:8443", 200},
		"the same name at another port":                      {"admin.example.net:8444", 421},
		"the same name without a port":                       {"admin.example.net", 421},
		"a name below a star":                                {"www.example.com", 200},
		"a name far below a star":                            {"a.b.c.Example.com:1", 200},
		"the name itself is not below its star":              {"example.com", 421},
		"nor is a name that ends like it":                    {"badexample.com", 421},
		"a name below a star with the scheme's port":         {"a.secure.example", 421}, // by http that is 80
		"a name below a star with that port":                 {"a.secure.example:443", 200},
		"an empty label is no name":                          {".example.com", 400},
		"an IPv4 address":                                    {"192.0.2.1:80", 200},
		"another one":                                        {"192.0.2.2", 421},
		"an IPv4 address with a dot, which is a name":        {"192.0.2.1.", 200},
		"an IPv6 address":                                    {"[2001:db8::1]", 200},
		"the same with a port, written otherwise":            {"[2001:DB8:0:0::1]:8080", 200},
		"another IPv6 address":                               {"[2001:db8::2]", 421},
		"an IPv6 address without brackets":                   {"2001:db8::1", 400},
		"one with a zone":                                    {"[fe80::1%25eth0]", 400},
		"brackets that do not end":                           {"[2001:db8::1", 400},
		"a name in brackets":                                 {"[example.org]", 400},
		"a name beyond ASCII as DNS has it":                  {"xn--bcher-kva.example", 200},
		"a name beyond ASCII":                                {"bücher.example", 400},
		"K that is the sign of Kelvin":                       {"\u212a.example.com", 400},
		"no host":                                            {"", 421},
		"a user":                                             {"example.org@evil.example", 400},
		"a user that is a host of the list":                  {"evil.example@example.org", 400},
		"a path":                                             {"example.org/evil", 400},
		"CVE-2021-21291 oauth2-proxy: a suffix":              {"evilexample.com", 421},
		"CVE-2023-29406 net/http: a space":                   {"example.org evil", 400},
		"CVE-2026-34835 Rack: signs that are in no host":     {"example.org\"><script>", 400},
		"CVE-2026-34835 Rack: two hosts":                     {"example.org,evil.example", 400},
		"CVE-2026-27588 Caddy: case":                         {"LOCALHOST", 200},
		"a port that is a word":                              {"example.org:http", 400},
		"a port that is too large":                           {"example.org:65536", 400},
		"port 0":                                             {"example.org:0", 400},
		"a port with a zero before it":                       {"example.org:080", 400},
		"a port with a sign":                                 {"example.org:+80", 400},
		"two ports":                                          {"example.org:80:80", 400},
		"a label that is too long":                           {strings.Repeat("a", 64) + ".example.com", 400},
		"a name that is too long":                            {strings.Repeat("a.", 130) + "example.com", 400},
		"a name of 64 KiB":                                   {strings.Repeat("a.", 32<<10) + "example.com", 400},
		"an underscore, as some names of containers have it": {"my_app.example.com", 200},
		"a number sign":                                      {"example.org#", 400},
		"a backslash":                                        {`example.org\`, 400},
		"an escape":                                          {"example%2eorg", 400},
		"a NUL":                                              {"example.org\x00", 400},
		"a tab":                                              {"\texample.org", 400},
		"the word null":                                      {"null", 421},
		"a port alone":                                       {":80", 400},
		"an address as one number, which is a name":          {"3221225985", 421},
		"an address with fewer numbers, which is a name":     {"127.1", 421},
		"a name that begins with a hyphen, as none should":   {"-.example.com", 200},
		"the sign of Kelvin, whose small letter is a k":      {"\u212A.example.com", 400},
		"a star": {"*.example.com", 400},
	} {
		t.Run(name, func(t *testing.T) {
			for _, environment := range []bool{false, true} {
				r := httptest.NewRequest("GET", "/", nil)
				r.Host = c.host
				r.Header.Set("X-Forwarded-Host", "example.org") // nobody asks it
				if environment {
					r.Host = "example.org"
					r = r.WithContext(rewrite.Host.WithValue(r.Context(), c.host))
				}
				w := httptest.NewRecorder()
				called := false
				filter.AllowHosts(list...)(http.HandlerFunc(func(_ http.ResponseWriter, inner *http.Request) { called = inner == r })).ServeHTTP(w, r)
				if w.Code != c.want || called != (c.want == 200) {
					t.Errorf("answered %d, called %v, want %d", w.Code, called, c.want)
				}
			}
		})
	}
}

// The port that is not named is that of the scheme.
func TestAllowHosts_scheme(t *testing.T) {
	h := filter.AllowHosts("example.org:443", "example.net:80")(nothing)
	for name, c := range map[string]struct {
		host   string
		tls    bool
		scheme string
		want   int
	}{
		"https":                           {"example.org", true, "", 200},
		"http":                            {"example.org", false, "", 421},
		"http at its port":                {"example.net", false, "", 200},
		"https at the port of http":       {"example.net", true, "", 421},
		"https in front of a proxy":       {"example.org", false, "https", 200},
		"http in front of a proxy by TLS": {"example.org", true, "http", 421},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil)
			r.Host = c.host
			if c.tls {
				r.TLS = &tls.ConnectionState{}
			}
			if c.scheme != "" {
				r = r.WithContext(rewrite.Scheme.WithValue(r.Context(), c.scheme))
			}
			w := httptest.NewRecorder()
			if h.ServeHTTP(w, r); w.Code != c.want {
				t.Errorf("answered %d, want %d", w.Code, c.want)
			}
		})
	}
}

// TestAllowHosts_target speaks HTTP by hand: a target in absolute form names the host, and the field Host does not.
func TestAllowHosts_target(t *testing.T) {
	s := httptest.NewServer(filter.AllowHosts("example.org")(nothing))
	defer s.Close()
	for request, want := range map[string]int{
		"GET http://example.org/ HTTP/1.1\r\nHost: evil.example\r\n":    200,
		"GET http://evil.example/ HTTP/1.1\r\nHost: example.org\r\n":    421,
		"GET http://a@evil.example/ HTTP/1.1\r\nHost: example.org\r\n":  421,
		"GET http://example.org:81/ HTTP/1.1\r\nHost: evil.example\r\n": 200,
		"GET / HTTP/1.1\r\nHost: example.org\r\nHost: evil.example\r\n": 400,
		"GET / HTTP/1.1\r\n":                                                400,
		"GET / HTTP/1.0\r\n":                                                421,
		"GET / HTTP/1.0\r\nHost: example.org\r\n":                           200,
		"CONNECT evil.example:443 HTTP/1.1\r\nHost: example.org\r\n":        421,
		"GET //example.org/ HTTP/1.1\r\nHost: evil.example\r\n":             421,
		"GET / HTTP/1.1\r\nHost: example.org\r\nX-Forwarded-Host: evil\r\n": 200,
	} {
		conn, err := net.Dial("tcp", s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "%s\r\n", request)
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || res.StatusCode != want {
			t.Errorf("%q: %v, %v, want %d", request, res, err, want)
		}
		conn.Close()
	}
}

func TestAllowHosts_nonsense(t *testing.T) {
	mustPanic(t, "filter.AllowHosts: hosts is empty: no host would be in it", func() { filter.AllowHosts() })
	mustPanic(t, "filter.AllowHosts: next is nil", func() { filter.AllowHosts("example.org")(nil) })
	for _, host := range []string{"", "*", "*.", "*example.org", "www.*.org", "*.*.org", "https://example.org", "example.org/", "::1", "*.192.0.2.1", "*.[::1]",
		"bücher.example", "example.org:", "example.org:0", "example..org", "a b"} {
		mustPanic(t, fmt.Sprintf("filter.AllowHosts: hosts[1] is %q, no host: write one such as \"example.org\", \"example.org:8443\", \"[::1]\" or \"*.example.org\"", host),
			func() { filter.AllowHosts("localhost", host) })
	}
}

// FuzzAllowHosts holds that what passes is a host of the list, as a client reads the URL of it.
func FuzzAllowHosts(f *testing.F) {
	for _, s := range []string{"example.org", "a.example.com:80", "[::1]", "example.org@x", "x/example.org", "EXAMPLE.ORG.", "\u017f.example.com"} {
		f.Add(s)
	}
	h := filter.AllowHosts("example.org", "*.example.com", "[::1]")(nothing)
	f.Fuzz(func(t *testing.T, host string) {
		r := &http.Request{Host: host}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != 200 {
			return
		}
		req, err := http.NewRequest("GET", "http://"+host+"/", nil)
		if err != nil {
			t.Fatalf("%q passed: %v", host, err)
		}
		name := strings.TrimSuffix(strings.ToLower(req.URL.Hostname()), ".")
		if name != "example.org" && !strings.HasSuffix(name, ".example.com") && !net.ParseIP(name).Equal(net.IPv6loopback) || req.URL.User != nil || req.URL.Path != "/" {
			t.Errorf("%q passed, and is %q", host, name)
		}
	})
}

func ExampleAllowHosts() {
	h := filter.AllowHosts("example.org", "*.example.org")(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for _, host := range []string{"example.org", "www.example.org:8080", "evil.example"} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Host = host
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		fmt.Println(host, w.Code)
	}
	// Output:
	// example.org 200
	// www.example.org:8080 200
	// evil.example 421
}
