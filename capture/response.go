package capture

import (
	"io"
	"net/http"
	"sync"
	"sync/atomic"
)

// response is the writer that handlers see, one for each request however many
// filters, and the state of what is sent through it. It is made for one
// request and never used for another. What is pooled are the layers, which
// only a filter needs that may change the response.
//
// The lock is held for the length of a write, so that a stale write has either
// ended before the response is sealed or fails. The methods of this file and
// those of layer are called with it held.
type response struct {
	mu       sync.Mutex
	below    http.ResponseWriter
	sent     count
	stack    *stack // nil as long as nobody may change the response
	use      atomic.Int32
	hijacked atomic.Bool
	declined bool // the outermost layer refused the head: see Attempt
}

// What a response may be used for.
const (
	open   = iota
	broken // a handler panicked while another goroutine wrote: nobody can tell what is there, so it is cut
	sealed // the outermost filter is done
)

func (w *response) isOpen() bool { return w.use.Load() == open }

// hijackable is the shape over a connection that can be taken over: HTTP/1.
// Code tests for its interfaces to tell the protocols apart, so that the other
// shape must not have them.
type hijackable struct{ response }

// count is what has passed one place in a stack of filters. It is written with
// the lock held and read without it by observers, who may find a handler still
// at work that should have ended.
type count struct {
	bytes  atomic.Int64 // of body
	status atomic.Int32 // the final status, 0 for none
}

func (c *count) add(n int64) {
	if n > 0 {
		c.bytes.Store(c.bytes.Load() + n)
	}
}

// enter finds the response that w belongs to, or begins one over w; first
// says which.
func enter(w http.ResponseWriter) (captured http.ResponseWriter, own *response, first bool) {
	if own = ownOf(w); own != nil && own.use.Load() != sealed {
		return w, own, false
	}
	captured, own = begin(w)
	return captured, own, true
}

// begin makes a response over w, in the shape of w.
func begin(w http.ResponseWriter) (captured http.ResponseWriter, own *response) {
	if canHijack(w) {
		h := &hijackable{}
		h.below = w
		return h, &h.response
	}
	own = &response{below: w}
	return own, own
}

func ownOf(w http.ResponseWriter) *response {
	switch w := w.(type) {
	case *hijackable:
		return &w.response
	case *response:
		return w
	}
	return nil
}

func canHijack(w http.ResponseWriter) bool {
	for {
		if _, ok := w.(http.Hijacker); ok {
			return true
		}
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return false
		}
		w = u.Unwrap()
	}
}

// seal ends the outermost part of the stack: from here on the response is
// nobody's. It says whether what was sent is whole.
func (w *response) seal(done bool) (whole bool) {
	if done {
		w.mu.Lock()
	} else if !w.mu.TryLock() {
		// A write of another goroutine hangs, maybe until the panic has
		// closed the connection. The layers are left to it.
		w.use.Store(sealed)
		return false
	}
	whole = w.use.Load() == open
	s := w.stack
	if s != nil && done {
		whole = w.overtake(0) && whole
	}
	w.use.Store(sealed)
	w.stack = nil
	w.mu.Unlock()
	if s != nil {
		s.recycle()
	}
	return whole
}

// overtake ends the layers inside of depth, whose filters are still at work
// although one further out is done: somebody runs handlers in a goroutine and
// does not wait. What they hold back goes out. It says whether the response
// can be whole without them.
func (w *response) overtake(depth int) bool {
	whole := true
	for w.stack.depth > depth {
		l := w.stack.layers[w.stack.depth-1]
		if l.stage == holding {
			l.settle(false)
		}
		whole = whole && (l.stage == waiting || l.stage == passing) && !l.failed
		w.stack.pop(w.stack.depth - 1)
	}
	return whole
}

// depth is the number of layers. Places in the stack are counted in layers
// from the outside: at depth 0 is what goes to the writer below, at depth d
// what goes into the layer d-1. Observers are not layers: all that they need
// is the place where they stand.
func (w *response) depth() int {
	if w.stack == nil {
		return 0
	}
	return w.stack.depth
}

