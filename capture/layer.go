package capture

import (
	"errors"
	"io"
	"net/http"
	"strings"
)

// stage is how far a layer has come with a response.
type stage uint8

const (
	waiting  stage = iota // for a head
	holding               // the head, and the body that the hook wants to see
	deciding              // in the hook
	passing               // the body as it is
	changing              // the body, through the hook's writer
	dropping              // the body: the answer has none
	refused               // head and body: see Try
)

// layer is one hook's place in a response.
type layer struct {
	dst      *dst
	response *response
	outside  int // the depth that it writes to
	request  *http.Request
	hook     Hook
	peek     int
	ask      func(*Head) int // how much that is, once there is a head; nil: it is known

	stage    stage
	failed   bool   // the body that went out is not all of it
	unsaid   bool   // the length that the handler declared is no longer in the head
	took     count  // from inside
	declared int64  // Content-Length as it came from inside, or -1
	held     []byte // for the hook to see
	early    []byte // written to dst while the hook ran, before there was a head
	body     io.WriteCloser
	refusal  error // what writes to a refused answer fail with; nil: they succeed
}

var errHook = errors.New("capture: the hook of the response panicked")

// maxHeld bounds the buffer that a layer keeps for its next request.
const maxHeld = 64 << 10

func newLayer() *layer { return &layer{dst: new(dst)} }

// reset makes the layer ready for another response.
func (l *layer) reset() {
	l.dst.layer = nil
	if l.body != nil {
		l.dst = new(dst)
	}
	held, early := l.held, l.early
	if cap(held) > maxHeld || cap(early) > maxHeld {
		held, early = nil, nil
	}
	l.response, l.request, l.hook, l.ask, l.body, l.refusal = nil, nil, nil, nil, nil, nil
	l.stage, l.failed, l.unsaid, l.held, l.early = waiting, false, false, held[:0], early[:0]
	l.took.status.Store(0)
	l.took.bytes.Store(0)
}

func (l *layer) status() int  { return int(l.took.status.Load()) }
func (l *layer) bytes() int64 { return l.took.bytes.Load() }

// arrive receives the final head and says whether it stays here for now.
func (l *layer) arrive(status int) bool {
	l.took.status.Store(int32(status))
	l.declared = contentLength(l.response.below.Header())
	if l.ask != nil {
		l.peek = l.wanted()
	}
	if l.peek > 0 && l.declared != 0 && bodyAllowed(status) {
		l.stage = holding
		return true
	}
	return false
}

// decide runs the hook and returns the status to go on with.
func (l *layer) decide(peek []byte, ended bool) int {
	header := l.response.below.Header()
	l.response.stack.thaw(header)
	h := &l.response.stack.view
	came := l.status()
	*h = Head{Request: l.request, Status: came, Header: header, Peek: peek, Ended: ended}
	l.stage, l.failed = deciding, true // for good, if the hook panics
	l.body = l.hook(h, l.dst)
	l.failed = false
	status := h.Status
	*h = Head{}
	if l.declared >= 0 {
		l.unsaid = contentLength(header) < 0
	}
	no, isRefusal := l.body.(refusal)
	switch {
	case isRefusal:
		l.stage, l.body, l.refusal = refused, nil, no.err
		if l.outside == 0 {
			l.response.declined = true
		}
	case l.body == nil && (bodyAllowed(status) || !bodyAllowed(came)):
		l.stage = passing
	case l.body == nil, !bodyAllowed(status):
		l.stage = dropping
		l.early = l.early[:0]
	default:
		l.stage = changing
	}
	return status
}

// release decides about a head that was held, and sends it on with held.
func (l *layer) release(held []byte, ended bool) error {
	status := l.decide(held, ended)
	l.response.head(l.outside, status)
	if len(l.early) > 0 {
		if _, err := l.response.write(l.outside, l.early); err != nil {
			return err
		}
	}
	_, err := l.forward(held)
	return err
}

// settle is release with what there is.
func (l *layer) settle(ended bool) {
	held := l.held
	if err := l.release(held, ended); err != nil {
		l.failed = true
	}
	l.held = held[:0]
}

