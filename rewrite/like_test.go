package rewrite_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/weirhttp/weir/rewrite"
)

func TestLike(t *testing.T) {
	for name, c := range map[string]struct {
		a, b string
		want bool
	}{
		"a name is like itself":                 {"X-User", "X-User", true},
		"any case is":                           {"x-USER", "X-User", true},
		"an underscore is a hyphen":             {"X_User", "X-User", true},
		"a dot is":                              {"X.User", "X-User", true},
		"any sign is":                           {"X~User", "X!User", true},
		"a byte beyond ASCII is":                {"X\xffUser", "X-User", true},
		"another letter is not":                 {"X-Uses", "X-User", false},
		"a hyphen is no letter":                 {"X-User", "XaUser", false},
		"what is longer is not":                 {"X-Users", "X-User", false},
		"what is shorter is not":                {"X-Use", "X-User", false},
		"the long s is two bytes and no s":      {"X-Uſer", "X-User", false},
		"the neighbours of letters are no such": {"@[`{", "----", true},
		"nothing is like nothing":               {"", "", true},
	} {
		t.Run(name, func(t *testing.T) {
			if rewrite.Like(c.a, c.b) != c.want || rewrite.Like(c.b, c.a) != c.want {
				t.Errorf("Like(%q, %q) is %v", c.a, c.b, !c.want)
			}
		})
	}
}

func FuzzLike(f *testing.F) {
	f.Add("X-User", "x_uSER")
	f.Add("X-Uſer", "X-User")
	variable := func(s string) string { // as CGI makes it, and programs that take any sign for a hyphen
		return strings.Map(func(r rune) rune {
			if r < 0x80 && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9') {
				return r
			}
			return '_'
		}, strings.ToUpper(s))
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, s := range []string{a, b} {
			for _, c := range []byte(s) {
				if c >= 0x80 {
					t.Skip("the reference is of ASCII")
				}
			}
		}
		if got, want := rewrite.Like(a, b), variable(a) == variable(b); got != want {
			t.Errorf("Like(%q, %q) is %v, but the variables are %q and %q", a, b, got, variable(a), variable(b))
		}
	})
}

func TestDelLike(t *testing.T) {
	for name, c := range map[string]struct {
		before, want http.Header
	}{
		"every spelling goes": {
			http.Header{"X-User": {"1"}, "X_user": {"2"}, "x.USER": {"3"}, "X-Groups": {"4"}, "X_groups": nil, "X-Other": {"5"}},
			http.Header{"X-Other": {"5"}}},
		"so do the options of Connection": {
			http.Header{"Connection": {"close, x_user", "X-GROUPS,Upgrade"}},
			http.Header{"Connection": {"close, Upgrade"}}},
		"a Connection of no other options goes": {
			http.Header{"Connection": {" X-User ,\tX-User"}}, http.Header{}},
		"another Connection stays as it was": {
			http.Header{"Connection": {"close ,  X-Users"}}, http.Header{"Connection": {"close ,  X-Users"}}},
		"an empty header stays empty": {http.Header{}, http.Header{}},
	} {
		t.Run(name, func(t *testing.T) {
			got := c.before.Clone()
			rewrite.DelLike("X-User", "x-groups")(got)
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("%v becomes %v, want %v", c.before, got, c.want)
			}
		})
	}
	h := http.Header{"X-User": {"1"}}
	if rewrite.DelLike()(h); len(h) != 1 {
		t.Error("no names remove something")
	}
}

func TestDelFunc(t *testing.T) {
	h := http.Header{"X-A-1": {"1"}, "X-A-2": {"2"}, "X-B": {"3"}, "Connection": {"x-a-9, close"}}
	rewrite.DelFunc(func(name string) bool { return len(name) == 5 && rewrite.Like(name[:3], "x-a") })(h)
	if want := (http.Header{"X-B": {"3"}, "Connection": {"close"}}); !reflect.DeepEqual(h, want) {
		t.Errorf("got %v, want %v", h, want)
	}
}

func TestDelLikeAndDelFuncPanic(t *testing.T) {
	for want, f := range map[string]func(){
		`rewrite.DelLike: name "X User" is not a field name`: func() { rewrite.DelLike("X-User", "X User") },
		"rewrite.DelFunc: match is nil":                      func() { rewrite.DelFunc(nil) },
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); got != want {
					t.Errorf("panics with %q, want %q", got, want)
				}
			}()
			f()
		}()
	}
}

func ExampleDelLike() {
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(len(r.Header), r.Header.Get("X-User"))
	})
	trusted := rewrite.RequestHeader(rewrite.DelLike("X-User"), rewrite.Set("X-User", "alice"))
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("X_User", "mallory")
	r.Header.Set("Connection", "x-user")
	trusted(app).ServeHTTP(httptest.NewRecorder(), r)
	// Output: 1 alice
}

// Del leaves what an application behind CGI, WSGI, Rack or PHP takes for the same field.
func ExampleDelLike_wrong() {
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("X_User", "mallory")
	rewrite.Del("X-User")(r.Header)
	fmt.Println(r.Header)
	rewrite.DelLike("X-User")(r.Header)
	fmt.Println(r.Header)
	// Output:
	// map[X_user:[mallory]]
	// map[]
}

func ExampleLike() {
	fmt.Println(rewrite.Like("x_remote.USER", "X-Remote-User"))
	// Output: true
}

func ExampleDelFunc() {
	h := http.Header{"X-Forwarded-For": {"::1"}, "X_forwarded_host": {"x"}, "Accept": {"*/*"}}
	const family = "X-Forwarded"
	rewrite.DelFunc(func(name string) bool {
		return len(name) >= len(family) && rewrite.Like(name[:len(family)], family)
	})(h)
	fmt.Println(h)
	// Output: map[Accept:[*/*]]
}
