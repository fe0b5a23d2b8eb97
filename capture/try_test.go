package capture_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/filtertest"
)

// missing refuses what is not found.
func missing(h *capture.Head) bool { return h.Status == http.StatusNotFound }

// trying is a filter that asks first, and next if first finds nothing.
func trying(first http.Handler) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !capture.Try(w, r, first, missing) {
				next.ServeHTTP(w, r)
			}
		})
	}
}

func ExampleTry() {
	files := http.FileServer(http.Dir("testdata"))
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "page ", r.URL.Path) })
	notFound := func(h *capture.Head) bool { return h.Status == http.StatusNotFound }
	host := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !capture.Try(w, r, files, notFound) {
			app.ServeHTTP(w, r)
		}
	})
	w := httptest.NewRecorder()
	host.ServeHTTP(w, httptest.NewRequest("GET", "/no/such/file", nil))
	fmt.Println(w.Code, w.Body)
	// Output: 200 page /no/such/file
}

// refusedHandlers are handlers whose answer is 404, each in its way.
var refusedHandlers = map[string]http.HandlerFunc{
	"by WriteHeader": func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(404) },
	"with a body":    func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no", 404) },
	"with all kinds of writes": func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(404)
		for range 100 {
			w.Write([]byte("no"))
			io.WriteString(w, strings.Repeat("no", 40_000))
			if n, err := io.Copy(w, strings.NewReader("no")); n != 2 || err != nil {
				panic(err)
			}
		}
	},
	"with a file": func(w http.ResponseWriter, r *http.Request) {
		file, err := os.Open(r.Header.Get("X-File"))
		if err != nil {
			panic(err)
		}
		defer file.Close()
		w.WriteHeader(404)
		if n, err := io.Copy(w, file); n != 100_000 || err != nil {
			panic(fmt.Sprint(n, err))
		}
	},
	"flushed": func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(404)
		for range 3 {
			if err := http.NewResponseController(w).Flush(); err != nil {
				panic(err)
			}
			w.(http.Flusher).Flush()
			io.WriteString(w, "no")
		}
	},
	"after 103": func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(103); w.WriteHeader(404) },
	"twice":     func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(404); w.WriteHeader(200) },
	"short": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "9")
		w.WriteHeader(404)
	},
	"short, then too long": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1")
		w.WriteHeader(404)
		if _, err := io.WriteString(w, "12"); err != http.ErrContentLength {
			panic(err)
		}
	},
	"with fields": func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h["X-Kept"][0] = "changed"
		h.Del("X-None")
		h.Add("Set-Cookie", "refused=1")
		h.Set("Trailer", "X-Sum")
		w.WriteHeader(404)
		h.Set("X-Sum", "42")
		h.Set(http.TrailerPrefix+"X-More", "43")
		h.Set("Content-Encoding", "gzip")
	},
}

func TestTryLeavesNothingOfARefusedAnswer(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, make([]byte, 100_000), 0o600); err != nil {
		t.Fatal(err)
	}
	stacks := map[string]func(http.Handler) http.Handler{
		"alone":       func(h http.Handler) http.Handler { return h },
		"an observer": observing,
		"a hook":      transforming(0, pass),
		"a peek":      transforming(64, pass),
		"a transform": transforming(64, func(h *capture.Head, dst io.Writer) io.WriteCloser { h.Changed("same"); return suffix{dst, ""} }),
	}
	for name, refused := range refusedHandlers {
		for outside, outer := range stacks {
			for inside, inner := range stacks {
				if strings.HasPrefix(name, "short") && inside == "a transform" {
					continue // it is cut, and a cut passes
				}
				h := outer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					w.Header()["X-Kept"] = []string{"1", "2"}
					w.Header()["X-None"], w.Header()["X-Empty"] = nil, []string{}
					before := w.Header().Clone()
					if capture.Try(w, r, inner(refused), missing) {
						t.Errorf("%s is not refused inside of %s", name, inside)
					}
					if !reflect.DeepEqual(w.Header(), before) {
						t.Errorf("%s: the header is %v, want %v", name, w.Header(), before)
					}
					if capture.Started(w) {
						t.Errorf("%s: started", name)
					}
					io.WriteString(w, "right")
				}))
				w, r := new(filtertest.Recorder), httptest.NewRequest("GET", "/", nil)
				r.Header.Set("X-File", file)
				w.Serve(h, r)
				if res := w.Result(); res.Status != 200 || string(res.Body) != "right" || len(res.Trailer) > 0 || res.Header["Set-Cookie"] != nil {
					t.Errorf("%s, around it %s, around all %s: %+v", name, inside, outside, res)
				}
			}
		}
	}
}

