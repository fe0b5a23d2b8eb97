package deploy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Live is a handler that serves the site of a file and can read the file again while it serves.
type Live struct {
	name string
	set  Set

	current atomic.Pointer[generation] // that of new requests
	cut     chan struct{}              // closed when requests in flight have had their time

	turn   chan struct{} // has one place: for one Reload or Shutdown at a time
	ending []*generation // for who has the turn: what Shutdown closes; nil: it was not there yet
	err    error         // for who has the turn: of Shutdown, because requests were cut

	mu    sync.Mutex
	read  reads         // under mu: of the last attempt, which may have failed
	older []*generation // under mu: those before the current one that are not closed
}

// generation is a site as it was built once.
type generation struct {
	site    *Site
	read    reads
	handler http.Handler
	closer  *closers

	requests atomic.Int64  // in flight, and the bits below
	idle     chan struct{} // closed when it is retired and no request is in flight
	closed   chan struct{} // closed when closer was
	err      error         // of closer
}

// What a generation's count has besides the requests.
const (
	retired = 1 << 62 // it takes no new request
	drained = 1 << 61 // and idle is closed
)

// Open reads and checks a file as Load does, builds its site, and returns a handler that serves it. The
// error, if any, is of type Errors.
func Open(name string, set Set) (*Live, error) {
	l := &Live{name: name, set: maps.Clone(set), turn: make(chan struct{}, 1), cut: make(chan struct{})}
	g, err := l.build(nil)
	if err != nil {
		return nil, err
	}
	l.current.Store(g)
	return l, nil
}

// ServeHTTP has the site serve the request: all of the request, also when the site is replaced while it is
// in flight. After Close it answers 503.
func (l *Live) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g := l.begin()
	if g == nil {
		http.Error(w, "Service Unavailable", http.StatusServiceUnavailable)
		return
	}
	defer g.end()
	g.handler.ServeHTTP(w, r)
}

// begin counts a request in; nil: there is no site any more.
func (l *Live) begin() *generation {
	for {
		g := l.current.Load()
		if g.requests.Add(1)&retired == 0 {
			return g
		}
		g.end() // it was replaced between the two
		if g == l.current.Load() {
			return nil
		}
	}
}

// end counts a request out.
func (g *generation) end() {
	g.settle(g.requests.Add(-1))
}

// settle says that a generation is idle, once, when that is what the count says.
func (g *generation) settle(count int64) {
	if count == retired && g.requests.CompareAndSwap(retired, retired|drained) {
		close(g.idle)
	}
}

// await waits until done is closed, or ctx ends, which is an error.
func await(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
		return nil // also when ctx has ended
	default:
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// inFlight returns how many requests are in flight.
func (g *generation) inFlight() int {
	return int(g.requests.Load() &^ (retired | drained))
}

// Reload reads the files again. If what they say is the same, byte for byte, nothing happens and changed is
// false. Otherwise it checks and builds the new site, and then gives it all new requests at once. Requests
// that are in flight end on the site that they began on; when the last one has, that site is closed, in
// the background: an error of that is logged by slog.Default.
//
// If there is anything wrong, the site stays as it is, and the error, of type Errors, says all of it. After
// Close Reload returns http.ErrServerClosed.
func (l *Live) Reload() (changed bool, err error) {
	l.turn <- struct{}{}
	defer func() { <-l.turn }()
	if l.ending != nil {
		return false, http.ErrServerClosed
	}
	old := l.current.Load()
	g, err := l.build(old)
	if g == nil {
		return false, err
	}
	l.mu.Lock()
	l.older = append(l.older, old)
	l.mu.Unlock()
	l.current.Store(g)
	l.retire(old)
	return true, nil
}

// build makes a generation of what the files say now; nil without an error: the same as old has.
func (l *Live) build(old *generation) (*generation, error) {
	site, read, err := load(l.name, l.set)
	l.mu.Lock()
	l.read = read
	l.mu.Unlock()
	if err != nil || old != nil && maps.Equal(read, old.read) {
		return nil, err
	}
	h, closer, err := site.Build()
	if err != nil {
		return nil, err
	}
	return &generation{site: site, read: read, handler: h, closer: closer.(*closers),
		idle: make(chan struct{}), closed: make(chan struct{})}, nil
}

// retire has a generation closed as soon as no request is in flight.
func (l *Live) retire(g *generation) {
	g.settle(g.requests.Add(retired))
	go func() {
		select {
		case <-g.idle:
		case <-l.cut:
		}
		g.err = g.closer.Close()
		if g.err != nil && g != l.current.Load() {
			slog.Error("deploy: closing a site that was replaced", "file", l.name, "error", g.err)
		}
		l.mu.Lock()
		l.older = slices.DeleteFunc(l.older, func(other *generation) bool { return other == g })
		l.mu.Unlock()
		close(g.closed)
	}()
}

// Site returns the site that new requests get.
func (l *Live) Site() *Site { return l.current.Load().site }

// InFlight returns how many requests are in flight: on the site that new ones get, and on those before it.
func (l *Live) InFlight() (current, older int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, g := range l.older {
		older += g.inFlight()
	}
	return l.current.Load().inFlight(), older
}

// Files returns the absolute paths of the files that Reload compares: those that the last attempt to read the
// site read, or could not read, and the files that strings come from by { file = … }. If that attempt
// failed, it is one of these that has to change.
func (l *Live) Files() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.read.names()
}

// Close is Shutdown without a limit.
func (l *Live) Close() error { return l.Shutdown(context.Background()) }

// Shutdown takes no more requests, waits for those in flight, and closes the site and those before it. The error
// is what closing the site returns. When ctx ends while requests are in flight, the sites are closed all the same,
// which cuts what applications do not let finish, and the error is also that of ctx.
//
// Shutdown itself ends with ctx, too. What is not closed then goes on being closed in the background, and the
// error names the sections of it. To give that more time, call Shutdown again: a later call cuts nothing, but waits
// and returns what there is to say by then. Where a Reload does not end in time, nothing is shut down.
func (l *Live) Shutdown(ctx context.Context) error {
	select {
	case l.turn <- struct{}{}: // also when ctx has ended
	default:
		select {
		case l.turn <- struct{}{}:
		case <-ctx.Done():
			return fmt.Errorf("deploy: another Reload or Shutdown has not ended: %w", ctx.Err())
		}
	}
	defer func() { <-l.turn }()
	if l.ending == nil {
		l.end(ctx)
	}
	var open []string
	for _, g := range l.ending {
		if await(ctx, g.closed) == nil {
			continue
		}
		names := g.closer.names()
		if open = append(open, names...); len(names) == 0 {
			<-g.closed // which is now only a matter of saying so
		}
	}
	if len(open) > 0 {
		return errors.Join(l.err, fmt.Errorf("deploy: not closed yet: %s: %w", strings.Join(open, ", "), ctx.Err()))
	}
	return errors.Join(l.err, l.ending[len(l.ending)-1].err)
}

// end has no more requests taken, and what there is closed when requests are done or ctx has ended.
func (l *Live) end(ctx context.Context) {
	last := l.current.Load()
	l.mu.Lock()
	l.ending = append(slices.Clone(l.older), last)
	l.mu.Unlock()
	l.retire(last)
	for _, g := range l.ending {
		if err := await(ctx, g.idle); err != nil {
			l.err = err
		}
	}
	close(l.cut)
}
