package filtertest

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// bufferedBody is how much of a body the server of net/http keeps over HTTP/1.1 before it has to decide whether the
// body is chunked, and so whether there can be trailers (net/http.bufferBeforeChunkingSize).
const bufferedBody = 2048

// errLate is what a handler gets that writes when its request is over.
var errLate = errors.New("filtertest: the request is over, this is too late to use its ResponseWriter")

// Recorder is an http.ResponseWriter that notes what a handler, or a filter around it, did to the response: what
// httptest.ResponseRecorder notes, and informational responses, flushes, deadlines, hijacking, trailers, and what came
// too late. It answers as the server of net/http does, errors included. The zero value is ready to use, for one request.
//
//	rec := new(filtertest.Recorder)
//	rec.Serve(mine.Filter(handler), httptest.NewRequest("GET", "/", nil))
//	if got := rec.Result(); got.Status != http.StatusOK { … }
//
// A Recorder has the methods of a writer over HTTP/1.1: it is an http.Flusher, an http.Hijacker, an io.ReaderFrom and
// an io.StringWriter, and an http.ResponseController finds what it looks for. HTTP2 returns the same Recorder as a
// writer over HTTP/2. Its methods may be called by several goroutines, Header's map apart. Time does not pass for it:
// deadlines are noted and never fire.
type Recorder struct {
	mu       sync.Mutex
	live     http.Header // what the handler edits
	head     http.Header // as it was at the commit
	http2    bool        // HTTP2 was called
	noBody   bool        // the request is HEAD
	length   int64       // the Content-Length that was promised; -1 when there is none
	written  int64       // what the handler wrote, for length; more than the body where none is sent
	over     bool        // the handler has returned
	noted    Recorded
	hijacked net.Conn // the client's end
}

// Serve calls h with r and the Recorder as a server does: over HTTP/2 when r.ProtoMajor is 2, without a body for HEAD,
// ended by Close. A panic of h is noted and ends here.
func (rec *Recorder) Serve(h http.Handler, r *http.Request) {
	rec.mu.Lock()
	rec.noBody = r.Method == http.MethodHead
	rec.mu.Unlock()
	var w http.ResponseWriter = rec
	if r.ProtoMajor == 2 {
		w = rec.HTTP2()
	}
	defer func() {
		if p := recover(); p != nil {
			rec.mu.Lock()
			rec.noted.Panic, rec.noted.Cut, rec.over = p, true, true
			rec.mu.Unlock()
		}
	}()
	h.ServeHTTP(w, r)
	rec.Close()
}

// Close ends the response as a server does when the handler has returned: the head goes out if it has not yet, and the
// trailers. What is called after it is refused and noted. Serve calls it; who calls ServeHTTP calls it too.
func (rec *Recorder) Close() {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	if rec.over {
		return
	}
	if rec.noted.Hijacked {
		rec.over = true
		return
	}
	rec.commit(http.StatusOK)
	rec.over = true
	if rec.trailing() {
		rec.noted.Trailer = rec.trailers()
	}
	rec.noted.Cut = rec.noted.Cut || !rec.noBody && bodyAllowed(rec.noted.Status) && rec.length > int64(len(rec.noted.Body))
}

// Header returns the fields that are sent with the head and, by the names of trailers, at the end.
func (rec *Recorder) Header() http.Header {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	if rec.live == nil {
		rec.live = make(http.Header)
	}
	return rec.live
}

// WriteHeader notes an informational response, or the final head if it is the first one. It panics when status is not
// in the range from 100 to 999, as a server does.
func (rec *Recorder) WriteHeader(status int) {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	if rec.late("WriteHeader") {
		return
	}
	if rec.noted.Status != 0 || rec.noted.Hijacked {
		rec.noted.Superfluous = append(rec.noted.Superfluous, status)
		return
	}
	rec.commit(status)
}

// Write notes a part of the body.
func (rec *Recorder) Write(p []byte) (int, error) { return rec.write("Write", len(p), p, "") }

// WriteString notes a part of the body.
func (rec *Recorder) WriteString(s string) (int, error) {
	return rec.write("WriteString", len(s), nil, s)
}

// ReadFrom notes what is left in src as a part of the body. Between a file and a server's own writer this is where
// sendfile happens.
func (rec *Recorder) ReadFrom(src io.Reader) (int64, error) {
	n, err := io.Copy(struct{ io.Writer }{rec}, src)
	rec.mu.Lock()
	defer rec.mu.Unlock()
	rec.noted.ReadFrom += n
	return n, err
}

// Flush notes a flush.
func (rec *Recorder) Flush() { rec.FlushError() }

