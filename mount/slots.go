package mount

import (
	"context"
	"net/http"
	"sync/atomic"
)

// slots bounds how many requests a backend works on, and how many wait for their turn.
type slots struct {
	taken   chan struct{}
	waiting atomic.Int64
	queue   int64
}

func newSlots(running, waiting int) *slots {
	return &slots{taken: make(chan struct{}, running), queue: int64(waiting)}
}

// take waits for a slot and reports whether there is one: not when too many wait already,
// or ctx ends.
func (s *slots) take(ctx context.Context) bool {
	select {
	case s.taken <- struct{}{}:
		return true
	default:
	}
	defer s.waiting.Add(-1)
	if s.waiting.Add(1) > s.queue {
		return false
	}
	select {
	case s.taken <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (s *slots) give() { <-s.taken }

// with calls work in a slot, and reports whether there was one.
func (s *slots) with(ctx context.Context, work func()) bool {
	if !s.take(ctx) {
		return false
	}
	defer s.give()
	work()
	return true
}

// overloaded answers a request for which there is no room.
func overloaded(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "1")
	http.Error(w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
}
