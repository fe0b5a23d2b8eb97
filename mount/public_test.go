package mount_test

import (
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/mount"
	"github.com/weirhttp/weir/rewrite"
)

// believing is a server behind a proxy at 192.0.2.1, which tells the client, the scheme, the host and the prefix.
var believing = filter.TrustProxy([]netip.Prefix{netip.MustParsePrefix("192.0.2.1/32")}, filter.TrustProxyOptions{Host: true, Prefix: true})

// byProxy is a request of that proxy for a client; more are further fields.
func byProxy(more ...string) *http.Request {
	r := httptest.NewRequest("GET", "http://inner.example:8080/app/x", nil)
	for _, line := range append([]string{
		"X-Forwarded-For: 6.6.6.6, 2001:db8::7", "X-Forwarded-Proto: https", "X-Forwarded-Host: Public.example:8443", "X-Forwarded-Prefix: /front",
	}, more...) {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	return r
}

// TestProgramsSeeWhatTheClientAskedFor has a program behind a proxy that is believed, and behind one that is not.
func TestProgramsSeeWhatTheClientAskedFor(t *testing.T) {
	app := mount.At("/app", program(t, "env"))
	byTLS := httptest.NewRequest("GET", "https://example.com/app/", nil)
	byTLS.TLS = &tls.ConnectionState{}
	lost := byProxy("X-Forwarded-For: unknown")
	names := strings.Fields("REQUEST_SCHEME HTTPS HTTP_HOST SERVER_NAME SERVER_PORT REMOTE_ADDR REMOTE_HOST REMOTE_PORT SCRIPT_NAME")
	for name, c := range map[string]struct {
		h    http.Handler
		r    *http.Request
		want string
	}{
		"by the connection": {app, byProxy(), "http - inner.example:8080 inner.example 8080 192.0.2.1 192.0.2.1 1234 /app"},
		"by TLS":            {app, byTLS, "https on example.com example.com 443 192.0.2.1 192.0.2.1 1234 /app"},
		"by a proxy that is believed": {believing(app), byProxy(),
			"https on Public.example:8443 public.example 8443 2001:db8::7 2001:db8::7 - /front/app"},
		"by http to the proxy, and TLS from there": {rewrite.Request(rewrite.Scheme.Set("http"))(app), byTLS,
			"http - example.com example.com 80 192.0.2.1 192.0.2.1 1234 /app"},
		"a client whom the proxy does not know": {believing(app), lost, "https on Public.example:8443 public.example 8443 - - - /front/app"},
	} {
		env := variables(t, c.h, c.r)
		var got []string
		for _, name := range names {
			value := env[name]
			if value == "" {
				value = "-"
			}
			got = append(got, value)
		}
		if got := strings.Join(got, " "); got != c.want {
			t.Errorf("%s:\n     %s\nwant %s", name, got, c.want)
		}
		if _, ok := env["REMOTE_ADDR"]; !ok || strings.Contains(strings.Join(got, " "), "6.6.6.6") {
			t.Errorf("%s: %q", name, env)
		}
	}
}

// TestAnApplicationIsToldWhatTheClientAskedFor does the same for one over HTTP, and for a handler in Go.
func TestAnApplicationIsToldWhatTheClientAskedFor(t *testing.T) {
	names := strings.Fields("X-Forwarded-For X-Forwarded-Proto X-Forwarded-Host X-Forwarded-Port X-Forwarded-Prefix Forwarded Cf-Visitor")
	show := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != "" && r.Header.Get("X-Shows-Host") != "" {
			io.WriteString(w, r.Host+" ")
		}
		for _, name := range names {
			io.WriteString(w, strings.Join(r.Header[name], "|")+" ")
		}
	})
	behind := httptest.NewServer(show)
	defer behind.Close()
	target, _ := url.Parse(behind.URL)
	plain, inner := &mount.Proxy{URL: target}, &mount.Proxy{URL: target, Host: "own.example"}
	defer plain.Close()
	defer inner.Close()
	for name, c := range map[string]struct {
		h    http.Handler
		r    *http.Request
		want string
	}{
		"by the connection": {mount.At("/app", plain), byProxy("X-Shows-Host: 1"),
			`inner.example:8080 192.0.2.1 http inner.example:8080 8080 /app for=192.0.2.1;host="inner.example:8080";proto=http`},
		"by a proxy that is believed": {believing(mount.At("/app", plain)), byProxy("X-Shows-Host: 1"),
			`Public.example:8443 2001:db8::7 https Public.example:8443 8443 /front/app for="[2001:db8::7]";host="Public.example:8443";proto=https`},
		"by a Host of its own": {believing(mount.At("/app", inner)), byProxy("X-Shows-Host: 1"),
			`own.example 2001:db8::7 https   /front/app for="[2001:db8::7]";proto=https`},
		"a client whom the proxy does not know": {believing(mount.At("/app", plain)), byProxy("X-Forwarded-For: unknown"),
			` https Public.example:8443 8443 /front/app for=unknown;host="Public.example:8443";proto=https`},
		"what no filter knows of the proxy": {mount.At("/app", plain), byProxy(`Cf-Visitor: {"scheme":"https"}`),
			`192.0.2.1 http inner.example:8080 8080 /app for=192.0.2.1;host="inner.example:8080";proto=http`},
		"a guest": {believing(mount.Guest("/app", show, mount.GuestOptions{})), byProxy(),
			`2001:db8::7 https Public.example:8443 8443 /front/app for="[2001:db8::7]";host="Public.example:8443";proto=https`},
	} {
		w := httptest.NewRecorder()
		c.h.ServeHTTP(w, c.r)
		if got := strings.TrimRight(w.Body.String(), " "); got != c.want {
			t.Errorf("%s:\n     %s\nwant %s", name, got, c.want)
		}
	}
}

// TestReferencesAreOfWhatTheClientAskedFor has an application name its own host, in answers and in requests.
func TestReferencesAreOfWhatTheClientAskedFor(t *testing.T) {
	var origin string
	behind := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin = r.Header.Get("Origin")
		w.Header().Set("Location", "http://"+r.Host+"/login")
		w.WriteHeader(http.StatusFound)
	}))
	defer behind.Close()
	target, _ := url.Parse(behind.URL)
	proxy := &mount.Proxy{URL: target, Host: "own.example"}
	defer proxy.Close()
	for name, h := range map[string]http.Handler{
		"a proxy that knows its place": mount.At("/app", proxy),
		"a guest": mount.Guest("/app", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "http://own.example/login")
			w.WriteHeader(http.StatusFound)
		}), mount.GuestOptions{Fields: mount.MapFieldsOptions{Hosts: []string{"own.example"}}}),
	} {
		w := httptest.NewRecorder()
		believing(h).ServeHTTP(w, byProxy("Origin: https://public.example:8443"))
		want := map[bool]string{true: "https://Public.example:8443/login", false: "https://Public.example:8443/front/app/login"}[name != "a guest"]
		if got := w.Header().Get("Location"); got != want {
			t.Errorf("%s: Location is %q, want %q", name, got, want)
		}
	}
	if origin != "https://own.example" {
		t.Errorf("Origin is %q", origin)
	}
}
