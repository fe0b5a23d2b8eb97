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
	f := weir.When(func(r *http.Request) bool { return r.Method == "GET" }, filters["filter.RequestID"].filter)
	filtertest.Run(t, f, filters["filter.RequestID"].declares)
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
