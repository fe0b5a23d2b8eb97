package capture

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
)

// A PanicError is what a reader of a response from [Stream] gets when the
// handler panicked.
type PanicError struct {
	// Value is what the handler panicked with.
	Value any

	// Stack says where, in the form of [debug.Stack].
	Stack []byte
}

// Error says that the handler panicked, and with what.
func (e *PanicError) Error() string { return fmt.Sprintf("capture: the handler panicked: %v", e.Value) }

// Unwrap returns Value if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

var errClosed = errors.New("capture: the reader closed the body of the response")

// Stream serves r with next in a goroutine of its own and returns the
// response as soon as its head is there, which is when the handler calls
// WriteHeader, writes, flushes or returns. The body is what the handler writes
// while it is read: each Write waits until the caller has read all of it, and
// nothing is held in between. It is [Record] for a body that is long, or that
// takes its time.
//
// The caller must read the body to its end or close it. Close cancels the
// context of the handler's request and makes its Writes fail; it does not wait
// for the handler. When the context of r is done, the same happens, and Stream,
// or Read if there is a head already, returns its cause.
//
// How the handler ends is told by Stream when there is no head yet, else by
// Read. Its return is [io.EOF]. A body shorter than its Content-Length, a panic
// with [http.ErrAbortHandler] and [runtime.Goexit] are [io.ErrUnexpectedEOF].
// Another panic is a [PanicError].
//
// The names of announced trailers are in the response's Trailer from the
// start, and the values of all when Read has returned [io.EOF]. ContentLength
// is what the handler declared, or -1; 0 where it returned without a body. What
// Record says of the writer, informational responses and HEAD is true here,
// too: the body of an answer to HEAD is empty and ends when the handler does.
//
// The handler gets a clone of r with another context, and r stays as it was.
// It shares the body of the request, which the server takes away when the
// caller returns, and over HTTP/1 when it begins to answer, unless
// [http.ResponseController.EnableFullDuplex] was called. Temporary files of a
// multipart form that the handler parsed are removed when it ends.
func Stream(r *http.Request, next http.Handler) (*http.Response, error) {
	ctx, cancel := context.WithCancel(r.Context())
	reader, writer := io.Pipe()
	s := &stream{recorder: newRecorder(r, writer), pipe: writer, request: r, ready: make(chan struct{}), cancel: cancel}
	s.body = &streamBody{PipeReader: reader, stream: s}
	s.begun = s.answer
	clone := r.Clone(ctx)
	clone.Trailer = r.Trailer // filled by the server once the body was read
	done := r.Context().Done()
	s.stop = context.AfterFunc(r.Context(), func() { _ = writer.CloseWithError(context.Cause(r.Context())) })
	go s.serve(next, clone)
	select {
	case <-s.ready:
		return s.res, s.err
	case <-done:
		return nil, context.Cause(r.Context())
	}
}

// stream is a handler at work in a goroutine of its own.
type stream struct {
	*recorder
	pipe    *io.PipeWriter
	request *http.Request
	cancel  context.CancelFunc
	stop    func() bool // watching the context of the request
	body    *streamBody
	ended   bool        // the handler has returned
	tail    http.Header // its trailers

	ready chan struct{} // closed when these are set:
	res   *http.Response
	err   error
}

// answer makes the response when there is a head.
func (s *stream) answer() {
	length := s.declared
	if !s.head && (s.ended && length < 0 || !bodyAllowed(s.status)) {
		length = 0
	}
	s.res = s.response(s.request, length)
	s.res.Body = s.body
	for name := range s.trailerNames {
		if s.res.Trailer == nil {
			s.res.Trailer = make(http.Header)
		}
		s.res.Trailer[name] = nil
	}
	close(s.ready)
}

func (s *stream) serve(next http.Handler, r *http.Request) {
	cut, parsed := io.ErrUnexpectedEOF, r.MultipartForm != nil
	defer func() {
		if v := recover(); v != nil && v != http.ErrAbortHandler {
			cut = &PanicError{v, debug.Stack()}
		}
		if r.MultipartForm != nil && !parsed {
			_ = r.MultipartForm.RemoveAll()
		}
		s.end(cut)
	}()
	next.ServeHTTP(s.recorder, r)
	cut = nil
}

// end tells the reader that the handler has ended: well if err is nil.
func (s *stream) end(err error) {
	s.mu.Lock() // a write that other goroutines still make is read first
	if s.ended = true; err == nil {
		s.begin(http.StatusOK)
		if s.short() {
			err = io.ErrUnexpectedEOF
		}
	}
	s.tail, s.sealed = s.trailer(), true
	if s.status == 0 {
		s.err = err
		close(s.ready)
	}
	s.mu.Unlock()
	s.stop()
	_ = s.pipe.CloseWithError(err)
	s.cancel()
}

// streamBody is the reader's end.
type streamBody struct {
	*io.PipeReader
	stream *stream
}

func (b *streamBody) Read(p []byte) (int, error) {
	n, err := b.PipeReader.Read(p)
	if err == io.EOF && b.stream.tail != nil {
		b.stream.res.Trailer, b.stream.tail = b.stream.tail, nil
	}
	return n, err
}

func (b *streamBody) Close() error {
	b.stream.cancel()
	return b.PipeReader.CloseWithError(errClosed)
}
