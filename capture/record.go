package capture

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// ErrTooLarge is returned by [Record], and by the recorded handler's Write,
// when a body is longer than the limit.
var ErrTooLarge = errors.New("capture: the body is longer than the limit")

// Record serves r with next and returns the response, its body in memory, up
// to limit bytes. It is how one handler asks another. A longer body is
// [ErrTooLarge], one shorter than its Content-Length [io.ErrUnexpectedEOF].
// A panic of next passes.
//
// The handler sees a writer that can flush, to no effect, and cannot be
// hijacked. Informational responses are dropped. Trailers, announced or
// marked with [http.TrailerPrefix], are in the response's Trailer. A HEAD
// request gives a response without a body and with the ContentLength that the
// handler declared, or -1. No Content-Type is guessed and no Date set: that is
// for the server which the response is sent by.
func Record(r *http.Request, next http.Handler, limit int64) (*http.Response, error) {
	w := &recorder{header: make(http.Header), limit: limit, declared: -1, head: r.Method == http.MethodHead}
	defer w.seal()
	next.ServeHTTP(w, r)
	return w.response(r)
}

// recorder is the writer below everything that [Record] serves.
type recorder struct {
	mu       sync.Mutex
	header   http.Header
	limit    int64
	head     bool
	sealed   bool
	status   int
	sent     http.Header // header as it was with the status
	declared int64
	size     int64
	body     bytes.Buffer
	err      error
}

func (w *recorder) Header() http.Header { return w.header }

func (w *recorder) WriteHeader(status int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.status == 0 {
		mustBeStatus(status)
	}
	w.writeHeader(status)
}

func (w *recorder) writeHeader(status int) {
	if w.status != 0 || w.sealed || status < 200 && status != http.StatusSwitchingProtocols {
		return
	}
	w.status = status
	w.sent = w.header.Clone()
	w.declared = contentLength(w.sent)
}

func (w *recorder) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.sealed {
		return 0, errLate
	}
	w.writeHeader(http.StatusOK)
	size := w.size + int64(len(p))
	switch {
	case !bodyAllowed(w.status):
		return 0, http.ErrBodyNotAllowed
	case w.declared >= 0 && size > w.declared:
		return 0, http.ErrContentLength
	case size > w.limit && !w.head:
		w.err = ErrTooLarge
		return 0, ErrTooLarge
	}
	if w.size = size; w.head {
		return len(p), nil
	}
	return w.body.Write(p)
}

// Flush begins the response and sends nothing.
func (w *recorder) Flush() { w.WriteHeader(http.StatusOK) }

func (w *recorder) seal() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sealed = true
}

func (w *recorder) response(r *http.Request) (*http.Response, error) {
	w.WriteHeader(http.StatusOK)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil && !w.head && bodyAllowed(w.status) && w.size < w.declared {
		w.err = io.ErrUnexpectedEOF
	}
	if w.err != nil {
		return nil, w.err
	}
	length := w.size
	if w.head {
		length = w.declared
	}
	res := &http.Response{
		Status:     strings.TrimSpace(strconv.Itoa(w.status) + " " + http.StatusText(w.status)),
		StatusCode: w.status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        w.sent,
		Body:          io.NopCloser(bytes.NewReader(w.body.Bytes())),
		ContentLength: length,
		Trailer:       w.trailer(),
		Request:       r,
	}
	delete(res.Header, "Trailer")
	return res, nil
}

func (w *recorder) trailer() http.Header {
	var trailer http.Header
	add := func(name string, values []string) {
		if trailer == nil {
			trailer = make(http.Header)
		}
		trailer[http.CanonicalHeaderKey(name)] = append([]string(nil), values...)
	}
	for _, line := range w.sent["Trailer"] {
		for name := range strings.SplitSeq(line, ",") {
			name = http.CanonicalHeaderKey(strings.TrimSpace(name))
			if values, ok := w.header[name]; ok {
				add(name, values)
			}
		}
	}
	for name, values := range w.header {
		if name, ok := strings.CutPrefix(name, http.TrailerPrefix); ok {
			add(name, values)
			delete(w.sent, http.TrailerPrefix+name)
		}
	}
	return trailer
}