func TestTry(t *testing.T) {
	tests := map[string]struct {
		app            http.HandlerFunc
		refuse         func(*capture.Head) bool
		sent           bool
		inner, outside capture.Sent
	}{
		"an answer that is sent": {func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "body") }, missing, true,
			capture.Sent{Status: 200, Bytes: 4}, capture.Sent{Status: 200, Bytes: 4}},
		"one that is refused": {func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no", 404) }, missing, false,
			capture.Sent{Status: 404, Bytes: 3}, capture.Sent{Status: 202, Bytes: 6}},
		"a handler that writes nothing": {func(w http.ResponseWriter, r *http.Request) {}, func(h *capture.Head) bool { return h.Status == 200 }, false,
			capture.Sent{Status: 200}, capture.Sent{Status: 202, Bytes: 6}},
		"a head with fields": {func(w http.ResponseWriter, r *http.Request) { w.Header().Set("X-Pass", "1"); w.WriteHeader(500) },
			func(h *capture.Head) bool { return h.Header.Get("X-Pass") != "" && h.Request.Method == "GET" }, false,
			capture.Sent{Status: 500}, capture.Sent{Status: 202, Bytes: 6}},
	}
	for name, c := range tests {
		t.Run(name, func(t *testing.T) {
			var inner, outside [1]capture.Sent
			asked := 0
			h := watching(&outside[0])(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				sent := capture.Try(w, r, watching(&inner[0])(c.app), func(h *capture.Head) bool { asked++; return c.refuse(h) })
				if sent != c.sent {
					t.Errorf("sent: %v", sent)
				}
				if !sent {
					w.WriteHeader(202)
					io.WriteString(w, "second")
				}
			}))
			protocols(t, h, func(t *testing.T, s *httptest.Server) {
				asked = 0
				res, body, err := get(t, s)
				s.Close()
				if err != nil || res.StatusCode != c.outside.Status || int64(len(body)) != c.outside.Bytes {
					t.Errorf("%v %q, %v", res, body, err)
				}
				if inner[0] != c.inner || outside[0] != c.outside || asked != 1 {
					t.Errorf("inside %+v, outside %+v, asked %d times", inner[0], outside[0], asked)
				}
			})
		})
	}
}

// watching is a filter that notes what it saw.
func watching(to *capture.Sent) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			capture.Observe(w, r, next, func(_ *http.Request, s capture.Sent) { *to = s })
		})
	}
}

func TestTryPassesPanics(t *testing.T) {
	for name, app := range map[string]http.HandlerFunc{
		"before the head": func(w http.ResponseWriter, r *http.Request) { panic("boom") },
		"after a refusal": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Left", "1")
			io.WriteString(w, "no") // the head of 404
			panic("boom")
		},
	} {
		w := httptest.NewRecorder()
		h := observing(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() {
				if v := recover(); v != "boom" || capture.Started(w) || len(w.Header()) > 0 {
					t.Errorf("%s: panicked with %v, header %v", name, v, w.Header())
				}
				http.Error(w, "oops", 500)
			}()
			capture.Try(w, r, app, func(*capture.Head) bool { return true })
		}))
		if h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil)); w.Code != 500 || w.Body.String() != "oops\n" {
			t.Errorf("%s: %d %q", name, w.Code, w.Body)
		}
	}
	cut := trying(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "some")
		panic(http.ErrAbortHandler)
	}))(write("second"))
	protocols(t, cut, func(t *testing.T, s *httptest.Server) {
		if _, body, err := get(t, s); err == nil || strings.Contains(body, "second") {
			t.Errorf("%q, %v", body, err)
		}
	})
}

