package filter_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/filtertest"
)

func TestTrailingSlash(t *testing.T) {
	filtertest.Run(t, filter.TrailingSlash(filter.TrailingSlashOptions{}), filtertest.Options{Answers: true})

	remove, add := filter.TrailingSlashOptions{}, filter.TrailingSlashOptions{Add: true}
	below := []func(*http.Request){mounted("/app")}
	for name, c := range map[string]struct {
		o                    filter.TrailingSlashOptions
		method, target, want string
		edits                []func(*http.Request)
	}{
		"a slash is removed":                            {remove, "GET", "/page/", "308 /page", nil},
		"what has none passes":                          {remove, "GET", "/page", "passes", nil},
		"the root keeps its own":                        {remove, "GET", "/", "passes", nil},
		"so does that of a mount":                       {remove, "GET", "/app/", "passes", below},
		"below a mount the prefix is in it":             {remove, "GET", "/%61pp/a/b/?q", "308 /%61pp/a/b?q", below},
		"the rest stays as it is written":               {remove, "GET", "/%61/b;c=%C3%a4/?x=/y/", "308 /%61/b;c=%C3%a4?x=/y/", nil},
		"an empty query stays":                          {remove, "GET", "/page/?", "308 /page?", nil},
		"HEAD is redirected":                            {remove, "HEAD", "/page/", "308 /page", nil},
		"POST passes":                                   {remove, "POST", "/page/", "passes", nil},
		"several slashes pass":                          {remove, "GET", "/page//", "passes", nil},
		"so do they in front":                           {remove, "GET", "//page/", "passes", nil},
		"dot segments pass":                             {remove, "GET", "/a/../page/", "passes", nil},
		"so do they escaped":                            {remove, "GET", "/a/%2e%2e/", "passes", nil},
		"an escaped slash at the end passes":            {remove, "GET", "/page%2F", "passes", nil},
		"so does one before the end":                    {remove, "GET", "/a%2fb/", "passes", nil},
		"a backslash passes":                            {remove, "GET", `/page\/`, "passes", nil},
		"an asterisk passes":                            {remove, "OPTIONS", "*", "passes", nil},
		"a slash is added":                              {add, "GET", "/page", "308 /page/", nil},
		"what has one passes":                           {add, "GET", "/page/", "passes", nil},
		"the root passes":                               {add, "GET", "/", "passes", nil},
		"a bare mount passes, which mount.At redirects": {add, "GET", "/app", "passes", below},
		"one is added below a mount, before the query":  {add, "GET", "/app/page?q=1", "308 /app/page/?q=1", below},
		"a file passes":                                 {add, "GET", "/style.css", "passes", nil},
		"with an escaped dot, too":                      {add, "GET", "/style%2ecss", "passes", nil},
		"a folder with a dot before it does not count":  {add, "GET", "/v1.2/page", "308 /v1.2/page/", nil},
		"what is well known passes":                     {add, "GET", "/.well-known/acme-challenge/aB3", "passes", nil},
		"several slashes pass, where one is added":      {add, "GET", "//evil", "passes", nil},

		"GHSA-mqqf-5wvp-8fh8 chi: a backslash":                 {remove, "GET", `/\evil.example/`, "passes", nil},
		"GHSA-mqqf-5wvp-8fh8 chi: escaped":                     {remove, "GET", "/%5Cevil.example/", "passes", nil},
		"CVE-2022-40083 Echo: two slashes":                     {remove, "GET", "//evil.example/", "passes", nil},
		"CVE-2022-40083 Echo: two slashes, and one more":       {add, "GET", "///evil.example", "passes", nil},
		"GHSA-vrw8-fxc6-2r93 chi: the target in absolute form": {remove, "GET", "http://evil.example/page/", "308 /page", nil},
		"calibre-web #1300: a script name that is a host":      {remove, "GET", "//evil.example/page/", "308 /.//evil.example/page", []func(*http.Request){mounted("//evil.example")}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := location(filter.TrailingSlash(c.o), c.method, "http", "evil.example", c.target, c.edits...); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// FuzzTrailingSlash holds that a redirect is to the same path with a slash more or less, at the same host, and the last.
func FuzzTrailingSlash(f *testing.F) {
	for _, s := range []string{"/a/", "/a", "//e/", `/\e/`, "/%2f/", "/?/", "/.//", "/\xff/"} {
		f.Add(s)
	}
	base := &url.URL{Scheme: "http", Host: "example.org", Path: "/"}
	f.Fuzz(func(t *testing.T, target string) {
		for _, add := range []bool{false, true} {
			h := filter.TrailingSlash(filter.TrailingSlashOptions{Add: add})
			got := location(h, "GET", "http", "example.org", target)
			if got == "passes" || got == "no request" {
				continue
			}
			asked, _ := url.ParseRequestURI(target)
			u, err := base.Parse(strings.TrimPrefix(got, "308 "))
			if err != nil || u.Host != "example.org" || strings.TrimSuffix(u.Path, "/") != strings.TrimSuffix(asked.Path, "/") || strings.HasSuffix(u.Path, "/") != add {
				t.Fatalf("%q leads to %q", target, got)
			}
			if again := location(h, "GET", "http", "example.org", u.RequestURI()); again != "passes" {
				t.Errorf("%q leads to %q, and that to %q", target, got, again)
			}
		}
	})
}

func TestTrailingSlash_nonsense(t *testing.T) {
	mustPanic(t, "filter.TrailingSlash: next is nil", func() { filter.TrailingSlash(filter.TrailingSlashOptions{})(nil) })
}

func ExampleTrailingSlash() {
	w := httptest.NewRecorder()
	filter.TrailingSlash(filter.TrailingSlashOptions{})(nothing).ServeHTTP(w, httptest.NewRequest("GET", "/page/?q=1", nil))
	fmt.Println(w.Code, w.Header().Get("Location"))
	// Output: 308 /page?q=1
}

// A multiplexer adds the slash that the filter removes: the client goes to and fro.
func ExampleTrailingSlash_wrong() {
	mux := http.NewServeMux()
	mux.Handle("/page/", nothing)
	h := filter.TrailingSlash(filter.TrailingSlashOptions{})(mux)
	target := "/page/"
	for range 3 {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", target, nil))
		target = w.Header().Get("Location")
		fmt.Println(target)
	}
	// Output:
	// /page
	// /page/
	// /page
}
