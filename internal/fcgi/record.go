package fcgi

import (
	"encoding/binary"
	"fmt"
)

// Types of records (section 8).
const (
	typeBegin  = 1
	typeAbort  = 2
	typeEnd    = 3
	typeParams = 4
	typeStdin  = 5
	typeStdout = 6
	typeStderr = 7
)

const (
	version     = 1
	headerSize  = 8
	endSize     = 8
	maxContent  = 1<<16 - 1
	responder   = 1
	keepConn    = 1
	requestID   = 1       // one request at a time, always the same
	maxParamLen = 1 << 31 // of a name or a value
)

// header is the head of a record.
type header struct {
	kind    byte
	id      uint16
	content int // bytes
	padding int // bytes after the content, which say nothing
}

func parseHeader(b []byte) (header, error) {
	if b[0] != version {
		return header{}, fmt.Errorf("fcgi: version %d is not FastCGI's", b[0])
	}
	return header{
		kind: b[1], id: binary.BigEndian.Uint16(b[2:]), content: int(binary.BigEndian.Uint16(b[4:])), padding: int(b[6]),
	}, nil
}

// appendHeader appends the head of a record without padding.
func appendHeader(b []byte, kind byte, content int) []byte {
	return append(b, version, kind, 0, requestID, byte(content>>8), byte(content), 0, 0)
}

// appendBegin appends the record that begins a request which leaves the connection open.
func appendBegin(b []byte) []byte {
	b = appendHeader(b, typeBegin, 8)
	return append(b, 0, responder, keepConn, 0, 0, 0, 0, 0)
}

// Params is a request's parameters, encoded as they are sent: records of type PARAMS
// (sections 3.3, 3.4 and 5.2). The zero value has none.
type Params struct {
	buf   []byte // whole records, and one that is being filled
	start int    // of the record that is being filled
}

// Reset makes p empty; its memory is used again.
func (p *Params) Reset() {
	p.buf = appendHeader(appendBegin(p.buf[:0]), typeParams, 0)
	p.start = len(p.buf)
}

// Add adds a parameter. Neither name nor value may be of 2 GiB or more.
func (p *Params) Add(name, value string) {
	if len(p.buf) == 0 {
		p.Reset()
	}
	p.buf = appendLength(appendLength(p.buf, len(name)), len(value))
	p.buf = append(append(p.buf, name...), value...)
	for len(p.buf)-p.start > maxContent {
		p.split()
	}
}

// split ends the record that is being filled, which has too much, and puts the rest into
// another.
func (p *Params) split() {
	end := p.start + maxContent
	rest := len(p.buf) - end
	p.buf = append(p.buf, make([]byte, headerSize)...)
	copy(p.buf[end+headerSize:], p.buf[end:end+rest])
	p.seal(end)
	appendHeader(p.buf[end:end], typeParams, 0)
	p.start = end + headerSize
}

// seal writes the length of the record that ends at end into its head.
func (p *Params) seal(end int) {
	binary.BigEndian.PutUint16(p.buf[p.start-headerSize+4:], uint16(end-p.start))
}

// finish returns the records of the whole: the beginning of the request, the parameters,
// and the mark at their end.
func (p *Params) finish() []byte {
	if len(p.buf) == 0 {
		p.Reset()
	}
	if p.seal(len(p.buf)); len(p.buf) == p.start {
		return p.buf // it is that mark
	}
	return appendHeader(p.buf, typeParams, 0)
}

func appendLength(b []byte, n int) []byte {
	if n < 0x80 {
		return append(b, byte(n))
	}
	return binary.BigEndian.AppendUint32(b, uint32(n)|1<<31)
}
