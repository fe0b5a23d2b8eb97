package capture

import "net/http"

// Sent is what became of a response, as seen from one place in a stack:
// after the filters inside of that place, before those outside of it.
type Sent struct {
	// Status is the final status code. It is 200 when the handler returned
	// without writing, and 0 when no head was sent: a panic came first, or
	// the connection was hijacked.
	Status int

	// Bytes is the size of the body as it passed, in bytes, without framing.
	// Over HEAD it is what the handler wrote and the server dropped. A
	// filter further out that changes the body has taken this much, whatever
	// became of it.
	Bytes int64

	// Hijacked says that the handler took over the connection.
	Hijacked bool

	// Cut says that the handler panicked, or that the response was cut
	// because a body that a filter changed came out incomplete. A body that
	// passes unchanged and falls short of its Content-Length is cut by the
	// server, which does not say so.
	Cut bool
}

// Observe serves r with next and then reports what was sent, once, also when
// next panics (the panic goes on). The response is not changed, delayed or
// copied. A nil report is allowed: what is left is a writer for [Started].
//
// The report runs after the response has left this place in the stack and
// cannot add to it. A report that is made when the filter is bound, not per
// request, costs no allocation.
func Observe(w http.ResponseWriter, r *http.Request, next http.Handler, report func(*http.Request, Sent)) {
	w, own, first := enter(w)
	around := own.innermost()
	done := false
	defer func() {
		sent := own.passedInto(around, done)
		cut := first && !own.seal(done) && done
		if sent.Cut = sent.Cut || cut; report != nil {
			report(r, sent)
		}
		if cut {
			panic(http.ErrAbortHandler)
		}
	}()
	next.ServeHTTP(w, r)
	done = true
}

// passedInto is what observers are told who stand just inside of the layer
// around, or of all layers if it is nil.
func (w *response) passedInto(around *layer, done bool) Sent {
	if around == nil {
		return w.sent.report(w.hijacked.Load(), done)
	}
	if done {
		w.mu.Lock()
	} else if !w.mu.TryLock() {
		return Sent{Cut: true}
	}
	defer w.mu.Unlock()
	if !w.holds(around) {
		return Sent{Cut: true} // a filter further out did not wait for this one
	}
	return around.took.report(w.hijacked.Load(), done)
}

// report is what observers are told of a place in the stack.
func (c *count) report(hijacked, done bool) Sent {
	s := Sent{Status: int(c.status.Load()), Bytes: c.bytes.Load(), Hijacked: hijacked, Cut: !done}
	if s.Status == 0 && done && !hijacked {
		s.Status = http.StatusOK // the server will say so
	}
	return s
}

// Hijacked says whether the handler has taken over the connection. It may be asked while the handler runs, in any
// goroutine, such as that of a timer. It knows the writers that [Observe], [Transform] and [Attempt] hand on and is false
// for any other.
func Hijacked(w http.ResponseWriter) bool {
	own := ownOf(w)
	return own != nil && own.hijacked.Load()
}

// Started says whether the final head of the response has passed this place
// in the stack, so that its status can no longer be chosen. It is for filters
// that answer in place of a handler which failed. It knows the writers that
// [Observe] and [Transform] hand on and is false for any other.
func Started(w http.ResponseWriter) bool {
	own := ownOf(w)
	if own == nil {
		return false
	}
	if !own.mu.TryLock() {
		return true // another goroutine is writing
	}
	defer own.mu.Unlock()
	return !own.isOpen() || own.hijacked.Load() || own.begun()
}
