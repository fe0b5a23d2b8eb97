package filter_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/filtertest"
)

func TestRecover(t *testing.T) {
	filtertest.Run(t, filter.Recover(filter.RecoverOptions{Logger: slog.New(slog.DiscardHandler)}), filtertest.Options{Recovers: true})

	type unequal struct{ _ []int } // cannot be compared
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
		status  int    // 0 for a response that is cut
		logged  string // the value in the log, "" for no record
	}{
		{"no panic", answering(200, "fine"), 200, ""},
		{"a panic before output is a 500", func(w http.ResponseWriter, r *http.Request) { panic("oops") }, 500, "oops"},
		{"an error as well", func(w http.ResponseWriter, r *http.Request) { panic(errors.New("failed")) }, 500, "failed"},
		{"and what cannot be compared", func(w http.ResponseWriter, r *http.Request) { panic(unequal{}) }, 500, "{[]}"},
		{"and nil", func(w http.ResponseWriter, r *http.Request) { panic(nil) }, 500, "panic called with nil argument"},
		{"and a mistake that the runtime finds", func(w http.ResponseWriter, r *http.Request) { w.Header()["X"][3] = "" }, 500, "runtime error: index out of range [3] with length 0"},
		{"and a value whose String panics", func(w http.ResponseWriter, r *http.Request) { panic(touchy{}) }, 500, "%!v(PANIC=String method: touched)"},
		{"fields of the failed attempt go", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Set-Cookie", "session=1")
			w.Header().Set("Content-Length", "12345")
			w.Header().Set("Content-Encoding", "gzip")
			w.Header().Set("Content-Type", "text/html")
			w.Header().Add("X-Outer", "changed")
			panic("oops")
		}, 500, "oops"},
		{"an informational response is no output", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			panic("oops")
		}, 500, "oops"},
		{"a panic after output cuts it", func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "half")
			panic("oops")
		}, 0, "oops"},
		{"after much output", func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, page(100_000))
			panic("oops")
		}, 0, "oops"},
		{"after a flush", func(w http.ResponseWriter, r *http.Request) {
			_ = http.NewResponseController(w).Flush()
			panic("oops")
		}, 0, "oops"},
		{"after the head alone", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(200)
			panic("oops")
		}, 0, "oops"},
		{"after all of the output", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "5")
			_, _ = io.WriteString(w, "whole")
			panic("oops")
		}, 0, "oops"},
		{"http.ErrAbortHandler passes", func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) }, 0, ""},
		{"http.ErrAbortHandler passes after output", func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "half")
			panic(http.ErrAbortHandler)
		}, 0, ""},
		{"something that wraps it is a panic like others", func(w http.ResponseWriter, r *http.Request) {
			panic(fmt.Errorf("no more: %w", http.ErrAbortHandler))
		}, 500, "no more: net/http: abort Handler"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var book logbook
			inner := filter.Recover(filter.RecoverOptions{Logger: book.logger()})(c.handler)
			h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("X-Outer", "set")
				inner.ServeHTTP(w, r)
			})
			requests := 0
			outcomes(t, h, func(t *testing.T, res *http.Response, body string, err error) {
				requests++
				if err != nil || c.status == 0 {
					if (err != nil) != (c.status == 0) {
						t.Errorf("error %v, want status %d (0: cut)", err, c.status)
					}
					return
				}
				if res.StatusCode != c.status || res.Header.Get("X-Outer") != "set" {
					t.Errorf("answer %d with X-Outer %q, want %d with %q", res.StatusCode, res.Header.Values("X-Outer"), c.status, "set")
				}
				if c.status == 500 {
					if res.Header.Get("Content-Type") != "text/plain; charset=utf-8" || body != "Internal Server Error\n" {
						t.Errorf("a %s of %q", res.Header.Get("Content-Type"), body)
					}
					for _, name := range []string{"Set-Cookie", "Content-Encoding"} {
						if v := res.Header.Get(name); v != "" {
							t.Errorf("%s: %s is still there", name, v)
						}
					}
				}
			})
			records := book.records(t)
			if want := min(len(c.logged), 1) * requests; len(records) != want {
				t.Fatalf("%d records for %d requests, want %d:\n%s", len(records), requests, want, book.String())
			}
			for _, record := range records {
				if !strings.Contains(fmt.Sprint(record["panic"]), c.logged) || record["level"] != "ERROR" || record["msg"] != "panic" {
					t.Errorf("record %v, want the panic %q", record, c.logged)
				}
				if record["method"] != "GET" || record["path"] != "/a%2Fb" {
					t.Errorf("method %v and path %v, want GET and /a%%2Fb", record["method"], record["path"])
				}
				if stack := fmt.Sprint(record["stack"]); !strings.Contains(stack, "recover_test.go") {
					t.Errorf("the stack does not lead to the panic:\n%s", stack)
				}
			}
		})
	}
}

