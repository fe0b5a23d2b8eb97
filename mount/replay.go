package mount

import (
	"io"
	"net/http"
	"sync"
)

// replay is the body of a request that several applications read from its start, one after
// the other. It is read when one of them reads it, and what was read is kept, up to a limit.
type replay struct {
	source  io.ReadCloser
	limit   int64
	reading sync.Mutex // held while source is read, which may take as long as the client likes

	mu      sync.Mutex
	kept    []byte
	err     error // what comes after kept, once it is known
	lost    bool  // more than limit was read, so that kept is not the beginning
	settled bool  // nobody else will read it
}

// newReplay returns the body of r for several readers, nil if there is none.
func newReplay(r *http.Request, limit int64) *replay {
	if r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	return &replay{source: r.Body, limit: limit}
}

// again returns the body from its start.
func (s *replay) again() *replayed { return &replayed{replay: s} }

// keep takes in what b has read from the source.
func (s *replay) keep(b *replayed, p []byte, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b.read += len(p)
	s.err = err
	switch fits := int64(len(s.kept)+len(p)) <= s.limit; {
	case s.settled && !b.over, s.lost:
	case fits, b.over: // this was going on when b was given up: it belongs to the next
		s.kept = append(s.kept, p...)
	default:
		s.kept, s.lost = nil, true
	}
}

// replayed is the body as one application reads it.
type replayed struct {
	*replay
	read   int
	closed bool // by the application
	over   bool // the application was given up
}

// giveUp ends the body for this reader, if there can be another one.
func (b *replayed) giveUp() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.lost {
		b.over = true
	}
	return !b.lost
}

// settle makes this reader the last one.
func (b *replayed) settle() {
	b.mu.Lock()
	b.settled = true
	closed := b.closed
	b.mu.Unlock()
	if closed {
		_ = b.source.Close()
	}
}

func (b *replayed) Read(p []byte) (int, error) {
	if n, err, done := b.fromKept(p); done {
		return n, err
	}
	b.reading.Lock()
	defer b.reading.Unlock()
	if n, err, done := b.fromKept(p); done { // somebody else was reading
		return n, err
	}
	n, err := b.source.Read(p)
	b.keep(b, p[:n], err)
	return n, err
}

// fromKept reads what need not come from the source.
func (b *replayed) fromKept(p []byte) (n int, err error, done bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.closed && b.settled && !b.over:
		return 0, nil, false // the source has an error of its own
	case b.closed, b.over:
		return 0, http.ErrBodyReadAfterClose, true
	case b.read < len(b.kept):
		n = copy(p, b.kept[b.read:])
		b.read += n
		return n, nil, true
	}
	return 0, b.err, b.err != nil
}

// Close closes the source, as soon as nobody else will read it.
func (b *replayed) Close() error {
	b.mu.Lock()
	now := b.settled && !b.over && !b.closed
	b.closed = true
	b.mu.Unlock()
	if now {
		return b.source.Close()
	}
	return nil
}