// at is the count of what passed at depth.
func (w *response) at(depth int) *count {
	if depth == 0 {
		return &w.sent
	}
	return &w.stack.layers[depth-1].took
}

// begun says whether the handler has given its final head.
func (w *response) begun() bool { return w.at(w.depth()).status.Load() != 0 }

// begin gives a final head for a handler that wrote without one.
func (w *response) begin() {
	if !w.begun() {
		w.head(w.depth(), http.StatusOK)
	}
}

// head takes the final head from depth outwards, until a layer holds it back
// or it is sent.
func (w *response) head(depth, status int) {
	for ; depth > 0; depth-- {
		l := w.stack.layers[depth-1]
		if l.arrive(status) {
			return
		}
		status = l.decide(nil, l.declared == 0 || !bodyAllowed(status))
		if l.stage == refused {
			return
		}
		if len(l.early) > 0 {
			w.head(depth-1, status)
			_, _ = w.write(depth-1, l.early)
			return
		}
	}
	if w.hijacked.Load() {
		return
	}
	w.sent.status.Store(int32(status))
	w.below.WriteHeader(status)
	if w.stack != nil {
		w.stack.addTrailers(w.below.Header())
	}
}

// write takes body bytes from depth outwards.
func (w *response) write(depth int, p []byte) (int, error) {
	if depth > 0 {
		return w.stack.layers[depth-1].take(p)
	}
	if w.use.Load() == sealed {
		return 0, errLate // a write that was going on when a panic sealed the response
	}
	n, err := w.below.Write(p)
	w.sent.add(int64(n))
	return n, err
}

// writeString is write for the handler's end. A string that a layer wants to
// see goes by a buffer of ours, piece by piece.
func (w *response) writeString(s string) (n int, err error) {
	if w.wants() == 0 {
		n, err = io.WriteString(w.below, s)
		w.passed(int64(n))
		return n, err
	}
	buf := copyBuffers.Get().(*[copySize]byte)
	defer copyBuffers.Put(buf)
	for {
		piece := copy(buf[:], s[n:])
		m, err := w.write(w.depth(), buf[:piece])
		if n += m; err != nil || n == len(s) {
			return n, err
		}
	}
}

// settle makes every layer that holds something back decide now. A head that
// has not come yet is not forced.
func (w *response) settle() {
	for depth := w.depth(); depth > 0; depth-- {
		if l := w.stack.layers[depth-1]; l.stage == holding {
			l.settle(false)
		}
	}
}

func (w *response) flush() error {
	w.begin()
	return w.flushFrom(w.depth())
}

// flushFrom flushes the layers from depth outwards, and the writer below.
func (w *response) flushFrom(depth int) error {
	for ; depth > 0; depth-- {
		l := w.stack.layers[depth-1]
		if l.stage == refused {
			return l.refusal
		}
		if err := l.flush(); err != nil {
			return err
		}
	}
	switch below := w.below.(type) {
	case interface{ FlushError() error }:
		return below.FlushError()
	case http.Flusher:
		below.Flush()
		return nil
	}
	return http.NewResponseController(w.below).Flush()
}

// wants is how much of the body the layers have to see before the rest may go
// below as the handler writes it: 0 when it may already.
func (w *response) wants() (n int) {
	for depth := w.depth(); depth > 0; depth-- {
		n = max(n, w.stack.layers[depth-1].wants())
	}
	return n
}

// passed counts n bytes of body that went below without the layers' help.
func (w *response) passed(n int64) {
	if n > 0 && w.sent.status.Load() == 0 {
		w.sent.status.Store(http.StatusOK)
	}
	for depth := w.depth(); depth >= 0; depth-- {
		w.at(depth).add(n)
	}
}

// freeze remembers the header when a handler has given up a head that a layer
// holds back: net/http would have taken its copy now.
func (w *response) freeze() {
	if s := w.stack; s != nil && w.sent.status.Load() == 0 && s.frozen == nil && s.holding() {
		s.frozen = w.below.Header().Clone()
	}
}

// bodyAllowed says whether a response with this status has a body (RFC 9110
// §6.4.1).
func bodyAllowed(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}
