package capture_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/rewrite"
)

func ExampleVary() {
	h := http.Header{"Vary": {"Cookie", "accept-encoding"}}
	capture.Vary(h, "Accept-Encoding", "Origin")
	fmt.Println(h["Vary"])
	// Output: [Cookie, accept-encoding, Origin]
}

func ExampleHead_Changed() {
	upper := func(next http.Handler) http.Handler {
		hook := func(h *capture.Head, dst io.Writer) io.WriteCloser {
			if !h.Transformable() {
				return nil
			}
			h.Changed("upper")
			return upperWriter{dst}
		}
		inner := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rewrite.Serve(w, r, capture.Unmark(r, "upper"), next)
		})
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			capture.Transform(w, r, inner, 0, func(h *capture.Head, dst io.Writer) io.WriteCloser {
				h.Revalidated("upper")
				return hook(h, dst)
			})
		})
	}
	app := upper(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Etag", `"1"`)
		if r.Header.Get("If-None-Match") == `"1"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		io.WriteString(w, "hello")
	}))

	r := httptest.NewRequest("GET", "/", nil)
	w := httptest.NewRecorder()
	app.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Header().Get("Etag"), w.Body)

	r.Header.Set("If-None-Match", w.Header().Get("Etag"))
	w = httptest.NewRecorder()
	app.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Header().Get("Etag"))
	// Output:
	// 200 W/"1+upper" HELLO!
	// 304 W/"1+upper"
}

func TestTransformable(t *testing.T) {
	tests := []struct {
		status int
		fields string
		want   bool
	}{
		{200, "", true},
		{200, "Content-Type: text/html; charset=utf-8", true},
		{404, "Content-Type: application/json", true},
		{101, "", false},
		{204, "", false},
		{205, "", false},
		{304, "", false},
		{206, "", false},
		{416, "Content-Range: bytes */100", false},
		{200, "Content-Encoding: br", false},
		{200, "Content-Encoding: identity", true},
		{200, "Content-Encoding:", true},
		{200, "Cache-Control: public, No-Transform", false},
		{200, "Cache-Control: no-transformation", true},
		{200, "Content-Type: text/event-stream", false},
		{200, "Content-Type: TEXT/Event-Stream;charset=utf-8", false},
		{200, "Content-Type: application/grpc", false},
		{200, "Content-Type: application/grpc+proto", false},
		{200, "Content-Type: application/grpc-web", true},
		{200, "Content-Type: text/event-stream; charset", false},
	}
	for _, test := range tests {
		h := &capture.Head{Status: test.status, Header: http.Header{}}
		if name, value, ok := strings.Cut(test.fields, ":"); ok {
			h.Header.Set(name, strings.TrimSpace(value))
		}
		if got := h.Transformable(); got != test.want {
			t.Errorf("%d %s: %v, want %v", test.status, test.fields, got, test.want)
		}
	}
}

func TestChanged(t *testing.T) {
	h := &capture.Head{Status: 200, Header: http.Header{}}
	for _, name := range []string{"Content-Length", "Accept-Ranges", "Content-MD5", "Content-Digest", "Repr-Digest", "Digest"} {
		h.Header.Set(name, "1")
	}
	h.Header.Set("Last-Modified", "kept")
	h.Header.Set("ETag", "not an entity tag")
	h.Changed("gzip")
	if want := (http.Header{"Last-Modified": {"kept"}}); !reflect.DeepEqual(h.Header, want) {
		t.Errorf("left %v, want %v", h.Header, want)
	}
}

func TestVary(t *testing.T) {
	tests := []struct {
		lines, add, want []string
	}{
		{nil, []string{"Accept"}, []string{"Accept"}},
		{[]string{"Accept"}, []string{"accept"}, []string{"Accept"}},
		{[]string{"Cookie"}, []string{"Accept"}, []string{"Cookie, Accept"}},
		{[]string{"A, B", "b,C"}, []string{"C"}, []string{"A, B, b,C"}},
		{[]string{"*"}, []string{"Accept"}, []string{"*"}},
		{[]string{"A, *"}, []string{"Accept"}, []string{"A, *"}},
		{[]string{"A", "*"}, []string{"Accept"}, []string{"A, *"}},
		{[]string{"A"}, []string{"*"}, []string{"A, *"}},
		{[]string{"A"}, []string{"b, a", "B"}, []string{"A, b"}},
		{[]string{"", " "}, []string{"A"}, []string{",  , A"}},
		{nil, nil, nil},
	}
	for _, test := range tests {
		h := http.Header{}
		if test.lines != nil {
			h["Vary"] = test.lines
		}
		capture.Vary(h, test.add...)
		if got := h["Vary"]; !reflect.DeepEqual(got, test.want) {
			t.Errorf("Vary(%q, %q) = %q, want %q", test.lines, test.add, got, test.want)
		}
	}
}

func TestUnmark(t *testing.T) {
	tests := []struct{ name, value, want string }{
		{"If-None-Match", `W/"a+gzip"`, `"a"`},
		{"If-None-Match", `W/"a~gzip"`, `W/"a"`},
		{"If-None-Match", `W/"a+zstd"`, `"a"`},
		{"If-None-Match", `"x", W/"a+gzip",W/"b"`, `"x", "a", W/"b"`},
		{"If-None-Match", `W/"a~body+gzip"`, `"a~body"`},
		{"If-None-Match", `*`, `*`},
		{"If-None-Match", `"a+gzip"`, `"a+gzip"`},
		{"If-None-Match", `W/"gzip"`, `W/"gzip"`},
		{"If-None-Match", `W/"a+gzip" junk`, `W/"a+gzip" junk`},
		{"If-None-Match", `W/"a+gzip`, `W/"a+gzip`},
		{"If-None-Match", `W/"+gzip"`, `""`},
		{"If-Match", `W/"a+gzip"`, `"a"`},
		{"If-Range", `W/"a+gzip"`, ""},
		{"If-Range", `"a"`, `"a"`},
		{"If-Range", `Mon, 02 Jan 2006 15:04:05 GMT`, `Mon, 02 Jan 2006 15:04:05 GMT`},
	}
	for _, test := range tests {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set(test.name, test.value)
		r.Header.Set("Range", "bytes=1-")
		got := capture.Unmark(r, "gzip", "zstd")
		if got.Header.Get(test.name) != test.want {
			t.Errorf("%s: %s became %q, want %q", test.name, test.value, got.Header.Get(test.name), test.want)
		}
		if r.Header.Get(test.name) != test.value || (got == r) != (test.value == test.want) {
			t.Errorf("%s: %s: the request itself was edited, or copied for nothing", test.name, test.value)
		}
		if ranges := got.Header.Get("Range"); (ranges == "") != (test.want == "") {
			t.Errorf("%s: %s: Range %q", test.name, test.value, ranges)
		}
	}
}

// Every mark that goes out comes off on the way in, whatever the tag.
func FuzzMarks(f *testing.F) {
	for _, tag := range []string{`"a"`, `W/"a"`, `""`, `"a+gzip"`, `W/"a~gzip"`, `"a,b"`, `"a b"`, "\"\xff\"", `W/`, `x`} {
		f.Add(tag, `"other", `)
	}
	f.Fuzz(func(t *testing.T, etag, before string) {
		h := &capture.Head{Status: 200, Header: http.Header{"Etag": {etag}}}
		h.Changed("gzip")
		marked := h.Header.Get("Etag")
		r := httptest.NewRequest("GET", "/", nil)
		r.Header["If-None-Match"] = []string{before}
		capture.Unmark(r, "gzip") // must not panic
		if marked == "" {
			return
		}
		r.Header["If-None-Match"] = []string{marked}
		if got := capture.Unmark(r, "gzip").Header.Get("If-None-Match"); got != strings.TrimRight(etag, " \t") {
			t.Errorf("%q went out as %q and came in as %q", etag, marked, got)
		}
		again := &capture.Head{Request: r, Status: 304, Header: http.Header{"Etag": {etag}}}
		if again.Revalidated("zstd", "gzip"); again.Header.Get("Etag") != marked {
			t.Errorf("the 304 says %q, the 200 said %q", again.Header.Get("Etag"), marked)
		}
	})
}
