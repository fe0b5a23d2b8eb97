package deploy_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/weirhttp/weir/deploy"
	"github.com/weirhttp/weir/mount"
)

func TestPasteDeploy(t *testing.T) {
	const tags = "\n[filter:a]\nuse = tag\nname = a\n[filter:b]\nuse = tag\nname = b\n"
	for _, test := range []struct{ name, site, url, tags, body string }{
		{"an app", "[app:main]\nuse = echo\ntext = a = b # kept\n", "/x", "", "a = b # kept /x"},
		{"another word for an app", "[application: main]\nuse: echo\n", "/", "", " /"},
		{"a value of several lines", "[app:main]\nuse = echo\ntext = a\n  b\n\n# none\n\tc\n", "/", "", "a\nb\nc /"},
		{"a pipeline, outermost first", "[pipeline:main]\npipeline = a b\n  echo\n" + tags, "/", "a b", " /"},
		{"filter-with on a pipeline is outermost", "[pipeline:main]\npipeline = a echo\nfilter-with = b\n" + tags, "/", "b a", " /"},
		{"filter-with on an app", "[app:main]\nuse = echo\nfilter-with = b\n" + tags, "/", "b", " /"},
		{"use with overrides keeps the filter", "[app:main]\nuse = base\ntext = mine\n[app:base]\nuse = echo\ntext = base\nfilter-with = a\n" + tags,
			"/", "a", "mine /"},
		{"a filter with the next app", "[DEFAULT]\nn = x\n[filter-app:main]\nuse = tag\nname = %(n)s%(here)s\nnext = echo\n", "/", "x<here>", " /"},
		{"a filter-app and a filter of one name", "[filter-app:a]\nuse = tag\nname = x\nnext = echo\n[pipeline:main]\npipeline = a a\n" + tags, "/", "a x", " /"},
		{"globals", "[DEFAULT]\nname = global\nper = 100%%\n[app:main]\nuse = echo\nname = local\ntext = %(name)s %(per)s\n", "/", "", ""},
		{"a key of the section wins over the global one", "[DEFAULT]\ntext = global\n[app:main]\nuse = echo\ntext = local\n", "/", "", "local /"},
		{"get takes a global", "[DEFAULT]\nx = global\n[app:main]\nuse = echo\nget text = x\n", "/", "", "global /"},
		{"set comes before get", "[DEFAULT]\nx = global\n[app:main]\nuse = echo\nset z = 2\nget text = x\nset y = 1\nset x = mine\n", "/", "", "mine /"},
		{"urlmap", "[composite:main]\nuse = egg:Paste#urlmap\n/ = root\n/blog = blog\nhttp://example.com/host = host\ndomain example.com /other = other\n" +
			"[app:root]\nuse=echo\ntext=root\n[app:blog]\nuse=echo\ntext=blog\n[app:host]\nuse=echo\ntext=host\n[app:other]\nuse=echo\ntext=other\n",
			"/host/x", "", "host /x"},
		{"cascade by the alphabet", "[composite:main]\nuse = egg:Paste#cascade\napp10 = first\napp2 = second\ncatch = 404\n" +
			"[app:first]\nuse=echo\ntext=first\n[app:second]\nuse=echo\ntext=second\n", "/", "", "first /"},
		{"a name with config:", "[pipeline:main]\npipeline = a config:other.ini\n" + tags, "/", "a", "other /"},
		{"use of config:", "[app:main]\nuse = config:other.ini#main\n", "/", "", "other /"},
		{"other sections are left alone", "[loggers]\nkeys = root\n[server:main]\nuse = egg:waitress#main\n[app:main]\nuse = echo\n", "/", "", " /"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := write(t, "site.ini", test.site, "other.ini", "[app:main]\nuse = echo\ntext = other\n")
			if test.name == "globals" { // there is no key name
				_, err := deploy.Load(dir+"/site.ini", parts())
				if err == nil || !strings.Contains(err.Error(), `site.ini:6:1: app:main: there is no key "name" here`) {
					t.Errorf("got error %v", err)
				}
				return
			}
			_, ask := open(t, filepath.Join(dir, "site.ini"))
			status, tags, body := ask(test.url)
			if tags = strings.ReplaceAll(tags, dir, "<here>"); status != 200 || tags != test.tags || body != test.body {
				t.Errorf("got %d, tags %q, body %q; want 200, %q, %q", status, tags, body, test.tags, test.body)
			}
		})
	}
}

