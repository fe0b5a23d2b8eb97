package deploy_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/weirhttp/weir/deploy"
)

// traced returns what is passed, in order, by requests to a site that a text describes.
func traced(t *testing.T, text string, paths ...string) []string {
	t.Helper()
	site, err := deploy.Parse("site.toml", []byte(text), parts())
	if err != nil {
		t.Fatal(err)
	}
	var passed []string
	h, closer, err := site.Trace(func(n *deploy.Node, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			passed = append(passed, n.Section)
			next.ServeHTTP(w, r)
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	defer closer.Close()
	for _, path := range paths {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", path, nil))
	}
	return passed
}

func TestTracePassesAProbeOutsideOfEachFilterAndApp(t *testing.T) {
	const apps = `

		app.echo = {}
		app.dir = { fs = "testdata" }
		app.both = { use = "cascade", limit = 0, apps = ["dir", "echo"], filters = ["recover"] }
		filter.a = { use = "tag", name = "a" }
		filter.b = { use = "tag", name = "b" }
		filter.two = { use = "stack", filters = ["a", "b"] }
		filter.cond = { use = "when", match = ["/x/"], filters = ["a"] }`
	for name, c := range map[string]struct{ main, want string }{
		"filters of an app":                   {`app.main = { use = "echo", filters = ["a", "b"] }`, "filter.a filter.b app.main"},
		"a filter twice":                      {`app.main = { use = "echo", filters = ["a", "a"] }`, "filter.a filter.a app.main"},
		"a pipeline, which has none itself":   {`pipeline.main.stack = ["a", "echo"]`, "filter.a app.echo"},
		"a filter of several":                 {`app.main = { use = "echo", filters = ["two"] }`, "filter.two filter.a filter.b app.main"},
		"a filter for requests that match":    {`app.main = { use = "echo", filters = ["cond"] }`, "filter.cond filter.a app.main"},
		"mounts, and an app with its filters": {`app.main = { use = "mounts", "/x" = "both" }`, "app.main filter recover app.both app.dir app.echo"},
	} {
		if got := strings.Join(traced(t, c.main+apps, "/x/none"), " "); got != c.want {
			t.Errorf("%s: passed are %s, want %s", name, got, c.want)
		}
	}
}

func TestTraceHasProbesAtFiltersThatAreBoundLate(t *testing.T) {
	set := parts()
	set["late"] = deploy.Filter(func(filters ...func(http.Handler) http.Handler) func(http.Handler) http.Handler {
		return func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { filters[0](next).ServeHTTP(w, r) })
		}
	}, "filters")
	site, err := deploy.Parse("site.toml", []byte("[app.main]\nuse = 'echo'\nfilters = ['f']\n[filter.f]\nuse = 'late'\nfilters = ['recover']\n"), set)
	if err != nil {
		t.Fatal(err)
	}
	var passed []string
	h, _, err := site.Trace(func(n *deploy.Node, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			passed = append(passed, n.Section)
			next.ServeHTTP(w, r)
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	if !slices.Equal(passed, []string{"filter.f", "filter recover", "app.main"}) {
		t.Errorf("passed are %q", passed)
	}
}

func TestTraceClosesAppsAndSaysWhatBuildSays(t *testing.T) {
	set, done := journal()
	site, err := deploy.Parse("site.toml", fmt.Appendf(nil, three, "c"), set)
	if err != nil {
		t.Fatal(err)
	}
	hidden := func(_ *deploy.Node, next http.Handler) http.Handler { return http.HandlerFunc(next.ServeHTTP) }
	_, closer, err := site.Trace(hidden)
	if err != nil {
		t.Fatal(err)
	}
	if err := closer.Close(); err != nil || len(*done) != 3 {
		t.Errorf("closed are %q, %v", *done, err)
	}
	site, err = deploy.Parse("site.toml", []byte("[app.main]\nuse = 'proxy'\nfilters = ['no']\n[filter.no]\nuse = 'refusing'\nname = 'x'\n"), set)
	if err != nil {
		t.Fatal(err)
	}
	_, _, built := site.Build()
	h, _, err := site.Trace(hidden)
	if err == nil || h != nil || fmt.Sprint(err) != fmt.Sprint(built) {
		t.Errorf("Trace says\n%v\nBuild says\n%v", err, built)
	}
}

// What a request passes on its way.
func ExampleSite_Trace() {
	site, err := deploy.Parse("site.toml", []byte(`
[app.main]
use = "mounts"
filters = ["recover"]
"/wiki/" = "wiki"

[app.wiki]
use = "dir"
fs = "testdata"
filters = ["gzip"]

[filter.gzip]
use = "compress"
`), deploy.Builtin())
	if err != nil {
		fmt.Println(err)
		return
	}
	h, closer, err := site.Trace(func(n *deploy.Node, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Printf("%s is asked for %s\n", n.Section, r.URL.Path)
			next.ServeHTTP(w, r)
		})
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer closer.Close()
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/wiki/none", nil))
	// Output:
	// filter recover is asked for /wiki/none
	// app.main is asked for /wiki/none
	// filter.gzip is asked for /none
	// app.wiki is asked for /none
}
