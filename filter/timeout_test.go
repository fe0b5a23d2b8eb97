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
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/filtertest"
)

func TestTimeout(t *testing.T) {
	filtertest.Run(t, filter.Timeout(time.Hour, filter.TimeoutOptions{}))
	t.Run("idle", func(t *testing.T) {
		filtertest.Run(t, filter.Timeout(time.Hour, filter.TimeoutOptions{Idle: time.Hour, Total: 2 * time.Hour}))
	})

	const s = time.Second
	text := func(w http.ResponseWriter, words string) error {
		_, err := io.WriteString(w, words)
		return errors.Join(err, http.NewResponseController(w).Flush())
	}
	drip := func(w http.ResponseWriter, r *http.Request, n int, every time.Duration) error {
		for range n {
			if err := text(w, "."); err != nil {
				return err
			}
			select {
			case <-time.After(every):
			case <-r.Context().Done():
				return context.Cause(r.Context())
			}
		}
		return nil
	}
	for name, c := range map[string]struct {
		first  time.Duration
		o      filter.TimeoutOptions
		body   func() io.Reader // of the request
		h      func(w http.ResponseWriter, r *http.Request) error
		status int
		answer string
		cut    bool
		after  time.Duration // when the client has it
		saw    string        // the error that the handler saw
	}{
		"a handler in time is served": {first: 2 * s,
			h:      func(w http.ResponseWriter, r *http.Request) error { time.Sleep(1 * s); return text(w, "in time") },
			status: 200, answer: "in time", after: 1 * s, saw: "none"},
		"one that says nothing in time, too": {first: 2 * s,
			h:      func(w http.ResponseWriter, r *http.Request) error { time.Sleep(1 * s); return nil },
			status: 200, after: 1 * s, saw: "none"},
		"one that gives up with its context is answered for": {first: 2 * s,
			h: func(w http.ResponseWriter, r *http.Request) error {
				<-r.Context().Done()
				return context.Cause(r.Context())
			},
			status: 503, answer: "Service Unavailable\n", after: 2 * s, saw: "handler timeout"},
		"and with the status that was chosen": {first: 2 * s, o: filter.TimeoutOptions{Status: 504},
			h: func(w http.ResponseWriter, r *http.Request) error {
				<-r.Context().Done()
				return context.Cause(r.Context())
			},
			status: 504, answer: "Gateway Timeout\n", after: 2 * s, saw: "handler timeout"},
		"what comes late is not sent, and fails": {first: 2 * s,
			h:      func(w http.ResponseWriter, r *http.Request) error { time.Sleep(3 * s); return text(w, "late") },
			status: 503, answer: "Service Unavailable\n", after: 3 * s, saw: "handler timeout"},
		"a handler that ignores everything is waited for": {first: 2 * s,
			h:      func(w http.ResponseWriter, r *http.Request) error { time.Sleep(time.Hour); return nil },
			status: 503, answer: "Service Unavailable\n", after: time.Hour, saw: "none"},
		"one that reads a body that does not come is freed": {first: 2 * s, body: func() io.Reader { return stalled() },
			h:      func(w http.ResponseWriter, r *http.Request) error { _, err := io.Copy(io.Discard, r.Body); return err },
			status: 503, answer: "Service Unavailable\n", after: 2 * s, saw: "deadline"},
		"a long upload counts for the first byte": {first: 5 * s, body: func() io.Reader { return &slowly{10, s} },
			h:      func(w http.ResponseWriter, r *http.Request) error { _, err := io.Copy(io.Discard, r.Body); return err },
			status: 503, answer: "Service Unavailable\n", after: 5 * s, saw: "deadline"},
		"a byte a second streams for as long as it likes": {first: 2 * s, o: filter.TimeoutOptions{Idle: 2 * s},
			h:      func(w http.ResponseWriter, r *http.Request) error { return drip(w, r, 100, s) },
			status: 200, answer: strings.Repeat(".", 100), after: 100 * s, saw: "none"},
		"without Idle and Total a stream is left alone": {first: 2 * s,
			h:      func(w http.ResponseWriter, r *http.Request) error { return drip(w, r, 3, time.Hour) },
			status: 200, answer: "...", after: 3 * time.Hour, saw: "none"},
		"a stream that stops is cut": {first: 2 * s, o: filter.TimeoutOptions{Idle: 5 * s},
			h: func(w http.ResponseWriter, r *http.Request) error {
				err := drip(w, r, 10, s)
				<-r.Context().Done()
				return errors.Join(err, context.Cause(r.Context()))
			},
			status: 200, answer: "..........", cut: true, after: 14 * s, saw: "handler timeout"},
		"a stream that takes too long in all is cut": {first: 2 * s, o: filter.TimeoutOptions{Idle: 5 * s, Total: 20500 * time.Millisecond},
			h:      func(w http.ResponseWriter, r *http.Request) error { return drip(w, r, 100, s) },
			status: 200, answer: strings.Repeat(".", 21), cut: true, after: 20500 * time.Millisecond, saw: "handler timeout"},
		"and where there is no idle time": {first: 2 * s, o: filter.TimeoutOptions{Total: 3500 * time.Millisecond},
			h: func(w http.ResponseWriter, r *http.Request) error {
				drip(w, r, 3, s)
				<-r.Context().Done()
				return text(w, "late")
			},
			status: 200, answer: "...", cut: true, after: 3500 * time.Millisecond, saw: "deadline"},
		"the total time holds for the first byte, too": {first: 2 * s, o: filter.TimeoutOptions{Total: 2 * s},
			h: func(w http.ResponseWriter, r *http.Request) error {
				<-r.Context().Done()
				return context.Cause(r.Context())
			},
			status: 503, answer: "Service Unavailable\n", after: 2 * s, saw: "handler timeout"},
		"a slow upload is no idleness once there is a head": {first: 2 * s, o: filter.TimeoutOptions{Idle: 3 * s},
			body: func() io.Reader { return &slowly{30, s} },
			h: func(w http.ResponseWriter, r *http.Request) error {
				err := errors.Join(http.NewResponseController(w).EnableFullDuplex(), text(w, "go on,"))
				n, copied := io.Copy(io.Discard, r.Body)
				return errors.Join(err, copied, text(w, fmt.Sprint(n)))
			},
			status: 200, answer: "go on,30", after: 30 * s, saw: "none"},
		"an upload that stops is, in full duplex": {first: 2 * s, o: filter.TimeoutOptions{Idle: 3 * s}, body: func() io.Reader { return stalled() },
			h: func(w http.ResponseWriter, r *http.Request) error {
				err := errors.Join(http.NewResponseController(w).EnableFullDuplex(), text(w, "go on,"))
				_, copied := io.Copy(io.Discard, r.Body)
				return errors.Join(err, copied)
			},
			status: 200, answer: "go on,", cut: true, after: 3 * s, saw: "deadline"},
		"a handler that sets its own deadlines gains a second": {first: 2 * s, o: filter.TimeoutOptions{Total: 2 * s},
			h: func(w http.ResponseWriter, r *http.Request) error {
				for {
					c := http.NewResponseController(w)
					if err := errors.Join(text(w, "."), c.SetWriteDeadline(time.Time{})); err != nil {
						return err
					}
					time.Sleep(300 * time.Millisecond)
				}
			},
			status: 200, cut: true, after: -1, saw: "deadline"},
	} {
		t.Run(name, func(t *testing.T) {
			var saw chan string
			handler := func(t *testing.T) http.Handler {
				saw = make(chan string, 1)
				return filter.Timeout(c.first, c.o)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("X-Attempt", "cookies and the like")
					saw <- class(c.h(w, r))
				}))
			}
			bubbles(t, handler, func(b *bubble) {
				var body io.Reader
				if c.body != nil {
					body = c.body()
				}
				method := "GET"
				if body != nil {
					method = "POST"
				}
				got := b.send(b.request(method, body))
				if got.status != c.status || c.after >= 0 && got.body != c.answer || got.cut != c.cut {
					b.Errorf("%d %q, cut: %v; want %d %q, cut: %v", got.status, got.body, got.cut, c.status, c.answer, c.cut)
				}
				if c.after >= 0 && got.after != c.after || got.after > time.Hour*4 {
					b.Errorf("it came after %v, want %v", got.after, c.after)
				}
				if kept := got.header.Get("X-Attempt") != ""; kept != (c.status < 500) {
					b.Errorf("the fields of the handler are there: %v", kept)
				}
				if got := <-saw; got != c.saw && !(b.proto == 2 && c.saw == "deadline") {
					b.Errorf("the handler saw the error %q, want %q", got, c.saw)
				}
			})
		})
	}
}

