package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/weirhttp/weir/deploy"
)

// TestRoutesAreWhereRequestsGo asks a site for many URLs and holds that each is answered by the application, behind the
// filters, of the first route whose place it is below.
func TestRoutesAreWhereRequestsGo(t *testing.T) {
	set := parts()
	set["say"] = deploy.App(func(name string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, "app.%s%s", name, strings.Join(r.Header["Passed"], ""))
		})
	}, "name")
	set["mark"] = deploy.Filter(func(name string) func(http.Handler) http.Handler {
		return func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				r = r.Clone(r.Context())
				r.Header.Add("Passed", " filter."+name)
				next.ServeHTTP(w, r)
			})
		}
	}, "name")
	site, err := deploy.Parse("site.toml", []byte(routesSite), set)
	if err != nil {
		t.Fatal(err)
	}
	h, _, err := site.Build()
	if err != nil {
		t.Fatal(err)
	}
	list, err := newOverview(site.Root(), "site.toml").routes()
	if err != nil {
		t.Fatal(err)
	}
	used := map[int]bool{}
	for _, host := range []string{"one.example", "two.example", "other.example"} {
		for _, path := range []string{"/", "/a/", "/a/b/", "/a/b/c/", "/a/b/c/d/", "/a/x/", "/x/", "/x/y/", "/a/b/x/", "/deep/", "/deep/a/b/x/", "/deep/x/",
			"/deep/a/b/c/d/", "/deep/a/x/"} {
			r := httptest.NewRequest("GET", "http://"+host+path, nil)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			got, _ := io.ReadAll(w.Result().Body)
			for i, one := range list {
				if one.Host != "" && one.Host != host || !strings.HasPrefix(path, one.Prefix) {
					continue
				}
				used[i] = true
				want := one.Section + marks(one.Filters)
				if one.NotFound {
					want = "404 page not found\n"
				}
				if string(got) != want || w.Code == 404 != one.NotFound {
					t.Errorf("%s%s: got %d %q, and the route has %q", host, path, w.Code, got, want)
				}
				break
			}
		}
	}
	shadowed := map[string]bool{"one.example/deep/a/x/": true, "one.example/a/x/": true, "two.example/a/x/": true, "/a/b/c/d/": true}
	for i, one := range list {
		if place := one.Host + one.Prefix; used[i] == shadowed[place] {
			t.Errorf("that requests went to %s, %s, is %v", place, one.Section, used[i])
		}
	}
}

// marks returns the filters that leave a mark, in their order.
func marks(list []passed) string {
	s := ""
	for _, f := range list {
		if f.Part == "mark" {
			s += " " + f.Section
		}
		s += marks(f.Filters)
	}
	return s
}

const routesSite = `
[app.main]
use = "mounts"
filters = ["all"]
"/a/" = "inner"
"/a/b/c/" = "c"
"/deep/" = "piped"
"/x/" = "x"
"one.example/" = "one"
"two.example/a/" = "two"

[app.inner]
use = "mounts"
filters = ["f"]
"/b/" = "b"
"/b/c/d/" = "d"             # at /a/ never: /a/b/c/ is longer than that
"two.example/x/" = "two"    # at /a/ never: two.example/a/ comes before
"one.example/x/" = "one"    # never, likewise

[pipeline.piped]
stack = ["both", "f", "hosts"]

[app.hosts]
use = "mounts"
"/a/" = "inner"
"/" = "x"

[app.one]
use = "say"
name = "one"
[app.two]
use = "say"
name = "two"
filters = ["g"]
[app.b]
use = "say"
name = "b"
[app.c]
use = "say"
name = "c"
[app.d]
use = "say"
name = "d"
[app.x]
use = "say"
name = "x"

[filter.both]
use = "stack"
filters = ["f", "g"]
[filter.all]
use = "mark"
name = "all"
[filter.f]
use = "mark"
name = "f"
[filter.g]
use = "mark"
name = "g"
`
