package capture_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/weirhttp/weir/capture"
)

func ExampleStream() {
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for n := 1; ; n++ {
			if _, err := fmt.Fprintln(w, "line", n); err != nil {
				return // nobody reads any more
			}
		}
	})
	res, err := capture.Stream(httptest.NewRequest("GET", "/", nil), app)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer res.Body.Close()
	lines := make([]byte, len("line 1\nline 2\n"))
	io.ReadFull(res.Body, lines)
	fmt.Printf("%s\n%s", res.Status, lines)
	// Output:
	// 200 OK
	// line 1
	// line 2
}

func TestStream(t *testing.T) {
	type result struct {
		status, body string
		length       int64
		err          error // of the end of the body
	}
	for name, c := range map[string]struct {
		method string
		app    http.HandlerFunc
		want   result
	}{
		"nothing written is 200":  {"GET", func(w http.ResponseWriter, r *http.Request) {}, result{"200 OK", "", 0, nil}},
		"status and body":         {"GET", func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no", 404) }, result{"404 Not Found", "no\n", -1, nil}},
		"a status without a body": {"GET", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(201) }, result{"201 Created", "", -1, nil}},
		"103 is dropped":          {"GET", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(103); w.WriteHeader(201) }, result{"201 Created", "", -1, nil}},
		"the first status counts": {"GET", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "a"); w.WriteHeader(500) }, result{"200 OK", "a", -1, nil}},
		"a flush begins it":       {"GET", func(w http.ResponseWriter, r *http.Request) { w.(http.Flusher).Flush(); w.WriteHeader(500) }, result{"200 OK", "", -1, nil}},
		"a declared length": {"GET", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "4")
			io.WriteString(w, "bo")
			io.WriteString(w, "")
			io.WriteString(w, "dy")
			if n, err := io.WriteString(w, "!"); n != 0 || err != http.ErrContentLength {
				t.Error("a longer body", n, err)
			}
		}, result{"200 OK", "body", 4, nil}},
		"HEAD keeps the declared length": {"HEAD", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "4")
			if n, err := io.WriteString(w, "body"); n != 4 || err != nil {
				t.Error(n, err)
			}
		}, result{"200 OK", "", 4, nil}},
		"HEAD of unknown length": {"HEAD", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "body") }, result{"200 OK", "", -1, nil}},
		"a 204 has no body": {"GET", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(204)
			if _, err := io.WriteString(w, "9"); err != http.ErrBodyNotAllowed {
				t.Error(err)
			}
		}, result{"204 No Content", "", 0, nil}},
		"a short body is cut": {"GET", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "4")
			io.WriteString(w, "12")
		}, result{"200 OK", "12", 4, io.ErrUnexpectedEOF}},
		"no body where a length was declared is cut": {"GET", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "4")
		}, result{"200 OK", "", 4, io.ErrUnexpectedEOF}},
		"a cut": {"GET", func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "12")
			panic(http.ErrAbortHandler)
		}, result{"200 OK", "12", -1, io.ErrUnexpectedEOF}},
		"a goroutine that exits": {"GET", func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "12")
			runtime.Goexit()
		}, result{"200 OK", "12", -1, io.ErrUnexpectedEOF}},
		"a panic with an error": {"GET", func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "12")
			panic(errBroken)
		}, result{"200 OK", "12", -1, errBroken}},
	} {
		t.Run(name, func(t *testing.T) {
			res, err := capture.Stream(httptest.NewRequest(c.method, "/", nil), c.app)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(res.Body)
			if !errors.Is(err, c.want.err) || (err == nil) != (c.want.err == nil) {
				t.Errorf("the body ends with %v, want %v", err, c.want.err)
			}
			if got := (result{res.Status, string(body), res.ContentLength, c.want.err}); got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
			if err := res.Body.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestStreamOfAHandlerThatFailsBeforeTheHead(t *testing.T) {
	for name, end := range map[string]func(){
		"panic": func() { panic("boom") }, "cut": func() { panic(http.ErrAbortHandler) }, "exit": runtime.Goexit, "no status": nil,
	} {
		ended := make(chan struct{})
		res, err := capture.Stream(httptest.NewRequest("GET", "/", nil), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			context.AfterFunc(r.Context(), func() { close(ended) })
			w.Header().Set("X-Lost", "1")
			if w.WriteHeader(103); end == nil {
				w.WriteHeader(42)
			}
			end()
		}))
		var failure *capture.PanicError
		switch is := errors.As(err, &failure); {
		case res != nil, err == nil:
			t.Errorf("%s: %v, %v", name, res, err)
		case !is && err != io.ErrUnexpectedEOF:
			t.Errorf("%s: %v", name, err)
		case is && !strings.Contains(string(failure.Stack), "stream_test.go"):
			t.Errorf("%s: the stack is %s", name, failure.Stack)
		case is && name == "panic" && (failure.Value != "boom" || failure.Unwrap() != nil || !strings.Contains(err.Error(), "boom")):
			t.Errorf("%s: %v", name, err)
		case is != (name == "panic" || name == "no status"):
			t.Errorf("%s: %v", name, err)
		}
		<-ended // the context of its request
	}
}

func TestStreamIsReadWhileItIsWritten(t *testing.T) {
	more, read := make(chan struct{}), make(chan struct{})
	res, err := capture.Stream(httptest.NewRequest("GET", "/", nil), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Write(nil) // waits for nobody
		<-more
		io.WriteString(w, "one")
		close(read)
		<-more
		io.WriteString(w, "two")
	}))
	if err != nil {
		t.Fatal(err)
	}
	more <- struct{}{}
	buf := make([]byte, 2)
	if n, err := res.Body.Read(buf); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	select {
	case <-read:
		t.Error("a write returned before it was read")
	default:
	}
	if n, err := res.Body.Read(buf); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	<-read
	more <- struct{}{}
	if rest, err := io.ReadAll(res.Body); string(rest) != "two" || err != nil {
		t.Errorf("%q, %v", rest, err)
	}
}