func TestTryAndHijack(t *testing.T) {
	hijack := func(w http.ResponseWriter) error {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			io.WriteString(conn, "HTTP/1.1 204 No Content\r\n\r\n")
			conn.Close()
		}
		return err
	}
	s := httptest.NewServer(observing(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		refuse := r.Header.Get("X-Refuse") == "true"
		sent := capture.Try(w, r, observing(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if refuse {
				w.WriteHeader(404)
			}
			if err := hijack(w); (err == nil) == refuse || errors.Is(err, http.ErrNotSupported) {
				t.Errorf("refused %v: %v", refuse, err)
			}
		})), missing)
		if sent == refuse {
			t.Errorf("refused %v, sent %v", refuse, sent)
		}
		if refuse {
			if err := hijack(w); err != nil {
				t.Error("the next handler cannot hijack:", err)
			}
		}
	})))
	defer s.Close()
	for _, refuse := range []string{"false", "true"} {
		if res, _, err := get(t, s, "X-Refuse", refuse); err != nil || res.StatusCode != 204 {
			t.Errorf("refused %s: %v, %v", refuse, res, err)
		}
	}
}

func TestTryClosesTheWriterOfARefusedHandler(t *testing.T) {
	var kept http.ResponseWriter
	var stale sync.WaitGroup
	refused := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kept = w
		w.WriteHeader(404)
		stale.Go(func() {
			for {
				if _, err := io.WriteString(w, "stale"); err != nil {
					return
				}
			}
		})
	})
	h := observing(trying(refused)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		useLate(t, kept)
		io.WriteString(w, "second")
		useLate(t, kept)
	})))
	protocols(t, h, func(t *testing.T, s *httptest.Server) {
		for range 20 {
			if res, body, err := get(t, s); err != nil || res.StatusCode != 200 || body != "second" || res.Header.Get("X-Late") != "" {
				t.Errorf("%v %q, %v", res, body, err)
			}
		}
	})
	stale.Wait()
}

// A refused handler leaves another behind, at work in a transform.
func TestTryDoesNotCutWhatNobodyWaitsFor(t *testing.T) {
	written, release := make(chan struct{}), make(chan struct{})
	var left sync.WaitGroup
	refused := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		left.Go(func() {
			transforming(0, upper)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				http.Error(w, "no", 404)
				close(written)
				<-release
			})).ServeHTTP(w, r)
		})
		<-written
	})
	w := httptest.NewRecorder()
	if v := panics(trying(refused)(write("second")), w); v != nil || w.Body.String() != "second" {
		t.Errorf("panicked with %v, sent %q", v, w.Body)
	}
	close(release)
	left.Wait()
}

func TestTryWhenTheHeadIsSent(t *testing.T) {
	h := observing(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "first ")
		if !capture.Try(w, r, write("second"), func(*capture.Head) bool { t.Error("asked"); return true }) {
			t.Error("refused")
		}
	}))
	w := httptest.NewRecorder()
	if h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil)); w.Body.String() != "first second" {
		t.Errorf("%q", w.Body)
	}
}

func TestTryNests(t *testing.T) {
	h := http.Handler(write("last"))
	for range 5 {
		h = trying(trying(http.NotFoundHandler())(observing(http.NotFoundHandler())))(h)
	}
	protocols(t, h, func(t *testing.T, s *httptest.Server) {
		if res, body, err := get(t, s); err != nil || body != "last" || res.Header.Get("X-Content-Type-Options") != "" {
			t.Errorf("%v %q, %v", res, body, err)
		}
	})
}

func TestTrySendsFilesAsTheyAre(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, bytes.Repeat([]byte("0123456789abcdef"), 1<<16), 0o600); err != nil {
		t.Fatal(err)
	}
	var below *wire
	h := trying(http.NotFoundHandler())(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		capture.Try(w, r, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, name) }), missing)
	}))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		below = &wire{ResponseWriter: w}
		observing(h).ServeHTTP(below, r)
	}))
	defer s.Close()
	if _, body, err := get(t, s); err != nil || len(body) != 1<<20 {
		t.Fatalf("%d bytes, %v", len(body), err)
	}
	if s.Close(); below.readFrom < 1<<20-1024 {
		t.Errorf("%d bytes by ReadFrom", below.readFrom)
	}
}

