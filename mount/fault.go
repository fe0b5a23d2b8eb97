package mount

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"github.com/weirhttp/weir/capture"
)

var (
	errTimeout = errors.New("it took longer than its Timeout")
	errLeft    = errors.New("the client has left")
	errBroken  = errors.New("the client did not send all of its body")
	errLarge   = fmt.Errorf("%w: it is too large", errBroken)
)

// fault is what becomes of a request whose application failed.
type fault struct {
	w      http.ResponseWriter
	r      *http.Request
	logger *slog.Logger
	status int  // of the answer, where it has not begun
	begun  bool // the head of the answer may be on its way

	traceback string // what the application said of it
}

// deliver sends res, whose body is out, and reads out to its end. The error is of the
// application, or errLeft.
func (f *fault) deliver(res *http.Response, out *answerBody) error {
	f.begun, out.size = true, 0
	err := capture.Send(f.w, res)
	if err == nil && out.err == nil {
		_, _ = io.Copy(io.Discard, out) // what a response without a body has
	}
	switch {
	case out.err != nil && out.err != io.EOF:
		return out.err
	case err == nil && out.size < res.ContentLength && f.r.Method != http.MethodHead && res.StatusCode != http.StatusNotModified:
		return fmt.Errorf("its answer ended after %d bytes of %d", out.size, res.ContentLength)
	case errors.Is(err, http.ErrContentLength):
		return err
	case err != nil:
		return errLeft
	}
	return nil
}

// answer logs the fault, unless it is the client's, and answers the request; an answer that
// has begun is cut.
func (f *fault) answer(err error) {
	broken := errors.Is(err, errBroken)
	gone := f.r.Context().Err() != nil || errors.Is(err, errLeft) || broken
	late := errors.Is(err, errTimeout) || errors.Is(context.Cause(f.r.Context()), context.DeadlineExceeded)
	if !gone || late {
		attrs := []slog.Attr{slog.String("method", f.r.Method), slog.String("uri", requestURI(f.r)), slog.Any("error", err)}
		if f.traceback != "" {
			attrs = append(attrs, slog.String("traceback", f.traceback))
		}
		f.logger.LogAttrs(f.r.Context(), slog.LevelError, "mount: the application failed", attrs...)
	}
	if errors.Is(err, http.ErrContentLength) {
		return // the client has all that was declared
	}
	if f.begun {
		panic(http.ErrAbortHandler)
	}
	status := f.status
	switch {
	case late:
		status = http.StatusGatewayTimeout
	case errors.Is(err, errLarge):
		status = http.StatusRequestEntityTooLarge
	case broken:
		status = http.StatusBadRequest
	}
	http.Error(f.w, http.StatusText(status), status)
}

// refuseNUL answers a request that no program can be told of.
func refuseNUL(w http.ResponseWriter) {
	http.Error(w, "400 this request has a NUL", http.StatusBadRequest)
}

// hasNUL reports whether s has a character that would end it in a program.
func hasNUL(s string) bool { return strings.IndexByte(s, 0) >= 0 }