func TestStreamTakesItsHeadWhenItBegins(t *testing.T) {
	res, err := capture.Stream(httptest.NewRequest("GET", "/", nil), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Set-Cookie"] = []string{"a=1", "b=2"}
		w.Header().Set(http.TrailerPrefix+"X-Early", "1")
		w.Header().Set("Trailer", "x-sum, X-None")
		w.WriteHeader(203)
		for range 100 {
			w.Header().Add("X-Late", "1")
			io.WriteString(w, "body")
		}
		w.Header().Set("X-Sum", "42")
		w.Header().Set(http.TrailerPrefix+"X-More", "43")
	}))
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(res.Header); got != "map[Set-Cookie:[a=1 b=2]]" {
		t.Errorf("header %s", got)
	}
	if got := fmt.Sprint(res.Trailer); got != "map[X-None:[] X-Sum:[]]" {
		t.Errorf("trailer before the body %s", got)
	}
	if body, err := io.ReadAll(res.Body); len(body) != 400 || err != nil {
		t.Errorf("%d bytes, %v", len(body), err)
	}
	if got := fmt.Sprint(res.Trailer); got != "map[X-Early:[1] X-More:[43] X-Sum:[42]]" {
		t.Errorf("trailer %s", got)
	}
}

func TestStreamCloseEndsTheHandler(t *testing.T) {
	for name, app := range map[string]func(w http.ResponseWriter, r *http.Request) error{
		"waiting": func(w http.ResponseWriter, r *http.Request) error { <-r.Context().Done(); return r.Context().Err() },
		"writing": func(w http.ResponseWriter, r *http.Request) error {
			for {
				if _, err := io.WriteString(w, "more"); err != nil {
					return err
				}
			}
		},
	} {
		ended := make(chan error)
		parent := httptest.NewRequest("GET", "/", nil)
		res, err := capture.Stream(parent, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(200)
			ended <- app(w, r)
		}))
		if err != nil {
			t.Fatal(err)
		}
		if err := res.Body.Close(); err != nil {
			t.Error(err)
		}
		if err := <-ended; err == nil {
			t.Errorf("%s: no error", name)
		}
		if n, err := res.Body.Read(make([]byte, 1)); n != 0 || err == nil || err == io.EOF {
			t.Errorf("%s: Read after Close: %d, %v", name, n, err)
		}
		if parent.Context().Err() != nil {
			t.Errorf("%s: the caller's context is cancelled", name)
		}
	}
}

func TestStreamEndsWithItsRequest(t *testing.T) {
	for _, begun := range []bool{false, true} {
		ctx, cancel := context.WithCancelCause(t.Context())
		in, out := make(chan struct{}), make(chan struct{})
		var writeErr error
		app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer close(out)
			if begun {
				w.WriteHeader(200)
			}
			close(in)
			<-r.Context().Done()
			<-ctx.Done()
			for writeErr == nil {
				_, writeErr = io.WriteString(w, "late")
			}
		})
		go func() {
			<-in
			cancel(errBroken)
		}()
		res, err := capture.Stream(httptest.NewRequestWithContext(ctx, "GET", "/", nil), app)
		if err == nil { // the handler may have begun meanwhile
			_, err = io.Copy(io.Discard, res.Body)
		}
		if !errors.Is(err, errBroken) {
			t.Errorf("begun %v: %v", begun, err)
		}
		<-out
	}
}

