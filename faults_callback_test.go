package weir_test

import (
	"bufio"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"github.com/weirhttp/weir"
	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/internal/allfilters"
	"github.com/weirhttp/weir/mount"
	"github.com/weirhttp/weir/rewrite"
)

// fuse panics when it is armed.
type fuse struct{ armed, blown atomic.Bool }

func (f *fuse) blow() {
	if f.armed.Load() {
		f.blown.Store(true)
		panic("the callback failed")
	}
}

// coder is an encoder that panics where it is told to.
type coder struct {
	*gzip.Writer
	write, flush, close *fuse
}

func (c coder) Write(p []byte) (int, error) { c.write.blow(); return c.Writer.Write(p) }
func (c coder) Flush() error                { c.flush.blow(); return c.Writer.Flush() }
func (c coder) Close() error                { c.close.blow(); return c.Writer.Close() }

// fusedLog is a slog.Handler that panics.
type fusedLog struct {
	slog.Handler
	*fuse
}

func (l fusedLog) Handle(context.Context, slog.Record) error { l.blow(); return nil }

// fusedOutput is a file that panics.
type fusedOutput struct{ *fuse }

func (o fusedOutput) Write(p []byte) (int, error) { o.blow(); return len(p), nil }

// callbacks are the functions of a user that filters call, each in a filter
// where it fails when the fuse is armed, and the place of that filter in the
// documented order.
var callbacks = map[string]struct {
	place  int
	filter func(*fuse) weir.Filter
}{
	"AccessLog Attrs": {0, func(f *fuse) weir.Filter {
		return filter.AccessLog(filter.AccessLogOptions{Logger: silentButOn, Attrs: func(*http.Request) []slog.Attr { f.blow(); return nil }})
	}},
	"AccessLog Level": {0, func(f *fuse) weir.Filter {
		return filter.AccessLog(filter.AccessLogOptions{Logger: silent, Level: func(capture.Sent) slog.Level { f.blow(); return 0 }})
	}},
	"AccessLog Logger": {0, func(f *fuse) weir.Filter {
		return filter.AccessLog(filter.AccessLogOptions{Logger: slog.New(fusedLog{silentButOn.Handler(), f})})
	}},
	"AccessLog Output": {0, func(f *fuse) weir.Filter {
		return filter.AccessLog(filter.AccessLogOptions{Schema: "combined", Output: fusedOutput{f}})
	}},
	"RequestID Trust": {1, func(f *fuse) weir.Filter {
		return filter.RequestID(filter.RequestIDOptions{Trust: func(*http.Request) bool { f.blow(); return false }})
	}},
	"RateLimit Key": {3, func(f *fuse) weir.Filter {
		return filter.RateLimit(1e9, 1<<20, filter.RateLimitOptions{Key: func(*http.Request) string { f.blow(); return "all" }})
	}},
	"RateLimit Cost": {3, func(f *fuse) weir.Filter {
		return filter.RateLimit(1e9, 1<<20, filter.RateLimitOptions{Cost: func(*http.Request) int { f.blow(); return 1 }})
	}},
	"RateLimit Refused": {3, func(f *fuse) weir.Filter {
		return filter.RateLimit(1, 1, filter.RateLimitOptions{DryRun: true, Cost: func(*http.Request) int { return 2 },
			Refused: func(*http.Request, time.Duration) { f.blow() }})
	}},
	"RateLimit Store": {3, func(f *fuse) weir.Filter {
		return filter.RateLimit(1, 1, filter.RateLimitOptions{Store: storing(func() error { f.blow(); return nil })})
	}},
	"RateLimit StoreDown": {3, func(f *fuse) weir.Filter {
		return filter.RateLimit(1, 1, filter.RateLimitOptions{Store: storing(func() error { return io.EOF }),
			StoreDown: func(*http.Request, error) bool { f.blow(); return true }})
	}},
	"Compress Match": {5, func(f *fuse) weir.Filter {
		return filter.Compress(filter.CompressOptions{Match: func(*capture.Head) bool { f.blow(); return true }})
	}},
	"Encoding Writer": {5, func(f *fuse) weir.Filter {
		return compressing(func(dst io.Writer) io.WriteCloser { f.blow(); return struct{ io.WriteCloser }{gzip.NewWriter(dst)} })
	}},
	"an encoder's Write": {5, func(f *fuse) weir.Filter { return compressing(coding(f, new(fuse), new(fuse))) }},
	"an encoder's Flush": {5, func(f *fuse) weir.Filter { return compressing(coding(new(fuse), f, new(fuse))) }},
	"an encoder's Close": {5, func(f *fuse) weir.Filter { return compressing(coding(new(fuse), new(fuse), f)) }},
	"Request":            {6, func(f *fuse) weir.Filter { return rewrite.Request(func(*http.Request) { f.blow() }) }},
	"RequestHeader":      {7, func(f *fuse) weir.Filter { return rewrite.RequestHeader(func(http.Header) { f.blow() }) }},
	"ResponseHeader":     {8, func(f *fuse) weir.Filter { return rewrite.ResponseHeader(func(http.Header) { f.blow() }) }},
	"Response":           {9, func(f *fuse) weir.Filter { return rewrite.Response(func(*capture.Head) { f.blow() }) }},
	"Body match": {10, func(f *fuse) weir.Filter {
		return rewrite.Body(func(*capture.Head) bool { f.blow(); return false }, allfilters.Deflated)
	}},
	"Body match of the answer": {10, func(f *fuse) weir.Filter {
		return rewrite.Body(func(h *capture.Head) bool {
			if h.Status != 0 {
				f.blow()
			}
			return h.Status == 0
		}, allfilters.Deflated)
	}},
	"When match": {1, func(f *fuse) weir.Filter {
		return weir.When(func(*http.Request) bool { f.blow(); return true }, filters["filter.RequestID"].Filter)
	}},
}

