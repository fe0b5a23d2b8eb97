package capture

import (
	"net/http"
	"sync"
)

// memory is what a header held, pooled: most answers pass, and then nobody wants it back.
type memory struct {
	names  []string
	counts []int // how many of values each name has; -1: its slice is nil
	values []string
}

var memories = sync.Pool{New: func() any { return new(memory) }}

// remember returns the memory of h, which is to be forgotten in the end.
func remember(h http.Header) *memory {
	m := memories.Get().(*memory)
	for name, values := range h {
		n := len(values)
		if values == nil {
			n = -1
		}
		m.names, m.counts = append(m.names, name), append(m.counts, n)
		m.values = append(m.values, values...)
	}
	return m
}

// restore makes h hold what it held, and nothing else.
func (m *memory) restore(h http.Header) {
	clear(h)
	values := append(make([]string, 0, len(m.values)), m.values...) // not the slices that the handler may keep
	for i, name := range m.names {
		n := m.counts[i]
		if n < 0 {
			h[name] = nil
			continue
		}
		h[name] = values[:n:n]
		values = values[n:]
	}
}

// maxRemembered is how many names or values a memory may have room for, to be used again.
const maxRemembered = 256

// forget gives the memory back. Nothing of the header stays in it.
func (m *memory) forget() {
	if max(cap(m.names), cap(m.values)) > maxRemembered {
		return
	}
	clear(m.names)
	clear(m.values)
	m.names, m.counts, m.values = m.names[:0], m.counts[:0], m.values[:0]
	memories.Put(m)
}
