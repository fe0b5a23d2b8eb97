package deploy_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"

	"github.com/weirhttp/weir/deploy"
)

// A page of a folder, below a prefix.
func ExampleLoad() {
	dir, err := os.MkdirTemp("", "site")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	for name, text := range map[string]string{
		"site.toml": `
			[app.main]
			use = "mounts"
			"/media/" = "media"

			[app.media]
			use = "dir"
			fs = "."
			filters = ["headers"]

			[filter.headers]
			use = "response-header"
			set = { X-Content-Type-Options = "nosniff" }`,
		"hello.txt": "hello",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			fmt.Println(err)
			return
		}
	}

	site, err := deploy.Load(filepath.Join(dir, "site.toml"), deploy.Builtin())
	if err != nil {
		fmt.Println(err)
		return
	}
	handler, closer, err := site.Build()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer closer.Close()

	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest("GET", "/media/hello.txt", nil))
	fmt.Println(w.Code, w.Header().Get("X-Content-Type-Options"), w.Body)
	// Output: 200 nosniff hello
}

// What only the constructors of filters and apps know to be wrong, Build reports.
func ExampleSite_Build() {
	site, err := deploy.Parse("site.toml", []byte(`
		[app.main]
		use = "mounts"
		"/app/" = "app"

		[app.app]
		use = "proxy"
		url = "http://localhost:3000/?q"
		`), deploy.Builtin())
	if err != nil {
		fmt.Println(err)
		return
	}
	handler, closer, err := site.Build()
	fmt.Println(handler, closer)
	fmt.Println(err)
	// Output:
	// <nil> <nil>
	// site.toml:8:9: app.app: url "http://localhost:3000/?q" has a user, a query or a fragment: write scheme, host and path alone
	//     8 | 		url = "http://localhost:3000/?q"
	//       | 		      ^^^^^^^^^^^^^^^^^^^^^^^^^^
}

// All that is wrong comes at once.
func ExampleParse() {
	_, err := deploy.Parse("site.toml", []byte(`
[app.main]
use = "proxy"
url = "localhost:3000"
filters = ["gzpi", "limit"]

[filter.gzip]
use = "compress"
min-sise = "1KiB"

[filter.limit]
use = "rate-limit"
limit = "10/s"
`), deploy.Builtin())
	fmt.Println(err)

	var list deploy.Errors
	if errors.As(err, &list) {
		fmt.Println(len(list), "errors, the first at line", list[0].Pos.Line)
	}
	// Output:
	// site.toml:4:7: app.main: "localhost:3000" is not a URL: it does not begin with a scheme and a host; write one such as "http://localhost:3000"
	//     4 | url = "localhost:3000"
	//       |       ^^^^^^^^^^^^^^^^
	// site.toml:5:12: app.main: there is no filter "gzpi"; did you mean "gzip"?
	//     5 | filters = ["gzpi", "limit"]
	//       |            ^^^^^^
	// site.toml:9:1: filter.gzip: there is no key "min-sise" here; did you mean "min-size"?
	//     9 | min-sise = "1KiB"
	//       | ^^^^^^^^
	// site.toml:11:9: filter.limit: "burst" is missing
	//    11 | [filter.limit]
	//       |         ^^^^^
	// 4 errors, the first at line 4
}

// demo builds a site of a text, asks it for a path and prints the answer.
func demo(set deploy.Set, text, path string) {
	site, err := deploy.Parse("site.toml", []byte(text), set)
	if err != nil {
		fmt.Println(err)
		return
	}
	handler, closer, err := site.Build()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer closer.Close()
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	fmt.Println(w.Code, w.Header().Get("Greeting"), strings.TrimSpace(w.Body.String()))
}

// A Set is a map: take out what files may not do.
func ExampleBuiltin() {
	set := deploy.Builtin()
	delete(set, "cgi")
	demo(set, `
		[app.main]
		use = "cgi"
		path = "/usr/bin/id"`, "/")
	// Output:
	// site.toml:3:9: app.main: there is no app "cgi"; did you mean "scgi"?
	//     3 | 		use = "cgi"
	//       | 		      ^^^^^
}

// A filter of your own is one line: its parameters get names, its options are keys.
func ExampleFilter() {
	type greetOptions struct {
		LoudlyAt int // from which count on it shouts
	}
	greet := func(name string, o greetOptions) func(http.Handler) http.Handler {
		return func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Greeting", fmt.Sprint("hello ", name, " ", o.LoudlyAt))
				next.ServeHTTP(w, r)
			})
		}
	}
	set := deploy.Builtin()
	set["greet"] = deploy.Filter(greet, "name")

	demo(set, `
		[app.main]
		use = "mounts"
		filters = ["greeting"]

		[filter.greeting]
		use = "greet"
		name = "world"
		loudly-at = 3`, "/")
	// Output: 404 hello world 3 404 page not found
}

// clock is an app: a handler whose fields are keys.
type clock struct {
	Zone string
}

func (c *clock) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.WriteString(w, "it is late in "+c.Zone)
}

// An application of your own is one line, too. What is set in it is the default.
func ExampleApp() {
	set := deploy.Builtin()
	set["clock"] = deploy.App(&clock{Zone: "UTC"})

	demo(set, `
		[app.main]
		use = "mounts"
		"/clock/" = "clock"
		"/rome/" = "rome"

		[app.rome]
		use = "clock"
		zone = "Rome"`, "/rome/")
	// Output: 200  it is late in Rome
}

// It is a mistake to name only some of the parameters: a file could not set the others.
func ExampleFilter_wrong() {
	defer func() { fmt.Println(recover()) }()
	limit := func(rate float64, burst int) func(http.Handler) http.Handler { return nil }
	deploy.Filter(limit, "rate")
	// Output: deploy.Filter: func(float64, int) func(http.Handler) http.Handler has 2 parameters to be named, not 1
}

// One error, and where it is.
func ExampleError() {
	_, err := deploy.Parse("site.toml", []byte("[app.main]\nuse = 'cig'\n"), deploy.Builtin())
	var e *deploy.Error
	if errors.As(err, &e) {
		fmt.Println(e.Pos)
		fmt.Println(e.Section)
		fmt.Println(e.Message)
		fmt.Println(e.Hint)
	}
	// Output:
	// site.toml:2:7
	// app.main
	// there is no app "cig"
	// did you mean "cgi"?
}