// What a handler gets that ignores its context, all errors and the time, when its response has begun: over HTTP/1 the
// client waits for it, over HTTP/2 it does not.
func TestTimeout_ignored(t *testing.T) {
	var ended chan time.Duration
	handler := func(t *testing.T) http.Handler {
		ended = make(chan time.Duration, 1)
		return filter.Timeout(time.Second, filter.TimeoutOptions{Idle: 5 * time.Second})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			start := time.Now()
			w.(http.Flusher).Flush()
			time.Sleep(time.Hour)
			ended <- time.Since(start)
		}))
	}
	bubbles(t, handler, func(b *bubble) {
		want := time.Hour
		if b.proto == 2 {
			want = 5 * time.Second
		}
		if got := b.send(b.request("GET", nil)); got.status != 200 || !got.cut || got.after != want {
			b.Errorf("%d, cut: %v, after %v; want a cut 200 after %v", got.status, got.cut, got.after, want)
		}
		if d := <-ended; d != time.Hour {
			b.Errorf("the handler ran for %v", d)
		}
	})
}

// A client that takes nothing does not keep the handler.
func TestTimeout_reader(t *testing.T) {
	for _, o := range []filter.TimeoutOptions{{Idle: 5 * time.Second}, {Total: 5 * time.Second}} {
		var saw chan error
		handler := func(t *testing.T) http.Handler {
			saw = make(chan error, 1)
			return filter.Timeout(time.Second, o)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				start := time.Now()
				_, err := w.Write(make([]byte, 10<<20))
				if d := time.Since(start); d != 5*time.Second {
					err = fmt.Errorf("after %v: %w", d, err)
				}
				saw <- err
			}))
		}
		bubbles(t, handler, func(b *bubble) {
			res, err := b.client.Do(b.request("GET", nil))
			if err != nil {
				b.Fatal(err)
			}
			defer res.Body.Close()
			if err := <-saw; err == nil || strings.HasPrefix(err.Error(), "after") {
				b.Errorf("the handler saw %v", err)
			}
			if n, err := io.Copy(io.Discard, res.Body); err == nil {
				b.Errorf("the client got %d bytes and took them for all", n)
			}
		})
	}
}

