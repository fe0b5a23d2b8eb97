package explain_test

import (
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/weirhttp/weir/cmd/weir/internal/explain"
	"github.com/weirhttp/weir/deploy"
)

// plain paints nothing.
func plain(s string) string { return s }

var style = explain.Style{Colors: explain.Colors{Bad: plain, Odd: plain, Good: plain, Name: plain, Dim: plain}, Width: 80}

// changes is what is another in each run.
var changes = regexp.MustCompile(`(Date: ).*`)

// told returns what is said of a request to a site, without what is another in each run.
func told(t *testing.T, file string, app http.Handler, req *http.Request, style explain.Style) string {
	t.Helper()
	set := deploy.Builtin()
	set["app"] = deploy.App(func() http.Handler { return app })
	site, err := deploy.Parse("site.toml", []byte(file), set)
	if err != nil {
		t.Fatal(err)
	}
	rec := explain.NewRecorder(false)
	before := slog.Default()
	slog.SetDefault(rec.Logger())
	defer slog.SetDefault(before)
	h, closer, err := site.Trace(rec.Probe)
	if err != nil {
		t.Fatal(err)
	}
	defer closer.Close()
	e, failure := rec.Ask(req, h, nil, 5*time.Second)
	var b strings.Builder
	if err := e.WriteText(&b, style); err != nil {
		t.Fatal(err)
	}
	if failure != nil {
		fmt.Fprintf(&b, "error: %v\n", failure)
	}
	return changes.ReplaceAllString(b.String(), "$1…")
}

// TestWriteText compares what is said with testdata.
func TestWriteText(t *testing.T) {
	const bare = "app.main = { use = 'app' }\n"
	const stacked = `
[app.main]
use = "app"
filters = ["request-id", "recover", "gzip"]
[filter.request-id]
trust = { from = ["127.0.0.1"] }
[filter.gzip]
use = "compress"
min-size = 100
`
	const both = `
[app.main]
use = "cascade"
limit = 0
apps = ["app"]
filters = ["both"]
[filter.both]
use = "stack"
filters = ["one", "two"]
[filter.one]
use = "request-header"
set = { Host = "no host", Accept = "text/plain, text/html;q=0.9, application/xhtml+xml;q=0.8" }
default = { Accept-Encoding = "br" }
[filter.two]
use = "request-header"
add = { Accept-Encoding = "zstd" }
del = ["Cookie"]
set = { Accept = "text/html, text/plain;q=0.9, application/xhtml+xml;q=0.8" }
`
	for name, c := range map[string]struct {
		file string
		app  http.HandlerFunc
	}{
		"stack":      {both, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) }},
		"panic":      {stacked, func(http.ResponseWriter, *http.Request) { panic("no such\x1b[31m luck") }},
		"panic-bare": {bare, func(http.ResponseWriter, *http.Request) { panic(io.ErrClosedPipe) }},
		"panic-late": {stacked, func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, strings.Repeat("x", 5000))
			http.NewResponseController(w).Flush()
			panic("late")
		}},
		"too-little": {bare, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "10")
			io.WriteString(w, "short")
		}},
		"hijack": {stacked, func(w http.ResponseWriter, r *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: chat\r\nConnection: Upgrade\r\n\r\n")
		}},
		"hints-and-trailers": {stacked, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Link", "</a.css>; rel=preload")
			w.WriteHeader(http.StatusEarlyHints)
			w.Header().Set("Trailer", "X-Sum")
			for range 3 {
				fmt.Fprintln(w, strings.Repeat("text ", 100))
				http.NewResponseController(w).Flush()
			}
			w.Header().Set("X-Sum", "42")
		}},
		"hostile": {bare, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Escape", "\u009b31m \u202eright to left")
			w.Header().Set("X-Long", strings.Repeat("long ", 100))
			w.Header().Add("Set-Cookie", "id=secret; Path=/")
			w.Header().Add("Set-Cookie", "hidden")
			io.WriteString(w, "one\x1b[2J\nzwei äöü\n\tthree\n")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			req, err := http.NewRequest("GET", "http://example.org/%1b[31m?a=b", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header = http.Header{"X-Request-Id": {"1"}, "Authorization": {"Basic c2VjcmV0"}, "Cookie": {"a=b; c=def"},
				"Accept-Encoding": {"gzip"}, "User-Agent": {""}}
			style := style
			style.Body = name == "hostile"
			got := told(t, c.file, c.app, req, style)
			golden(t, "testdata/"+name+".txt", got)
			for line := range strings.Lines(got) {
				if n := len([]rune(line)); n > 81 {
					t.Errorf("a line has %d characters: %s", n, line)
				}
			}
		})
	}
}

var update = flag.Bool("update", false, "write what is said now into testdata")

// golden compares a text with that of a file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("it says\n%s\nwant\n%s", got, want)
	}
}
