package weir_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"sync"
	"testing"

	"github.com/weirhttp/weir/filter"
)

// memory returns the bytes that are in use: heap and stacks of goroutines.
func memory() int64 {
	runtime.GC()
	runtime.GC() // what pools let go of
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// perClient bounds the memory for one client that is being served, in bytes:
// its connection, the buffers of net/http on both ends, and with a coding the
// encoder, which Compress says takes up to 1 MiB.
func perClient(coding string) int64 {
	if coding == "identity" {
		return 256 << 10
	}
	return 256<<10 + 1<<20
}

// TestSlowReaders has many clients ask for a large body and read none of it:
// what they cost does not grow with the body, others are served meanwhile, and
// all of it comes back.
func TestSlowReaders(t *testing.T) {
	const readers = 100
	begun, ended := make(chan struct{}, readers), make(chan struct{}, readers)
	app := unread(t, begun, ended)
	faulty(t, app, func(t *testing.T, s *faultSite) {
		if s.http2 {
			narrow(s.client)
		}
		for _, coding := range []string{"identity", "gzip", "zstd"} {
			if coding != "identity" && !s.inOrder {
				continue // one stack shows what an encoder costs
			}
			before := memory()
			var hangUp sync.WaitGroup
			leave := make(chan struct{})
			for range readers {
				hangUp.Go(func() { s.hangOn(coding, leave) })
			}
			for range readers {
				if !arrives(begun) {
					t.Fatal("a reader was not served")
				}
			}
			if got, most := (memory()-before)/readers, perClient(coding); got > most {
				t.Errorf("%s: a slow reader takes %d bytes, want at most %d", coding, got, most)
			}
			if e := s.get("/app/small", "Accept-Encoding", coding); e.cut != nil || e.text != page("somebody else", 5000) {
				t.Errorf("%s: another client gets %v", coding, e)
			}
			close(leave)
			hangUp.Wait()
			for range readers {
				if !arrives(ended) {
					t.Fatal("a handler does not end")
				}
			}
			if !eventually(func() bool { return memory()-before < 4<<20 }) {
				t.Errorf("%s: %d bytes are still in use", coding, memory()-before)
			}
		}
	})
}

// unread is a handler of a large body that no client reads, which says when it
// has begun and ended. At /small is a page for others.
func unread(t *testing.T, begun, ended chan<- struct{}) http.HandlerFunc {
	body := noisy(8 << 20)
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		if r.URL.Path == "/small" {
			_, _ = io.WriteString(w, page("somebody else", 5000))
			return
		}
		defer func() { ended <- struct{}{} }()
		n, err := w.Write(body[:8<<10]) // more than any filter holds back
		begun <- struct{}{}
		for rest := body[n:]; err == nil && len(rest) > 0; rest = rest[n:] {
			n, err = w.Write(rest[:8<<10])
		}
		if err == nil {
			t.Error("8 MiB went to a client that reads nothing")
		}
	}
}

// narrow keeps a client of HTTP/2 from taking in what nobody reads.
func narrow(c *http.Client) {
	c.Transport.(*http.Transport).HTTP2 = &http.HTTP2Config{MaxReceiveBufferPerStream: 32 << 10, MaxReceiveBufferPerConnection: 100 << 20}
}

// hangOn asks for the large body, reads none of it and leaves when it is told.
func (s *faultSite) hangOn(coding string, leave <-chan struct{}) {
	r := s.request("GET", "/app/large", nil, "Accept-Encoding", coding)
	if s.http2 {
		res, err := s.client.Do(r)
		if err != nil {
			s.t.Error(err)
			return
		}
		<-leave
		res.Body.Close()
		return
	}
	conn := s.dial()
	defer conn.Close()
	_ = conn.SetReadBuffer(16 << 10)
	if err := r.Write(conn); err != nil {
		s.t.Error(err)
	}
	<-leave
}

// TestHugeDeclarations has many clients declare uploads of 9 GB and send next to
// nothing: nobody allocates by that number. What the client of the test and
// net/http take is not the stack's.
func TestHugeDeclarations(t *testing.T) {
	const uploads, huge = 100, 9 << 30
	begun := make(chan struct{}, uploads)
	app := declared(t, huge, begun)
	stack := http.Handler(app)
	for _, name := range []string{
		"rewrite.Body", "filter.Compress", "rewrite.Response", "rewrite.Request", "rewrite.RequestHeader",
		"filter.RateLimit", "filter.Recover", "filter.RequestID", "filter.AccessLog", // all but MaxBody
	} {
		stack = filters[name].Filter(stack)
	}
	var costs []int64
	for _, h := range []http.Handler{app, filter.MaxBody(huge)(stack)} {
		overBoth(t, h, func(t *testing.T, s *faultSite) {
			before := memory()
			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			var clients sync.WaitGroup
			for range uploads {
				upload, feed := io.Pipe()
				r := s.request("POST", "/", upload).WithContext(ctx)
				r.ContentLength = huge
				clients.Go(func() { s.exchange(r) })
				clients.Go(func() { _, _ = io.WriteString(feed, page("upload", 1000)) })
			}
			for range uploads {
				if !arrives(begun) {
					t.Fatal("an upload was not served")
				}
			}
			costs = append(costs, (memory()-before)/uploads)
			leave()
			clients.Wait()
		})
	}
	if got := costs[2:]; max(got[0]-costs[0], got[1]-costs[1]) > 128<<10 {
		t.Errorf("an upload takes %d bytes, bare it takes %d", got, costs[:2])
	}
}

// declared is a handler of uploads that declare a length and do not come.
func declared(t *testing.T, length int64, begun chan<- struct{}) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != length {
			t.Errorf("the handler sees the length %d", r.ContentLength)
		}
		_, err := io.ReadFull(r.Body, make([]byte, 100))
		begun <- struct{}{}
		if err == nil {
			_, err = io.Copy(io.Discard, r.Body)
		}
		if err == nil {
			t.Error("9 GB came")
		}
	}
}

// TestHugeDeclarationsAreRefused has the same met by MaxBody: the answer comes
// and the connection goes, although nearly all of the upload is still to come.
func TestHugeDeclarationsAreRefused(t *testing.T) {
	app := func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err == nil {
			t.Error("it was read to its end")
		}
		http.Error(w, "too much", http.StatusRequestEntityTooLarge)
	}
	faulty(t, app, func(t *testing.T, s *faultSite) {
		if s.http2 {
			r := s.request("POST", "/app/", io.NopCloser(endless{}))
			r.ContentLength = 9 << 30
			if e := s.exchange(r); e.status != http.StatusRequestEntityTooLarge {
				t.Error(e)
			}
			return
		}
		for framing, sent := range map[string]int{"Content-Length: 9663676416\r\n\r\n": 1000, "Expect: 100-continue\r\nContent-Length: 9663676416\r\n\r\n": 0} {
			conn := s.dial()
			defer conn.Close()
			_, _ = fmt.Fprintf(conn, "POST /app/ HTTP/1.1\r\nHost: h\r\n%s%s", framing, page("upload", sent))
			in := bufio.NewReader(conn)
			res, err := http.ReadResponse(in, nil)
			if err != nil || res.StatusCode != http.StatusRequestEntityTooLarge || !res.Close {
				t.Fatalf("%q is answered %v, %v", framing, res, err)
			}
			_, _ = io.Copy(io.Discard, res.Body)
			if _, err := in.ReadByte(); err != io.EOF {
				t.Errorf("%q: the connection goes on: %v", framing, err)
			}
		}
	})
}

// endless is a body without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }
