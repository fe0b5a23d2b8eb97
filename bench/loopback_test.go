package bench_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"
)

// load is a server on a loopback address and connections to it that stay open. The
// client's side does as little as can be, so that the time is the server's.
type load struct {
	conns   []net.Conn
	request string
	size    int // of a response in bytes, head and body
}

// plainly is a request for the root.
const plainly = "GET / HTTP/1.1\r\nHost: example.com\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n"

// newLoad serves h, whose answers to the request must all have the same length.
func newLoad(b *testing.B, h http.Handler, conns int, request string) *load {
	server := httptest.NewServer(h)
	l := &load{request: request}
	b.Cleanup(func() {
		for _, c := range l.conns {
			_ = c.Close()
		}
		server.Close()
	})
	for range conns {
		c, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		l.conns = append(l.conns, c)
	}
	l.size = l.measure(b, l.conns[0])
	return l
}

// measure asks once and returns the size of the response.
func (l *load) measure(b *testing.B, c net.Conn) int {
	if _, err := io.WriteString(c, l.request); err != nil {
		b.Fatal(err)
	}
	counted := &countingReader{Reader: c}
	buffered := bufio.NewReader(counted)
	res, err := http.ReadResponse(buffered, nil)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		b.Fatal(err)
	}
	return counted.n - buffered.Buffered()
}

type countingReader struct {
	io.Reader
	n int
}

func (r *countingReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.n += n
	return n, err
}

// run sends n requests over all connections together and returns the time in
// nanoseconds.
func (l *load) run(b *testing.B, n int) float64 {
	start := time.Now()
	var clients sync.WaitGroup
	for _, c := range l.conns {
		clients.Go(func() {
			buf := make([]byte, min(l.size, 256<<10))
			for range n / len(l.conns) {
				if err := l.ask(c, buf); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	clients.Wait()
	return float64(time.Since(start))
}

// ask sends a request and reads the response.
func (l *load) ask(c net.Conn, buf []byte) error {
	if _, err := io.WriteString(c, l.request); err != nil {
		return err
	}
	for size := l.size; size > 0; {
		n, err := c.Read(buf[:min(size, len(buf))])
		if err != nil {
			return err
		}
		size -= n
	}
	return nil
}

// inTurns compares the throughput of two servers, one with filters and one without, in
// turns: what else the machine does then meets both.
func inTurns(b *testing.B, bare, filtered *load) {
	const block = 400 // requests in a turn
	bare.run(b, block)
	filtered.run(b, block)

	var shares, times []float64
	for turn := 0; b.Loop(); turn++ {
		var base, took float64
		if turn%2 == 0 {
			base, took = bare.run(b, block), filtered.run(b, block)
		} else {
			took, base = filtered.run(b, block), bare.run(b, block)
		}
		shares = append(shares, 100*base/took)
		times = append(times, took/block)
	}
	b.ReportMetric(median(times), "ns/op")
	b.ReportMetric(median(shares), "%-of-bare")
}

func median(values []float64) float64 {
	slices.Sort(values)
	if len(values) == 0 {
		return 0
	}
	return (values[(len(values)-1)/2] + values[len(values)/2]) / 2
}
