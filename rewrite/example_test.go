package rewrite_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/rewrite"
)

func ExampleBody() {
	// Any streaming writer is a transform. This one knows what it is for by the request on
	// the way in, and by the answer when it is there.
	match := func(h *capture.Head) bool {
		if !strings.HasPrefix(h.Request.URL.Path, "/notes/") {
			return false // no answer to this request is to be transformed
		}
		if h.Status == 0 {
			return true // some may be: ask again
		}
		return h.Header.Get("Content-Type") == "text/plain"
	}
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		io.WriteString(w, "abacab")
	})
	w := httptest.NewRecorder()
	rewrite.Body(match, letters)(app).ServeHTTP(w, httptest.NewRequest("GET", "/notes/1", nil))
	fmt.Println(w.Body)
	// Output: XacX.
}

// A match that looks at the answer alone says no on the way in, when there is no answer
// yet. So nothing is ever transformed.
func ExampleBody_wrong() {
	wrong := func(h *capture.Head) bool { return h.Header.Get("Content-Type") == "text/plain" }
	right := func(h *capture.Head) bool { return h.Status == 0 || wrong(h) }
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		io.WriteString(w, "abacab")
	})
	for _, match := range []func(*capture.Head) bool{wrong, right, rewrite.Type("text/plain")} {
		w := httptest.NewRecorder()
		rewrite.Body(match, letters)(app).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		fmt.Println(w.Body)
	}
	// Output:
	// abacab
	// XacX.
	// XacX.
}

func ExampleShift() {
	// The first segment names a tenant, and the application lives below it.
	app := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fmt.Println(rewrite.ScriptName(r), r.URL.Path)
	})
	host := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, tenant := range []string{"/acme", "/example"} {
			if below, ok := rewrite.Shift(r, tenant); ok {
				rewrite.Serve(w, r, below, app)
				return
			}
		}
		http.NotFound(w, r)
	})
	host.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/acme/orders/7", nil))
	// Output: /acme /orders/7
}

// URL.Path alone does not tell where a page is: below a mount, a link made from it misses.
func ExampleEscapedScriptName_wrong() {
	app := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fmt.Println("wrong:", r.URL.EscapedPath()+"?page=2")
		fmt.Println("right:", rewrite.EscapedScriptName(r)+r.URL.EscapedPath()+"?page=2")
	})
	r, _ := rewrite.Shift(httptest.NewRequest("GET", "/my%20wiki/list", nil), "/my wiki")
	app.ServeHTTP(httptest.NewRecorder(), r)
	// Output:
	// wrong: /list?page=2
	// right: /my%20wiki/list?page=2
}
