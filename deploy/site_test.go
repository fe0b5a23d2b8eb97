package deploy_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weirhttp/weir/deploy"
)

// parts is Builtin with two parts for tests: the app "echo", which answers with its text and where it is
// asked, and the filter "tag", which adds its name to a field.
func parts() deploy.Set {
	set := deploy.Builtin()
	set["echo"] = deploy.App(&echo{})
	set["tag"] = deploy.Filter(tag, "name")
	return set
}

type echo struct {
	Text string
}

func (e *echo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.WriteString(w, e.Text+" "+r.URL.Path)
}

func tag(name string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Add("Tag", name)
			next.ServeHTTP(w, r)
		})
	}
}

// write makes a folder with the files, whose names and contents alternate.
func write(t *testing.T, namesAndTexts ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(namesAndTexts); i += 2 {
		name := filepath.Join(dir, namesAndTexts[i])
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(namesAndTexts[i+1]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// build makes the site of a text, which is in the folder dir.
func build(t *testing.T, dir, text string) http.Handler {
	t.Helper()
	site, err := deploy.Parse(filepath.Join(dir, "site.toml"), []byte(text), parts())
	if err != nil {
		t.Fatal(err)
	}
	h, closer, err := site.Build()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := closer.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// get asks h for a URL and returns the answer: status, tags and body.
func get(h http.Handler, url string) (int, string, string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", url, nil))
	return w.Code, strings.Join(w.Header()["Tag"], " "), w.Body.String()
}

func TestSite(t *testing.T) {
	for _, test := range []struct{ name, site, url, tags, body string }{
		{"the root is main", `
			[app.main]
			use = "echo"
			text = "hello"`, "/x", "", "hello /x"},
		{"filters are outermost first", `
			[app.main]
			use = "echo"
			filters = ["a", "b"]
			[filter.a]
			use = "tag"
			name = "a"
			[filter.b]
			use = "tag"
			name = "b"`, "/", "a b", " /"},
		{"a pipeline is outermost first, around the filters of its app", `
			[pipeline.main]
			stack = ["a", "b", "inner"]
			[app.inner]
			use = "echo"
			filters = ["c"]
			[filter]
			a = { use = "tag", name = "a" }
			b = { use = "tag", name = "b" }
			c = { use = "tag", name = "c" }`, "/", "a b c", " /"},
		{"a pipeline may end in a pipeline", `
			[pipeline.main]
			stack = ["a", "p"]
			[pipeline.p]
			stack = ["a", "echo"]
			[filter.a]
			use = "tag"
			name = "a"`, "/", "a a", " /"},
		{"a section without use is what it is called", `
			[app.main]
			use = "mounts"
			"/" = "echo"
			[app.echo]
			text = "e"`, "/", "", "e /"},
		{"use inherits keys, filters among them, and own ones win", `
			[app.main]
			use = "base"
			text = "mine"
			[app.base]
			use = "echo"
			text = "base"
			filters = ["a"]
			[filter.a]
			use = "tag"
			name = "a"`, "/", "a", "mine /"},
		{"an empty list of filters takes inherited ones away", `
			[app.main]
			use = "base"
			filters = []
			[app.base]
			use = "echo"
			filters = ["a"]
			[filter.a]
			use = "tag"
			name = "a"`, "/", "", " /"},
		{"the section wins over the part of the same name, except for itself", `
			[app.main]
			use = "echo"
			[app.echo]
			use = "echo"
			text = "section"`, "/", "", "section /"},
		{"a stack of filters is a filter", `
			[app.main]
			use = "echo"
			filters = ["all"]
			[filter.all]
			use = "stack"
			filters = ["a", "b"]
			[filter]
			a = { use = "tag", name = "a" }
			b = { use = "tag", name = "b" }`, "/", "a b", " /"},
		{"filters for some requests apply to them", `
			[app.main]
			use = "echo"
			filters = ["some"]
			[filter.some]
			use = "when"
			match = ["/admin/"]
			filters = ["a"]
			[filter.a]
			use = "tag"
			name = "a"`, "/admin/x", "a", " /admin/x"},
		{"filters for some requests leave out the others", `
			[app.main]
			use = "echo"
			filters = ["some"]
			[filter.some]
			use = "when"
			match = { not = { from = ["192.0.2.0/24"] } }
			filters = ["a"]
			[filter.a]
			use = "tag"
			name = "a"`, "/admin/x", "", " /admin/x"},
	} {
		t.Run(test.name, func(t *testing.T) {
			status, tags, body := get(build(t, t.TempDir(), test.site), test.url)
			if status != 200 || tags != test.tags || body != test.body {
				t.Errorf("got %d, tags %q, body %q; want 200, %q, %q", status, tags, body, test.tags, test.body)
			}
		})
	}
}

func TestMounts(t *testing.T) {
	h := build(t, t.TempDir(), `
		[app.main]
		use = "mounts"
		"/" = "rest"
		"/a" = "a"
		"/a/b/" = "ab"
		"example.org/a" = "host"
		[app]
		rest = { use = "echo", text = "rest" }
		a = { use = "echo", text = "a" }
		ab = { use = "echo", text = "ab" }
		host = { use = "echo", text = "host" }`)
	for url, want := range map[string]string{
		"/":                          "rest /",
		"/ab":                        "rest /ab",
		"/a/":                        "a /",
		"/a/bc":                      "a /bc",
		"/a/b/c":                     "ab /c",
		"http://example.org/a/b/c":   "host /b/c",
		"http://EXAMPLE.org:80/a/b/": "host /b/",
		"http://example.org/b":       "rest /b",
		"http://example.com/a/b/c":   "ab /c",
	} {
		if _, _, body := get(h, url); body != want {
			t.Errorf("%s: got %q, want %q", url, body, want)
		}
	}
	if status, _, _ := get(h, "/a/b"); status != http.StatusPermanentRedirect {
		t.Errorf("/a/b: got %d, want a redirect", status)
	}
}
