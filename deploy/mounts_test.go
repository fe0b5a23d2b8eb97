package deploy_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/weirhttp/weir/deploy"
)

// TestMountsGoByTheHostThatTheClientNamed has trust-proxy around them: what allow-hosts allows is what is asked.
func TestMountsGoByTheHostThatTheClientNamed(t *testing.T) {
	h := build(t, t.TempDir(), `
		[app.main]
		use = "mounts"
		filters = ["trust"]
		"Public.example./" = "public"
		"admin.example/" = "admin"
		"/" = "rest"
		[filter.trust]
		use = "trust-proxy"
		proxies = ["192.0.2.1"]
		host = true
		[app.public]
		use = "echo"
		text = "public"
		[app.admin]
		use = "echo"
		text = "admin"
		[app.rest]
		use = "echo"
		text = "rest"`)
	for _, c := range []struct{ host, forwarded, want string }{
		{"public.example", "", "public"},
		{"PUBLIC.example.:8080", "", "public"},
		{"public.example:", "", "public"},
		{"backend:8080", "public.example:443", "public"},
		{"admin.example", "public.example", "public"},
		{"public.example", "other.example", "rest"},
		{"public.example/x", "", "rest"},
		{"[::1]:80", "", "rest"},
		{"", "", "rest"},
	} {
		r, w := httptest.NewRequest("GET", "/", nil), httptest.NewRecorder()
		r.Host = c.host
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-Host", c.forwarded)
		}
		if h.ServeHTTP(w, r); w.Body.String() != c.want+" /" {
			t.Errorf("%q, forwarded for %q: got %q, want %q", c.host, c.forwarded, w.Body, c.want)
		}
	}
}

// TestMountsRefuseHostsThatNoRequestHas says so of places that would never be asked for, and of one that is there twice.
func TestMountsRefuseHostsThatNoRequestHas(t *testing.T) {
	for place, want := range map[string]string{
		"*.example.org/": "the host of this place is none", "bücher.example/": "the host of this place is none",
		"a..b/": "the host of this place is none", "a,b/": "the host of this place is none", "[::1]/": "the host of this place is none",
		"example.org:80/": "the host of this place is none", "EXAMPLE.org/": "is the same as", "example.org./": "is the same as",
	} {
		_, err := deploy.Parse("site.toml", []byte("[app.main]\nuse = 'mounts'\n'example.org/' = 'e'\n'"+place+"' = 'e'\n[app.e]\nuse = 'echo'"), parts())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", place, err, want)
		}
	}
}
