package deploy_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/weirhttp/weir/deploy"
	"github.com/weirhttp/weir/rewrite"
)

// logged has slog.Default write to a buffer, without times, while the test runs.
func logged(t *testing.T) *bytes.Buffer {
	t.Helper()
	var b bytes.Buffer
	before := slog.Default()
	t.Cleanup(func() { slog.SetDefault(before) })
	slog.SetDefault(slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{
		Level: slog.LevelDebug,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == "time" || a.Key == "duration" {
				return slog.Attr{}
			}
			return a
		},
	})))
	return &b
}

func TestAccessLog(t *testing.T) {
	h := build(t, t.TempDir(), `
		[app.main]
		use = "mounts"
		"/app" = "app"
		[app.app]
		use = "echo"
		filters = ["log"]
		[filter.log]
		use = "access-log"
		logger = "web"
		level = "debug"
		attrs = ["host", "method", "path", "query", "script-name", "user", "header:User-Agent"]`)
	b := logged(t) // after the site was built
	r := httptest.NewRequest("GET", "/app/x?q", nil)
	r.Header.Set("User-Agent", "me")
	r = r.WithContext(rewrite.User.WithValue(r.Context(), "ann"))
	h.ServeHTTP(httptest.NewRecorder(), r)
	for _, want := range []string{"level=DEBUG", "logger=web", "host=example.com", "method=GET", "path=/x", "query=q",
		"script-name=/app", "user=ann", "header:User-Agent=me"} {
		if !strings.Contains(b.String(), " "+want) && !strings.HasPrefix(b.String(), want) {
			t.Errorf("%q is not in %q", want, b)
		}
	}
}

// TestHostIsWhatTheClientNamed has the host that trust-proxy found out counted and logged.
func TestHostIsWhatTheClientNamed(t *testing.T) {
	h := build(t, t.TempDir(), `
		[app.main]
		use = "echo"
		filters = ["trust", "log"]
		[filter.trust]
		use = "trust-proxy"
		proxies = ["192.0.2.1"]
		host = true
		[filter.log]
		use = "access-log"
		attrs = ["host"]`)
	b := logged(t)
	r := httptest.NewRequest("GET", "/", nil)
	r.Host = "backend:8080"
	r.Header.Set("X-Forwarded-Host", "example.org:8443")
	if h.ServeHTTP(httptest.NewRecorder(), r); !strings.Contains(b.String(), " host=example.org:8443\n") {
		t.Errorf("the log has %q", b)
	}

	_, err := deploy.Parse("site.toml", []byte("[app.main]\nuse = 'echo'\nfilters = ['limit']\n[filter.limit]\nuse = 'rate-limit'\nlimit = '1/s'\nburst = 1\nkey = 'header:host'"), parts())
	if err == nil || !strings.Contains(err.Error(), `"header:host" is no field that can be asked for`) {
		t.Errorf("header:host: %v", err)
	}
}

// TestAddressesMappedIntoIPv6AreThoseOfIPv4 has ranges that are written so match, as those of allow-ip do.
func TestAddressesMappedIntoIPv6AreThoseOfIPv4(t *testing.T) {
	site := func(from string) string {
		return "[app.main]\nuse = 'echo'\nfilters = ['id']\n[filter.id]\nuse = 'request-id'\ntrust = { from = ['" + from + "'] }"
	}
	for _, from := range []string{"::ffff:192.0.2.0/120", "::ffff:192.0.2.7"} {
		r, w := httptest.NewRequest("GET", "/", nil), httptest.NewRecorder()
		r.RemoteAddr = "192.0.2.7:1"
		r.Header.Set("X-Request-Id", "mine")
		if build(t, t.TempDir(), site(from)).ServeHTTP(w, r); w.Header().Get("X-Request-Id") != "mine" {
			t.Errorf("%s does not match 192.0.2.7", from)
		}
	}
}

func TestALoggerHasItsLevelFromTheDefault(t *testing.T) {
	h := build(t, t.TempDir(), `
		[app.main]
		use = "echo"
		filters = ["log"]
		[filter.log]
		use = "access-log"
		logger = "web"
		level = "debug"`)
	b := logged(t)
	slog.SetDefault(slog.New(slog.NewTextHandler(b, nil))) // level info
	get(h, "/")
	if b.Len() > 0 {
		t.Errorf("got record %q", b)
	}
}

func TestRateLimitCountsByTheKey(t *testing.T) {
	h := build(t, t.TempDir(), `
		[app.main]
		use = "echo"
		filters = ["limit"]
		[filter.limit]
		use = "rate-limit"
		limit = "1/h"
		burst = 1
		key = "header:X-Key"`)
	for i, test := range []struct {
		key  string
		want int
	}{{"a", 200}, {"b", 200}, {"a", 429}} {
		r, w := httptest.NewRequest("GET", "/", nil), httptest.NewRecorder()
		r.Header.Set("X-Key", test.key)
		h.ServeHTTP(w, r)
		if w.Code != test.want {
			t.Errorf("request %d: got %d, want %d", i+1, w.Code, test.want)
		}
	}
}

