package rewrite_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/weirhttp/weir/rewrite"
)

func TestKey(t *testing.T) {
	first, second := &rewrite.Key[string]{Name: "same"}, &rewrite.Key[string]{Name: "same"}
	ctx := first.WithValue(t.Context(), "1")
	if v, ok := first.Value(ctx); v != "1" || !ok {
		t.Errorf("the value is %q, %v", v, ok)
	}
	if v, ok := second.Value(ctx); v != "" || ok {
		t.Errorf("another key of the same name has the value %q, %v", v, ok)
	}
	if v, ok := first.Value(first.WithValue(ctx, "")); v != "" || !ok {
		t.Errorf("the zero value is %q, %v", v, ok)
	}
	problem := &rewrite.Key[error]{Name: "problem"}
	if v, ok := problem.Value(problem.WithValue(t.Context(), context.Canceled)); !errors.Is(v, context.Canceled) || !ok {
		t.Errorf("the error is %v, %v", v, ok)
	}
	if v, ok := problem.Value(problem.WithValue(t.Context(), nil)); v != nil || ok {
		t.Errorf("no error is %v, %v", v, ok)
	}
}

func TestKeySet(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	rewrite.Request(rewrite.User.Set("alice"), rewrite.User.Set("bob"))(http.HandlerFunc(func(_ http.ResponseWriter, inner *http.Request) {
		if v, _ := rewrite.User.Value(inner.Context()); v != "bob" {
			t.Errorf("inside the user is %q", v)
		}
	})).ServeHTTP(httptest.NewRecorder(), r)
	if v, ok := rewrite.User.Value(r.Context()); ok {
		t.Errorf("outside the user is %q", v)
	}
}

func ExampleKey() {
	var tenant = &rewrite.Key[int]{Name: "tenant"} // a package variable, as a rule

	app := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		id, ok := tenant.Value(r.Context())
		fmt.Println(id, ok)
	})
	filter := rewrite.Request(tenant.Set(7))
	filter(app).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	app.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	// Output:
	// 7 true
	// 0 false
}
