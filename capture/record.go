package capture

import (
	"bytes"
	"errors"
	"io"
	"net/http"
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
	body := &limited{limit: limit}
	w := newRecorder(r, body)
	defer w.seal()
	next.ServeHTTP(w, r)
	w.WriteHeader(http.StatusOK)
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case body.over:
		return nil, ErrTooLarge
	case w.short():
		return nil, io.ErrUnexpectedEOF
	}
	length := w.size
	if w.head {
		length = w.declared
	}
	res := w.response(r, length)
	res.Body = io.NopCloser(bytes.NewReader(body.held.Bytes()))
	res.Trailer = w.trailer()
	return res, nil
}

// limited holds what is written to it, up to a limit.
type limited struct {
	held  bytes.Buffer
	limit int64
	over  bool
}

func (l *limited) Write(p []byte) (int, error) {
	if int64(l.held.Len())+int64(len(p)) > l.limit {
		l.over = true
		return 0, ErrTooLarge
	}
	return l.held.Write(p)
}
