package rewrite_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/weirhttp/weir/rewrite"
)

func TestCopy(t *testing.T) {
	for name, c := range map[string]struct {
		body     io.Reader
		declared int64 // -1: not
		limit    int64
		got      string
		err      error // of Copy, and of reading again
		again    bool
	}{
		"a body":                            {strings.NewReader("body"), 4, 4, "body", nil, true},
		"a body of no length":               {strings.NewReader("body"), -1, 10, "body", nil, true},
		"a body byte by byte":               {iotest.OneByteReader(strings.NewReader("body")), -1, 4, "body", nil, true},
		"an empty body":                     {strings.NewReader(""), -1, 4, "", nil, true},
		"an empty body and no room":         {strings.NewReader(""), -1, 0, "", nil, true},
		"no limit":                          {strings.NewReader("body"), -1, 1<<63 - 1, "body", nil, true},
		"a body that is too long":           {strings.NewReader("longer body"), -1, 4, "longer body", &http.MaxBytesError{Limit: 4}, false},
		"one that is declared to be":        {strings.NewReader("longer body"), 11, 4, "longer body", &http.MaxBytesError{Limit: 4}, false},
		"a body and no room":                {strings.NewReader("body"), -1, 0, "body", &http.MaxBytesError{Limit: 0}, false},
		"a body that breaks":                {io.MultiReader(strings.NewReader("bo"), iotest.ErrReader(io.ErrClosedPipe)), -1, 4, "bo", io.ErrClosedPipe, false},
		"a body shorter than declared":      {strings.NewReader("bo"), 4, 4, "bo", io.ErrUnexpectedEOF, false},
		"a body that breaks behind its end": {io.MultiReader(strings.NewReader("body!"), iotest.ErrReader(io.ErrClosedPipe)), -1, 4, "body!", &http.MaxBytesError{Limit: 4}, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("POST", "/a%2Fb?c", c.body)
			r.ContentLength = c.declared
			r.Header.Set("X-A", "1")
			got, err := rewrite.Copy(r, c.limit)
			if fmt.Sprint(err) != fmt.Sprint(c.err) || (got.GetBody != nil) != c.again {
				t.Fatalf("%v, want %v; again: %v", err, c.err, got.GetBody != nil)
			}
			got.Header.Set("X-A", "2")
			got.URL.Path = "/other"
			if r.Header.Get("X-A") != "1" || r.URL.Path != "/a/b" {
				t.Error("the copy shares header or URL")
			}
			body, err := io.ReadAll(got.Body)
			tooLong := new(http.MaxBytesError)
			if string(body) != c.got || err != nil && err != c.err && !errors.As(c.err, &tooLong) {
				t.Errorf("the body is %q, %v", body, err)
			}
			if err == nil && c.err != nil && !errors.As(c.err, &tooLong) {
				t.Errorf("the body ends well, want %v", c.err)
			}
			for range 2 {
				if !c.again {
					return
				}
				body, _ := got.GetBody()
				if b, err := io.ReadAll(body); string(b) != c.got || err != nil || got.ContentLength != int64(len(c.got)) || got.TransferEncoding != nil {
					t.Errorf("the body is %q the next time, %v", b, err)
				}
			}
		})
	}
}

func TestCopyReadsNothingThatIsDeclaredTooLong(t *testing.T) {
	r := httptest.NewRequest("POST", "/", iotest.ErrReader(errors.New("the body was read")))
	r.ContentLength = 5
	tooLong := new(http.MaxBytesError)
	if _, err := rewrite.Copy(r, 4); !errors.As(err, &tooLong) {
		t.Error(err)
	}
}

func TestCopyWithoutABody(t *testing.T) {
	for _, body := range []io.ReadCloser{nil, http.NoBody} {
		r := &http.Request{Body: body, Header: http.Header{}}
		if got, err := rewrite.Copy(r, 0); err != nil || got == r || got.Body != body {
			t.Errorf("%v, %v", got, err)
		}
	}
}

// TestCopyOverAServer has trailers, and two handlers that read the same body.
func TestCopyOverAServer(t *testing.T) {
	reader := func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		fmt.Fprint(w, string(body), err, r.ContentLength, r.Trailer.Get("X-T"), ".")
	}
	for _, http2 := range []bool{false, true} {
		server := start(t, http2, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			first, err := rewrite.Copy(r, 100)
			if err != nil {
				t.Error(err)
				return
			}
			second := first.Clone(first.Context())
			second.Body, _ = first.GetBody()
			reader(w, first)
			reader(w, second)
		}))
		r, _ := http.NewRequest("POST", server.URL, io.MultiReader(strings.NewReader("bo"), strings.NewReader("dy")))
		r.Trailer = http.Header{"X-T": {"t"}}
		res, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if got, _ := io.ReadAll(res.Body); string(got) != "body<nil> 4t.body<nil> 4t." {
			t.Errorf("HTTP/2 %v: %q", http2, got)
		}
	}
}

func ExampleCopy() {
	audit := func(r *http.Request) { // reads the body, which the application needs, too
		body, _ := io.ReadAll(r.Body)
		fmt.Println("audit:", len(body), "bytes")
	}
	app := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Println("application:", string(body))
	})
	filter := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			copied, err := rewrite.Copy(r, 1<<20)
			if err == nil && copied.GetBody != nil {
				audit(copied)
				copied.Body, _ = copied.GetBody()
			}
			rewrite.Serve(w, r, copied, next) // with an error, the application meets it as well
		})
	}
	filter(app).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/", strings.NewReader("a=1")))
	// Output:
	// audit: 3 bytes
	// application: a=1
}
