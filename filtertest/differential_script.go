package filtertest

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// A script is a handler as a list of steps, and the request that it is asked with.
type script struct {
	id      string
	name    string   // completes "a handler that …"
	method  string   // "" is GET
	target  string   // "" is /script?q=1
	fields  []string // of the request: names and values in turn
	body    string
	chunked bool        // the body comes without a length
	trailer http.Header // of the request; it needs a chunked body
	over    []protocol  // as in a rule
	steps   []step
}

// A step is one thing that a handler does.
type step func(*turn)

// A turn is one run of a script: what its steps work on, and what the handler saw.
type turn struct {
	*subject
	w       http.ResponseWriter
	r       *http.Request
	written int64        // bytes of the body so far
	read    atomic.Int64 // how many of them the client has read and decoded; -1 before the head
	fields  http.Header  // of the request, where the script looked at them
	stuck   bool         // the last flush failed: nothing will arrive
	saw     []string
}

func (t *turn) note(format string, args ...any) { t.saw = append(t.saw, fmt.Sprintf(format, args...)) }

// wrote notes what a call returned that writes. How much was written before an error came depends on the buffers.
func (t *turn) wrote(call string, n int64, err error) {
	t.written += n
	if t.proto == http2 && errors.Is(err, http.ErrContentLength) {
		err = errors.New("net/http has another error here, which has no name")
	}
	if err != nil {
		t.note("%s: %s", call, class(err))
		return
	}
	t.note("%s: %d bytes, %s", call, n, class(err))
}

func set(name, value string) step { return func(t *turn) { t.w.Header().Set(name, value) } }
func add(name, value string) step { return func(t *turn) { t.w.Header().Add(name, value) } }
func drop(name string) step       { return func(t *turn) { t.w.Header().Del(name) } }
func suppress(name string) step   { return func(t *turn) { t.w.Header()[name] = nil } }
func status(code int) step        { return func(t *turn) { t.w.WriteHeader(code) } }
func fail(with any) step          { return func(t *turn) { panic(with) } }

func write(text string) step {
	return func(t *turn) {
		n, err := t.w.Write([]byte(text))
		t.wrote("Write", int64(n), err)
	}
}

func writeString(text string) step {
	return func(t *turn) {
		n, err := io.WriteString(t.w, text)
		t.wrote("WriteString", int64(n), err)
	}
}

// copies copies from a reader that has no other methods.
func copies(text string) step {
	return func(t *turn) {
		n, err := io.Copy(t.w, struct{ io.Reader }{strings.NewReader(text)})
		t.wrote("Copy", n, err)
	}
}

// pieces writes text by size bytes, and notes the sum.
func pieces(text string, size int) step {
	return func(t *turn) {
		var sum int64
		var errs error
		for piece := range slices.Chunk([]byte(text), size) {
			n, err := t.w.Write(piece)
			sum, errs = sum+int64(n), errors.Join(errs, err)
		}
		t.wrote("all Writes", sum, errs)
	}
}

// flushes flushes. A filter that holds bodies need not tell the handler what becomes of that; A02 asks whether it can.
func flushes(t *turn) {
	err := http.NewResponseController(t.w).Flush()
	if t.stuck = err != nil; !t.declared.Holds {
		t.note("Flush: %s", class(err))
	}
}

// arrives waits until the client has read the head and what was written; a filter that holds bodies is not asked, one
// that transforms them only for the head.
func arrives(t *turn) {
	if t.declared.Holds || t.stuck {
		return
	}
	want := t.written
	if t.declared.Transforms {
		want = 0
	}
	came := t.eventually(func() bool { return t.read.Load() >= want })
	t.note("what was flushed reached the client before the handler ended: %t", came)
}

// reads reads n bytes of the request's body, or up to its end where n is negative.
func reads(n int64) step {
	return func(t *turn) {
		from := io.Reader(t.r.Body)
		if n >= 0 {
			from = io.LimitReader(from, n)
		}
		got, err := io.ReadAll(from)
		t.note("Read: %d bytes, %s, %.40q", len(got), class(err), got)
	}
}

func readsOnce(t *turn) {
	n, err := t.r.Body.Read(make([]byte, 1))
	t.note("Read: %d bytes, %s", n, class(err))
}

func closes(t *turn) { t.note("Close: %s", class(t.r.Body.Close())) }

func readsTrailer(t *turn) { t.note("trailer of the request: %s", lines(t.r.Trailer, nil)) }

// readsForm parses the form of the request.
func readsForm(t *turn) {
	err := t.r.ParseMultipartForm(1 << 20)
	t.note("form: %v, %s", t.r.Form, class(err))
}

// looks notes the request. Its address is the client's, which has another port each time.
func looks(t *turn) {
	r := t.r
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	t.note("method: %s", r.Method)
	t.note("target: %s, URL %s, escaped path %s", r.RequestURI, r.URL, r.URL.EscapedPath())
	t.note("protocol: %s, TLS: %t", r.Proto, r.TLS != nil)
	t.note("host: %s, from %s %v", r.Host, host, err)
	t.note("length: %d, transfer coding: %q, close: %t", r.ContentLength, r.TransferEncoding, r.Close)
	t.fields = r.Header.Clone()
	t.note("trailers to come: %q", slices.Sorted(maps.Keys(r.Trailer)))
	if !t.declared.Mounts {
		t.note("pattern: %q", r.Pattern)
	}
}

func duplex(t *turn) {
	t.note("EnableFullDuplex: %s", class(http.NewResponseController(t.w).EnableFullDuplex()))
}

func readDeadlineAt(at func() time.Time) step {
	return func(t *turn) {
		t.note("SetReadDeadline: %s", class(http.NewResponseController(t.w).SetReadDeadline(at())))
	}
}

func writeDeadlineAt(at func() time.Time) step {
	return func(t *turn) {
		t.note("SetWriteDeadline: %s", class(http.NewResponseController(t.w).SetWriteDeadline(at())))
	}
}

func inAnHour() time.Time { return time.Now().Add(time.Hour) }

func hijacks(t *turn) {
	_, _, err := http.NewResponseController(t.w).Hijack()
	t.note("Hijack: %s", class(err))
}

// class names an error by what a handler can find out about it with errors.Is. The words of the others are nobody's
// promise.
func class(err error) string {
	if err == nil {
		return "no error"
	}
	for _, known := range []error{
		http.ErrContentLength, http.ErrBodyNotAllowed, http.ErrBodyReadAfterClose, http.ErrHijacked, http.ErrHandlerTimeout,
		http.ErrNotSupported, os.ErrDeadlineExceeded, io.ErrUnexpectedEOF, io.EOF, http.ErrNotMultipart,
	} {
		if errors.Is(err, known) {
			return fmt.Sprintf("%q", known.Error())
		}
	}
	return "an error"
}

// lines returns fields in order, without those that are named.
func lines(h http.Header, without []string) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(h)) {
		if !edits(without, name) {
			all = append(all, fmt.Sprintf("%s: %q", name, h[name]))
		}
	}
	return strings.Join(all, "; ")
}
