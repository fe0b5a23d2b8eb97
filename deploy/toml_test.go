package deploy_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"

	"github.com/weirhttp/weir/deploy"
)

// FuzzINI asks the same of files of PasteDeploy, without go-toml.
func FuzzINI(f *testing.F) {
	f.Add("[DEFAULT]\na = b\n[app:main]\nuse = echo\nfilter-with = tag\ntext = %(a)s\n  c\nget x = a\n")
	f.Add("[composite:main]\nuse = egg:Paste#urlmap\n/ = a\ndomain x /b = a\n[filter-app:a]\nuse=tag\nname:b\nnext = p\n[pipeline:p]\npipeline = tag echo\n")
	f.Add("[app:main]\nuse = egg:A\n[app:b]\npaste.app_factory = x\n[composite:c]\nuse=egg:Paste#cascade\napp1=b\n")
	set := fuzzSet()
	f.Fuzz(func(t *testing.T, text string) {
		site, err := deploy.Parse("testdata/nowhere/site.ini", []byte(text), set)
		if err == nil {
			_, _, err = site.Build()
		}
		list, ok := err.(deploy.Errors)
		if err != nil && !ok {
			t.Fatalf("the error is a %T: %v", err, err)
		}
		for _, e := range list {
			checkPlace(t, e, strings.Split(text, "\n"))
		}
	})
}

// fuzzSet has no part that reads files, so that nothing outside is looked at.
func fuzzSet() deploy.Set {
	all := deploy.Builtin()
	return deploy.Set{"echo": deploy.App(&echo{}), "tag": deploy.Filter(tag, "name"),
		"mounts": all["mounts"], "cascade": all["cascade"], "when": all["when"]}
}

// FuzzParse asks of every text: no panic, and each error at a place that is there. What go-toml refuses is
// refused, and what it takes has no error of the syntax, which are those without a section.
func FuzzParse(f *testing.F) {
	names, err := filepath.Glob("testdata/errors/*.txt")
	if err != nil || len(names) == 0 {
		f.Fatal(names, err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for i, file := range split(strings.Split(string(text), "\n-- errors --\n")[0]) {
			if i%2 == 1 {
				f.Add(file)
			}
		}
	}
	for _, test := range tomls {
		f.Add(test.text)
	}
	set := fuzzSet()
	f.Fuzz(func(t *testing.T, text string) {
		site, err := deploy.Parse("testdata/nowhere/site.toml", []byte(text), set)
		var list deploy.Errors
		if err == nil {
			_, _, err = site.Build()
		}
		if err != nil && !errors.As(err, &list) {
			t.Fatalf("the error is a %T: %v", err, err)
		}
		lines := strings.Split(text, "\n")
		for _, e := range list {
			checkPlace(t, e, lines)
		}
		var all map[string]any
		if toml.Unmarshal([]byte(text), &all) != nil && err == nil {
			t.Errorf("go-toml refuses this, and Parse does not")
		}
	})
}

func checkPlace(t *testing.T, e *deploy.Error, lines []string) {
	t.Helper()
	switch {
	case e.Message == "" || e.Pos.File == "":
		t.Errorf("%v says nothing", e)
	case e.Pos.Line == 0 && e.Excerpt == "":
	case e.Pos.Line < 1 || e.Pos.Line > len(lines):
		t.Errorf("%v: there are %d lines", e, len(lines))
	case e.Pos.Column < 1 || e.Pos.Column > utf8.RuneCountInString(lines[e.Pos.Line-1])+1:
		t.Errorf("%v: the line is %q", e, lines[e.Pos.Line-1])
	case strings.Count(e.Excerpt, "\n") != 1 || !strings.HasSuffix(e.Excerpt, "^"):
		t.Errorf("%v: the excerpt is %q", e, e.Excerpt)
	}
}

// tomls are documents, and whether TOML 1.0 has them. All are sites but for their syntax.
var tomls = []struct {
	name, text string
	want       string // an error's text; empty: none
}{
	{"a table may be implied before its header", "[app.main.more.less]\na = 1\n[app.main]\nuse = 'free'", ""},
	{"a table has one header", "[app.main]\n[app.main]", `"main" is there already`},
	{"a header is no header of what dotted keys made", "[app]\nmain.use = 'free'\n[app.main]", `"main" is there already`},
	{"dotted keys do not add to what a header made", "[app.main]\nuse = 'free'\n[app]\nmain.x = 1", `"main" is set already`},
	{"dotted keys do not add to an inline table", "[app.main]\nuse = 'free'\na = {}\na.b = 1", `"a" is set already`},
	{"headers do not add to an inline table", "[app]\nmain = { use = 'free' }\n[app.main.x]", `"main" is set already`},
	{"dotted keys add to one another", "app.main.use = 'free'\napp.main.x = 1", ""},
	{"a list of tables grows", "[app.main]\nuse = 'free'\n[[app.main.x]]\na = 1\n[[app.main.x]]\na = 1\n[app.main.x.b]", ""},
	{"a list of tables is no table", "[app.main]\nuse = 'free'\n[[app.main.x]]\n[app.main.x]", `"x" is there already`},
	{"a list is no list of tables", "[app.main]\nuse = 'free'\nx = [{}]\n[[app.main.x]]", `"x" is there already`},
	{"an empty list is no list of tables", "[app.main]\nuse = 'free'\nx = []\n[[app.main.x]]", `"x" is there already`},
	{"a key is set once", "[app.main]\nuse = 'free'\nx.y = 1\nx.y = 1", `"y" is there already`},
	{"a key of an inline table is set once", "[app.main]\nuse = 'free'\nx = { y = 1, y = 2 }", `"y" is there already`},
	{"a value is no table", "[app.main]\nuse = 'free'\nx = 1\n[app.main.x.y]", `"x" is set already`},
	{"a number has 64 bits", "[app.main]\nuse = 'free'\nx = 9223372036854775808", "site.toml:3:"},
	{"text is UTF-8", "[app.main]\nuse = 'free'\nx = '\xff'", "site.toml:3:6"},
	{"a word is no value", "[app.main]\nuse = free", "a string stands in quotes"},
	{"a number is not half of a string", "[app.main]\nuse = 'free'\nx = 10/s", "a string stands in quotes"},
	{"a word is no keyword", "[app.main]\nuse = 'free'\nx = tag", "a string stands in quotes"},
	{"a file may be empty", "", `no app or pipeline "main"`},
	{"a file may end early", "[app.main]\nuse =", "site.toml:2:5"},
	{"lines may end with CR LF", "[app.main]\r\nuse = 'free'\r\nx = [\r\n1,\r\n]\r\n", ""},
}

func TestTOML(t *testing.T) {
	set := deploy.Set{"free": deploy.Builtin()["mounts"]}
	for _, test := range tomls {
		t.Run(test.name, func(t *testing.T) {
			_, err := deploy.Parse("site.toml", []byte(test.text), set)
			var got []string
			var list deploy.Errors
			errors.As(err, &list)
			for _, e := range list {
				if e.Section == "" { // of keys, which go nowhere here, the errors have one
					got = append(got, e.Error())
				}
			}
			if test.want == "" && len(got) > 0 || test.want != "" && (len(got) != 1 || !strings.Contains(got[0], test.want)) {
				t.Errorf("got errors %q, want %q", got, test.want)
			}
		})
	}
}