var silentButOn = slog.New(slog.NewTextHandler(io.Discard, nil))

func coding(write, flush, close *fuse) func(io.Writer) io.WriteCloser {
	return func(dst io.Writer) io.WriteCloser { return coder{gzip.NewWriter(dst), write, flush, close} }
}

// storing returns a store that has tokens for everybody, or an error.
func storing(err func() error) filter.RateStore {
	return func(string, rate.Limit, int) func(context.Context, string, int) (float64, bool, error) {
		return func(context.Context, string, int) (float64, bool, error) { return 1, true, err() }
	}
}

func compressing(writer func(io.Writer) io.WriteCloser) weir.Filter {
	return filter.Compress(filter.CompressOptions{Encodings: []filter.Encoding{{Name: "gzip", Writer: writer}}})
}

// TestPanicsInCallbacks has each function of a user fail, in a filter alone and
// in its place in the stack: the request comes to nothing, and the next ones
// are served, by the same filters.
func TestPanicsInCallbacks(t *testing.T) {
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = w.Write([]byte(page("everybody", 3000)))
		flushed(w)
		_, _ = io.WriteString(w, page("everybody", 3000))
	})
	for name, c := range callbacks {
		for _, alone := range []bool{false, true} {
			fuse := new(fuse)
			stack := documented(silent)
			if stack[c.place] = c.filter(fuse); alone {
				stack = stack[c.place : c.place+1]
			}
			// Before the head has passed Recover there is still time for a 500.
			early := !alone && c.place > 2 && !strings.HasPrefix(name, "an encoder")
			t.Run(fmt.Sprintf("%s/alone=%v", name, alone), func(t *testing.T) {
				overBoth(t, weir.Stack(stack...).Then(mount.At("/app", app)), func(t *testing.T, s *faultSite) {
					for round := range 3 {
						fuse.armed.Store(true)
						e := s.get("/app/", "Accept-Encoding", "gzip")
						if e.cut == nil && e.status != 500 || e.bad != nil || e.cut != nil && early || !fuse.blown.Swap(false) {
							t.Errorf("round %d: %v", round, e)
						}
						fuse.armed.Store(false)
						e = s.get("/app/", "Accept-Encoding", "gzip")
						if e.cut != nil || e.status != 200 || e.bad != nil || len(e.text) != 6000 {
							t.Errorf("round %d, the next request: %v", round, e)
						}
					}
				})
			})
		}
	}
}

// TestPanicsInHooksThatAreSwallowed has a callback fail while a filter of
// somebody else's, further in, turns panics into pages. What the client gets
// may be cut or say that it failed, but is no success.
func TestPanicsInHooksThatAreSwallowed(t *testing.T) {
	for _, name := range []string{
		"ResponseHeader", "Response", "Compress Match", "Encoding Writer", "an encoder's Write", "Body match of the answer",
	} {
		for way, page500 := range map[string]http.HandlerFunc{
			"with a page":   func(w http.ResponseWriter, r *http.Request) { http.Error(w, "recovered", 500) },
			"with a status": func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(500) },
			"with nothing":  func(w http.ResponseWriter, r *http.Request) {},
		} {
			app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				defer func() {
					if recover() != nil {
						page500(w, r)
					}
				}()
				w.Header().Set("Content-Type", "text/plain")
				_, _ = io.WriteString(w, page("everybody", 3000))
			})
			t.Run(name+" "+way, func(t *testing.T) {
				fuse := new(fuse)
				fuse.armed.Store(true)
				overBoth(t, callbacks[name].filter(fuse)(app), func(t *testing.T, s *faultSite) {
					if e := s.get("/", "Accept-Encoding", "gzip"); e.cut == nil && e.status < 500 || !fuse.blown.Load() {
						t.Error(e)
					}
				})
			})
		}
	}
}

// TestPanicAfterHijack has a handler take over its connection and then panic:
// the client gets what the handler wrote and not one byte more.
func TestPanicAfterHijack(t *testing.T) {
	for _, leave := range panicKinds {
		app := func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			if r.URL.Path == "/held" {
				_, _ = io.WriteString(w, "held") // the head goes out when the connection is taken
			}
			conn, rw, err := http.NewResponseController(w).Hijack()
			if err != nil {
				http.Error(w, "not over this protocol", http.StatusNotImplemented)
				return
			}
			defer conn.Close()
			_, _ = rw.WriteString("our own words")
			_ = rw.Flush()
			leave.leave()
		}
		t.Run(leave.name, func(t *testing.T) {
			faulty(t, app, func(t *testing.T, s *faultSite) {
				if s.http2 {
					if e := s.get("/app/"); e.status != http.StatusNotImplemented || e.cut != nil {
						t.Error(e)
					}
					return
				}
				conn := s.dial()
				defer conn.Close()
				_, _ = io.WriteString(conn, "GET /app/ HTTP/1.1\r\nHost: h\r\n\r\nGET /app/ HTTP/1.1\r\nHost: h\r\n\r\n")
				if all, err := io.ReadAll(bufio.NewReader(conn)); string(all) != "our own words" {
					t.Errorf("the connection carried %q, %v", all, err)
				}
				if records := s.log.take; s.inOrder {
					if r := records(); len(r) == 0 || r[len(r)-1]["hijacked"] != true {
						t.Errorf("the log says %v", r)
					}
				}
			})
		})
	}
}