// A client that takes 16 KiB within Idle is not idle, however long a piece the handler writes; one that takes less is:
// here no system holds anything in between, and the window of HTTP/2 is small.
func TestTimeout_slowReader(t *testing.T) {
	for perSecond, whole := range map[int]bool{32 << 10: true, 1 << 10: true, 512: false} {
		t.Run(fmt.Sprintf("%d bytes a second", perSecond), func(t *testing.T) {
			const size = 256 << 10
			handler := func(t *testing.T) http.Handler {
				return filter.Timeout(time.Second, filter.TimeoutOptions{Idle: 20 * time.Second})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if _, err := w.Write(make([]byte, size)); (err == nil) != whole {
						t.Errorf("the handler saw %v", err)
					}
				}))
			}
			bubbles(t, handler, func(b *bubble) {
				b.client.Transport.(*http.Transport).HTTP2 = &http.HTTP2Config{MaxReceiveBufferPerStream: 64 << 10}
				res, err := b.client.Do(b.request("GET", nil))
				if err != nil {
					b.Fatal(err)
				}
				defer res.Body.Close()
				n, start := 0, time.Now()
				for piece := make([]byte, perSecond); err == nil; {
					var m int
					m, err = io.ReadFull(res.Body, piece)
					n += m
					time.Sleep(time.Second)
				}
				if (n == size && err == io.EOF) != whole || time.Since(start) < time.Duration(n/perSecond)*time.Second {
					b.Errorf("%d bytes, %v, after %v", n, err, time.Since(start))
				}
			})
		})
	}
}

