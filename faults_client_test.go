package weir_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

// endured is what a handler saw of a client that went away.
type endured struct {
	err      error // of reading or writing
	canceled bool  // its context has ended
}

// TestClientLeavesWithinUpload has clients go away when a part of their upload
// was sent: the handler must not take that part for the whole.
func TestClientLeavesWithinUpload(t *testing.T) {
	begun, seen := make(chan struct{}), make(chan endured)
	app := func(w http.ResponseWriter, r *http.Request) {
		_, err := io.ReadFull(r.Body, make([]byte, 100))
		begun <- struct{}{}
		if err == nil {
			_, err = io.Copy(io.Discard, r.Body)
		}
		seen <- endured{err, arrives(r.Context().Done())}
	}
	faulty(t, app, func(t *testing.T, s *faultSite) {
		for name, framing := range map[string]string{
			"declared": "Content-Length: 1048576\r\n\r\n", "of unknown length": "Transfer-Encoding: chunked\r\n\r\n10000\r\n",
		} {
			for _, reset := range []bool{false, true} {
				if s.http2 {
					upload, feed := io.Pipe()
					r := s.request("POST", "/app/", upload)
					if r.ContentLength = -1; name == "declared" {
						r.ContentLength = 1 << 20
					}
					go func() { _, _ = io.WriteString(feed, page("upload", 5000)) }()
					s.leaveAfter(r, begun)
					feed.Close()
				} else {
					s.leaveRaw("POST /app/ HTTP/1.1\r\nHost: h\r\n"+framing+page("upload", 5000), begun, reset)
				}
				if o := <-seen; o.err == nil || o.err == io.EOF || !o.canceled {
					t.Fatalf("%s, reset %v: the handler saw %+v", name, reset, o)
				}
			}
		}
	})
}

// leaveRaw sends text over a connection and breaks it when begun says so.
func (s *faultSite) leaveRaw(text string, begun <-chan struct{}, reset bool) {
	conn := s.dial()
	defer conn.Close()
	if _, err := io.WriteString(conn, text); err != nil || !arrives(begun) {
		s.t.Fatalf("the handler did not begin, %v", err)
	}
	if reset {
		_ = conn.SetLinger(0) // Close sends an RST
	}
}

// leaveAfter sends a request over HTTP/2 and resets its stream when begun says
// so.
func (s *faultSite) leaveAfter(r *http.Request, begun <-chan struct{}) {
	ctx, goAway := context.WithCancel(r.Context())
	defer goAway()
	var client sync.WaitGroup
	client.Go(func() {
		if e := s.exchange(r.WithContext(ctx)); e.cut == nil {
			s.t.Error("the client that left got", e)
		}
	})
	if !arrives(begun) {
		s.t.Fatal("the handler did not begin")
	}
	goAway()
	client.Wait()
}

// TestClientLeavesWithinDownload has clients go away at every state of a
// response, also while filters hold a part of it back: the handler's context
// ends, and its writes fail in the end.
func TestClientLeavesWithinDownload(t *testing.T) {
	begun, seen := make(chan struct{}), make(chan endured)
	plenty := noisy(16 << 20)
	app := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		switch r.URL.Path {
		case "/held":
			_, _ = io.WriteString(w, page("held", 80))
		case "/flushed":
			_, _ = io.WriteString(w, page("flushed", 80))
			flushed(w)
		case "/streaming":
			_, _ = w.Write(noisy(30_000))
		}
		begun <- struct{}{}
		o := endured{canceled: arrives(r.Context().Done())}
		for piece := range slices.Chunk(plenty, 10_000) {
			if _, o.err = w.Write(piece); o.err != nil {
				break
			}
		}
		seen <- o
	}
	faulty(t, app, func(t *testing.T, s *faultSite) {
		for _, state := range []string{"silent", "held", "flushed", "streaming"} {
			for _, coding := range []string{"identity", "gzip", "zstd"} {
				for _, reset := range []bool{false, true} {
					if s.http2 {
						s.leaveAfter(s.request("GET", "/app/"+state, nil, "Accept-Encoding", coding), begun)
					} else {
						s.leaveRaw(fmt.Sprintf("GET /app/%s HTTP/1.1\r\nHost: h\r\nAccept-Encoding: %s\r\n\r\n", state, coding), begun, reset)
					}
					if o := <-seen; o.err == nil || !o.canceled {
						t.Fatalf("%s, %s, reset %v: the handler saw %+v", state, coding, reset, o)
					}
				}
			}
		}
	})
}

// TestClientStopsSending has a client close its half of the connection behind
// the request: it still gets its response.
func TestClientStopsSending(t *testing.T) {
	app := func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		_, _ = fmt.Fprintf(w, "%d, %v: %s", n, err, page("the half", 4000))
	}
	faulty(t, app, func(t *testing.T, s *faultSite) {
		if s.http2 {
			return // a stream's half is closed behind every request
		}
		for _, coding := range []string{"identity", "gzip"} {
			conn := s.dial()
			defer conn.Close()
			_, _ = fmt.Fprintf(conn, "POST /app/ HTTP/1.1\r\nHost: h\r\nAccept-Encoding: %s\r\nContent-Length: 3\r\n\r\nabc", coding)
			_ = conn.CloseWrite()
			e := readConn(conn, s.request("POST", "/app/", nil))
			if e.cut != nil || e.bad != nil || e.text != "3, <nil>: "+page("the half", 4000) {
				t.Errorf("%s: %v", coding, e)
			}
		}
	})
}

// TestDeadlinesOfFiltersFurtherOut has a filter around the stack set a read
// deadline, which must hold inside: it is what ends an upload that stalls.
func TestDeadlinesOfFiltersFurtherOut(t *testing.T) {
	for _, f := range faultStacks {
		var inside error
		stack := f.stack(silent)
		h := http.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, inside = io.Copy(io.Discard, r.Body)
			http.Error(w, "too slow", http.StatusRequestTimeout)
		}))
		for i := len(stack) - 1; i >= 0; i-- {
			h = stack[i](h)
		}
		impatient := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := http.NewResponseController(w).SetReadDeadline(longAgo); err != nil {
				t.Error(err)
			}
			h.ServeHTTP(w, r)
		})
		t.Run(f.name, func(t *testing.T) {
			overBoth(t, impatient, func(t *testing.T, s *faultSite) {
				upload, _ := io.Pipe()
				r := s.request("POST", "/", struct {
					io.Reader
					io.Closer
				}{io.MultiReader(strings.NewReader("a part"), upload), upload})
				r.ContentLength = 100
				if e := s.exchange(r); e.status != http.StatusRequestTimeout && e.cut == nil {
					t.Error(e)
				}
				if inside == nil || !strings.Contains(inside.Error(), "timeout") {
					t.Errorf("the handler read until %v", inside)
				}
			})
		})
	}
}
