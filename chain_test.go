package weir_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/weirhttp/weir"
	"github.com/weirhttp/weir/filtertest"
)

// named is a filter that shows where it stands.
func named(name string) weir.Filter {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, name+"(")
			next.ServeHTTP(w, r)
			io.WriteString(w, ")")
		})
	}
}

var app = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "app") })

func ask(h http.Handler, method, url string) string {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, url, nil))
	return w.Body.String()
}

func ExampleStack() {
	inner := weir.Stack(named("b"), named("c"))
	h := weir.Stack(named("a"), inner.Then).Then(app)
	fmt.Println(ask(h, "GET", "/"))
	// Output: a(b(c(app)))
}

func ExampleWhen() {
	public := weir.Pattern("GET /public/", "/login")
	h := weir.When(weir.Not(public), named("auth"))(app)
	fmt.Println(ask(h, "GET", "/public/logo.svg"))
	fmt.Println(ask(h, "GET", "/admin"))
	// Output:
	// app
	// auth(app)
}

func ExampleSwitch() {
	h := weir.Switch(
		weir.Case(weir.Pattern("GET /public/", "/login")), // as it is
		weir.Case(weir.Pattern("/api/"), named("bearer"), named("limit")),
		weir.Else(named("signOn")),
	)(app)
	for _, path := range []string{"/public/logo.svg", "/api/orders", "/admin"} {
		fmt.Println(ask(h, "GET", path))
	}
	// Output:
	// app
	// bearer(limit(app))
	// signOn(app)
}

// The first match counts, and not the one that says most: what comes after one
// that matches everything of its kind is never asked.
func ExampleSwitch_wrong() {
	h := weir.Switch(
		weir.Case(weir.Pattern("/"), named("signOn")),
		weir.Case(weir.Pattern("/api/"), named("bearer")),
	)(app)
	fmt.Println(ask(h, "GET", "/api/orders"))
	// Output: signOn(app)
}

// To select what is to be protected leaves open what an application reads in
// other spellings than a mux. Name what is not, as ExampleWhen does.
func ExamplePattern_wrong() {
	h := weir.When(weir.Pattern("/admin/"), named("auth"))(app)
	fmt.Println(ask(h, "GET", "/admin/users"))
	fmt.Println(ask(h, "GET", "//admin/users"))
	// Output:
	// auth(app)
	// app
}

func TestPattern(t *testing.T) {
	match := weir.Pattern("/static/", "POST /items/{id}", "api.example.org/v1/{$}", "/login")
	tests := []struct {
		method, url string
		want        bool
	}{
		{"GET", "/static/", true},
		{"GET", "/static/a/b", true},
		{"GET", "/static", false},
		{"GET", "//static/a", false},
		{"GET", "/static/../secret", false},
		{"GET", "/static/%2e%2e/secret", false},
		{"GET", "/static/..;/secret", false},
		{"GET", "/static/%2e/a", false},
		{"GET", "/static/..%5csecret", false},
		{"GET", "/static/%252e%252e/secret", false},
		{"GET", "/static/a%2F%2Fb", false},
		{"GET", "/static/a..b/.c", true},
		{"POST", "/items/1", true},
		{"GET", "/items/1", false},
		{"POST", "/items/1/2", false},
		{"POST", "/items/a%2Fb", true},
		{"GET", "http://api.example.org/v1/", true},
		{"GET", "http://api.example.org:8080/v1/", true},
		{"GET", "http://example.org/v1/", false},
		{"GET", "/login", true},
		{"GET", "/login/", false},
		{"CONNECT", "/login", true},
	}
	for _, test := range tests {
		r := httptest.NewRequest(test.method, test.url, nil)
		before := *r
		if got := match(r); got != test.want {
			t.Errorf("%s %s: %v, want %v", test.method, test.url, got, test.want)
		}
		if r.Pattern != before.Pattern || r.URL != before.URL || r.PathValue("id") != "" {
			t.Errorf("%s %s: the request was edited", test.method, test.url)
		}
	}
}

