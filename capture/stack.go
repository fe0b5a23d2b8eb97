package capture

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// stack is the part of a response's state that is pooled: its layers,
// outermost first, and the header of a head that one of them holds back. No
// handler can reach it.
type stack struct {
	layers []*layer // layers[:depth] are alive, the rest are spare
	depth  int
	frozen http.Header // the header as the handler gave it up
	late   http.Header // what it made of it afterwards: only trailers count
	view   Head        // given to hooks
}

var stacks = sync.Pool{New: func() any { return new(stack) }}

// push adds a layer inside of those that are there.
func (w *response) push(r *http.Request, peek int, hold func(*Head) int, hook Hook) *layer {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.use.Load() == sealed {
		return newLayer() // nobody waits for this filter any more
	}
	if w.stack == nil {
		w.stack = stacks.Get().(*stack)
	}
	status := w.at(w.depth()).status.Load()
	s := w.stack
	if s.depth == len(s.layers) {
		s.layers = append(s.layers, newLayer())
	}
	l := s.layers[s.depth]
	l.dst.layer, l.response, l.outside, l.request, l.declared = l, w, s.depth, r, -1
	l.peek, l.ask, l.hook = peek, hold, hook
	if status != 0 {
		l.stage = passing // too late for a hook
		l.took.status.Store(status)
	}
	s.depth++
	return l
}

// innermost is the layer that the handler writes to now, nil if there is none.
func (w *response) innermost() *layer {
	if depth := w.depth(); depth > 0 {
		return w.stack.layers[depth-1]
	}
	return nil
}

// holds says whether l is alive in the response w.
func (w *response) holds(l *layer) bool {
	return w.stack != nil && l.outside < w.stack.depth && w.stack.layers[l.outside] == l && l.response == w
}

// pop ends the layers from depth on: one, unless its filter did not wait for
// those inside.
func (s *stack) pop(depth int) {
	for s.depth > depth {
		s.depth--
		l := s.layers[s.depth]
		if l.stage == holding {
			s.frozen, s.late = nil, nil // the head that was held will never be sent
		}
		if l.stage == deciding || l.body != nil && (l.stage == changing || l.stage == dropping) {
			s.layers[s.depth] = newLayer() // its writer was never closed, and may be at work
		} else {
			l.reset()
		}
	}
}

// recycle gives s back. Nothing of the response stays in it.
func (s *stack) recycle() {
	s.pop(0)
	s.frozen, s.late, s.view = nil, nil, Head{}
	stacks.Put(s)
}

func (s *stack) holding() bool {
	return slices.ContainsFunc(s.layers[:s.depth], func(l *layer) bool { return l.stage == holding })
}

// thaw puts the remembered header back before a head that was held goes on.
func (s *stack) thaw(live http.Header) {
	if s.frozen == nil {
		return
	}
	if !sameHeader(live, s.frozen) {
		if s.late == nil {
			s.late = make(http.Header)
		}
		maps.Copy(s.late, live)
		clear(live)
		maps.Copy(live, s.frozen)
	}
	s.frozen = nil
}

// addTrailers gives the fields back that a handler set late and that are
// trailers: announced, or marked with [http.TrailerPrefix].
func (s *stack) addTrailers(live http.Header) {
	announced := live["Trailer"]
	for name, values := range s.late {
		if strings.HasPrefix(name, http.TrailerPrefix) || slices.ContainsFunc(announced, func(list string) bool {
			return hasToken(list, name)
		}) {
			live[name] = values
		}
	}
	s.late = nil
}

func sameHeader(a, b http.Header) bool {
	if len(a) != len(b) {
		return false
	}
	for name, values := range a {
		other, ok := b[name]
		if !ok || (values == nil) != (other == nil) || !slices.Equal(values, other) {
			return false
		}
	}
	return true
}
