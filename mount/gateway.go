package mount

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/weirhttp/weir/internal/token"
)

// maxHead bounds the head of a program's answer, in bytes.
const maxHead = 256 << 10

// readAnswer reads the head of what a program answers by CGI, FastCGI or SCGI (RFC 3875
// section 6) from out and returns the response, whose body is the rest of out.
//
// A head has one of Status, Location and Content-Type. Without a Status it is 200, or 302
// where there is a Location, which goes to the client as it is. Lines that are no fields,
// and fields with a control character, are left out; framing is not the program's (section
// 6.3.4).
func readAnswer(r *http.Request, out *answerBody) (*http.Response, error) {
	res := &http.Response{
		StatusCode: http.StatusOK, Header: make(http.Header), Body: out, ContentLength: -1, Request: r,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
	left := maxHead
	for {
		line, err := out.readLine(&left)
		if err == io.EOF && len(line) == 0 && len(res.Header) == 0 {
			return nil, errors.New("it answered nothing")
		}
		if err != nil {
			return nil, fmt.Errorf("the head of its answer: %w", noEOF(err))
		}
		if len(line) == 0 {
			return res, finishHead(res)
		}
		name, value, ok := strings.Cut(string(line), ":")
		name, value = http.CanonicalHeaderKey(name), strings.Trim(value, " \t")
		if ok && token.Is(name) && !hasControl(value) {
			res.Header[name] = append(res.Header[name], value)
		}
	}
}

// finishHead makes of the fields of a head what they say to the server.
func finishHead(res *http.Response) error {
	h := res.Header
	switch status := h["Status"]; {
	case len(status) > 0:
		code, _, _ := strings.Cut(status[0], " ")
		n, err := strconv.ParseUint(code, 10, 16)
		if err != nil || len(code) != 3 || n < 200 || n > 599 {
			return fmt.Errorf("the head of its answer: Status %q is none", status[0])
		}
		res.StatusCode = int(n)
		delete(h, "Status")
	case len(h["Location"]) > 0:
		res.StatusCode = http.StatusFound
	case len(h["Content-Type"]) == 0:
		return errors.New("the head of its answer has neither Status, Location nor Content-Type")
	}
	if length := h["Content-Length"]; len(length) > 0 {
		n, err := strconv.ParseUint(length[0], 10, 63)
		if err != nil {
			return fmt.Errorf("the head of its answer: Content-Length %q is none", length[0])
		}
		res.ContentLength, h["Content-Length"] = int64(n), length[:1]
	}
	return nil
}

// answerBody is what a program sends, as a source that remembers how it ended: with io.EOF
// when all of it was read, else with what cut it. Waits, if there, reports whether the
// next read may have to wait.
type answerBody struct {
	*bufio.Reader
	waits func() bool
	size  int64 // of what was read, in bytes
	err   error
}

func newAnswerBody(r io.Reader) *answerBody {
	in := answerReaders.Get().(*bufio.Reader)
	in.Reset(r)
	return &answerBody{Reader: in}
}

// free ends its use: who reads it is only ever this package.
func (b *answerBody) free() {
	b.Reader.Reset(nil)
	answerReaders.Put(b.Reader)
	b.Reader = nil
}

var answerReaders = sync.Pool{New: func() any { return bufio.NewReader(nil) }}

func (b *answerBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	b.size += int64(n)
	if err != nil {
		b.err = err
	}
	return n, err
}

// WriteTo is not that of bufio.Reader, which would go around Read.
func (b *answerBody) WriteTo(w io.Writer) (int64, error) {
	return io.Copy(w, struct{ io.Reader }{b})
}

// Buffered is not 0 when the next Read does not wait.
func (b *answerBody) Buffered() int {
	if n := b.Reader.Buffered(); n > 0 || b.waits == nil || b.waits() {
		return n
	}
	return 1
}

// Close does nothing: who made the source ends it.
func (b *answerBody) Close() error { return nil }

// readLine returns the next line without its end, and takes what it read off left.
func (b *answerBody) readLine(left *int) ([]byte, error) {
	var line []byte
	for {
		piece, err := b.ReadSlice('\n')
		if *left -= len(piece); *left < 0 {
			return nil, fmt.Errorf("it is longer than %d KiB", maxHead>>10)
		}
		if err == bufio.ErrBufferFull {
			line = append(line, piece...)
			continue
		}
		if err != nil {
			b.err = err
		}
		if line != nil {
			piece = append(line, piece...)
		}
		return bytes.TrimRight(piece, "\r\n"), err
	}
}

func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// hasControl reports whether a field's value has a character that none may have (RFC 9110
// section 5.5).
func hasControl(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return true
		}
	}
	return false
}