func TestSwitch(t *testing.T) {
	post := func(r *http.Request) bool { return r.Method == "POST" }
	h := weir.Switch(weir.Case(post, named("a")), weir.Case(weir.Pattern("/b"), named("b"), named("c")), weir.Case(weir.Pattern("/none")))
	withElse := weir.Switch(weir.Case(post, named("a")), weir.Case(weir.Pattern("/none")), weir.Else(named("else")))
	nested := weir.Switch(weir.Case(weir.Not(post), weir.When(weir.Pattern("/b"), named("b"))), weir.Else())
	for _, c := range []struct {
		name         string
		filter       weir.Filter
		method, path string
		want         string
	}{
		{"the first case", h, "POST", "/a", "a(app)"},
		{"the first of two that match", h, "POST", "/b", "a(app)"},
		{"a later case", h, "GET", "/b", "b(c(app))"},
		{"a case without filters", h, "GET", "/none", "app"},
		{"no case", h, "GET", "/x", "app"},
		{"no case, with an else", withElse, "GET", "/x", "else(app)"},
		{"a case without filters spares the else", withElse, "GET", "/none", "app"},
		{"a When in a case", nested, "GET", "/b", "b(app)"},
		{"an else without filters", nested, "POST", "/b", "app"},
	} {
		if got := ask(c.filter(app), c.method, c.path); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestSwitchAsksNoMoreThanItHasTo(t *testing.T) {
	asked := 0
	counting := func(answer bool) func(*http.Request) bool {
		return func(*http.Request) bool { asked++; return answer }
	}
	h := weir.Switch(weir.Case(counting(false)), weir.Case(counting(true)), weir.Case(counting(true)))(app)
	if ask(h, "GET", "/"); asked != 2 {
		t.Errorf("%d matches were asked, want 2", asked)
	}
}

func TestSwitchIsMadeOnce(t *testing.T) {
	built := 0
	counted := func(next http.Handler) http.Handler { built++; return next }
	branches := []weir.Branch{weir.Case(weir.Pattern("/a"), counted), weir.Case(weir.Pattern("/b"), counted), weir.Else(counted)}
	f := weir.Switch(branches...)
	branches[0] = weir.Else() // none of its business any more
	h := f(app)
	for _, path := range []string{"/a", "/b", "/c", "/a"} {
		ask(h, "GET", path)
	}
	if built != 3 {
		t.Errorf("filters were made %d times, want 3", built)
	}
}

func TestSwitchAllocatesNothing(t *testing.T) {
	h := weir.Switch(weir.Case(func(r *http.Request) bool { return false }), weir.Case(func(r *http.Request) bool { return true }))(
		http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
	if got := testing.AllocsPerRun(100, func() { h.ServeHTTP(w, r) }); got != 0 {
		t.Errorf("%v allocations", got)
	}
}

func BenchmarkSwitch(b *testing.B) {
	never := func(r *http.Request) bool { return r.Method == "PATCH" }
	h := weir.Switch(weir.Case(never), weir.Case(never), weir.Case(never), weir.Else())(
		http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(w, r)
	}
}

func TestSwitchKeepsTheContract(t *testing.T) {
	id := filters["filter.RequestID"]
	f := weir.Switch(weir.Case(func(r *http.Request) bool { return r.Method == "PUT" }),
		weir.Case(func(r *http.Request) bool { return r.Method == "GET" }, id.Filter), weir.Else(filters["filter.AccessLog"].Filter))
	filtertest.Run(t, f, id.Declares)
}

func TestBothBranchesAreBuiltOnce(t *testing.T) {
	built := 0
	counted := func(next http.Handler) http.Handler { built++; return next }
	h := weir.When(weir.Pattern("/a"), counted, counted)(app)
	for _, path := range []string{"/a", "/b", "/a", "/b"} {
		ask(h, "GET", path)
	}
	if built != 2 {
		t.Errorf("filters were made %d times, want 2", built)
	}
}

func TestWhenKeepsTheContract(t *testing.T) {
	f := weir.When(func(r *http.Request) bool { return r.Method == "GET" }, filters["filter.RequestID"].Filter)
	filtertest.Run(t, f, filters["filter.RequestID"].Declares)
}

func TestNilPanicsWhenTheStackIsMade(t *testing.T) {
	always := func(*http.Request) bool { return true }
	tests := []struct {
		want string
		make func()
	}{
		{"weir.Stack: filter 2 is nil", func() { weir.Stack(named("a"), nil) }},
		{"weir.When: match is nil", func() { weir.When(nil, named("a")) }},
		{"weir.When: filter 1 is nil", func() { weir.When(always, nil) }},
		{"weir.When: next is nil", func() { weir.When(always, named("a"))(nil) }},
		{"weir.Case: match is nil", func() { weir.Case(nil, named("a")) }},
		{"weir.Case: filter 2 is nil", func() { weir.Case(always, named("a"), nil) }},
		{"weir.Else: filter 1 is nil", func() { weir.Else(nil) }},
		{"weir.Switch: there is no branch", func() { weir.Switch() }},
		{"weir.Switch: branch 1 is empty: make it with Case or Else", func() { weir.Switch(weir.Branch{}) }},
		{"weir.Switch: branch 1 is an Else, but not the last", func() { weir.Switch(weir.Else(), weir.Case(always)) }},
		{"weir.Switch: next is nil", func() { weir.Switch(weir.Else())(nil) }},
		{"weir.Not: match is nil", func() { weir.Not(nil) }},
	}
	for _, test := range tests {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); got != test.want {
					t.Errorf("panicked with %q, want %q", got, test.want)
				}
			}()
			test.make()
		}()
	}
}
