package deploy_test

import (
	"io"
	"net/http"
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
		r, w := requestFor(c.host, c.forwarded), httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Body.String() != c.want+" /" {
			t.Errorf("%q, forwarded for %q: got %q, want %q", c.host, c.forwarded, w.Body, c.want)
		}
	}
}

// requestFor is a request for a host, which a proxy sent on for another one if that is not empty.
func requestFor(host, forwarded string) *http.Request {
	r := httptest.NewRequest("GET", "/", nil)
	r.Host = host
	if forwarded != "" {
		r.Header.Set("X-Forwarded-Host", forwarded)
	}
	return r
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

// TestPatternsCompareHostsAsMountsDo has a filter for the requests of a host, and an app that is that host's: no spelling
// of the host gets past the filter to the app.
func TestPatternsCompareHostsAsMountsDo(t *testing.T) {
	for _, app := range []string{"mounts", "patterns"} {
		h := build(t, t.TempDir(), `
			[app.main]
			use = "`+app+`"
			filters = ["trust", "when"]
			"admin.example/" = "admin"
			"/" = "rest"
			[filter.trust]
			use = "trust-proxy"
			proxies = ["192.0.2.1"]
			host = true
			[filter.when]
			use = "when"
			match = ["GET admin.example/"]
			filters = ["seen"]
			[filter.seen]
			use = "response-header"
			set = { X-Seen = "yes" }
			[app.admin]
			use = "echo"
			text = "admin"
			filters = ["log"]
			[filter.log]
			use = "access-log"
			[app.rest]
			use = "echo"
			text = "rest"`)
		for _, c := range []struct{ host, forwarded, want string }{
			{"admin.example", "", "admin"}, {"ADMIN.example", "", "admin"}, {"admin.example.:80", "", "admin"},
			{"backend", "admin.example", "admin"}, {"admin.example", "other.example", "rest"}, {"other.example", "", "rest"},
		} {
			r, w := requestFor(c.host, c.forwarded), httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if seen := w.Header().Get("X-Seen") != ""; w.Body.String() != c.want+" /" || seen != (c.want == "admin") || r.Host != c.host {
				t.Errorf("%s, %q forwarded for %q: got %q, and the filter saw it: %v", app, c.host, c.forwarded, w.Body, seen)
			}
		}
	}
}

// TestPatternsLeaveTheHostToTheApp has an app behind a pattern with a host see the Host as it came.
func TestPatternsLeaveTheHostToTheApp(t *testing.T) {
	set := parts()
	set["host"] = deploy.App(func() http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, r.Host+" "+r.PathValue("id"))
		})
	})
	h := load(t, set, "[app.main]\nuse = 'patterns'\n'example.org/{id}' = 'h'\n[app.h]\nuse = 'host'\n")
	r, w := httptest.NewRequest("GET", "/7", nil), httptest.NewRecorder()
	r.Host = "EXAMPLE.org.:8080"
	if h.ServeHTTP(w, r); w.Body.String() != "EXAMPLE.org.:8080 7" || r.Pattern != "example.org/{id}" {
		t.Errorf("got %q by %q", w.Body, r.Pattern)
	}
}
