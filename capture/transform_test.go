package capture_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/weirhttp/weir/capture"
)

func TestHookRunsOnceBeforeTheHead(t *testing.T) {
	ways := []struct {
		name   string
		app    http.HandlerFunc
		status int
		body   string
	}{
		{"WriteHeader", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(418) }, 418, ""},
		{"Write", func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("a")); w.Write([]byte("b")) }, 200, "ab"},
		{"an empty Write", func(w http.ResponseWriter, r *http.Request) { w.Write(nil); w.WriteHeader(500) }, 200, ""},
		{"WriteString", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "ab") }, 200, "ab"},
		{"ReadFrom", func(w http.ResponseWriter, r *http.Request) { io.Copy(w, strings.NewReader("ab")) }, 200, "ab"},
		{"Flush", func(w http.ResponseWriter, r *http.Request) { w.(http.Flusher).Flush() }, 200, ""},
		{"FlushError", func(w http.ResponseWriter, r *http.Request) {
			http.NewResponseController(w).Flush()
			w.Write([]byte("a"))
		}, 200, "a"},
		{"nothing", func(w http.ResponseWriter, r *http.Request) {}, 200, ""},
		{"103 first", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(103); w.WriteHeader(404) }, 404, ""},
		{"two statuses", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(201); w.Write([]byte("a")) }, 201, "a"},
		{"no content", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(204) }, 204, ""},
	}
	for _, peek := range []int{0, 1, 2, 512} {
		for _, way := range ways {
			t.Run(fmt.Sprintf("%s, peek %d", way.name, peek), func(t *testing.T) {
				runs := 0
				f := transforming(peek, func(h *capture.Head, dst io.Writer) io.WriteCloser {
					runs++
					h.Header.Set("X-Status", fmt.Sprint(h.Status))
					return nil
				})
				protocols(t, observing(f(observing(way.app))), func(t *testing.T, s *httptest.Server) {
					runs = 0
					res, body, err := get(t, s)
					if err != nil || res.StatusCode != way.status || body != way.body {
						t.Fatalf("got %v %q, error %v, want %d %q", res, body, err, way.status, way.body)
					}
					if runs != 1 || res.Header.Get("X-Status") != fmt.Sprint(way.status) {
						t.Errorf("the hook ran %d times and left %q", runs, res.Header.Get("X-Status"))
					}
				})
			})
		}
	}
}

func TestPeek(t *testing.T) {
	tests := []struct {
		name   string
		writes []string
		length string
		peek   string
		ended  bool
	}{
		{"a short body has ended", []string{"ab", "c"}, "", "abc", true},
		{"an empty body has ended", nil, "", "", true},
		{"one long write is shown whole", []string{"abcdefgh"}, "", "abcdefgh", false},
		{"small writes are collected", []string{"a", "b", "c", "d", "e"}, "", "abcd", false},
		{"a declared length tells the end", []string{"a", "b", "<flush>"}, "2", "ab", true},
		{"a flush forces the decision", []string{"a", "<flush>", "bcdefgh"}, "", "a", false},
		{"a body of the size itself goes on", []string{"ab", "cd"}, "", "abcd", false},
		{"a short body is not the end", []string{"ab"}, "3", "ab", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var peek string
			var ended bool
			f := transforming(4, func(h *capture.Head, dst io.Writer) io.WriteCloser {
				peek, ended = string(h.Peek), h.Ended
				return nil
			})
			rec := httptest.NewRecorder()
			f(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if test.length != "" {
					w.Header().Set("Content-Length", test.length)
				}
				for _, p := range test.writes {
					if p == "<flush>" {
						w.(http.Flusher).Flush()
					} else if n, err := io.WriteString(w, p); n != len(p) || err != nil {
						t.Errorf("writing %q: %d, %v", p, n, err)
					}
				}
			})).ServeHTTP(rec, httptest.NewRequest("GET", "/", nil))
			if peek != test.peek || ended != test.ended {
				t.Errorf("the hook saw %q, ended %v, want %q, %v", peek, ended, test.peek, test.ended)
			}
			want := strings.ReplaceAll(strings.Join(test.writes, ""), "<flush>", "")
			if rec.Body.String() != want {
				t.Errorf("body %q, want %q", rec.Body, want)
			}
		})
	}
}

