package rewrite_test

import (
	"bytes"
	"fmt"
	"maps"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"sync"
	"testing"

	"github.com/weirhttp/weir/rewrite"
)

func TestRequestLeavesTheOriginal(t *testing.T) {
	r := httptest.NewRequest("POST", "http://h/a%2Fb?q=1", bytes.NewReader([]byte("x")))
	r.Header.Set("X-A", "1")
	r.SetPathValue("id", "7")
	r.Form = url.Values{"f": {"1"}}
	r.Trailer = http.Header{"X-T": nil}
	before, header, u := *r, r.Header.Clone(), *r.URL
	reached := 0
	h := rewrite.Request(
		func(r *http.Request) { r.URL.Path, r.URL.RawPath, r.URL.RawQuery = "/new", "", "q=2" },
		func(r *http.Request) { r.Header.Set("X-A", "2"); r.Header["X-B"] = []string{"3"} },
		func(r *http.Request) {
			r.Host, r.Method = "other", "PUT"
			r.Form.Set("f", "2")
			r.SetPathValue("id", "8")
		},
		func(r *http.Request) { *r = *r.WithContext(t.Context()) },
	)(http.HandlerFunc(func(_ http.ResponseWriter, got *http.Request) {
		reached++
		if got.URL.String() != "http://h/new?q=2" || got.Header.Get("X-A") != "2" || got.Host != "other" || got.PathValue("id") != "8" {
			t.Errorf("inside it is %+v", got)
		}
		// net/http puts trailers into the map that it made, once the body was read.
		if reflect.ValueOf(got.Trailer).Pointer() != reflect.ValueOf(r.Trailer).Pointer() {
			t.Error("trailers will not be seen")
		}
	}))
	h.ServeHTTP(httptest.NewRecorder(), r)
	if reached != 1 {
		t.Errorf("next was called %d times", reached)
	}
	if *r.URL != u || r.Host != before.Host || r.Method != before.Method || r.Form.Get("f") != "1" ||
		r.PathValue("id") != "7" || r.Context() != before.Context() || !reflect.DeepEqual(r.Header, header) {
		t.Errorf("outside it is %+v", r)
	}
}

func TestRequestHeaderLeavesTheOriginal(t *testing.T) {
	for name, header := range map[string]http.Header{"some": {"X-A": {"1"}, "X-B": {"2"}}, "none": nil} {
		r := &http.Request{URL: &url.URL{Path: "/"}, Header: maps.Clone(header)}
		rewrite.RequestHeader(rewrite.Set("X-A", "2"), rewrite.Add("X-B", "3"), func(h http.Header) { h.Del("X-C") })(
			http.HandlerFunc(func(_ http.ResponseWriter, got *http.Request) {
				if got.Header.Get("X-A") != "2" || got == r {
					t.Errorf("%s: inside the header is %v", name, got.Header)
				}
			})).ServeHTTP(httptest.NewRecorder(), r)
		if !reflect.DeepEqual(r.Header, header) {
			t.Errorf("%s: outside the header is %v", name, r.Header)
		}
	}
}

// TestRequestWithoutEdits checks that a filter with nothing to do is not there.
func TestRequestWithoutEdits(t *testing.T) {
	app := http.NewServeMux()
	for name, filter := range map[string]func(http.Handler) http.Handler{
		"Request": rewrite.Request(), "RequestHeader": rewrite.RequestHeader(),
		"Response": rewrite.Response(), "ResponseHeader": rewrite.ResponseHeader(),
	} {
		if filter(app) != http.Handler(app) {
			t.Errorf("%s adds something", name)
		}
	}
}

