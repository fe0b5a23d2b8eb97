package filter_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/filtertest"
)

func TestNoCache(t *testing.T) {
	filtertest.Run(t, filter.NoCache(), filtertest.Options{ResponseFields: []string{"Cache-Control"}})

	for name, c := range map[string]struct {
		status int
		fields []string // of the handler
		want   http.Header
	}{
		"a handler that says nothing":            {200, nil, http.Header{"Cache-Control": {"no-store"}}},
		"one that says something else":           {200, []string{"Cache-Control", "public, max-age=60", "Cache-Control", "immutable"}, http.Header{"Cache-Control": {"no-store"}}},
		"one whose body may not be changed":      {200, []string{"Cache-Control", "max-age=1", "Cache-Control", "public , No-Transform"}, http.Header{"Cache-Control": {"no-store, no-transform"}}},
		"a directive that only begins like that": {200, []string{"Cache-Control", "no-transformers"}, http.Header{"Cache-Control": {"no-store"}}},
		"what is said in other fields goes": {200, []string{"Expires", "0", "Pragma", "x", "CDN-Cache-Control", "max-age=9", "Surrogate-Control", "max-age=9", "Cloudflare-CDN-Cache-Control", "x", "X-Accel-Expires", "60", "Edge-Control", "max-age=9"},
			http.Header{"Cache-Control": {"no-store"}}},
		"validators stay": {200, []string{"ETag", `"x"`, "Last-Modified", "y", "Vary", "z"}, http.Header{"Cache-Control": {"no-store"}, "Etag": {`"x"`}, "Last-Modified": {"y"}, "Vary": {"z"}}},
		"an error":        {500, nil, http.Header{"Cache-Control": {"no-store"}}},
		"a 304":           {304, []string{"ETag", `"x"`}, http.Header{"Cache-Control": {"no-store"}, "Etag": {`"x"`}}},
	} {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			filter.NoCache()(answering(c.status, "", c.fields...)).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
			if got := w.Result(); got.StatusCode != c.status || fmt.Sprint(got.Header) != fmt.Sprint(c.want) {
				t.Errorf("got %d %q, want %d %q", got.StatusCode, got.Header, c.status, c.want)
			}
		})
	}
	mustPanic(t, "filter.NoCache: next is nil", func() { filter.NoCache()(nil) })
}

// Other filters of that name take the conditions off a request, so that a write overwrites what it should not.
func TestNoCache_conditions(t *testing.T) {
	r := httptest.NewRequest("PUT", "/", nil)
	r.Header.Set("If-Match", `"mine"`)
	filter.NoCache()(http.HandlerFunc(func(_ http.ResponseWriter, got *http.Request) {
		if got != r || got.Header.Get("If-Match") != `"mine"` {
			t.Errorf("the handler gets another request, with %q", got.Header)
		}
	})).ServeHTTP(httptest.NewRecorder(), r)
}

func TestNoCache_withCacheControl(t *testing.T) {
	keep := filter.CacheControl(filter.CacheControlOptions{})
	for name, h := range map[string]http.Handler{
		"inside":  filter.NoCache()(keep(nothing)),
		"outside": keep(filter.NoCache()(nothing)),
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		if got := w.Header()["Cache-Control"]; len(got) != 1 || got[0] != "no-store" {
			t.Errorf("CacheControl %s: %q", name, got)
		}
	}
}

func ExampleNoCache() {
	h := filter.NoCache()(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=3600")
		fmt.Fprint(w, "your account")
	}))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/account", nil))
	fmt.Println(w.Header().Get("Cache-Control"))
	// Output: no-store
}