func TestPasteDeployValues(t *testing.T) {
	var got everything
	set := deploy.Set{"everything": deploy.App(func(o everything) http.Handler {
		got = o
		return http.NotFoundHandler()
	}, "size:size")}
	site, err := deploy.Parse("site.ini", []byte(`
[app:main]
use = everything
text = ${here}
truth = Yes
small = -3
unsigned = 0x10
float = 1.5
time = 1m
rate = 1/s
size = 2KiB
lists = a b
  ${here} d
`), set)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := site.Build(); err != nil {
		t.Fatal(err)
	}
	want := everything{Text: "${here}", Truth: true, Small: -3, Unsigned: 16, Float: 1.5, Time: time.Minute, Rate: 1, Size: 2048,
		Lists: [][]string{{"a", "b"}, {"${here}", "d"}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	_, err = deploy.Parse("site.ini", []byte(`
[app:main]
use = everything
truth = maybe
small = 1000
unsigned = x
float = y
struct = z
lists =
`), set)
	const errs = `site.ini:4:9: app:main: a truth value is needed here, not a string; write true or false
site.ini:5:9: app:main: 1000 does not fit here
site.ini:6:12: app:main: a whole number is needed here, not a string
site.ini:7:9: app:main: a number is needed here, not a string
site.ini:8:10: app:main: a table is needed here, not a string`
	var lines []string
	list, _ := err.(deploy.Errors)
	for _, e := range list {
		lines = append(lines, e.Error())
	}
	if got := strings.Join(lines, "\n"); got != errs {
		t.Errorf("got\n%s\nwant\n%s", got, errs)
	}
}

// What Python makes is run by Python, with its own filters, as the app of its section.
func TestPasteDeployOfPython(t *testing.T) {
	const rest = `
[app:egg]
use = egg:Blog
database = sqlite:%(here)s/blog.db
password = 100%
[app:factory]
paste.app_factory = blog:app
[app:staging]
use = egg
database = other
[filter:auth]
use = call:auth:filter
[pipeline:both]
pipeline = egg:Paste#gzip auth staging
[filter-app:guarded]
paste.filter_app_factory = auth:other
next = both
`
	for _, name := range []string{"egg", "factory", "staging", "both", "guarded"} {
		dir := write(t, "site.ini", rest+"[pipeline:main]\npipeline = "+name+"\n", "mine.ini",
			"[composite:main]\nuse = mounts\n/a = config:site.ini#"+name+"\n")
		site, err := deploy.Load(dir+"/site.ini", deploy.Builtin())
		if err != nil {
			t.Fatal(err)
		}
		h, _, err := site.Build()
		if err != nil {
			t.Fatal(err)
		}
		app, ok := h.(*mount.WSGI)
		if !ok || app.App != "config:site.ini#main" || app.Dir != dir {
			t.Errorf("%s: got %s", name, describe(h))
		}
		if _, err = deploy.Load(dir+"/mine.ini", deploy.Builtin()); err != nil {
			t.Error(err)
		}
	}
}

func describe(h http.Handler) string {
	if app, ok := h.(*mount.WSGI); ok {
		return fmt.Sprintf("WSGI %q in %s", app.App, app.Dir)
	}
	return fmt.Sprintf("%T", h)
}

func TestPasteDeployErrors(t *testing.T) {
	for _, test := range []struct{ name, site, want string }{
		{"no brackets", "[app:main\nuse = echo\n", "site.ini:1:1: this header has no ] at its end"},
		{"no delimiter", "[app:main]\nuse\n", `site.ini:2:1: this is no key with a value; write one such as "name = value"`},
		{"two sections", "[app:main]\nuse = echo\n[app:main]\n", `site.ini:3:2: "app:main" is there already, at site.ini:1:2`},
		{"two keys", "[app:main]\nuse = echo\nuse = echo\n", `site.ini:3:1: "use" is there already, at site.ini:2:1`},
		{"two words for an app", "[app:main]\nuse = echo\n[application:main]\nuse = echo\n",
			`site.ini:3:2: application:main: there is another section "main": no reference could tell them apart`},
		{"an app and a pipeline", "[app:main]\nuse = echo\n[pipeline:main]\npipeline = main\n",
			`site.ini:3:2: pipeline:main: there is another section "main": no reference could tell them apart`},
		{"no name", "[app]\nuse = echo\n[app:main]\nuse = echo\n", "site.ini:1:2: app: this section has no name; write [app:main]"},
		{"no kind", "[filtr:x]\n[app:main]\nuse = echo\n", `site.ini:1:2: filtr:x: there is no kind of section "filtr"; did you mean "filter"?`},
		{"a bad percent sign", "[app:main]\nuse = echo\ntext = 100%\n",
			"site.ini:3:8: app:main: % is neither one of %% nor of %(name)s; write %% for a percent sign"},
		{"no such name", "[DEFAULT]\nhome = x\n[app:main]\nuse = echo\ntext = %(hom)s\n",
			`site.ini:5:8: app:main: %(hom)s is neither in this section nor in [DEFAULT]; did you mean "home"?`},
		{"a name in itself", "[app:main]\nuse = echo\ntext = %(text)s\n", "site.ini:3:8: app:main: %(text)s leads back to where it comes from"},
		{"a name often in itself", "[app:main]\nuse = echo\ntext = " + strings.Repeat("%(text)s", 100) + "\n",
			"site.ini:3:8: app:main: %(text)s leads back to where it comes from"},
		{"get of nothing", "[app:main]\nuse = echo\nget text = x\n", `site.ini:3:12: app:main: there is no key "x" in [DEFAULT]`},
		{"set for others", "[pipeline:main]\nset x = 1\npipeline = echo\n",
			"site.ini:2:1: pipeline:main: a section sets nothing for others here; write the key into the sections that use it"},
		{"no pipeline", "[pipeline:main]\n", `site.ini:1:2: pipeline:main: "pipeline" is missing`},
		{"a pipeline that ends in a filter", "[pipeline:main]\npipeline = recover recover\n",
			"site.ini:2:20: pipeline:main: recover is a filter, an app is needed here"},
		{"a key of a pipeline", "[pipeline:main]\npipeline = echo\nuse = x\n", `site.ini:3:1: pipeline:main: there is no key "use" here`},
		{"no next", "[filter-app:main]\nuse = tag\n", `site.ini:1:2: filter-app:main: "next" is missing`},
		{"filter-with on a filter", "[app:main]\nuse = echo\nfilter-with = a\n[filter:a]\nuse = recover\nfilter-with = recover\n",
			"site.ini:6:1: filter:a: filter-with cannot be on a filter here; name both filters where this one is named, the other one first"},
		{"a filter of Python around an app of ours", "[pipeline:main]\npipeline = egg:Paste#gzip echo\n",
			`site.ini:2:12: pipeline:main: egg:Paste#gzip is a filter of Python, which can only be around applications of Python; use "compress"`},
		{"a section of such a filter", "[pipeline:main]\npipeline = auth echo\n[filter:auth]\nuse = egg:Auth\n",
			"site.ini:2:12: pipeline:main: auth is a filter of Python, which can only be around applications of Python; " +
				"write a pipeline of filters and applications of Python alone, and name that"},
		{"an app of Python without a section", "[composite:main]\nuse = egg:Paste#urlmap\n/ = egg:Blog\n",
			"site.ini:3:5: composite:main: an application of Python needs a section; write a section [app:NAME] with use = egg:Blog, and name it here"},
		{"a place with a port", "[composite:main]\nuse = egg:Paste#urlmap\ndomain a port 80 /x = echo\n",
			`site.ini:3:1: composite:main: "domain a port 80 /x" is no place to mount at here; write one such as "/blog" or "http://example.org/blog"`},
		{"a cycle of use", "[app:main]\nuse = b\n[app:b]\nuse = main\n", "site.ini:4:7: app:b: this leads back to where it comes from: app:main → app:b → app:main"},
		{"a cycle of pipelines", "[pipeline:main]\npipeline = b\n[pipeline:b]\npipeline = main\n",
			"site.ini:4:12: pipeline:b: this leads back to where it comes from: pipeline:main → pipeline:b → pipeline:main"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := deploy.Parse("site.ini", []byte(test.site), parts())
			list, _ := err.(deploy.Errors)
			if len(list) != 1 || list[0].Error() != test.want || list[0].Excerpt == "" {
				t.Errorf("got\n%v\nwant\n%s", err, test.want)
			}
		})
	}
}