func TestTryWantsAFunction(t *testing.T) {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { capture.Try(w, r, write(""), nil) })
	if v := panics(h, httptest.NewRecorder()); v != "capture.Try: refuse is nil" {
		t.Error(v)
	}
}

var errLate = errors.New("too late")

// refusing is a filter that refuses a 408, so that the handler notices, and answers itself.
func refusing(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent := capture.Attempt(w, r, next, func(h *capture.Head, _ io.Writer) io.WriteCloser {
			if h.Status == http.StatusRequestTimeout {
				return capture.Refuse(errLate)
			}
			return nil
		})
		if !sent {
			fmt.Fprint(w, "instead")
		}
	})
}

func TestAttempt(t *testing.T) {
	filtertest.Run(t, refusing)

	// The layer fails when what is outside of it refuses, which is nothing to cut for.
	coded := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			capture.Transform(w, r, next, 0, func(_ *capture.Head, dst io.Writer) io.WriteCloser { return through{dst} })
		})
	}
	passing := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			capture.Attempt(w, r, next, func(_ *capture.Head, dst io.Writer) io.WriteCloser { return through{dst} })
		})
	}
	for name, f := range map[string]func(http.Handler) http.Handler{
		"alone":          refusing,
		"around a layer": func(next http.Handler) http.Handler { return refusing(coded(next)) },
		"around another": func(next http.Handler) http.Handler { return refusing(coded(passing(coded(next)))) },
	} {
		t.Run(name, func(t *testing.T) {
			var written, flushed error
			h := f(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("X-Attempt", "yes")
				w.WriteHeader(408)
				_, written = io.WriteString(w, "no")
				flushed = http.NewResponseController(w).Flush()
			}))
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
			if w.Code != 200 || w.Body.String() != "instead" || w.Header().Get("X-Attempt") != "" {
				t.Errorf("answer %d %q", w.Code, w.Body)
			}
			if !errors.Is(written, errLate) || !errors.Is(flushed, errLate) {
				t.Errorf("the handler saw %v and %v", written, flushed)
			}
		})
	}
}

// through is a writer that changes nothing.
type through struct{ io.Writer }

func (through) Close() error { return nil }

// An answer that passes costs its writer, however much the header holds.
func TestAttempt_allocations(t *testing.T) {
	skipUnderRace(t)
	w := &null{header: http.Header{"X-Kept": {"1", "2"}, "Vary": {"Accept"}}}
	r := httptest.NewRequest("GET", "/", nil)
	answer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) })
	if n := testing.AllocsPerRun(100, func() { capture.Attempt(w, r, answer, pass) }); n > 1 {
		t.Errorf("%v allocations", n)
	}
}

func TestAttempt_nonsense(t *testing.T) {
	for want, f := range map[string]func(){
		"capture.Attempt: hook is nil": func() { capture.Attempt(nil, nil, nil, nil) },
		"capture.Refuse: err is nil":   func() { capture.Refuse(nil) },
	} {
		func() {
			defer func() {
				if got := recover(); got != want {
					t.Errorf("panicked with %v, want %q", got, want)
				}
			}()
			f()
		}()
	}
}

func TestHijacked(t *testing.T) {
	if capture.Hijacked(httptest.NewRecorder()) {
		t.Error("a writer of somebody else is hijacked")
	}
	asked := make(chan [2]bool, 1)
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		before := capture.Hijacked(w)
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		conn.Close()
		asked <- [2]bool{before, capture.Hijacked(w)}
	})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { capture.Observe(w, r, h, nil) }))
	defer s.Close()
	if res, err := http.Get(s.URL); err == nil {
		res.Body.Close()
	}
	if got := <-asked; got != [2]bool{false, true} {
		t.Errorf("before and after: %v", got)
	}
}

func ExampleAttempt() {
	tooLate := errors.New("too late")
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := io.WriteString(w, "my answer")
		fmt.Println("the handler sees:", err)
	})
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
	if !capture.Attempt(w, r, h, func(*capture.Head, io.Writer) io.WriteCloser { return capture.Refuse(tooLate) }) {
		http.Error(w, "another answer", http.StatusServiceUnavailable)
	}
	fmt.Print(w.Code, " ", w.Body)
	// Output:
	// the handler sees: too late
	// 503 another answer
}
