package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/weirhttp/weir/deploy"
)

// serveText starts a server for the site of a text and returns its URL.
func serveText(t *testing.T, text string) string {
	t.Helper()
	site, err := deploy.Parse("site.toml", []byte(text), parts())
	if err != nil {
		t.Fatal(err)
	}
	h, closer, err := site.Build()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	t.Cleanup(func() {
		server.Close()
		closer.Close()
	})
	return server.URL
}

// TestIndexShowsTheSite has mounts in mounts, a pipeline, a host, and filters of filters on the page, in the order in
// which a request meets them.
func TestIndexShowsTheSite(t *testing.T) {
	url := serveText(t, `
[pipeline.main]
stack = ["outer", "all"]

[app.all]
use = "mounts"
filters = ["recover"]
"/about/" = "index"
"/deep" = "deep"
"example.org/x/" = "files"
"/line/" = "line"

[app.deep]
use = "mounts"
filters = ["request-id"]
"/a/" = "guest"
"example.net/b/" = "files"

[app.guest]
use = "demo"
filters = ["some"]

[app.files]
use = "dir"
fs = "."

[pipeline.line]
stack = ["inner", "guest"]

[filter.outer]
use = "access-log"

[filter.inner]
use = "stack"
filters = ["compress"]

[filter.some]
use = "when"
match = ["/<b>"]
filters = ["recover", "compress"]
`)
	page := ask(t, client(t), "GET", url+"/about/", nil)
	rest := page.body
	for _, want := range []string{
		`href="/deep/a/"`, "<code>guest</code> <small>demo</small>", "knows nothing of weir",
		">recover<", ">request-id<", "<code>some</code> <small>when</small>", "as they are (recover, compress)",
		`href="//example.net/deep/b/"`, "<code>files</code> <small>dir</small>", ">recover<", ">request-id<",
		`href="//example.org/x/"`, ">recover<",
		`href="/line/"`, ">recover<", "<code>inner</code> <small>stack</small>", "(compress)", ">some<",
		"Below these filters", "<code>outer</code> <small>access-log</small>", "Logs one record for each request",
	} {
		_, after, found := strings.Cut(rest, want)
		if !found {
			t.Fatalf("the page has no %s, or not in its place:\n%s", want, page.body)
		}
		rest = after
	}
	if strings.Contains(page.body, "/about/") {
		t.Error("the page names itself")
	}
}

func TestIndexIsOnePage(t *testing.T) {
	url := serveText(t, "[app.main]\nuse = 'mounts'\n'/' = 'index'\n")
	c := client(t)
	for _, test := range []struct {
		method, path string
		want         int
	}{
		{"GET", "/", http.StatusOK},
		{"HEAD", "/", http.StatusOK},
		{"POST", "/", http.StatusMethodNotAllowed},
		{"GET", "/index.html", http.StatusNotFound},
	} {
		if got := ask(t, c, test.method, url+test.path, nil); got.status != test.want {
			t.Errorf("%s %s is answered %d, want %d", test.method, test.path, got.status, test.want)
		}
	}
	if page := ask(t, c, "GET", url, nil); !strings.Contains(page.body, "Nothing.") || strings.Contains(page.body, "Below these filters") {
		t.Errorf("an empty site is shown as\n%s", page.body)
	}
}