// touchy cannot be formatted.
type touchy struct{}

func (touchy) String() string { panic("touched") }

func TestRecoverAfterHijack(t *testing.T) {
	var book logbook
	h := filter.Recover(filter.RecoverOptions{Logger: book.logger()})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = rw.WriteString("our own words\n")
		_ = rw.Flush()
		panic("oops")
	}))
	s, done := untilDone(h)
	defer s.Close()
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	all, _ := io.ReadAll(bufio.NewReader(conn))
	if string(all) != "our own words\n" {
		t.Errorf("the connection carried %q", all)
	}
	<-done
	if records := book.records(t); len(records) != 1 || records[0]["panic"] != "oops" {
		t.Errorf("log: %s", book.String())
	}
}

// Goexit ends the handler's goroutine, and with it the connection.
func TestRecoverLetsGoexitPass(t *testing.T) {
	var book logbook
	h := filter.Recover(filter.RecoverOptions{Logger: book.logger()})(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		runtime.Goexit()
	}))
	returned, done := false, make(chan struct{})
	w := httptest.NewRecorder()
	go func() {
		defer close(done)
		h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		returned = true
	}()
	<-done
	if returned || w.Body.Len() > 0 || book.String() != "" {
		t.Errorf("returned: %v, body %q, log %q", returned, w.Body.String(), book.String())
	}
}

// brokenLog is a slog.Handler that panics.
type brokenLog struct{ slog.Handler }

func (brokenLog) Enabled(context.Context, slog.Level) bool  { return true }
func (brokenLog) Handle(context.Context, slog.Record) error { panic("the log is broken") }

func TestRecoverWithBrokenLog(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"before output": func(w http.ResponseWriter, r *http.Request) { panic("oops") },
		"after output": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "half")
			panic("oops")
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := filter.Recover(filter.RecoverOptions{Logger: slog.New(brokenLog{})})(handler)
			outcomes(t, h, func(t *testing.T, res *http.Response, body string, err error) {
				if err == nil {
					t.Errorf("a whole response %d: %q", res.StatusCode, body)
				}
			})
		})
	}
}

func TestRecoverLogCannotBeForged(t *testing.T) {
	var book logbook
	h := filter.Recover(filter.RecoverOptions{Logger: slog.New(slog.NewTextHandler(&book, nil))})(http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) { panic("oops\nlevel=INFO msg=forged") }))
	r := httptest.NewRequest("GET", "/", nil)
	r.RequestURI = "/\nlevel=INFO msg=forged"
	h.ServeHTTP(httptest.NewRecorder(), r)
	if n := strings.Count(book.String(), "\n"); n != 1 {
		t.Errorf("%d lines, want 1:\n%s", n, book.String())
	}
}

// Until something panics, Recover costs capture's writer alone.
func TestRecoverAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes pools forget")
	}
	h := filter.Recover(filter.RecoverOptions{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(200) }))
	w, r := discardResponse{make(http.Header)}, httptest.NewRequest("GET", "/", nil)
	if got := testing.AllocsPerRun(100, func() { h.ServeHTTP(w, r) }); got > 1 {
		t.Errorf("%v allocations, want 1", got)
	}
}

func TestRecoverRefusesNil(t *testing.T) {
	defer func() {
		if v := recover(); v != "filter.Recover: next is nil" {
			t.Errorf("panic %v", v)
		}
	}()
	filter.Recover(filter.RecoverOptions{})(nil)
}

func ExampleRecover() {
	guard := filter.Recover(filter.RecoverOptions{
		Logger: slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
			ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
				if a.Key == slog.TimeKey || a.Key == "stack" {
					return slog.Attr{} // not the same each time
				}
				return a
			},
		})),
	})
	site := guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		panic("no prices today")
	}))

	w := httptest.NewRecorder()
	site.ServeHTTP(w, httptest.NewRequest("GET", "/prices?in=EUR", nil))
	fmt.Println(w.Code, strings.TrimSpace(w.Body.String()))
	// Output:
	// level=ERROR msg=panic method=GET path=/prices panic="no prices today"
	// 500 Internal Server Error
}

// Under GODEBUG=panicnil=1 recover returns nil for panic(nil).
func TestRecoverKnowsPanicNil(t *testing.T) {
	t.Setenv("GODEBUG", "panicnil=1")
	var book logbook
	f := filter.Recover(filter.RecoverOptions{Logger: book.logger()})
	w := httptest.NewRecorder()
	f(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(nil) })).
		ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Code != http.StatusInternalServerError {
		t.Errorf("before output: status %d", w.Code)
	}
	defer func() {
		if v := recover(); v != http.ErrAbortHandler {
			t.Errorf("after output: panicked with %v", v)
		}
	}()
	f(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(200); panic(nil) })).
		ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
}
