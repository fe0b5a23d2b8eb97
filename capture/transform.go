package capture

import (
	"io"
	"net/http"
)

// Head is a response at the moment before its final head goes out. It is valid
// until the hook returns; what a hook needs of it later, it takes out.
type Head struct {
	// Request is the request that [Transform] was given. It is not to be
	// edited.
	Request *http.Request

	// Status is the final status code. A hook may change it.
	Status int

	// Header is the response's header map. A hook may edit it.
	Header http.Header

	// Peek is the beginning of the body, where the layer asked for it: at
	// least as many bytes as it asked for, or fewer when the handler
	// flushed or the body Ended.
	Peek []byte

	// Ended says that Peek is the whole body. The answer to a HEAD request
	// whose handler wrote nothing has ended with an empty Peek: trust its
	// Content-Length instead.
	Ended bool
}

// A Hook takes a last look at the head of a response. It may edit the head,
// and it may return a writer through which the body goes from then on and
// which writes its result to dst. A nil writer lets the body pass as it is.
//
// The writer is closed when the handler has returned and the body is
// complete. It is not closed when the handler panicked or the body fell short
// of its Content-Length: an encoder must not be able to make a cut body look
// whole. A writer with a method Flush() error is flushed with the response.
//
// To answer HEAD the hook and its writer run as for GET, so that the heads
// agree, and the server drops the body; where the handler wrote none, what
// Close writes to dst is dropped, too. For a status that has no body (1xx, 204,
// 304) the hook runs, and nothing of its writer is sent.
//
// dst is for the hook's writer alone: during its Write, Flush and Close, in the
// goroutine that calls them. A hook that returns no writer must not keep it, since it
// becomes that of another response. An encoder that works in goroutines of its own
// does not fit. A hook that returns a writer should call [Head.Changed] where
// the bytes change. A Content-Type that is not set is guessed by the server, from
// what the writer sends: a hook whose writer changes how bodies begin sets it
// first, by [http.DetectContentType] of a Peek of 512 bytes.
//
// The response is locked while a hook or its writer runs: they use what they
// are given and no [http.ResponseWriter], except for its Header.
type Hook func(h *Head, dst io.Writer) io.WriteCloser

// Transform serves r with next and runs the hook once, before the final head
// goes out, whichever way that happens: WriteHeader, Write, WriteString,
// ReadFrom, Flush, or next returning without any of them. Informational
// responses pass and do not count. A hijacked connection has no head, so its
// hook never runs, nor does that of a handler which panics before it writes.
//
// With peek > 0, up to that many bytes of the body, and the head with them,
// are held back until they have been written, the body has ended, or the
// handler flushes. Then the hook runs and sees them as Peek. Fields that the
// handler sets after WriteHeader or its first Write are not sent, as without
// Transform; trailers are. A handler that writes in one goroutine must not set
// fields in another meanwhile, although net/http takes that for trailers.
//
// Where the hook returned a writer, the handler is held to the Content-Length
// that it declared, although that field no longer describes what is sent: a
// longer body is [http.ErrContentLength] to the handler. A shorter one is cut:
// Transform panics with [http.ErrAbortHandler] once next returned, and so it
// does when the writer failed.
func Transform(w http.ResponseWriter, r *http.Request, next http.Handler, peek int, hook Hook) {
	if hook == nil {
		panic("capture.Transform: hook is nil")
	}
	transform(w, r, next, peek, nil, hook)
}

func transform(w http.ResponseWriter, r *http.Request, next http.Handler, peek int, hold func(*Head) int, hook Hook) {
	w, own, first := enter(w)
	l, done := own.push(r, peek, hold, hook), false
	defer func() {
		if !done {
			own.abandon(l)
		}
		if first && !own.seal(done) && done {
			panic(http.ErrAbortHandler)
		}
	}()
	next.ServeHTTP(w, r)
	if done = own.finish(l); !done {
		panic(http.ErrAbortHandler)
	}
}

// finish ends a layer whose handler returned, and says whether its body is
// complete.
func (w *response) finish(l *layer) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.isOpen() {
		return w.use.Load() == sealed
	}
	if !w.holds(l) {
		return true // a filter further out did not wait for this one, and has seen to it
	}
	whole := w.overtake(l.outside + 1)
	whole = l.finish() && whole || w.refused() // of an answer that nobody gets, nothing is missing
	if !whole && !w.hijacked.Load() && (w.sent.status.Load() != 0 || w.stack.holding()) {
		// The client gets what there is, as it would from a server that
		// knows the length, and then the cut.
		_ = w.flush()
	}
	w.leave(l)
	w.freeze() // a layer further out may hold the head now
	return whole
}

// abandon ends a layer whose handler panicked: what it held back is dropped.
func (w *response) abandon(l *layer) {
	if !w.mu.TryLock() {
		// Another goroutine is writing, through this layer. What comes of
		// it cannot be told from what others write, nor waited for.
		w.use.CompareAndSwap(open, broken)
		return
	}
	defer w.mu.Unlock()
	if w.holds(l) {
		w.leave(l)
	}
}

// leave ends l. The layer of a refused head has kept late writes back: they must
// not pass in the time until the response is sealed.
func (w *response) leave(l *layer) {
	if l.stage == refused {
		w.use.Store(sealed)
	}
	w.stack.pop(l.outside)
}
