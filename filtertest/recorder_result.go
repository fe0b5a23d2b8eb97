package filtertest

import (
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Recorded is what a Recorder has noted.
type Recorded struct {
	Status      int         // the final status; 0 when no final head has been sent
	Header      http.Header // as it was when the final head was sent, without what a server adds itself (Date, Content-Type, …)
	Body        []byte      // what a client gets; empty for HEAD
	Trailer     http.Header // the trailers, announced or by http.TrailerPrefix, where a server sends them
	Early       []Early     // the informational responses before the head
	Flushes     []int       // for each flush, how many bytes of the body had been written
	ReadFrom    int64       // how many bytes of the body came by ReadFrom
	Superfluous []int       // the statuses of calls to WriteHeader after the head was sent
	Late        []string    // the methods that were called after Close, in their order

	ReadDeadlines, WriteDeadlines []time.Time // the deadlines that were set, in their order
	FullDuplex                    bool        // whether EnableFullDuplex was called

	Hijacked bool     // whether the connection was hijacked
	Conn     net.Conn // the client's end of a hijacked connection

	Cut   bool // whether a client sees that the response is not complete: by a panic or a Content-Length that was too long
	Panic any  // what Serve recovered; Status and Body are then what a server might have sent, up to the last flush certainly
}

// Early is an informational response: 100 to 199, without 101 over HTTP/1.1.
type Early struct {
	Status int
	Header http.Header // as it was sent
}

// Result returns what has been noted up to now, in a copy. A handler that still runs may go on.
func (rec *Recorder) Result() Recorded {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	n := rec.noted
	n.Header = n.Header.Clone()
	n.Trailer = n.Trailer.Clone()
	n.Body = slices.Clone(n.Body)
	n.Early = slices.Clone(n.Early)
	for i := range n.Early {
		n.Early[i].Header = n.Early[i].Header.Clone()
	}
	n.Flushes = slices.Clone(n.Flushes)
	n.Superfluous = slices.Clone(n.Superfluous)
	n.Late = slices.Clone(n.Late)
	n.ReadDeadlines = slices.Clone(n.ReadDeadlines)
	n.WriteDeadlines = slices.Clone(n.WriteDeadlines)
	n.Conn = rec.hijacked
	return n
}

// trailing says whether the response has a place for trailers. Over HTTP/1.1 that is a chunked body (RFC 9112, 7.1.2),
// which net/http makes of one that it could not keep whole or that announces trailers.
func (rec *Recorder) trailing() bool {
	if rec.noBody || rec.http2 {
		return !rec.noBody
	}
	if !bodyAllowed(rec.noted.Status) || rec.length >= 0 {
		return false
	}
	announced := rec.head["Trailer"] != nil
	for name := range rec.head {
		announced = announced || strings.HasPrefix(name, http.TrailerPrefix)
	}
	return announced || len(rec.noted.Flushes) > 0 || len(rec.noted.Body) > bufferedBody
}

// trailers returns the trailers with their values at the end.
func (rec *Recorder) trailers() http.Header {
	t := make(http.Header)
	for name, values := range rec.live {
		if name, ok := strings.CutPrefix(name, http.TrailerPrefix); ok {
			t[http.CanonicalHeaderKey(name)] = slices.Clone(values)
		}
	}
	for _, line := range rec.head["Trailer"] {
		for name := range strings.SplitSeq(line, ",") {
			name = http.CanonicalHeaderKey(strings.TrimSpace(name))
			if values := rec.live[name]; len(values) > 0 && !untrailable(name) {
				t[name] = slices.Clone(values)
			}
		}
	}
	if len(t) == 0 {
		return nil
	}
	return t
}

// untrailable says whether a server refuses to send an announced trailer of that name: it would come too late to be
// heeded (RFC 9110, 6.5.1).
func untrailable(name string) bool {
	switch name {
	case "Authorization", "Cache-Control", "Connection", "Content-Encoding", "Content-Length", "Content-Range",
		"Content-Type", "Expect", "Host", "Keep-Alive", "Max-Forwards", "Pragma", "Proxy-Authenticate",
		"Proxy-Authorization", "Proxy-Connection", "Range", "Realm", "Te", "Trailer", "Transfer-Encoding",
		"Www-Authenticate":
		return true
	}
	return strings.HasPrefix(name, "If-")
}

// HTTP2 returns rec as a writer over HTTP/2: it is no http.Hijacker and no io.ReaderFrom, and an http.Pusher for a
// client that wants nothing pushed.
func (rec *Recorder) HTTP2() http.ResponseWriter {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	rec.http2 = true
	return recorder2{rec}
}

// recorder2 has the methods of net/http's writer over HTTP/2, and no others.
type recorder2 struct{ rec *Recorder }

func (w recorder2) Header() http.Header                  { return w.rec.Header() }
func (w recorder2) WriteHeader(status int)               { w.rec.WriteHeader(status) }
func (w recorder2) Write(p []byte) (int, error)          { return w.rec.Write(p) }
func (w recorder2) WriteString(s string) (int, error)    { return w.rec.WriteString(s) }
func (w recorder2) Flush()                               { w.rec.Flush() }
func (w recorder2) FlushError() error                    { return w.rec.FlushError() }
func (w recorder2) SetReadDeadline(d time.Time) error    { return w.rec.SetReadDeadline(d) }
func (w recorder2) SetWriteDeadline(d time.Time) error   { return w.rec.SetWriteDeadline(d) }
func (w recorder2) EnableFullDuplex() error              { return w.rec.EnableFullDuplex() }
func (w recorder2) Push(string, *http.PushOptions) error { return http.ErrNotSupported }
