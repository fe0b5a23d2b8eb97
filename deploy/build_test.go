package deploy_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/weirhttp/weir/deploy"
	"github.com/weirhttp/weir/rewrite"
)

// closing is an app that notes that it was closed, and has an error if its name is "bad".
type closing struct {
	Name string
	Done func(string) // set by tests
}

func (c *closing) ServeHTTP(http.ResponseWriter, *http.Request) {}

func (c *closing) Close() error {
	c.Done(c.Name)
	if c.Name == "bad" {
		return errors.New("closed badly")
	}
	return nil
}

// journal returns a set with the apps "closing" and "broken" and the filter "refusing", and what was closed.
func journal() (deploy.Set, *[]string) {
	var done []string
	set := parts()
	set["closing"] = deploy.App(&closing{Done: func(name string) { done = append(done, name) }})
	set["broken"] = deploy.App(func() (http.Handler, error) { return nil, errors.New("broken as it is") })
	set["refusing"] = deploy.Filter(func(name string) func(http.Handler) http.Handler {
		return func(http.Handler) http.Handler { panic("other.Refusing: name " + name + " is refused\nat length") }
	}, "name")
	return set, &done
}

const three = `
	[app.main]
	use = "mounts"
	"/a" = "a"
	"/b" = "b"
	"/c" = "c"
	"/d" = "a"
	"/e" = "only"
	[app.only]
	use = "cascade"
	limit = 0
	apps = ["a"]
	[app]
	a = { use = "closing", name = "a" }
	b = { use = "closing", name = "b" }
	c = { use = "closing", name = "%s"}`

func TestCloseClosesEachOnce(t *testing.T) {
	set, done := journal()
	site, err := deploy.Parse("site.toml", fmt.Appendf(nil, three, "bad"), set)
	if err != nil {
		t.Fatal(err)
	}
	_, closer, err := site.Build()
	if err != nil {
		t.Fatal(err)
	}
	if len(*done) > 0 {
		t.Errorf("%q are closed before Close", *done)
	}
	if err := closer.Close(); err == nil || err.Error() != "closed badly" {
		t.Errorf("got error %v", err)
	}
	if err := closer.Close(); err != nil {
		t.Errorf("a second Close has error %v", err)
	}
	slices.Sort(*done)
	if strings.Join(*done, " ") != "a b bad" {
		t.Errorf("closed are %q", *done)
	}
}

func TestAFailedBuildSaysAllAndClosesWhatWasBuilt(t *testing.T) {
	set, done := journal()
	site, err := deploy.Parse("site.toml", []byte(`
[app.main]
use = "mounts"
"/a" = "a"
"/b" = "b"
"/broken" = "broken"

[app.a]
use = "closing"
name = "a"
filters = ["no"]

[app.b]
use = "closing"
name = "bad"

[filter.no]
use = "refusing"
name = "x"
`), set)
	if err != nil {
		t.Fatal(err)
	}
	h, closer, err := site.Build()
	if h != nil || closer != nil {
		t.Error("there is a handler or a closer beside the error")
	}
	var list deploy.Errors
	if !errors.As(err, &list) {
		t.Fatalf("got error %v", err)
	}
	var got []string
	for _, one := range list {
		got = append(got, one.Error())
	}
	want := []string{
		"closed badly",
		"site.toml:6:13: app broken: broken as it is",
		"site.toml:19:8: filter.no: name x is refused",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got errors %q, want %q", got, want)
	}
	slices.Sort(*done)
	if !slices.Equal(*done, []string{"a", "bad"}) {
		t.Errorf("closed are %q", *done)
	}
}

func TestErrorsOfABuildAreInTheOrderOfFiles(t *testing.T) {
	set, _ := journal()
	dir := write(t,
		"site.toml", "[app.main]\nuse = 'mounts'\n\n\n'/a' = 'other.toml#main'\n'/b' = 'b'\n[app.b]\nuse = 'broken'",
		"other.toml", "[app.main]\nuse = 'broken'")
	site, err := deploy.Load(dir+"/site.toml", set)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = site.Build()
	list, _ := err.(deploy.Errors)
	if len(list) != 2 || list[0].Pos.File != dir+"/site.toml" || list[1].Pos.File != dir+"/other.toml" {
		t.Errorf("got error %v", err)
	}
}

