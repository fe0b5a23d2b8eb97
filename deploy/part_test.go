package deploy_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/weirhttp/weir/deploy"
)

type filterFunc func(http.Handler) http.Handler

type odd struct {
	Use     string
	Deep    *odd
	Channel chan int
}

func (*odd) ServeHTTP(http.ResponseWriter, *http.Request) {}

func TestPartsPanic(t *testing.T) {
	plain := func(string) filterFunc { return nil }
	for _, test := range []struct {
		name string
		make func()
		want string
	}{
		{"no function", func() { deploy.Filter(1) }, "deploy.Filter: int is no function"},
		{"nil", func() { deploy.Filter(nil) }, "deploy.Filter: <nil> is no function"},
		{"a nil function", func() { deploy.Filter((func() filterFunc)(nil)) }, "deploy.Filter: func() deploy_test.filterFunc is no function"},
		{"a function of something else", func() { deploy.Filter(func() int { return 1 }) },
			"deploy.Filter: func() int does not return func(http.Handler) http.Handler, or that and an error"},
		{"a function of a handler and something else", func() { deploy.App(func() (http.Handler, int) { return nil, 1 }) },
			"deploy.App: func() (http.Handler, int) does not return http.Handler, or that and an error"},
		{"a struct that is no handler", func() { deploy.App(&struct{}{}) }, "deploy.App: *struct {} is no http.Handler"},
		{"a parameter without a name", func() { deploy.Filter(plain) },
			"deploy.Filter: func(string) deploy_test.filterFunc has 1 parameters to be named, not 0"},
		{"a name without an option", func() { deploy.Filter(plain, "a", "b") }, `deploy.Filter: there is no option "b"`},
		{"a note that means nothing", func() { deploy.Filter(plain, "a:path") }, `deploy: key "a" says "path" of its value, which means nothing`},
		{"a size that is no number", func() { deploy.Filter(plain, "a:size") }, `deploy.Filter: key "a" of type string cannot be "size"`},
		{"a folder that is a number", func() { deploy.Filter(func(int) filterFunc { return nil }, "a:folder") },
			`deploy.Filter: key "a" of type int cannot be "folder"`},
		{"an environment that is a string", func() { deploy.Filter(plain, "a:environ") },
			`deploy.Filter: key "a" of type string cannot be "environ"`},
		{"a parameter that no text stands for", func() { deploy.Filter(func(chan int) filterFunc { return nil }, "a") },
			`deploy.Filter: parameter "a" of type chan int cannot be set in a file`},
		{"two parameters of one name", func() { deploy.Filter(func(a, b int) filterFunc { return nil }, "a", "a") },
			`deploy.Filter: there are two keys "a"`},
		{"a key that each section has", func() { deploy.App(&odd{}) }, `deploy.App: there are two keys "use"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			defer func() {
				if got := fmt.Sprint(recover()); got != test.want {
					t.Errorf("got %s, want %s", got, test.want)
				}
			}()
			test.make()
		})
	}
}

// withCode is a part that has options which no text stands for.
type withCode struct {
	Name    string
	Channel chan int
	Deep    *withCode
}

func TestOptionsThatAreCodeAreNotSetInAFile(t *testing.T) {
	set := parts()
	set["coded"] = deploy.Filter(func(o withCode) func(http.Handler) http.Handler { return tag(o.Name) })
	_, err := deploy.Parse("site.toml", []byte(`
		[app.main]
		use = "echo"
		filters = ["coded", "c"]
		[filter.c]
		use = "coded"
		channel = 1
		deep = {}`), set)
	var list deploy.Errors
	if !errors.As(err, &list) || len(list) != 2 || list[0].Message != `"channel" cannot be set in a file` {
		t.Errorf("got error %v", err)
	}
}

func TestAVariadicConstructorGetsAList(t *testing.T) {
	var got []string
	set := parts()
	set["many"] = deploy.Filter(func(names ...string) filterFunc {
		got = names
		return func(next http.Handler) http.Handler { return next }
	}, "names")
	load(t, set, "[app.main]\nuse = 'echo'\nfilters = ['many']")
	if len(got) != 0 {
		t.Errorf("without the key: got %q", got)
	}
	load(t, set, "[app.main]\nuse = 'echo'\nfilters = ['m']\n[filter.m]\nuse = 'many'\nnames = ['a', 'b']")
	if len(got) != 2 || got[1] != "b" {
		t.Errorf("got %q", got)
	}
}

func TestANilHandlerIsAnError(t *testing.T) {
	set := parts()
	set["nil"] = deploy.App(func() http.Handler { return nil })
	set["nil-filter"] = deploy.Filter(func() filterFunc { return nil })
	set["nil-bound"] = deploy.Filter(func() filterFunc { return func(http.Handler) http.Handler { return nil } })
	for _, text := range []string{
		"[app.main]\nuse = 'nil'",
		"[app.main]\nuse = 'echo'\nfilters = ['nil-filter']",
		"[app.main]\nuse = 'echo'\nfilters = ['nil-bound']",
	} {
		site, err := deploy.Parse("site.toml", []byte(text), set)
		if err != nil {
			t.Fatal(err)
		}
		var e *deploy.Error
		if _, _, err := site.Build(); !errors.As(err, &e) || e.Pos.Line == 0 {
			t.Errorf("%q: got error %v", text, err)
		}
	}
}