func TestLayersRunInnermostFirst(t *testing.T) {
	var order []string
	layer := func(name string, peek int) func(http.Handler) http.Handler {
		return transforming(peek, func(h *capture.Head, dst io.Writer) io.WriteCloser {
			order = append(order, name)
			return suffix{dst, name}
		})
	}
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for range 3 {
			io.WriteString(w, ".")
		}
	})
	for _, peeks := range [][3]int{{0, 0, 0}, {2, 0, 0}, {0, 2, 0}, {0, 0, 2}, {9, 9, 9}, {1, 2, 3}, {64, 2, 64}} {
		order = nil
		rec := httptest.NewRecorder()
		h := layer("a", peeks[0])(observing(layer("b", peeks[1])(layer("c", peeks[2])(app))))
		h.ServeHTTP(rec, httptest.NewRequest("GET", "/", nil))
		if !slices.Equal(order, []string{"c", "b", "a"}) || rec.Body.String() != "...cba" {
			t.Errorf("peeks %v: order %v, body %q", peeks, order, rec.Body)
		}
	}
}

// suffix adds its name to the end of a body.
type suffix struct {
	io.Writer
	name string
}

func (s suffix) Close() error {
	_, err := io.WriteString(s.Writer, s.name)
	return err
}

func TestHeadHoldsWhatWasSetBeforeIt(t *testing.T) {
	pass := transforming(512, func(h *capture.Head, dst io.Writer) io.WriteCloser {
		h.Header.Set("X-Hook", "yes")
		return nil
	})
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "X-Sum")
		w.Header().Set("X-Early", "1")
		io.WriteString(w, "body")
		w.Header().Set("X-Late", "1")
		w.Header().Set("X-Early", "2")
		w.Header().Set("X-Sum", "42")
		w.Header().Set(http.TrailerPrefix+"X-More", "43")
		http.NewResponseController(w).Flush()
	})
	protocols(t, pass(pass(app)), func(t *testing.T, s *httptest.Server) {
		res, _, err := get(t, s)
		if err != nil {
			t.Fatal(err)
		}
		if res.Header.Get("X-Late") != "" || res.Header.Get("X-Early") != "1" || res.Header.Get("X-Hook") != "yes" {
			t.Errorf("head %v", res.Header)
		}
		if res.Trailer.Get("X-Sum") != "42" || res.Trailer.Get("X-More") != "43" {
			t.Errorf("trailer %v", res.Trailer)
		}
	})
}

func TestBodyIsCut(t *testing.T) {
	tests := []struct {
		name string
		app  http.HandlerFunc
	}{
		{"when it falls short of its Content-Length", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, "short")
		}},
		{"when it falls short after a flush", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, "short")
			w.(http.Flusher).Flush()
		}},
		{"when nothing of it comes", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "100")
			w.WriteHeader(200)
		}},
		{"when the handler panics after a flush", func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "some")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}},
		{"when the handler panics", func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "some")
			panic(http.ErrAbortHandler)
		}},
	}
	for _, test := range tests {
		for _, peek := range []int{0, 512} {
			t.Run(fmt.Sprintf("%s, peek %d", test.name, peek), func(t *testing.T) {
				var seen capture.Sent
				watch := func(next http.Handler) http.Handler {
					return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						capture.Observe(w, r, next, func(_ *http.Request, s capture.Sent) { seen = s })
					})
				}
				protocols(t, watch(transforming(peek, upper)(test.app)), func(t *testing.T, s *httptest.Server) {
					_, body, err := get(t, s)
					if err == nil {
						t.Errorf("a whole response: %q", body)
					}
					s.Close() // the report comes after the answer
					if !seen.Cut {
						t.Errorf("the observer saw %+v", seen)
					}
				})
			})
		}
	}
}

func TestAFailedTransformCutsTheBody(t *testing.T) {
	fails := map[string]io.WriteCloser{"in Write": failing{write: errBroken}, "in Close": failing{close: errBroken}}
	for name, body := range fails {
		t.Run(name, func(t *testing.T) {
			f := transforming(0, func(h *capture.Head, dst io.Writer) io.WriteCloser { return body })
			protocols(t, f(write("x")), func(t *testing.T, s *httptest.Server) {
				if _, body, err := get(t, s); err == nil {
					t.Errorf("a whole response: %q", body)
				}
			})
		})
	}
}

type failing struct{ write, close error }

func (f failing) Write(p []byte) (int, error) { return len(p), f.write }
func (f failing) Close() error                { return f.close }

