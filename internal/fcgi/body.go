package fcgi

import (
	"io"
	"sync"
)

// bodySize is how much of a body one record takes, in bytes.
const bodySize = 32 << 10

// Body is the body of one request. It is of no effect once another has begun, however
// late a goroutine comes that sends it.
type Body struct {
	conn    *Conn
	request int
}

// Body returns the body of the request that was begun last.
func (c *Conn) Body() Body { return Body{c, c.request} }

// Send sends body to its end. It returns early when the responder cannot be written to, or
// has ended the request; what was read from body then is lost. An error of body is returned,
// and leaves the request without an end.
func (b Body) Send(body io.Reader) error {
	buf := bodies.Get().(*[headerSize + bodySize]byte)
	defer bodies.Put(buf)
	for {
		n, err := body.Read(buf[headerSize:])
		if n > 0 {
			appendHeader(buf[:0], typeStdin, n)
			if !b.write(buf[:headerSize+n], sending) {
				return nil
			}
		}
		if err == io.EOF {
			b.write(appendHeader(buf[:0], typeStdin, 0), sent)
			return nil
		}
		if err != nil {
			return err
		}
	}
}

var bodies = sync.Pool{New: func() any { return new([headerSize + bodySize]byte) }}

// write writes a record of the body, after which that is in state next.
func (b Body) write(record []byte, next stdin) bool {
	c := b.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.request != b.request || c.stdin != sending {
		return false
	}
	if _, err := c.Write(record); err != nil {
		c.stdin = stopped
		return false
	}
	c.stdin = next
	return true
}