// The end of the time and the first byte come at one instant, many times over. There is one answer, and all of it is of
// one kind; who was late learns that.
func TestTimeout_instant(t *testing.T) {
	times := 10_000
	if testing.Short() {
		times = 500
	}
	synctest.Test(t, func(t *testing.T) {
		f := filter.Timeout(time.Second, filter.TimeoutOptions{Idle: time.Second})
		statuses := make(map[int]int)
		for i := range times {
			var saw error
			var cause error
			h := f(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch i % 3 {
				case 0: // the timer was set first
					time.Sleep(time.Second)
				case 1: // woken by the end itself
					<-r.Context().Done()
				case 2: // one of them is
					select {
					case <-time.After(time.Second - 1):
					case <-r.Context().Done():
					}
				}
				w.Header().Set("X-Attempt", "yes")
				_, saw = io.WriteString(w, "body")
				cause = context.Cause(r.Context())
			}))
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
			late := w.Code == 503 && w.Body.String() == "Service Unavailable\n" && w.Header().Get("X-Attempt") == "" &&
				errors.Is(saw, http.ErrHandlerTimeout) && errors.Is(cause, http.ErrHandlerTimeout)
			inTime := w.Code == 200 && w.Body.String() == "body" && w.Header().Get("X-Attempt") == "yes" && saw == nil && cause == nil
			if late == inTime {
				t.Fatalf("%d %q, the handler saw %v and %v", w.Code, w.Body, saw, cause)
			}
			statuses[w.Code]++
		}
		if statuses[200] == 0 || statuses[503] == 0 {
			t.Errorf("only one came: %v", statuses)
		}
	})
}

// The deadline of one request is nothing to the next one of its connection.
func TestTimeout_keepsConnections(t *testing.T) {
	var conns sync.Map
	handler := func(t *testing.T) http.Handler {
		return filter.Timeout(time.Second, filter.TimeoutOptions{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			conns.Store(r.RemoteAddr, true)
			if r.URL.RawQuery == "late" {
				<-r.Context().Done()
				return
			}
			io.Copy(w, r.Body)
		}))
	}
	bubbles(t, handler, func(b *bubble) {
		for i := range 20 {
			r := b.request("POST", strings.NewReader("body"))
			want := outcome{status: 200, body: "body"}
			if i%2 == 0 {
				r = b.request("GET", nil)
				r.URL.RawQuery = "late"
				want = outcome{status: 503, body: "Service Unavailable\n", after: time.Second}
			}
			got := b.send(r)
			if got.header.Get("Connection") != "" {
				b.Error("the connection was closed")
			}
			if got.header = nil; got.status != want.status || got.body != want.body || got.after != want.after || got.cut {
				b.Errorf("request %d: %v, want %v", i, got, want)
			}
		}
	})
}

// A handler that takes over the connection is out of the times, as it is out of those of the server.
func TestTimeout_hijack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan error, 1)
		h := filter.Timeout(time.Second, filter.TimeoutOptions{Idle: 2 * time.Second, Total: 3 * time.Second})(
			http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				conn, rw, err := http.NewResponseController(w).Hijack()
				if err != nil {
					ended <- err
					return
				}
				defer conn.Close()
				line, err := rw.ReadString('\n')
				if err == nil {
					_, err = io.WriteString(conn, line)
				}
				ended <- errors.Join(err, context.Cause(r.Context()))
			}))
		l := &pipes{make(chan net.Conn), make(chan struct{})}
		s := &http.Server{Handler: h, WriteTimeout: 5 * time.Second}
		go s.Serve(l)
		conn := l.dial()
		io.WriteString(conn, "GET / HTTP/1.1\r\nHost: in.memory\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		time.Sleep(time.Hour)
		go io.WriteString(conn, "still there\n")
		if line, err := bufio.NewReader(conn).ReadString('\n'); line != "still there\n" || err != nil {
			t.Errorf("got %q, %v", line, err)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
		s.Close()
	})
}

