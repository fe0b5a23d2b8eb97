package bench_test

import (
	"bufio"
	"errors"
	"flag"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/weirhttp/weir"
)

// nullWriter is a response writer that does nothing, with every method that the
// server's own has over HTTP/1.1: what a wrapper finds, it has to keep up.
type nullWriter struct {
	header http.Header
	status int
	bytes  int64
	direct int // calls of ReadFrom
}

func newNullWriter() *nullWriter { return &nullWriter{header: http.Header{}} }

// reset makes the writer new without making a new one.
func (w *nullWriter) reset() {
	clear(w.header)
	w.status, w.bytes = 0, 0
}

func (w *nullWriter) Header() http.Header { return w.header }

func (w *nullWriter) WriteHeader(status int) { w.status = status }

func (w *nullWriter) Write(p []byte) (int, error) {
	w.bytes += int64(len(p))
	return len(p), nil
}

func (w *nullWriter) WriteString(s string) (int, error) {
	w.bytes += int64(len(s))
	return len(s), nil
}

func (w *nullWriter) ReadFrom(src io.Reader) (int64, error) {
	w.direct++
	n, err := io.Copy(io.Discard, src)
	w.bytes += n
	return n, err
}

func (w *nullWriter) Flush()                                       {}
func (w *nullWriter) FlushError() error                            { return nil }
func (w *nullWriter) CloseNotify() <-chan bool                     { return nil }
func (w *nullWriter) SetReadDeadline(time.Time) error              { return nil }
func (w *nullWriter) SetWriteDeadline(time.Time) error             { return nil }
func (w *nullWriter) EnableFullDuplex() error                      { return nil }
func (w *nullWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) { return nil, nil, errNoConn }

var errNoConn = errors.New("nullWriter has no connection")

// stack puts n of the same filter around h; a nil filter is no filter.
func stack(n int, f weir.Filter, h http.Handler) http.Handler {
	if f == nil {
		return h
	}
	for range n {
		h = f(h)
	}
	return h
}

// get is a request as the server would hand it on.
func get(target string) *http.Request { return httptest.NewRequest(http.MethodGet, target, nil) }

// once says whether every benchmark is to run but once, for no other purpose than
// to see that it does. Then preparations are kept small.
func once() bool { return flag.Lookup("test.benchtime").Value.String() == "1x" }
