package capture_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/weirhttp/weir/capture"
)

func ExampleObserve() {
	logged := func(next http.Handler) http.Handler {
		report := func(r *http.Request, s capture.Sent) {
			fmt.Println(r.Method, r.URL.Path, s.Status, s.Bytes)
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			capture.Observe(w, r, next, report)
		})
	}
	h := logged(http.NotFoundHandler())
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/nowhere", nil))
	// Output: GET /nowhere 404 19
}

func TestObserve(t *testing.T) {
	tests := []struct {
		name string
		app  http.HandlerFunc
		want capture.Sent
	}{
		{"nothing written is 200", func(w http.ResponseWriter, r *http.Request) {}, capture.Sent{Status: 200}},
		{"status and size", func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no", http.StatusForbidden) }, capture.Sent{Status: 403, Bytes: 3}},
		{"every way to write counts", func(w http.ResponseWriter, r *http.Request) {
			w.Write([]byte("ab"))
			io.WriteString(w, "cde")
			io.Copy(w, strings.NewReader("fghi"))
		}, capture.Sent{Status: 200, Bytes: 9}},
		{"103 is not the status", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(103); w.WriteHeader(404) }, capture.Sent{Status: 404}},
		{"the first status counts", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "a"); w.WriteHeader(500) }, capture.Sent{Status: 200, Bytes: 1}},
		{"a panic before the head", func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) }, capture.Sent{Cut: true}},
		{"a panic after it", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(201); panic(http.ErrAbortHandler) }, capture.Sent{Status: 201, Cut: true}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got [3]capture.Sent
			h := http.Handler(test.app)
			for i := range got {
				next := h
				h = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					capture.Observe(w, r, next, func(_ *http.Request, s capture.Sent) { got[i] = s })
				})
			}
			protocols(t, h, func(t *testing.T, s *httptest.Server) {
				got = [3]capture.Sent{}
				get(t, s)
				s.Close() // the report comes after the answer
				for i := range got {
					if got[i] != test.want {
						t.Errorf("observer %d saw %+v, want %+v", i, got[i], test.want)
					}
				}
			})
		})
	}
}

func TestObserversSeeTheirOwnPlace(t *testing.T) {
	var inside, outside capture.Sent
	at := func(to *capture.Sent) func(http.Handler) http.Handler {
		return func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				capture.Observe(w, r, next, func(_ *http.Request, s capture.Sent) { *to = s })
			})
		}
	}
	change := transforming(0, func(h *capture.Head, dst io.Writer) io.WriteCloser {
		h.Status = 203
		return suffix{dst, " and more"}
	})
	at(&outside)(change(at(&inside)(write("body")))).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	if want := (capture.Sent{Status: 200, Bytes: 4}); inside != want {
		t.Errorf("inside of the transform: %+v, want %+v", inside, want)
	}
	if want := (capture.Sent{Status: 203, Bytes: 13}); outside != want {
		t.Errorf("outside of it: %+v, want %+v", outside, want)
	}
}

func TestStarted(t *testing.T) {
	for _, peek := range []int{0, 512} {
		pass := transforming(peek, func(h *capture.Head, dst io.Writer) io.WriteCloser { return nil })
		app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if w.WriteHeader(103); capture.Started(w) {
				t.Error("started by 103")
			}
			if io.WriteString(w, "a"); !capture.Started(w) {
				t.Error("not started by a write")
			}
		})
		protocols(t, pass(observing(app)), func(t *testing.T, s *httptest.Server) { get(t, s) })
	}
	if capture.Started(httptest.NewRecorder()) {
		t.Error("knows a foreign writer")
	}
}

// wire is a writer below that notes by which door the body came.
type wire struct {
	http.ResponseWriter
	readFrom int64
}

func (w *wire) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *wire) ReadFrom(src io.Reader) (int64, error) {
	n, err := w.ResponseWriter.(io.ReaderFrom).ReadFrom(src)
	w.readFrom += n
	return n, err
}

