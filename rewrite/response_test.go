package rewrite_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/rewrite"
)

func TestResponseHeaderHasTheLastWord(t *testing.T) {
	filter := rewrite.ResponseHeader(rewrite.Set("X-A", "filter"), rewrite.Del("X-Secret"), rewrite.Default("X-D", "filter"))
	for name, app := range map[string]http.HandlerFunc{
		"WriteHeader": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) },
		"Write":       func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("x")) },
		"WriteString": func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "x") },
		"Flush":       func(w http.ResponseWriter, _ *http.Request) { http.NewResponseController(w).Flush() },
		"nothing":     func(http.ResponseWriter, *http.Request) {},
		"a hint before": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			w.Write([]byte("x"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(filter(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("X-A", "application")
				w.Header().Set("X-Secret", "application")
				app(w, r)
			})))
			defer server.Close()
			res, err := server.Client().Get(server.URL)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if h := res.Header; h.Get("X-A") != "filter" || h.Get("X-D") != "filter" || h["X-Secret"] != nil {
				t.Errorf("the header is %v", h)
			}
		})
	}
}

func TestResponse(t *testing.T) {
	var r *http.Request
	filter := rewrite.Response(
		func(h *capture.Head) { h.Header.Set("X-Status", fmt.Sprint(h.Status)) },
		func(h *capture.Head) {
			if h.Request != r {
				t.Error("the head has another request")
			}
			h.Status = http.StatusNotFound
		},
		func(h *capture.Head) { h.Header.Add("X-Status", fmt.Sprint(h.Status)) },
	)
	r = httptest.NewRequest("GET", "/", nil)
	w := httptest.NewRecorder()
	filter(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		io.WriteString(w, "body")
	})).ServeHTTP(w, r)
	if got := fmt.Sprint(w.Code, w.Header()["X-Status"], w.Body); got != "404 [403 404] body" {
		t.Error(got)
	}
}

func ExampleResponse() {
	// Whoever may not see a page is not to know that it exists.
	hide := rewrite.Response(func(h *capture.Head) {
		if h.Status == http.StatusForbidden {
			h.Status = http.StatusNotFound
		}
	})
	w := httptest.NewRecorder()
	hide(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
	})).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	fmt.Println(w.Code)
	// Output: 404
}
