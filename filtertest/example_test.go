package filtertest_test

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"path"
	"testing"

	"github.com/weirhttp/weir/filtertest"
)

// PoweredBy stands for a middleware of yours.
func PoweredBy(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Powered-By", "water")
		next.ServeHTTP(w, r)
	})
}

// The test of a middleware is one line. One that adds a response field of its own has nothing to declare.
func ExampleRun() {
	testPoweredBy := func(t *testing.T) { // in your test file: func TestPoweredBy(t *testing.T) {
		filtertest.Run(t, PoweredBy)
	}
	_ = testPoweredBy
}

// A report says of every rule what became of it.
func ExampleReport() {
	cleans := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.URL.Path = path.Clean(r.URL.Path)
			next.ServeHTTP(w, r)
		})
	}
	report := filtertest.Check(cleans, filtertest.Options{
		Rewrites: true,
		Except:   map[string]string{"X59": "only to show what an exception looks like"},
	})
	for _, result := range report {
		if result.Outcome != filtertest.Passed {
			fmt.Printf("%s %s: %s\n", result.ID, result.Outcome, cmp.Or(result.Why, result.Rule))
		}
	}
	// Output:
	// F02 failed: a filter does not edit the request that it was given
	// X59 excepted: only to show what an exception looks like
}

type userKey struct{}

// A filter that puts a value into the context hands on a copy of the request. Two things that a handler leaves on
// that copy are missed outside.
func ExampleCheck() {
	signIn := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), userKey{}, "ada")))
		})
	}
	handsBack := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			edited := r.WithContext(context.WithValue(r.Context(), userKey{}, "ada"))
			defer func() { r.MultipartForm, r.Pattern = edited.MultipartForm, edited.Pattern }()
			next.ServeHTTP(w, edited)
		})
	}

	for _, f := range []func(http.Handler) http.Handler{signIn, handsBack} {
		report := filtertest.Check(f)
		for _, result := range report {
			if result.Outcome == filtertest.Failed {
				fmt.Printf("%s: %s\n", result.ID, result.Rule)
			}
		}
		fmt.Println("keeps every rule:", report.Err() == nil)
	}
	// Output:
	// D10: a filter lets the temporary files of an upload be removed after the request
	// F05: a filter outside a mux lets the filters around it see the pattern
	// keeps every rule: false
	// keeps every rule: true
}
