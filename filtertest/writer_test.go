package filtertest_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"net"
	"net/http"
	"time"
)

type filter = func(http.Handler) http.Handler

// broken is a writer that can be made wrong in one place; where a function is nil it passes what it is told.
type broken struct {
	http.ResponseWriter
	head  func(w http.ResponseWriter, status int)
	body  func(w http.ResponseWriter, p []byte) (int, error)
	flush func(w http.ResponseWriter)
	wrote bool
}

func (b *broken) WriteHeader(status int) {
	b.wrote = b.wrote || status >= 200
	if b.head != nil {
		b.head(b.ResponseWriter, status)
		return
	}
	b.ResponseWriter.WriteHeader(status)
}

func (b *broken) Write(p []byte) (int, error) {
	if !b.wrote && b.head != nil {
		b.WriteHeader(http.StatusOK)
	}
	if b.body != nil {
		return b.body(b.ResponseWriter, p)
	}
	return b.ResponseWriter.Write(p)
}

func (b *broken) Flush() {
	if b.flush != nil {
		b.flush(b.ResponseWriter)
		return
	}
	http.NewResponseController(b.ResponseWriter).Flush()
}

func (b *broken) Unwrap() http.ResponseWriter { return b.ResponseWriter }

// hidden passes what it is told and shows nothing of the writer below.
type hidden struct{ w http.ResponseWriter }

func (h hidden) Header() http.Header         { return h.w.Header() }
func (h hidden) Write(p []byte) (int, error) { return h.w.Write(p) }
func (h hidden) WriteHeader(status int)      { h.w.WriteHeader(status) }

// opaque is hidden with Unwrap.
type opaque struct{ hidden }

func (o opaque) Unwrap() http.ResponseWriter { return o.w }

// deaf takes deadlines and does nothing about them.
type deaf struct{ *broken }

func (deaf) SetReadDeadline(time.Time) error  { return nil }
func (deaf) SetWriteDeadline(time.Time) error { return nil }

// grabby claims that it can hijack.
type grabby struct {
	*broken
	stray string
}

func (g grabby) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := g.ResponseWriter.(http.Hijacker).Hijack()
	if err == nil {
		conn.Write([]byte(g.stray))
	}
	return conn, rw, err
}

// writes is a filter that gives the handler a writer of its own.
func writes(wrap func(http.ResponseWriter, *http.Request) http.ResponseWriter) filter {
	return around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(wrap(w, r), r)
	})
}

// around is a filter from a function that serves one request.
func around(serve func(http.ResponseWriter, *http.Request, http.Handler)) filter {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { serve(w, r, next) })
	}
}

// onHead is a filter that does something when the final head is sent.
func onHead(edit func(h http.Header, status int)) filter {
	return writes(func(w http.ResponseWriter, r *http.Request) http.ResponseWriter {
		return &broken{ResponseWriter: w, head: func(w http.ResponseWriter, status int) {
			if status >= 200 {
				edit(w.Header(), status)
			}
			w.WriteHeader(status)
		}}
	})
}

// held is a writer that holds everything until the handler has returned.
type held struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (h *held) WriteHeader(status int)      { h.status = status }
func (h *held) Write(p []byte) (int, error) { return h.body.Write(p) }
func (h *held) Flush()                      {}

func holds() filter {
	return around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		h := &held{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(h, r)
		w.WriteHeader(h.status)
		w.Write(h.body.Bytes())
	})
}

// zips is the compressor that everybody writes first.
func zips() filter {
	return around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		w.Header().Set("Vary", "Accept-Encoding")
		if !bytes.Contains([]byte(r.Header.Get("Accept-Encoding")), []byte("gzip")) {
			w.Header().Del("Vary")
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Encoding", "gzip")
		gz := gzip.NewWriter(w)
		defer gz.Close()
		next.ServeHTTP(&broken{
			ResponseWriter: w,
			head: func(w http.ResponseWriter, status int) {
				w.Header().Del("Content-Length")
				w.WriteHeader(status)
			},
			body: func(w http.ResponseWriter, p []byte) (int, error) { return gz.Write(p) },
			flush: func(w http.ResponseWriter) {
				gz.Flush()
				http.NewResponseController(w).Flush()
			},
		}, r)
	})
}