func TestTotalBurstIsTheRateOfASecond(t *testing.T) {
	h := build(t, t.TempDir(), `
		[app.main]
		use = "echo"
		filters = ["limit"]
		[filter.limit]
		use = "rate-limit"
		limit = "unlimited"
		burst = 1
		total = "3/s"`)
	served := 0
	for range 4 {
		if status, _, _ := get(h, "/"); status == 200 {
			served++
		}
	}
	if served != 3 {
		t.Errorf("%d of 4 requests were served, want 3", served)
	}
}

func TestRequestIDIsThatOfTheTrusted(t *testing.T) {
	h := build(t, t.TempDir(), `
		[app.main]
		use = "echo"
		filters = ["id"]
		[filter.id]
		use = "request-id"
		trust = { from = ["192.0.2.0/24", "fe80::/10"] }`)
	for peer, want := range map[string]bool{
		"192.0.2.7:1": true, "[::ffff:192.0.2.7]:1": true, "[fe80::1%eth0]:1": true, "192.0.3.1:1": false, "@": false,
	} {
		r, w := httptest.NewRequest("GET", "/", nil), httptest.NewRecorder()
		r.RemoteAddr = peer
		r.Header.Set("X-Request-Id", "mine")
		h.ServeHTTP(w, r)
		if got := w.Header().Get("X-Request-Id") == "mine"; got != want {
			t.Errorf("from %s: taken over is %v, want %v", peer, got, want)
		}
	}
}

func TestCompressOnlyTheTypesNamed(t *testing.T) {
	set := deploy.Builtin()
	set["page"] = deploy.App(&page{})
	h := load(t, set, `
		[app.main]
		use = "page"
		filters = ["gzip"]
		[filter.gzip]
		use = "compress"
		encodings = ["gzip"]
		min-size = "10B"
		match = ["text/html"]`)
	for mediaType, want := range map[string]string{"text/html": "gzip", "text/plain": ""} {
		r, w := httptest.NewRequest("GET", "/?"+mediaType, nil), httptest.NewRecorder()
		r.Header.Set("Accept-Encoding", "zstd, gzip")
		h.ServeHTTP(w, r)
		if got := w.Header().Get("Content-Encoding"); got != want {
			t.Errorf("%s: got coding %q, want %q", mediaType, got, want)
		}
	}
}

// page answers with a body of the type that the query names.
type page struct{}

func (*page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", r.URL.RawQuery)
	_, _ = io.WriteString(w, strings.Repeat("text ", 100))
}

func TestHeaders(t *testing.T) {
	set := parts()
	set["fields"] = deploy.App(&fields{})
	h := load(t, set, `
		[app.main]
		use = "fields"
		filters = ["in", "out"]
		[filter.in]
		use = "request-header"
		del = ["A"]
		set = { B = "set" }
		add = { C = "added" }
		default = { C = "no", D = "default" }
		[filter.out]
		use = "response-header"
		set = { X-Frame-Options = "DENY" }`)
	r, w := httptest.NewRequest("GET", "/", nil), httptest.NewRecorder()
	for _, name := range []string{"A", "B", "C"} {
		r.Header.Set(name, "client")
	}
	h.ServeHTTP(w, r)
	if got, want := w.Body.String(), "A[] B[set] C[client added] D[default]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := w.Header().Get("X-Frame-Options"); got != "DENY" {
		t.Errorf("got X-Frame-Options %q", got)
	}
}

// fields answers with some fields of the request.
type fields struct{}

func (*fields) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for i, name := range []string{"A", "B", "C", "D"} {
		_, _ = io.WriteString(w, strings.Repeat(" ", min(i, 1))+name+"["+strings.Join(r.Header[name], " ")+"]")
	}
}

func TestErrorPage(t *testing.T) {
	const site = "[app.main]\nuse = \"cascade\"\nlimit = 0\napps = [\"none\"]\nfilters = [\"x\"]\n[app.none]\nuse = \"dir\"\nfs = \".\"\n" +
		"[filter.x]\nuse = \"error-page\"\npage = \"page.html\""
	h := build(t, write(t, "page.html", "<p>{{.Status}}!"), site)
	r := httptest.NewRequest("GET", "/x", nil)
	r.Header.Set("Accept", "text/html")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != 404 || w.Body.String() != "<p>404!" {
		t.Errorf("%d %q", w.Code, w.Body)
	}
	for page, want := range map[string]string{
		"{{.Message}}": `page: template: page.html:1:2: executing "page.html" at <.Message>: can't evaluate field Message`,
		"\n{{if}}":     "page.html: line 2: missing value for if",
		"":             `"page.html" is an incomplete or empty template`,
	} {
		dir := t.TempDir()
		if page != "" {
			dir = write(t, "page.html", page)
		}
		site, err := deploy.Parse(dir+"/site.toml", []byte(site), deploy.Builtin())
		if err == nil {
			_, _, err = site.Build()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one with %q", page, err, want)
		}
	}
}