// FlushError notes a flush. It is what http.ResponseController calls.
func (rec *Recorder) FlushError() error {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	if rec.late("Flush") {
		return errLate
	}
	if rec.noted.Hijacked {
		return http.ErrHijacked
	}
	rec.commit(http.StatusOK)
	rec.noted.Flushes = append(rec.noted.Flushes, len(rec.noted.Body))
	return nil
}

// Hijack returns one end of a net.Pipe; the other one is Result's Conn. Nothing is buffered in it: what the handler
// writes waits for a reader in another goroutine.
func (rec *Recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	if rec.late("Hijack") {
		return nil, nil, errLate
	}
	if rec.noted.Hijacked {
		return nil, nil, http.ErrHijacked
	}
	rec.noted.Hijacked = true
	server, client := net.Pipe()
	rec.hijacked = client
	return server, bufio.NewReadWriter(bufio.NewReader(server), bufio.NewWriter(server)), nil
}

// SetReadDeadline notes a deadline for the request's body.
func (rec *Recorder) SetReadDeadline(deadline time.Time) error {
	return rec.note("SetReadDeadline", func() { rec.noted.ReadDeadlines = append(rec.noted.ReadDeadlines, deadline) })
}

// SetWriteDeadline notes a deadline for the response.
func (rec *Recorder) SetWriteDeadline(deadline time.Time) error {
	return rec.note("SetWriteDeadline", func() { rec.noted.WriteDeadlines = append(rec.noted.WriteDeadlines, deadline) })
}

// EnableFullDuplex notes that the handler wants to read on when it has begun to write.
func (rec *Recorder) EnableFullDuplex() error {
	return rec.note("EnableFullDuplex", func() { rec.noted.FullDuplex = true })
}

func (rec *Recorder) note(method string, do func()) error {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	if rec.late(method) {
		return errLate
	}
	do()
	return nil
}

// late says whether the request is over, and notes the call if so. The lock is held here and in what follows.
func (rec *Recorder) late(method string) bool {
	if rec.over {
		rec.noted.Late = append(rec.noted.Late, method)
	}
	return rec.over
}

// commit sends a head: an informational one, or the final one if that has not been sent.
func (rec *Recorder) commit(status int) {
	if rec.noted.Status != 0 {
		return
	}
	if status < 100 || status > 999 {
		panic("filtertest: invalid WriteHeader code " + strconv.Itoa(status))
	}
	fields := sendable(rec.live)
	if status <= 199 && (rec.http2 || status != http.StatusSwitchingProtocols) {
		fields.Del("Content-Length")
		fields.Del("Transfer-Encoding")
		rec.noted.Early = append(rec.noted.Early, Early{status, fields})
		return
	}
	rec.noted.Status, rec.head, rec.noted.Header = status, rec.live.Clone(), fields
	if rec.http2 {
		fields.Del("Connection") // there is none to speak of (RFC 9113, 8.2.2)
	}
	rec.length = -1
	if text := fields.Get("Content-Length"); text != "" {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil && n >= 0 {
			rec.length = n
		} else {
			fields.Del("Content-Length")
		}
	}
}

// write is Write and WriteString, with the errors of net/http in their order there.
func (rec *Recorder) write(method string, n int, p []byte, s string) (int, error) {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	if rec.late(method) {
		return 0, errLate
	}
	if rec.noted.Hijacked {
		return 0, http.ErrHijacked
	}
	rec.commit(http.StatusOK)
	if n == 0 && !rec.http2 {
		return 0, nil
	}
	if !bodyAllowed(rec.noted.Status) {
		return 0, http.ErrBodyNotAllowed
	}
	rec.written += int64(n)
	if rec.length != -1 && rec.written > rec.length {
		if !rec.http2 || len(rec.noted.Flushes) > 0 {
			return 0, http.ErrContentLength
		}
		rec.noted.Cut = true // net/http's HTTP/2 knows the length when it sends the head, and lets the client complain
		return n, nil
	}
	if !rec.noBody {
		rec.noted.Body = append(append(rec.noted.Body, p...), s...)
	}
	return n, nil
}

// bodyAllowed says whether a response of that status can have a body (RFC 9110, 6.4.1).
func bodyAllowed(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}

// sendable returns a copy of the fields that a server sends of h with a head.
func sendable(h http.Header) http.Header {
	fields := make(http.Header, len(h))
	for name, values := range h {
		if !strings.HasPrefix(name, http.TrailerPrefix) {
			fields[name] = append([]string(nil), values...)
		}
	}
	return fields
}