func TestTooLongABodyIsAnError(t *testing.T) {
	for _, peek := range []int{0, 3, 512} {
		var err error
		app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "4")
			io.WriteString(w, "abcd")
			_, err = io.WriteString(w, "e")
		})
		protocols(t, transforming(peek, upper)(app), func(t *testing.T, s *httptest.Server) {
			_, body, clientErr := get(t, s)
			if err != http.ErrContentLength || clientErr != nil || body != "ABCD!" {
				t.Errorf("peek %d: handler error %v, body %q, client error %v", peek, err, body, clientErr)
			}
		})
	}
}

func TestNoBodyWhereThereIsNone(t *testing.T) {
	tests := []struct {
		method string
		status int
		err    error
	}{
		{"HEAD", 200, nil},
		{"GET", 204, http.ErrBodyNotAllowed},
		{"GET", 304, http.ErrBodyNotAllowed},
	}
	for _, test := range tests {
		for _, peek := range []int{0, 512} {
			t.Run(fmt.Sprintf("%s %d, peek %d", test.method, test.status, peek), func(t *testing.T) {
				runs := 0
				f := transforming(peek, func(h *capture.Head, dst io.Writer) io.WriteCloser {
					runs++
					h.Header.Set("X-Hook", "yes")
					return suffix{dst, "!"}
				})
				app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					w.WriteHeader(test.status)
					if _, err := io.WriteString(w, "body"); err != test.err {
						t.Errorf("Write: %v, want %v", err, test.err)
					}
				})
				protocols(t, f(app), func(t *testing.T, s *httptest.Server) {
					runs = 0
					res, body, err := do(t, s, test.method)
					if err != nil || res.StatusCode != test.status || body != "" || res.Header.Get("X-Hook") != "yes" || runs != 1 {
						t.Errorf("%v %q, error %v, %d runs", res, body, err, runs)
					}
					// The connection must still be in step.
					if _, _, err := do(t, s, test.method); err != nil {
						t.Error(err)
					}
				})
			})
		}
	}
}

func TestAHookMayChangeTheStatus(t *testing.T) {
	for _, to := range []int{200, 503, 304, 204} {
		for _, peek := range []int{0, 512} {
			f := transforming(peek, func(h *capture.Head, dst io.Writer) io.WriteCloser {
				h.Status = to
				return nil
			})
			app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(404)
				if _, err := io.WriteString(w, "body"); err != nil {
					t.Errorf("to %d: Write: %v", to, err)
				}
			})
			protocols(t, f(app), func(t *testing.T, s *httptest.Server) {
				res, _, err := get(t, s)
				if err != nil || res.StatusCode != to {
					t.Errorf("to %d: %v, %v", to, res, err)
				}
			})
		}
	}
}

func TestDstBeforeTheHead(t *testing.T) {
	for _, peek := range []int{0, 4, 512} {
		f := transforming(peek, func(h *capture.Head, dst io.Writer) io.WriteCloser {
			io.WriteString(dst, "<")
			return suffix{dst, ">"}
		})
		rec := httptest.NewRecorder()
		f(f(write("body"))).ServeHTTP(rec, httptest.NewRequest("GET", "/", nil))
		if rec.Body.String() != "<<body>>" {
			t.Errorf("peek %d: %q", peek, rec.Body)
		}
	}
}

func TestHijackRunsNoHook(t *testing.T) {
	runs := 0
	f := transforming(512, func(h *capture.Head, dst io.Writer) io.WriteCloser { runs++; return nil })
	var seen capture.Sent
	watch := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			capture.Observe(w, r, next, func(_ *http.Request, s capture.Sent) { seen = s })
		})
	}
	done := make(chan struct{})
	h := watch(f(observing(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, rw, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		rw.WriteString("raw")
		rw.Flush()
		if _, err := w.Write([]byte("late")); err != http.ErrHijacked {
			t.Errorf("Write after Hijack: %v", err)
		}
	}))))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r)
		close(done)
	}))
	defer s.Close()
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	got, err := io.ReadAll(bufio.NewReader(conn))
	if string(got) != "raw" || err != nil {
		t.Errorf("the client read %q, %v", got, err)
	}
	<-done
	if runs != 0 || !seen.Hijacked || seen.Status != 0 || seen.Cut {
		t.Errorf("%d runs, observer saw %+v", runs, seen)
	}
}

func TestANilHookPanics(t *testing.T) {
	defer func() {
		if v := fmt.Sprint(recover()); v != "capture.Transform: hook is nil" {
			t.Errorf("panicked with %q", v)
		}
	}()
	transforming(0, nil)(write("")).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
}
