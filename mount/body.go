package mount

import (
	"errors"
	"io"
	"io/fs"
	"net/http"
	"sync/atomic"

	"github.com/weirhttp/weir/internal/tempfile"
)

// body is the body of a request on its way to a program.
type body struct {
	io.Reader
	length int64          // -1 when nobody knows it, and the program need not
	file   *tempfile.File // the body is held here; nil: it is the client's connection
	w      http.ResponseWriter
	r      *http.Request
	broken atomic.Bool // the client did not send all of it
	large  atomic.Bool // since a limit cut it (http.MaxBytesReader)
	ended  atomic.Bool // it was read to its end
	duplex bool        // it may be read while the answer is sent
}

// takeBody returns the body of r. One of unknown length is held in a temporary file, up to
// spool bytes, so that its length is known; with stream and a spool of 0 it need not be.
// Where there is no way to have it takeBody answers itself and returns false.
func takeBody(w http.ResponseWriter, r *http.Request, spool int64, stream bool) (*body, bool) {
	b := &body{length: r.ContentLength, w: w, r: r}
	b.Reader = (*source)(b)
	switch {
	case r.Body == nil || r.Body == http.NoBody:
		b.length = 0
	case r.ContentLength >= 0, stream && spool <= 0:
	case spool <= 0:
		http.Error(w, "411 Length Required", http.StatusLengthRequired)
		return nil, false
	default:
		if status := b.hold(spool); status != 0 {
			http.Error(w, http.StatusText(status), status)
			return nil, false
		}
	}
	return b, true
}

// source is a body as it comes from the client.
type source body

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Body.Read(p)
	switch err {
	case nil:
	case io.EOF:
		s.ended.Store(true)
	default:
		_, large := errors.AsType[*http.MaxBytesError](err)
		s.large.Store(large)
		s.broken.Store(true)
	}
	return n, err
}

// fault is the error of a body that is broken.
func (b *body) fault() error {
	if b.large.Load() {
		return errLarge
	}
	return errBroken
}

// fullDuplex lets the program read on when it has begun to answer: over HTTP/1 net/http
// would take the body away at the first output.
func (b *body) fullDuplex() {
	if b.r.ProtoMajor == 1 && b.length != 0 {
		b.duplex = http.NewResponseController(b.w).EnableFullDuplex() == nil
	}
}

// finish is called after an answer was sent, over which the body may not have been read to
// its end. Net/http would read what is left after the handler, and then take the first byte
// of the next request away from itself (golang/go#68560).
func (b *body) finish() {
	if b.duplex && !b.ended.Load() && !b.broken.Load() {
		_ = http.NewResponseController(b.w).Flush() // a client may send no more before it has the answer
		_ = b.r.Body.Close()
	}
}

// hold puts the body into a file, or says with which status to refuse it.
func (b *body) hold(most int64) (status int) {
	file, err := tempfile.Create("", "weir-body-")
	if err != nil {
		return http.StatusInternalServerError
	}
	b.file = file
	size, err := io.Copy(file, io.LimitReader(b.Reader, most+1))
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err == nil && size <= most {
		b.length, b.Reader = size, file
		return 0
	}
	b.Close()
	if _, limited := errors.AsType[*http.MaxBytesError](err); limited || err == nil {
		return http.StatusRequestEntityTooLarge
	} else if _, ours := errors.AsType[*fs.PathError](err); ours {
		return http.StatusInternalServerError
	}
	return http.StatusBadRequest // the client did not send all
}

// Close removes the file, if there is one.
func (b *body) Close() error {
	if b.file == nil {
		return nil
	}
	return b.file.Close()
}