// A goroutine of the handler writes on when the handler has returned.
func TestStreamIsSealed(t *testing.T) {
	var stale sync.WaitGroup
	for range 100 {
		res, err := capture.Stream(httptest.NewRequest("GET", "/", nil), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			stale.Go(func() {
				for {
					if _, err := io.WriteString(w, "x"); err != nil {
						return
					}
				}
			})
		}))
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(res.Body); err != nil || strings.Trim(string(body), "x") != "" {
			t.Errorf("%q, %v", body, err)
		}
	}
	stale.Wait()
}

func TestStreamLeavesTheRequestAlone(t *testing.T) {
	var form bytes.Buffer
	parts := multipart.NewWriter(&form)
	part, _ := parts.CreateFormFile("f", "f")
	part.Write(make([]byte, 1<<20))
	parts.Close()
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	r := httptest.NewRequest("POST", "/x?q", &form)
	r.Header.Set("Content-Type", parts.FormDataContentType())
	r.Trailer = http.Header{"X-Sum": nil}
	r.SetPathValue("id", "7")
	url, kind, trailer := *r.URL, r.Header.Get("Content-Type"), r.Trailer
	res, err := capture.Stream(r, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseMultipartForm(10); err != nil {
			t.Error(err)
		}
		files, _ := filepath.Glob(dir + "/*")
		fmt.Fprintf(w, "%d file, %s", len(files), r.PathValue("id"))
		trailer["X-Sum"] = []string{"42"} // as the server does
		if r.Trailer.Get("X-Sum") != "42" {
			t.Error("trailers of the request do not arrive")
		}
		for range 100 {
			r.Header.Set("Content-Type", "changed")
			r.URL.Path = "/changed"
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if r.Header.Get("Content-Type") != kind || *r.URL != url || r.MultipartForm != nil {
			t.Fatal("the outside sees a changed request")
		}
	}
	if body, err := io.ReadAll(res.Body); string(body) != "1 file, 7" || err != nil {
		t.Errorf("%q, %v", body, err)
	}
	if r.Header.Get("Content-Type") != kind || *r.URL != url {
		t.Error("the outside sees a changed request afterwards")
	}
	if files, _ := filepath.Glob(dir + "/*"); len(files) > 0 {
		t.Error("the file of the form is left")
	}
	if res.Request != r {
		t.Error("the response is to another request")
	}
}

func TestStreamThenSend(t *testing.T) {
	app := observing(transforming(0, upper)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "X-Sum")
		w.WriteHeader(203)
		io.Copy(w, r.Body)
		io.WriteString(w, strings.Repeat("body", 10_000))
		w.Header().Set("X-Sum", "42")
		if r.Header.Get("X-Cut") != "" {
			panic(http.ErrAbortHandler)
		}
	})))
	h := observing(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		res, err := capture.Stream(r, app)
		if err == nil {
			err = capture.Send(w, res)
		}
		if err != nil {
			panic(http.ErrAbortHandler)
		}
	}))
	protocols(t, h, func(t *testing.T, s *httptest.Server) {
		res, body, err := get(t, s)
		if err != nil || res.StatusCode != 203 || body != strings.Repeat("BODY", 10_000)+"!" || res.Trailer.Get("X-Sum") != "42" {
			t.Errorf("%v %d bytes, %v", res, len(body), err)
		}
		if _, _, err := get(t, s, "X-Cut", "1"); err == nil {
			t.Error("a cut response came whole")
		}
	})
}

// FuzzStream checks that the body is the same for every split of writes and reads.
func FuzzStream(f *testing.F) {
	f.Add([]byte("some body"), uint8(1), uint8(3))
	f.Add([]byte(""), uint8(0), uint8(0))
	f.Fuzz(func(t *testing.T, body []byte, write, read uint8) {
		res, err := capture.Stream(httptest.NewRequest("GET", "/", nil), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for piece := range slices.Chunk(body, int(write)+1) {
				if n, err := w.Write(piece); n != len(piece) || err != nil {
					t.Error(n, err)
				}
			}
		}))
		if err != nil {
			t.Fatal(err)
		}
		var got []byte
		buf := make([]byte, int(read)+1)
		for err == nil {
			var n int
			n, err = res.Body.Read(buf)
			got = append(got, buf[:n]...)
		}
		if err != io.EOF || !bytes.Equal(got, body) {
			t.Errorf("%q, %v", got, err)
		}
	})
}