func TestFilesReachTheConnectionsOwnReadFrom(t *testing.T) {
	const size = 1 << 20
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, bytes.Repeat([]byte("0123456789abcdef"), size/16), 0o600); err != nil {
		t.Fatal(err)
	}
	pass := transforming(512, func(h *capture.Head, dst io.Writer) io.WriteCloser { return nil })
	stacks := map[string]struct {
		stack func(http.Handler) http.Handler
		least int64
	}{
		"observers":                    {func(h http.Handler) http.Handler { return observing(observing(h)) }, size},
		"hooks that let the body pass": {func(h http.Handler) http.Handler { return observing(pass(pass(h))) }, size - 512},
	}
	ways := map[string]http.HandlerFunc{
		"ServeFile": func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, name) },
		"io.Copy": func(w http.ResponseWriter, r *http.Request) {
			f, err := os.Open(name)
			if err != nil {
				t.Error(err)
				return
			}
			defer f.Close()
			w.Header().Set("Content-Length", strconv.Itoa(size))
			io.Copy(w, f)
		},
	}
	for stack, test := range stacks {
		for way, app := range ways {
			t.Run(way+" through "+stack, func(t *testing.T) {
				var sent capture.Sent
				var below *wire
				s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					below = &wire{ResponseWriter: w}
					capture.Observe(below, r, test.stack(app), func(_ *http.Request, s capture.Sent) { sent = s })
				}))
				defer s.Close()
				_, body, err := get(t, s)
				if err != nil || len(body) != size {
					t.Fatalf("%d bytes, %v", len(body), err)
				}
				s.Close()
				if below.readFrom < test.least || sent.Bytes != size {
					t.Errorf("%d bytes by ReadFrom, %d counted, want %d and %d", below.readFrom, sent.Bytes, test.least, size)
				}
			})
		}
	}
}

func TestShapes(t *testing.T) {
	protocols(t, observing(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, hijacker := w.(http.Hijacker)
		_, readerFrom := w.(io.ReaderFrom)
		_, flusher := w.(http.Flusher)
		fmt.Fprint(w, hijacker, readerFrom, flusher)
	})), func(t *testing.T, s *httptest.Server) {
		_, body, _ := get(t, s)
		if want := map[bool]string{false: "true true true", true: "false false true"}[s.EnableHTTP2]; body != want {
			t.Errorf("Hijacker, ReaderFrom, Flusher: %s, want %s", body, want)
		}
	})
}

// null is a writer of HTTP/1's shape that writes nothing.
type null struct {
	http.Hijacker
	io.ReaderFrom
	header http.Header
}

func (n *null) Header() http.Header         { return n.header }
func (n *null) Write(p []byte) (int, error) { return len(p), nil }
func (n *null) WriteHeader(int)             {}

// skipUnderRace leaves tests out that count allocations: the race detector
// makes some of its own, and empties pools at random.
func skipUnderRace(t *testing.T) {
	if raceEnabled {
		t.Skip("allocations are not those of the program under the race detector")
	}
}

func TestAStackCostsOneAllocation(t *testing.T) {
	skipUnderRace(t)
	body := []byte("body")
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write(body) })
	pass := transforming(0, func(h *capture.Head, dst io.Writer) io.WriteCloser { return nil })
	for name, f := range map[string]func(http.Handler) http.Handler{"observers": observing, "hooks": pass} {
		for _, filters := range []int{1, 10} {
			h := http.Handler(app)
			for range filters {
				h = f(h)
			}
			w, r := &null{header: http.Header{}}, httptest.NewRequest("GET", "/", nil)
			if n := testing.AllocsPerRun(1000, func() { h.ServeHTTP(w, r) }); n > 1 {
				t.Errorf("%d %s: %v allocations a request", filters, name, n)
			}
		}
	}
}
