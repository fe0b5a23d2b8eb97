package filter

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/weirhttp/weir/rewrite"
)

// MaxBody returns a filter that lets no handler read more than limit bytes of a request's body. A negative limit panics;
// with 0, a request must not have a body.
//
// A request whose Content-Length says that it is longer is answered with 413 (RFC 9110 §15.5.14) at once: nothing of
// its body is read, and a client that asks first with Expect: 100-continue is not told to send it. Where the length is
// not known beforehand, reading past the limit fails with an [http.MaxBytesError]: the handler has the first limit
// bytes then, and answers, with 413 if it looks for that error, or with what it likes. In both cases an HTTP/1
// connection is closed after the answer (with Connection: close, if its head has not gone out yet) instead of
// taking in the rest, and an HTTP/2 stream is reset, also when filters further out wrap the response, where
// [http.MaxBytesHandler] fails to do so (golang/go#73754).
//
// The handler gets a copy of the request with a Body of its own. It is [http.NoBody] wherever it was.
//
// MaxBody belongs inside of what refuses requests without reading them, and outside of everything that reads a body.
// One further in can narrow the limit, but not widen it.
func MaxBody(limit int64) func(http.Handler) http.Handler {
	if limit < 0 {
		panic(fmt.Sprintf("filter.MaxBody: limit is %d, below 0", limit))
	}
	return func(next http.Handler) http.Handler {
		if next == nil {
			panic("filter.MaxBody: next is nil")
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.ContentLength > limit:
				passLimit(w, r)
				http.Error(w, http.StatusText(http.StatusRequestEntityTooLarge), http.StatusRequestEntityTooLarge)
			case r.Body == nil || r.Body == http.NoBody:
				next.ServeHTTP(w, r)
			default:
				edited := r.WithContext(r.Context())
				edited.Body = http.MaxBytesReader(innermost(w), r.Body, limit)
				edited.GetBody = limitedAgain(innermost(w), r.GetBody, limit)
				rewrite.Serve(w, r, edited, next)
			}
		})
	}
}

// limitedAgain returns a GetBody whose bodies have the limit, too: Rewind further out may have set one.
func limitedAgain(server http.ResponseWriter, getBody func() (io.ReadCloser, error), limit int64) func() (io.ReadCloser, error) {
	if getBody == nil {
		return nil
	}
	return func() (io.ReadCloser, error) {
		body, err := getBody()
		if err != nil {
			return nil, err
		}
		return http.MaxBytesReader(server, body, limit), nil
	}
}

// passLimit tells the server what it is told when a handler reads past a limit: that this was the last request of the
// connection, and that the rest of the body is nothing to wait for. The server then still reads up to 256 KiB before it
// closes the connection, however slowly they come; the deadline spares it that.
func passLimit(w http.ResponseWriter, r *http.Request) {
	closeAfter(w)
	if r.ProtoMajor == 1 {
		http.NewResponseController(innermost(w)).SetReadDeadline(time.Now())
	}
}

// closeAfter tells the server that this was the last request of an HTTP/1 connection, as reading past the limit of an
// [http.MaxBytesReader] does: whoever answers, and whatever fields he sets, the server closes it then. Its method for that
// is not exported, so a reader of another body with another limit has to call it.
func closeAfter(w http.ResponseWriter) {
	longer := io.NopCloser(strings.NewReader("."))
	http.MaxBytesReader(innermost(w), longer, 0).Read(make([]byte, 1))
}

// innermost returns the server's own writer, the only one that [http.MaxBytesReader] recognises (golang/go#73754).
func innermost(w http.ResponseWriter) http.ResponseWriter {
	for {
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return w
		}
		below := u.Unwrap()
		if below == nil {
			return w
		}
		w = below
	}
}