func TestASectionIsOneInstance(t *testing.T) {
	made := 0
	set := parts()
	set["counted"] = deploy.Filter(func() func(http.Handler) http.Handler {
		made++
		return func(next http.Handler) http.Handler { return next }
	})
	h := load(t, set, `
		[app.main]
		use = "mounts"
		"/a" = "a"
		"/b" = "b"
		[app.a]
		use = "echo"
		filters = ["limit", "counted"]
		[app.b]
		use = "echo"
		filters = ["limit", "counted", "copy"]
		[filter.limit]
		use = "rate-limit"
		limit = "1/h"
		burst = 2
		[filter.copy]
		use = "counted"
	`)
	for i, want := range []int{200, 200, 429} {
		if status, _, _ := get(h, []string{"/a/", "/b/", "/a/"}[i]); status != want {
			t.Errorf("request %d: got %d, want %d", i+1, status, want)
		}
	}
	if made != 2 {
		t.Errorf("%d filters were made, want 2: one without a section, one with", made)
	}
}

func TestTwoBuildsShareNothing(t *testing.T) {
	site, err := deploy.Parse("site.toml", []byte(`
		[app.main]
		use = "echo"
		filters = ["limit", "total"]
		[filter.limit]
		use = "rate-limit"
		limit = "1/h"
		burst = 1
		[filter.total]
		use = "rate-limit"
		limit = "unlimited"
		burst = 0
		total = "1/h"`), parts())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		h, _, err := site.Build()
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []int{200, 429} {
			if status, _, _ := get(h, "/"); status != want {
				t.Errorf("request %d: got %d, want %d", i+1, status, want)
			}
		}
	}
}

// shown is an app that says what site it is part of.
type shown struct{ Site *deploy.Site }

func (s *shown) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	for _, r := range s.Site.Root().Refs {
		_, _ = io.WriteString(w, r.Key+" "+r.Node.Section+"\n")
	}
}

// TestAppsMayKnowTheirSite has the site itself in a field that is no key.
func TestAppsMayKnowTheirSite(t *testing.T) {
	set := deploy.Builtin()
	set["shown"] = deploy.App(&shown{})
	set["told"] = deploy.Filter(func(o struct{ Site *deploy.Site }) func(http.Handler) http.Handler {
		o.Site.Root() // panics without a site
		return func(next http.Handler) http.Handler { return next }
	})
	text := "[app.main]\nuse = 'mounts'\n'/a/' = 'shown'\n'/b/' = 'x'\nfilters = ['told']\n[app.x]\nuse = 'shown'\n"
	site, err := deploy.Parse("site.toml", []byte(text), set)
	if err != nil {
		t.Fatal(err)
	}
	h, _, err := site.Build()
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/b/", nil))
	if got := w.Body.String(); got != "/a/ app shown\n/b/ app.x\n" {
		t.Errorf("the app says %q", got)
	}
	if _, err := deploy.Parse("site.toml", []byte(text+"site = 'y'\n"), set); err == nil || !strings.Contains(err.Error(), `there is no key "site" here`) {
		t.Errorf("a file may set it: %v", err)
	}
}

// TestUserIsSignedIn has what is behind the filter user see one who did not sign in, whatever the client says.
func TestUserIsSignedIn(t *testing.T) {
	set := deploy.Builtin()
	set["who"] = deploy.App(func() http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			user, _ := rewrite.User.Value(r.Context())
			_, _ = io.WriteString(w, user)
		})
	})
	site, err := deploy.Parse("site.toml", []byte("[app.main]\nuse = 'who'\nfilters = ['ada']\n[filter.ada]\nuse = 'user'\nname = 'ada'\n"), set)
	if err != nil {
		t.Fatal(err)
	}
	h, _, err := site.Build()
	if err != nil {
		t.Fatal(err)
	}
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
	r.SetBasicAuth("grace", "secret")
	h.ServeHTTP(w, r)
	if got := w.Body.String(); got != "ada" {
		t.Errorf("the user is %q", got)
	}
}
