package filter

import (
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"runtime"
	"runtime/debug"

	"github.com/weirhttp/weir/capture"
)

// RecoverOptions are the options of [Recover]. The zero value is right for
// most programs.
type RecoverOptions struct {
	// Logger gets one record for each panic. Nil means [slog.Default], asked
	// for each time.
	Logger *slog.Logger
}

// Recover returns a filter that turns the panic of a handler into an answer
// that a client can make something of.
//
// When nothing of the response has passed Recover yet, it answers 500 (Internal
// Server Error) as text/plain, with none of the fields that the failed attempt
// left behind, such as cookies or a Content-Length. Fields that filters outside
// of it had set before stay. Once the head has passed, it is too late for a
// status: the connection is cut (it panics with [http.ErrAbortHandler]), so that
// the client does not take half a response for a whole one. Nothing more is
// written to a connection that was hijacked.
//
// Each panic is logged once, at level Error, with the method, the path as the
// client sent it, the value and the stack. [http.ErrAbortHandler] is no fault
// but the way to cut a response: it passes and is not logged. Nor is
// [runtime.Goexit] a panic.
//
// In a stack it stands inside of AccessLog, which then logs the 500, and
// outside of everything that may panic. It stands outside of Compress, too, for
// a page that Compress holds back until its size is known can then still become
// a 500.
func Recover(o RecoverOptions) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		if next == nil {
			panic("filter.Recover: next is nil")
		}
		g := &guarded{logger: o.Logger, next: next}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			// The handler gets capture's writer, which knows whether the head
			// has passed.
			capture.Observe(w, r, g, nil)
		})
	}
}

// guarded is a handler that may panic.
type guarded struct {
	logger *slog.Logger
	next   http.Handler
}

func (g *guarded) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var before http.Header
	if h := w.Header(); len(h) > 0 {
		before = h.Clone()
	}
	if !g.serve(w, r, before) {
		g.caught(w, r, before, new(runtime.PanicNilError))
	}
}

// serve runs the handler, and answers for it when it panicked. It returns false
// after a panic(nil) under GODEBUG=panicnil=1, which looks like a runtime.Goexit
// until the latter does not come back.
func (g *guarded) serve(w http.ResponseWriter, r *http.Request, before http.Header) (settled bool) {
	defer func() {
		if v := recover(); v != nil {
			g.caught(w, r, before, v)
			settled = true
		}
	}()
	g.next.ServeHTTP(w, r)
	return true
}

// caught answers for a handler that panicked with v. Should the logger panic as
// well, that takes the same way out: the connection is cut.
func (g *guarded) caught(w http.ResponseWriter, r *http.Request, before http.Header, v any) {
	if v == http.ErrAbortHandler {
		panic(v)
	}
	g.log(r, v)
	if capture.Started(w) {
		panic(http.ErrAbortHandler)
	}
	h := w.Header()
	clear(h)
	maps.Copy(h, before)
	http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
}

func (g *guarded) log(r *http.Request, v any) {
	logger := g.logger
	if logger == nil {
		logger = slog.Default()
	}
	// The value is put into words here: a handler that formats it later, or
	// not at all, must not depend on what its methods do then.
	logger.LogAttrs(r.Context(), slog.LevelError, "panic",
		slog.String("method", r.Method),
		slog.String("path", requestPath(r)),
		slog.String("panic", fmt.Sprint(v)),
		slog.String("stack", string(debug.Stack())))
}