// A handler that takes over the connection when the time is over, or at that instant, knows by its context. The connection
// is its own: nothing is cut, and no panic is seen outside.
func TestTimeout_hijackLate(t *testing.T) {
	times := 300
	if testing.Short() {
		times = 20
	}
	for name, wait := range map[string]func(*http.Request){
		"after":           func(r *http.Request) { <-r.Context().Done() },
		"at that instant": func(*http.Request) { time.Sleep(time.Second) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				timed := filter.Timeout(time.Second, filter.TimeoutOptions{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					io.Copy(io.Discard, r.Body)
					wait(r)
					conn, _, err := http.NewResponseController(w).Hijack()
					if err != nil {
						t.Error(err)
						return
					}
					defer conn.Close()
					if err := conn.SetDeadline(time.Time{}); err != nil { // as [http.Hijacker] asks for
						t.Error(err)
					}
					io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nmine.")
				}))
				h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					capture.Observe(w, r, timed, func(_ *http.Request, s capture.Sent) {
						if !s.Hijacked || s.Cut {
							t.Errorf("sent was %+v", s)
						}
					})
				})
				l := &pipes{make(chan net.Conn), make(chan struct{})}
				s := &http.Server{Handler: h}
				go s.Serve(l)
				for range times {
					conn := l.dial()
					io.WriteString(conn, "POST / HTTP/1.1\r\nHost: in.memory\r\nContent-Length: 4\r\n\r\nbody")
					if got, err := io.ReadAll(conn); !strings.HasSuffix(string(got), "mine.") {
						t.Errorf("got %q, %v", got, err)
					}
				}
				time.Sleep(time.Hour)
				s.Close()
			})
		})
	}
}

// Deadlines that were set further out hold, whatever Timeout allows, and whatever is done further in.
func TestTimeout_outer(t *testing.T) {
	long := filter.Timeout(time.Hour, filter.TimeoutOptions{Idle: time.Hour, Total: time.Hour})
	reads := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, class(err))
	})
	for name, c := range map[string]struct {
		outer func(http.Handler) http.Handler
		body  func() io.Reader
		inner http.HandlerFunc
		want  outcome
	}{
		"a deadline for reading": {func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				http.NewResponseController(w).SetReadDeadline(time.Now().Add(3 * time.Second))
				next.ServeHTTP(w, r)
			})
		}, stalled, reads, outcome{status: 200, body: "deadline", after: 3 * time.Second}},
		"a deadline for writing": {func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				http.NewResponseController(w).SetWriteDeadline(time.Now().Add(3 * time.Second))
				next.ServeHTTP(w, r)
			})
		}, nil, func(w http.ResponseWriter, r *http.Request) {
			w.(http.Flusher).Flush()
			for err := error(nil); err == nil; {
				time.Sleep(time.Second)
				_, err = io.WriteString(w, ".")
				err = errors.Join(err, http.NewResponseController(w).Flush())
			}
		}, outcome{status: 200, cut: true, after: 3 * time.Second}},
		"the end of the context": {func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				ctx, cancel := context.WithTimeout(r.Context(), 3*time.Second)
				defer cancel()
				next.ServeHTTP(w, r.WithContext(ctx))
			})
		}, nil, func(w http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			fmt.Fprint(w, context.Cause(r.Context()))
		}, outcome{status: 200, body: "context deadline exceeded", after: 3 * time.Second}},
		"another Timeout": {filter.Timeout(3*time.Second, filter.TimeoutOptions{Status: 504}), stalled, func(w http.ResponseWriter, r *http.Request) {
			http.NewResponseController(w).SetReadDeadline(time.Time{})
			reads(w, r)
		}, outcome{status: 504, body: "Gateway Timeout\n", after: 3 * time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			bubbles(t, func(*testing.T) http.Handler { return c.outer(long(c.inner)) }, func(b *bubble) {
				r := b.request("GET", nil)
				if c.body != nil {
					r = b.request("POST", c.body())
				}
				got := b.send(r)
				got.header = nil
				if got.cut { // how much came before
					got.body = ""
				}
				if fmt.Sprint(got) != fmt.Sprint(c.want) && !(c.want.cut && got.cut && got.status == 200) {
					b.Errorf("got %v, want %v", got, c.want)
				}
			})
		})
	}
}

// Where the head was given further out, no byte is seen: a steady stream is not taken for an idle one, and only the total
// time ends it.
func TestTimeout_headOutside(t *testing.T) {
	for name, c := range map[string]struct {
		total time.Duration
		want  outcome
	}{
		"without Total it goes on": {0, outcome{status: 200, body: strings.Repeat(".", 20), after: 20 * time.Second}},
		"with Total it is cut":     {10500 * time.Millisecond, outcome{status: 200, body: strings.Repeat(".", 11), cut: true, after: 10500 * time.Millisecond}},
	} {
		t.Run(name, func(t *testing.T) {
			handler := func(*testing.T) http.Handler {
				timed := filter.Timeout(time.Second, filter.TimeoutOptions{Idle: 2 * time.Second, Total: c.total})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					for i := 0; i < 20 && r.Context().Err() == nil; i++ {
						io.WriteString(w, ".")
						w.(http.Flusher).Flush()
						select {
						case <-time.After(time.Second):
						case <-r.Context().Done():
						}
					}
				}))
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					capture.Observe(w, r, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						w.(http.Flusher).Flush()
						timed.ServeHTTP(w, r)
					}), nil)
				})
			}
			bubbles(t, handler, func(b *bubble) {
				got := b.send(b.request("GET", nil))
				if got.header = nil; fmt.Sprint(got) != fmt.Sprint(c.want) {
					b.Errorf("got %v, want %v", got, c.want)
				}
			})
		})
	}
}

