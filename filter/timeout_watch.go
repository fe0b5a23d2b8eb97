package filter

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/rewrite"
)

// timeoutError is the cause of a context whose time is over.
type timeoutError string

func (e timeoutError) Error() string { return string(e) }
func (e timeoutError) Timeout() bool { return true }
func (e timeoutError) Is(target error) bool {
	return target == http.ErrHandlerTimeout || target == context.DeadlineExceeded
}

// A stopwatch measures the times of one request. It decides by the clock, under its lock: the timer is only what looks at
// the clock when nobody else does. So the handler's head and the end of the time cannot both come first.
type stopwatch struct {
	*timeout
	next    http.Handler
	request http.Request // what next is given, and may keep and edit
	http1   bool
	reads   bool // the request has a body, and so a deadline for reading means something
	cancel  context.CancelCauseFunc
	start   time.Time

	mu     sync.Mutex
	w      http.ResponseWriter // of the handler, until it has returned
	timer  *time.Timer
	begun  bool          // the head has passed
	blind  bool          // it had before the request came here, so that no byte is seen
	passed time.Duration // when the last byte did, from start
	ended  bool          // the handler has returned, or owns the connection
	over   error         // which time is over
}

func newStopwatch(t *timeout, r *http.Request, next http.Handler) *stopwatch {
	s := &stopwatch{timeout: t, next: next, start: time.Now(), http1: r.ProtoMajor == 1,
		reads: r.Body != nil && r.Body != http.NoBody}
	ctx, cancel := context.WithCancelCause(r.Context())
	s.cancel, s.request = cancel, *r.WithContext(ctx)
	if s.reads && t.idle > 0 {
		s.request.Body = &watchedBody{r.Body, s}
	}
	return s
}

// attempt serves the request, unless its time is over before there is a head: then it reports false.
func (s *stopwatch) attempt(w http.ResponseWriter, r *http.Request) (sent bool) {
	s.begun = capture.Started(w) // by somebody further out; then no hook runs
	s.blind = s.begun
	defer s.leave(w)
	return capture.Attempt(w, r, s, s.head)
}

// leave sees to it that an HTTP/1 connection with deadlines that are over serves no other request, also when the handler
// panicked and somebody answers for it: net/http takes a deadline for reading for the end of the connection, and ends the
// contexts of all requests that come on it.
func (s *stopwatch) leave(w http.ResponseWriter) {
	if s.over != nil && (s.reads || s.begun) {
		closeAfter(w)
	}
}

// ServeHTTP serves the request while the clock runs.
func (s *stopwatch) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.w = w
	s.timer = time.AfterFunc(s.first, s.ring)
	if s.begun {
		s.wind()
	}
	s.mu.Unlock()
	defer s.end()
	rewrite.Serve(w, r, &s.request, s.next)
}

// head is the hook for the head of the response.
func (s *stopwatch) head(_ *capture.Head, dst io.Writer) io.WriteCloser {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.check(); s.over != nil {
		return capture.Refuse(s.over)
	}
	s.begun, s.passed = true, time.Since(s.start)
	if s.ended {
		return nil // without a word, which the server takes for an empty response
	}
	s.wind()
	if s.idle == 0 {
		return nil
	}
	return &watchedWriter{dst, s}
}

// pass notes that a byte has passed.
func (s *stopwatch) pass() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.passed = time.Since(s.start)
}

// late returns which time is over, nil if none is.
func (s *stopwatch) late() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.over
}

// due returns how long after start the next time is over, and which; no error where nothing is left to be measured.
func (s *stopwatch) due() (at time.Duration, why error) {
	if !s.begun {
		return s.first, s.noHead
	}
	if s.total > 0 {
		at, why = s.total, s.notEnded
	}
	if s.idle > 0 && !s.blind && (why == nil || s.passed+s.idle < at) {
		at, why = s.passed+s.idle, s.noByte
	}
	return at, why
}

// check looks at the clock.
func (s *stopwatch) check() {
	if at, why := s.due(); why != nil && s.over == nil && !s.ended && time.Since(s.start) >= at {
		s.expire(why)
	}
}

// wind sets the timer.
func (s *stopwatch) wind() {
	if at, why := s.due(); why != nil {
		s.timer.Reset(at - time.Since(s.start))
	} else {
		s.timer.Stop()
	}
}

// ring is called by the timer.
func (s *stopwatch) ring() {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.ended:
	case capture.Hijacked(s.w):
		s.ended = true
	case s.over != nil:
		s.deadlines()
	default:
		if s.check(); s.over == nil {
			s.wind()
		}
	}
}

// longAgo is a deadline that is over.
var longAgo = time.Unix(1, 0)

// expire ends the handler's work as far as it listens.
func (s *stopwatch) expire(why error) {
	s.over = why
	s.cancel(why)
	s.deadlines()
}

// deadlines makes what the handler reads and writes fail. The lock is held, and the handler has not returned, so that they
// cannot come to another request of the connection. A handler may set deadlines of its own and go on, as net/http itself
// takes the one for reading off at the end of a body: so they come again, except over HTTP/2, whose streams are not opened
// again.
func (s *stopwatch) deadlines() {
	c := http.NewResponseController(s.w)
	if s.reads {
		_ = c.SetReadDeadline(longAgo)
	}
	if s.begun {
		_ = c.SetWriteDeadline(longAgo)
	}
	if s.http1 {
		s.timer.Reset(time.Second)
	}
}

// end is when the handler has returned. One that owns the connection now is late for nobody.
func (s *stopwatch) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if capture.Hijacked(s.w) {
		s.ended, s.over = true, nil
	}
	s.check()
	s.ended, s.w = true, nil // who keeps the request is not to keep the connection
	s.timer.Stop()
}

// watchedBody is the body of a request, each piece of which is a sign of life.
type watchedBody struct {
	io.ReadCloser
	watch *stopwatch
}

func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		b.watch.pass()
	}
	return n, err
}

// watchedWriter is where the body of a response passes.
type watchedWriter struct {
	dst   io.Writer
	watch *stopwatch
}

// watchedPiece is how much is written at a time, in bytes: a client that takes a long body slowly is not idle. It is what
// TLS and HTTP/2 send at a time anyway. Smaller pieces cost more, and show no more where a system's buffers are larger.
const watchedPiece = 16 << 10

func (w *watchedWriter) Write(p []byte) (n int, err error) {
	for {
		if err := w.watch.late(); err != nil {
			return n, err
		}
		m, err := w.dst.Write(p[n:min(len(p), n+watchedPiece)])
		n += m
		w.watch.pass()
		if err != nil || n == len(p) {
			return n, err
		}
		if m == 0 {
			return n, io.ErrShortWrite
		}
	}
}

func (w *watchedWriter) Close() error { return nil }