// take receives body bytes from inside.
func (l *layer) take(p []byte) (int, error) {
	if l.stage == passing {
		n, err := l.response.write(l.outside, p)
		l.took.add(int64(n))
		return n, err
	}
	if !bodyAllowed(l.status()) {
		return 0, http.ErrBodyNotAllowed
	}
	if l.declared >= 0 && l.bytes()+int64(len(p)) > l.declared {
		return 0, http.ErrContentLength
	}
	l.took.add(int64(len(p)))
	if l.stage == holding {
		return l.hold(p)
	}
	return l.forward(p)
}

// hold keeps p back until there is enough for the hook.
func (l *layer) hold(p []byte) (int, error) {
	ended := l.bytes() == l.declared
	if len(l.held)+len(p) < l.peek && !ended {
		l.held = append(l.held, p...)
		return len(p), nil
	}
	if len(l.held) == 0 {
		if err := l.release(p, ended); err != nil {
			return 0, err
		}
		return len(p), nil
	}
	fill := min(len(p), l.peek-len(l.held))
	l.held = append(l.held, p[:fill]...)
	held, rest := l.held, p[fill:]
	err := l.release(held, ended && len(rest) == 0)
	l.held = held[:0]
	if err == nil && len(rest) > 0 {
		_, err = l.forward(rest)
	}
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

// forward hands body bytes on, once the hook has decided.
func (l *layer) forward(p []byte) (int, error) {
	switch {
	case len(p) == 0 && l.stage != changing, l.stage == dropping, l.stage == refused && l.refusal == nil:
		return len(p), nil
	case l.stage == refused:
		return 0, l.refusal
	case l.stage == passing:
		return l.response.write(l.outside, p)
	case l.stage == deciding:
		return 0, errHook
	}
	failed := l.failed
	l.failed = true // for good, if the writer panics
	n, err := l.body.Write(p)
	if n < len(p) && err == nil {
		err = io.ErrShortWrite
	}
	l.failed = failed || err != nil
	return n, err
}

func (l *layer) flush() error {
	if l.stage == holding {
		l.settle(false)
	}
	if f, ok := l.body.(interface{ Flush() error }); ok && l.stage == changing && !l.failed {
		failed := l.failed
		l.failed = true // for good, if the writer panics
		err := f.Flush()
		l.failed = failed || err != nil
		return err
	}
	return nil
}

// finish ends the layer's part of the response and says whether it is whole.
func (l *layer) finish() bool {
	if l.response.hijacked.Load() {
		return true
	}
	if l.stage == waiting {
		l.response.head(l.outside+1, http.StatusOK)
	}
	short := l.declared >= 0 && l.bytes() < l.declared && bodyAllowed(l.status())
	head := l.request.Method == http.MethodHead
	if l.stage == holding {
		l.settle(!short || head)
	}
	switch {
	case l.body == nil:
		// A short body that passes is the server's to cut, if it knows.
		return !l.failed && (!short || head || !l.unsaid)
	case l.failed || short && !head:
		return false
	}
	return l.close(head && (short || l.bytes() == 0))
}

// close ends the hook's writer. Over HEAD, where the handler wrote no body or
// not all of it, what it still puts out is dropped: the size of this body would
// not be that of GET's.
func (l *layer) close(drop bool) bool {
	if drop {
		l.stage = dropping
	} else if l.bytes() > chunkedFrom && l.request.ProtoMajor == 1 && l.request.Method != http.MethodHead &&
		hasPrefixTrailers(l.response.below.Header()) {
		// The body was long enough for such trailers to be sent, and may
		// have become too short.
		_ = l.response.flushFrom(l.outside)
	}
	err := l.body.Close()
	l.stage = passing // whatever comes now comes from outside of the handler
	return err == nil
}

// chunkedFrom is the size of body from which on net/http does not tell a length,
// and can send trailers that were not announced (bufferBeforeChunkingSize).
const chunkedFrom = 2048

func hasPrefixTrailers(h http.Header) bool {
	for name := range h {
		if strings.HasPrefix(name, http.TrailerPrefix) {
			return true
		}
	}
	return false
}

// wants is how much of the body the layer has to see before it may let the
// rest pass without it, or 0 where it does already.
func (l *layer) wants() int {
	switch l.stage {
	case passing:
		return 0
	case waiting:
		return max(l.peek, sniffLen)
	case holding:
		return l.peek - len(l.held)
	}
	return copySize
}

// sniffLen is how much net/http looks at to tell a Content-Type.
const sniffLen = 512
