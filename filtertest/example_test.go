package filtertest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/weirhttp/weir/filtertest"
)

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
		err := filtertest.Check(f)
		var first *filtertest.Failure
		if errors.As(err, &first) {
			fmt.Printf("%s: %s\n", first.ID, first.Rule)
		} else {
			fmt.Println("keeps every rule")
		}
	}
	// Output:
	// D10: a filter lets the temporary files of an upload be removed after the request
	// keeps every rule
}