func TestFiltersRefuseNil(t *testing.T) {
	some := func(*http.Request) {}
	for want, f := range map[string]func(){
		"rewrite.Request: edits[1] is nil":        func() { rewrite.Request(some, nil) },
		"rewrite.Request: next is nil":            func() { rewrite.Request()(nil) },
		"rewrite.RequestHeader: edits[0] is nil":  func() { rewrite.RequestHeader(nil) },
		"rewrite.RequestHeader: next is nil":      func() { rewrite.RequestHeader()(nil) },
		"rewrite.ResponseHeader: edits[0] is nil": func() { rewrite.ResponseHeader(nil) },
		"rewrite.ResponseHeader: next is nil":     func() { rewrite.ResponseHeader()(nil) },
		"rewrite.Response: edits[0] is nil":       func() { rewrite.Response(nil) },
		"rewrite.Response: next is nil":           func() { rewrite.Response()(nil) },
		"rewrite.Body: match is nil":              func() { rewrite.Body(nil, pass) },
		"rewrite.Body: transform is nil":          func() { rewrite.Body(rewrite.Type("text/html"), nil) },
		"rewrite.Body: next is nil":               func() { rewrite.Body(rewrite.Type("text/html"), pass)(nil) },
	} {
		if got := panics(f); got != want {
			t.Errorf("panics with %q, want %q", got, want)
		}
	}
}

func TestServeGivesBack(t *testing.T) {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, _ := form.CreateFormFile("f", "f")
	part.Write(make([]byte, 1<<20))
	form.Close()
	for name, end := range map[string]func(){"on return": func() {}, "on a panic": func() { panic("application") }} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("POST", "/x/7", bytes.NewReader(body.Bytes()))
			r.Header.Set("Content-Type", form.FormDataContentType())
			app := http.NewServeMux()
			app.HandleFunc("POST /x/{id}", func(_ http.ResponseWriter, r *http.Request) {
				if err := r.ParseMultipartForm(10); err != nil {
					t.Error(err)
				}
				end()
			})
			panics(func() {
				edited := r.Clone(r.Context())
				rewrite.Serve(httptest.NewRecorder(), r, edited, app)
			})
			if r.MultipartForm == nil {
				t.Fatal("the server cannot remove the files")
			}
			r.MultipartForm.RemoveAll()
			if r.Pattern != "POST /x/{id}" {
				t.Errorf("Pattern is %q", r.Pattern)
			}
		})
	}
}

func TestServeKeepsWhatIsThere(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	r.Pattern, r.MultipartForm = "/", new(multipart.Form)
	own := r.MultipartForm
	edited := r.Clone(r.Context())
	edited.Pattern, edited.MultipartForm = "", new(multipart.Form)
	rewrite.Serve(httptest.NewRecorder(), r, edited, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	if r.Pattern != "/" || r.MultipartForm != own {
		t.Error("Serve took something away")
	}
}

func ExampleRequest() {
	legacy := func(r *http.Request) {
		if id := r.URL.Query().Get("id"); r.URL.Path == "/show.php" {
			r.URL.Path, r.URL.RawPath, r.URL.RawQuery = "/articles/"+id, "", ""
		}
	}
	app := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { fmt.Println(r.URL) })
	rewrite.Request(legacy)(app).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/show.php?id=7", nil))
	// Output: /articles/7
}

// Host is not in the header of a request in Go.
func ExampleRequestHeader_wrong() {
	app := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { fmt.Println(r.Host) })
	r := httptest.NewRequest("GET", "http://public.example/", nil)

	wrong := rewrite.RequestHeader(rewrite.Set("Host", "internal.example"))
	wrong(app).ServeHTTP(httptest.NewRecorder(), r)

	right := rewrite.Request(func(r *http.Request) { r.Host = "internal.example" })
	right(app).ServeHTTP(httptest.NewRecorder(), r)
	// Output:
	// public.example
	// internal.example
}

// Handlers that only look at a request may share it, in filters that hand on a copy, too.
func TestServeSharesARequest(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", func(http.ResponseWriter, *http.Request) {})
	for name, h := range map[string]http.Handler{
		"nothing to give back": http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}),
		"what is there":        mux,
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil)
			serve := func() { rewrite.Serve(httptest.NewRecorder(), r, r.WithContext(t.Context()), h) }
			serve()
			var all sync.WaitGroup
			for range 2 {
				all.Go(serve)
			}
			all.Wait()
		})
	}
}