// What filters inside of Timeout hold back, or change, is dropped with the rest, and cuts nothing.
func TestTimeout_inside(t *testing.T) {
	inner := map[string]func(http.Handler) http.Handler{
		"Compress": filter.Compress(filter.CompressOptions{}),
		"Recover":  filter.Recover(filter.RecoverOptions{}),
		"a hook that holds": func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				capture.Transform(w, r, next, 100, func(*capture.Head, io.Writer) io.WriteCloser { return nil })
			})
		},
	}
	for name, f := range inner {
		t.Run(name, func(t *testing.T) {
			handler := func(*testing.T) http.Handler {
				var sent capture.Sent
				timed := filter.Timeout(time.Second, filter.TimeoutOptions{})(f(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					<-r.Context().Done()
					w.Header().Set("Content-Length", "50000")
					w.Header().Set("Content-Type", "text/plain")
					for range 10 {
						io.WriteString(w, page(5000))
					}
				})))
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					capture.Observe(w, r, timed, func(_ *http.Request, s capture.Sent) { sent = s })
					if sent.Status != 503 || sent.Cut {
						t.Errorf("sent was %+v", sent)
					}
				})
			}
			bubbles(t, handler, func(b *bubble) {
				r := b.request("GET", nil)
				r.Header.Set("Accept-Encoding", "gzip")
				got := b.send(r)
				if got.status != 503 || got.body != "Service Unavailable\n" || got.cut || got.header.Get("Content-Encoding") != "" {
					b.Errorf("got %v", got)
				}
			})
		})
	}
}

func TestTimeout_panics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, value := range []any{"no", http.ErrAbortHandler} {
			h := filter.Timeout(time.Second, filter.TimeoutOptions{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				<-r.Context().Done()
				panic(value)
			}))
			func() {
				defer func() {
					if v := recover(); v != value {
						t.Errorf("the panic came out as %v, want %v", v, value)
					}
				}()
				h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
			}()
		}
	})
}

// A handler that panics when its time is over leaves no ended context and no deadline to the requests that come after it,
// whoever recovers.
func TestTimeout_panicsLate(t *testing.T) {
	silent := filter.Recover(filter.RecoverOptions{Logger: slog.New(slog.DiscardHandler)})
	outside := map[string]func(http.Handler) http.Handler{
		"nobody recovers": func(next http.Handler) http.Handler { return next },
		"Recover":         silent,
		"Recover, and Compress holds the head": func(next http.Handler) http.Handler {
			return silent(filter.Compress(filter.CompressOptions{})(next))
		},
		"somebody who says nothing": func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				defer func() { _ = recover() }()
				next.ServeHTTP(w, r)
			})
		},
	}
	for which, o := range map[string]filter.TimeoutOptions{
		"first": {},
		"idle":  {Idle: 2 * time.Second},
		"total": {Total: 2 * time.Second},
	} {
		for who, outer := range outside {
			t.Run(which+", "+who, func(t *testing.T) {
				handler := func(t *testing.T) http.Handler {
					return outer(filter.Timeout(time.Second, o)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						body, err := io.ReadAll(r.Body)
						if r.URL.RawQuery == "late" {
							if which != "first" {
								io.WriteString(w, "beginning")
							}
							<-r.Context().Done()
							panic("late")
						}
						time.Sleep(500 * time.Millisecond)
						fmt.Fprintf(w, "%s %v %v", body, err, context.Cause(r.Context()))
					})))
				}
				bubbles(t, handler, func(b *bubble) {
					for _, body := range []string{"", "body"} {
						late := b.request("POST", strings.NewReader(body))
						late.URL.RawQuery = "late"
						late.Header.Set("Accept-Encoding", "gzip")
						first := b.send(late)
						if b.proto == 1 && body != "" && !first.cut && first.header.Get("Connection") != "close" {
							b.Errorf("the connection is kept after %v", first)
						}
						if strings.HasPrefix(who, "Recover") && which == "first" && first.status != 500 {
							b.Errorf("answered with %v", first)
						}
						for range 3 {
							if got := b.send(b.request("POST", strings.NewReader(body))); got.body != body+" <nil> <nil>" || got.cut {
								b.Errorf("after %v the next one got %v", first, got)
							}
						}
					}
				})
			})
		}
	}
}

