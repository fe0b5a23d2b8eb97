package capture_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weirhttp/weir/capture"
)

func TestHold(t *testing.T) {
	const body = "abcdefgh"
	for _, c := range []struct {
		name  string
		hold  func(h *capture.Head) int
		app   http.HandlerFunc
		peek  string
		ended bool
	}{
		{"nothing is held where nothing is asked for", func(*capture.Head) int { return 0 }, writing(body), "", false},
		{"as much is held as is asked for", func(*capture.Head) int { return 3 }, writing("a", "b", "cdefgh"), "abc", false},
		{"a whole body that is short enough", func(*capture.Head) int { return 9 }, writing("abcd", "efgh"), body, true},
		{"of some only, by their fields", func(h *capture.Head) int {
			if h.Header.Get("Content-Type") == "text/plain" {
				return 9
			}
			return 0
		}, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			writing("ab", "cdefgh")(w, r)
		}, body, true},
		{"by their status", func(h *capture.Head) int { return h.Status - 200 }, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(202)
			writing("a", "bcdefgh")(w, r)
		}, "ab", false},
		{"by their request", func(h *capture.Head) int { return len(h.Request.Method) }, writing("ab", "cdefgh"), "abc", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			asked, ran := 0, 0
			f := holding(func(h *capture.Head) int {
				asked++
				if ran > 0 || len(h.Peek) > 0 || h.Ended {
					t.Errorf("asked after the hook, or with the peek %q", h.Peek)
				}
				return c.hold(h)
			}, func(h *capture.Head, _ io.Writer) io.WriteCloser {
				ran++
				if string(h.Peek) != c.peek || h.Ended != c.ended {
					t.Errorf("the hook saw %q, ended %v, want %q, %v", h.Peek, h.Ended, c.peek, c.ended)
				}
				return nil
			})
			protocols(t, observing(f(observing(c.app))), func(t *testing.T, s *httptest.Server) {
				asked, ran = 0, 0
				if res, got, err := get(t, s); err != nil || got != body {
					t.Errorf("got %v %q, error %v", res, got, err)
				}
				if asked != 1 || ran != 1 {
					t.Errorf("asked %d times, the hook ran %d times", asked, ran)
				}
			})
		})
	}
}

// A layer that is used again for another filter does not ask on its behalf.
func TestHoldIsOfOneResponse(t *testing.T) {
	asked := 0
	ask := holding(func(*capture.Head) int { asked++; return 1 }, func(*capture.Head, io.Writer) io.WriteCloser { return nil })
	plain := transforming(0, func(h *capture.Head, _ io.Writer) io.WriteCloser {
		if len(h.Peek) > 0 {
			t.Errorf("Peek %q", h.Peek)
		}
		return nil
	})
	for range 4 {
		for _, h := range []http.Handler{ask(writing("ab")), plain(writing("ab"))} {
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
		}
	}
	if asked != 4 {
		t.Errorf("asked %d times, want 4", asked)
	}
}

// What is too long to be held goes out as the handler writes it, by sendfile if it can.
func TestHoldOfNothingLetsFilesPass(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte(strings.Repeat("x", 100_000)), 0o600); err != nil {
		t.Fatal(err)
	}
	f := holding(func(h *capture.Head) int { return 0 }, func(*capture.Head, io.Writer) io.WriteCloser { return nil })
	direct := false
	h := f(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, name) }))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(&noticing{w, w.(io.ReaderFrom), w.(http.Hijacker), &direct}, r)
	}))
	defer s.Close()
	if res, body, err := get(t, s); err != nil || len(body) != 100_000 || !direct {
		t.Errorf("got %v, %d bytes, error %v; direct %v", res, len(body), err, direct)
	}
}

// noticing says whether its ReadFrom was used.
type noticing struct {
	http.ResponseWriter
	from io.ReaderFrom
	http.Hijacker
	used *bool
}

func (n *noticing) ReadFrom(src io.Reader) (int64, error) {
	*n.used = true
	return n.from.ReadFrom(src)
}

func TestAPanicOfHoldCutsTheResponse(t *testing.T) {
	f := holding(func(*capture.Head) int { panic(http.ErrAbortHandler) }, func(*capture.Head, io.Writer) io.WriteCloser { return nil })
	protocols(t, f(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() { _ = recover() }()
		_, _ = io.WriteString(w, "text")
	})), func(t *testing.T, s *httptest.Server) {
		if res, body, err := get(t, s); err == nil {
			t.Errorf("got a whole response: %v %q", res, body)
		}
	})
}

func TestHoldRefusesNil(t *testing.T) {
	for want, build := range map[string]func(){
		"capture.Hold: hold is nil": func() { capture.Hold(nil, nil, nil, nil, nil) },
		"capture.Hold: hook is nil": func() { capture.Hold(nil, nil, nil, func(*capture.Head) int { return 0 }, nil) },
	} {
		func() {
			defer func() {
				if got := recover(); got != want {
					t.Errorf("panic %v, want %q", got, want)
				}
			}()
			build()
		}()
	}
}

func writing(pieces ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for _, p := range pieces {
			_, _ = io.WriteString(w, p)
		}
	}
}

func holding(hold func(*capture.Head) int, hook capture.Hook) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { capture.Hold(w, r, next, hold, hook) })
	}
}
