package fcgi

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Conn is a connection to a FastCGI responder. It carries one request at a time:
//
//	conn.Begin(params, true)
//	go conn.Body().Send(body) // where there is one
//	conn.Read(p)              // until io.EOF
//	conn.Clean()              // whether it can carry another
//
// It reads as what the responder writes to its standard output.
type Conn struct {
	net.Conn

	// Stderr is called with what the responder writes to its standard error, record by
	// record, during Read. The bytes are valid until it returns.
	Stderr func(record []byte)

	in      *bufio.Reader
	left    int // bytes of the output record that is being read
	padding int // bytes after it
	err     error
	started bool // the responder has sent something for this request

	interrupted atomic.Bool
	answered    atomic.Bool // it has ever, or the connection is closed: no pool need wait for it

	mu      sync.Mutex // held while a record is written
	request int        // how many there were
	stdin   stdin
}

// stdin is how far the request's body has come.
type stdin uint8

const (
	sending stdin = iota
	sent          // to its end
	stopped       // before it
)

// NewConn returns a Conn over c.
func NewConn(c net.Conn) *Conn {
	return &Conn{Conn: c, in: bufio.NewReaderSize(c, 16<<10), err: io.EOF, stdin: sent}
}

// Begin begins a request. Unless it has a body it is then whole.
func (c *Conn) Begin(p *Params, body bool) error {
	c.left, c.padding, c.err, c.started = 0, 0, nil, false
	c.mu.Lock()
	defer c.mu.Unlock()
	c.request++
	head := p.finish()
	if c.stdin = sending; !body {
		head = appendHeader(head, typeStdin, 0)
		c.stdin = sent
	}
	p.buf = head // for the sake of its memory
	_, err := c.Write(head)
	return err
}

// Interrupt makes Read, also one that waits, fail from now on. It may be called from any
// goroutine.
func (c *Conn) Interrupt() {
	c.interrupted.Store(true)
	_ = c.SetReadDeadline(time.Unix(1, 0))
}

// Abandon asks the responder to end the request, after an Interrupt or without one, and
// waits until it has. It reports whether the connection can carry another request then,
// to a responder that passes over what is left of the body.
func (c *Conn) Abandon() bool {
	c.interrupted.Store(false)
	_ = c.SetReadDeadline(time.Time{})
	c.Stderr = nil
	if errors.Is(c.err, os.ErrDeadlineExceeded) {
		c.err = nil
	}
	if c.err != nil {
		return c.Ended()
	}
	asked := make(chan struct{})
	go func() { // it may have to wait for a responder that reads when it has written all
		defer close(asked)
		if c.abort() != nil {
			c.Interrupt()
		}
	}()
	_, _ = io.Copy(io.Discard, c)
	if !c.over() {
		_ = c.SetWriteDeadline(time.Unix(1, 0))
	}
	<-asked
	return c.Ended()
}

// abort sends the record that asks the responder to end (section 5.4).
func (c *Conn) abort() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stdin = stopped
	_, err := c.Write(appendHeader(nil, typeAbort, 0))
	return err
}

// Alive reports whether an idle connection is open.
func (c *Conn) Alive() bool { return alive(c.Conn) }

// Started reports whether the responder has sent anything for this request.
func (c *Conn) Started() bool { return c.started }

// Close closes the connection.
func (c *Conn) Close() error {
	c.answered.Store(true)
	return c.Conn.Close()
}

// Ended reports whether the responder has ended the request, with whatever status of the
// application, and was not interrupted. No more of the body is sent then.
func (c *Conn) Ended() bool {
	if !c.over() {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stdin == sending {
		c.stdin = stopped
	}
	return true
}

// over reports whether the responder has ended the request and said no more after it.
func (c *Conn) over() bool {
	var status *StatusError
	ended := c.err == io.EOF || errors.As(c.err, &status) && status.Protocol == 0
	return ended && !c.interrupted.Load() && c.in.Buffered() == 0
}

// Clean reports whether the request has ended on both sides, so that the connection can
// carry another. It does not wait for a responder that reads no more of the body.
func (c *Conn) Clean() bool {
	if !c.over() {
		return false
	}
	if !c.mu.TryLock() {
		_ = c.SetWriteDeadline(time.Unix(1, 0)) // ends a write that waits, and no other
		c.mu.Lock()
		_ = c.SetWriteDeadline(time.Time{})
	}
	defer c.mu.Unlock()
	return c.stdin == sent
}

// Read reads what the responder writes to its standard output. It returns io.EOF when the
// responder has ended the request, a StatusError when it did so otherwise than well, and
// io.ErrUnexpectedEOF when the connection ended before.
func (c *Conn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, c.err
	}
	for c.left == 0 {
		if c.err == nil {
			c.err = c.next()
		}
		if c.err != nil {
			return 0, c.err
		}
	}
	n, err := c.in.Read(p[:min(len(p), c.left)])
	c.left -= n
	if err != nil {
		c.err = noEOF(err)
	}
	return n, c.err
}

// Waits reports whether the next Read may have to wait for the responder.
func (c *Conn) Waits() bool {
	if c.err != nil {
		return false
	}
	if c.left > 0 {
		return c.in.Buffered() == 0
	}
	there, _ := c.in.Peek(c.in.Buffered())
	for skip := c.padding; len(there) >= skip+headerSize; {
		h, err := parseHeader(there[skip:])
		there = there[skip+headerSize:]
		switch {
		case err != nil, h.kind == typeEnd && len(there) >= endSize, h.kind == typeStdout && h.content > 0 && len(there) > 0:
			return false
		}
		skip = h.content + h.padding
	}
	return true
}

// next reads the head of the next record, and the record itself unless it is output.
func (c *Conn) next() error {
	if _, err := c.in.Discard(c.padding); err != nil {
		return lost(err)
	}
	c.padding = 0
	b, err := c.in.Peek(headerSize)
	if len(b) > 0 {
		c.started = true
		c.answered.Store(true)
	}
	if err != nil {
		return noEOF(err)
	}
	h, err := parseHeader(b)
	if err != nil {
		return err
	}
	_, _ = c.in.Discard(headerSize)
	c.padding = h.padding
	switch {
	case h.id != requestID: // of the connection, or of a request that was aborted
	case h.kind == typeStdout:
		c.left = h.content
		return nil
	case h.kind == typeStderr:
		return c.report(h.content)
	case h.kind == typeEnd:
		return c.end(h)
	}
	_, err = c.in.Discard(h.content)
	return lost(err)
}

// report hands a record of standard error on.
func (c *Conn) report(size int) error {
	if size == 0 {
		return nil
	}
	record := make([]byte, size)
	if _, err := io.ReadFull(c.in, record); err != nil {
		return lost(err)
	}
	if c.Stderr != nil {
		c.Stderr(record)
	}
	return nil
}

// end reads the record that ends the request, and returns how it does so.
func (c *Conn) end(h header) error {
	var body [endSize]byte
	if h.content < len(body) {
		return fmt.Errorf("fcgi: the record that ends the request has %d bytes, not %d", h.content, endSize)
	}
	if _, err := io.ReadFull(c.in, body[:]); err != nil {
		return lost(err)
	}
	if _, err := c.in.Discard(h.content - endSize + h.padding); err != nil {
		return lost(err)
	}
	c.padding = 0
	if status := (StatusError{binary.BigEndian.Uint32(body[:]), body[4]}); status != (StatusError{}) {
		return &status
	}
	return io.EOF
}

// lost is the error of having read a part of a record, after which nobody knows where the
// next begins.
func lost(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return errors.New("fcgi: interrupted in the middle of a record")
	}
	return noEOF(err)
}

func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