// The context says which time is over.
func TestTimeout_cause(t *testing.T) {
	for want, o := range map[string]filter.TimeoutOptions{
		"filter.Timeout: the handler gave no head within 1s":     {},
		"filter.Timeout: nothing was written or read for 2s":     {Idle: 2 * time.Second},
		"filter.Timeout: the request was not served within 1.5s": {Total: 1500 * time.Millisecond, Idle: 2 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			var cause error
			h := filter.Timeout(time.Second, o)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if o.Idle > 0 {
					w.WriteHeader(200)
				}
				<-r.Context().Done()
				cause = context.Cause(r.Context())
			}))
			func() {
				defer func() { _ = recover() }()
				h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
			}()
			var timed interface{ Timeout() bool }
			if cause.Error() != want || !errors.Is(cause, context.DeadlineExceeded) || !errors.Is(cause, http.ErrHandlerTimeout) ||
				!errors.As(cause, &timed) || !timed.Timeout() {
				t.Errorf("the cause is %q, want %q", cause, want)
			}
		})
	}
}

// A handler may edit its request while its time ends, and keep it: the timer reads none of it, and the connection is not
// kept with it.
func TestTimeout_request(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var kept *http.Request
		h := filter.Timeout(time.Second, filter.TimeoutOptions{})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			kept = r
			<-r.Context().Done()
			*r = http.Request{}
		}))
		serve := func() weak.Pointer[httptest.ResponseRecorder] {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
			return weak.Make(w)
		}
		w := serve()
		runtime.GC()
		if w.Value() != nil {
			t.Error("the writer is kept with the request")
		}
		runtime.KeepAlive(kept)
	})
}

func TestTimeout_nonsense(t *testing.T) {
	for want, f := range map[string]func(){
		"filter.Timeout: first is 0s, not more than 0":       func() { filter.Timeout(0, filter.TimeoutOptions{}) },
		"filter.Timeout: Idle is -1s, below 0":               func() { filter.Timeout(1, filter.TimeoutOptions{Idle: -time.Second}) },
		"filter.Timeout: Total is -1s, below 0":              func() { filter.Timeout(1, filter.TimeoutOptions{Total: -time.Second}) },
		"filter.Timeout: Total is 1s, less than first, 1m0s": func() { filter.Timeout(time.Minute, filter.TimeoutOptions{Total: time.Second}) },
		"filter.Timeout: Status is 408, none of 5xx":         func() { filter.Timeout(1, filter.TimeoutOptions{Status: 408}) },
		"filter.Timeout: next is nil":                        func() { filter.Timeout(1, filter.TimeoutOptions{})(nil) },
	} {
		mustPanic(t, want, f)
	}
}

func ExampleTimeout() {
	limited := filter.Timeout(10*time.Millisecond, filter.TimeoutOptions{Idle: time.Minute, Total: time.Hour})

	h := limited(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		<-r.Context().Done() // as whatever takes the context does: a query, a request to another server
		fmt.Println(context.Cause(r.Context()))
	}))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	fmt.Println(w.Code)
	// Output:
	// filter.Timeout: the handler gave no head within 10ms
	// 503
}

// A handler that does not look at its context is not stopped, and its client waits for it.
func ExampleTimeout_wrong() {
	h := filter.Timeout(time.Millisecond, filter.TimeoutOptions{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(30 * time.Millisecond) // wrong: select on time.After and r.Context().Done()
		_, err := io.WriteString(w, "too late")
		fmt.Println(err)
	}))
	w := httptest.NewRecorder()
	start := time.Now()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	fmt.Println(w.Code, time.Since(start) >= 30*time.Millisecond)
	// Output:
	// filter.Timeout: the handler gave no head within 1ms
	// 503 true
}
