package mount

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
)

var errTimeout = errors.New("it took longer than its Timeout")

// fault is what becomes of a request whose application failed.
type fault struct {
	w      http.ResponseWriter
	r      *http.Request
	logger *slog.Logger
	status int  // of the answer, where it has not begun
	begun  bool // the head of the answer may be on its way
}

// answer logs the fault, unless it is that the client has left, and answers the request;
// an answer that has begun is cut.
func (f *fault) answer(err error) {
	gone := f.r.Context().Err() != nil
	late := errors.Is(err, errTimeout) || errors.Is(context.Cause(f.r.Context()), context.DeadlineExceeded)
	if !gone || late {
		f.logger.LogAttrs(f.r.Context(), slog.LevelError, "mount: the application failed",
			slog.String("method", f.r.Method), slog.String("uri", requestURI(f.r)), slog.Any("error", err))
	}
	if f.begun {
		panic(http.ErrAbortHandler)
	}
	status := f.status
	if late {
		status = http.StatusGatewayTimeout
	}
	http.Error(f.w, http.StatusText(status), status)
}

// refuseNUL answers a request that no program can be told of.
func refuseNUL(w http.ResponseWriter) {
	http.Error(w, "400 this request has a NUL", http.StatusBadRequest)
}

// hasNUL reports whether s has a character that would end it in a program.
func hasNUL(s string) bool { return strings.IndexByte(s, 0) >= 0 }
