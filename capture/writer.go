package capture

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"sync"
	"syscall"
)

var errLate = errors.New("capture: the response was used after its handler returned")

// gone is the error of using a response that can no longer be written to.
func (w *response) gone() error {
	switch {
	case !w.isOpen():
		return errLate
	case w.hijacked.Load():
		return http.ErrHijacked
	}
	return nil
}

// Header returns the header map of the writer below. It takes no lock: a hook
// may well reach for it.
func (w *response) Header() http.Header {
	if !w.isOpen() {
		return make(http.Header)
	}
	return w.below.Header()
}

func (w *response) WriteHeader(status int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case !w.isOpen():
	case w.hijacked.Load(), w.sent.status.Load() != 0:
		w.below.WriteHeader(status) // for the server to complain about
	case w.begun(): // and held back: the server will never know
	case mustBeStatus(status) < 200 && status != http.StatusSwitchingProtocols:
		w.inform(status)
	default:
		w.head(w.depth(), status)
		w.freeze()
	}
}

// mustBeStatus panics in net/http's words for what is no status code.
func mustBeStatus(status int) int {
	if status < 100 || status > 999 {
		panic(fmt.Sprintf("invalid WriteHeader code %v", status))
	}
	return status
}

// inform sends an informational head. Over HTTP/2, net/http may still be
// reading the header map when WriteHeader has returned, if the client reset
// the stream, and whoever edits the map next brings the process down
// (golang/go#67940). It takes a copy of the map first where there is a
// Content-Length to leave out, with a value or without.
func (w *response) inform(status int) {
	header := w.below.Header()
	if _, declared := header["Content-Length"]; !declared {
		header["Content-Length"] = nil
		defer delete(header, "Content-Length")
	}
	w.below.WriteHeader(status)
}

func (w *response) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.gone(); err != nil {
		return 0, err
	}
	w.begin()
	n, err := w.write(w.depth(), p)
	w.freeze()
	return n, err
}

func (w *response) WriteString(s string) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.gone(); err != nil {
		return 0, err
	}
	w.begin()
	n, err := w.writeString(s)
	w.freeze()
	return n, err
}

// Flush is FlushError without the error.
func (w *response) Flush() { _ = w.FlushError() }

func (w *response) FlushError() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.gone(); err != nil {
		return err
	}
	return w.flush()
}

// Unwrap serves [http.ResponseController]: deadlines and full duplex need
// nothing of ours. A sealed response has nothing below it.
func (w *response) Unwrap() http.ResponseWriter {
	if !w.isOpen() {
		return nil
	}
	return w.below
}

// CloseNotify is there for handlers of the days before contexts. Both of
// net/http's writers have it.
func (w *response) CloseNotify() <-chan bool {
	for below := w.Unwrap(); below != nil; {
		switch b := below.(type) {
		case interface{ CloseNotify() <-chan bool }:
			return b.CloseNotify()
		case interface{ Unwrap() http.ResponseWriter }:
			below = b.Unwrap()
		default:
			below = nil
		}
	}
	return nil // never tells
}

func (w *hijackable) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.gone(); err != nil {
		return nil, nil, err
	}
	w.settle()
	if w.refused() {
		return nil, nil, errRefused
	}
	conn, rw, err := http.NewResponseController(w.below).Hijack()
	if err == nil {
		w.hijacked.Store(true)
	}
	return conn, rw, err
}

// ReadFrom copies src into the response. As long as no layer changes the
// body, a file goes to the connection's own ReadFrom, and so to sendfile.
// Nothing is committed before the first read: src may be
// the body of a request that waits for 100 Continue.
func (w *hijackable) ReadFrom(src io.Reader) (n int64, err error) {
	buf := copyBuffers.Get().(*[copySize]byte)
	defer copyBuffers.Put(buf)
	file := isFile(src)
	for {
		size := copySize
		if file {
			var m int64
			m, size, err = w.readDirect(src)
			if n += m; size == 0 || err != nil {
				return n, err
			}
		}
		m, readErr := src.Read(buf[:size])
		if m > 0 {
			written, err := w.Write(buf[:m])
			if n += int64(written); err != nil {
				return n, err
			}
			if written < m {
				return n, io.ErrShortWrite
			}
		}
		if readErr == io.EOF {
			return n, nil
		}
		if readErr != nil {
			return n, readErr
		}
	}
}

// readDirect copies src by the ReadFrom of the writer below, if nothing
// stands between. If something does, more is how much to write before asking
// again: what the hooks want to see.
func (w *hijackable) readDirect(src io.Reader) (n int64, more int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.gone(); err != nil {
		return 0, 0, err
	}
	to, ok := w.below.(io.ReaderFrom)
	if !ok {
		return 0, copySize, nil
	}
	if more = w.wants(); more > 0 {
		return 0, min(more, copySize), nil
	}
	n, err = to.ReadFrom(src)
	w.passed(n)
	return n, 0, err
}

const copySize = 32 << 10

var copyBuffers = sync.Pool{New: func() any { return new([copySize]byte) }}

// isFile says whether src is a regular file, also as [io.Copy] hands it over,
// without its WriteTo. Only then is the lock held for the length of a copy:
// reading a pipe or a socket may take for ever, and may need the response to go
// on.
func isFile(src io.Reader) bool {
	if limited, ok := src.(*io.LimitedReader); ok {
		src = limited.R
	}
	file, ok := src.(interface {
		fs.File
		syscall.Conn
	})
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode().IsRegular()
}
