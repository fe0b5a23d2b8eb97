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
	// Over HEAD it is what the handler wrote and the server dropped.
	Bytes int64

	// Hijacked says that the handler took over the connection.
	Hijacked bool

	// Cut says that the handler panicked, or that the response was cut
	// short because its body came out incomplete.
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
	place, done := own.at(own.depth()), false
	defer func() {
		sent := place.sent(own.hijacked.Load(), done)
		if first {
			own.seal(done)
		}
		if report != nil {
			report(r, sent)
		}
	}()
	next.ServeHTTP(w, r)
	done = true
}

// sent is what observers are told of a place in the stack.
func (c *count) sent(hijacked, done bool) Sent {
	s := Sent{Status: int(c.status.Load()), Bytes: c.bytes.Load(), Hijacked: hijacked, Cut: !done}
	if s.Status == 0 && done && !hijacked {
		s.Status = http.StatusOK // the server will say so
	}
	return s
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
	own.mu.Lock()
	defer own.mu.Unlock()
	return own.sealed.Load() || own.hijacked.Load() || own.begun()
}
