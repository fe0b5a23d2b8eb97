package mount

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// SCGI is a handler that has requests answered by a server that speaks SCGI, the Simple
// Common Gateway Interface of 2008. Its fields are set before it serves and not changed
// after.
//
// The application learns where it is mounted and who asks as a CGI program does: see CGI
// for the variables, and for those of the client's fields that never come. There is a
// connection for each request, and its end is the end of the answer: one that ends
// without a Content-Length and in the middle cannot be told from a whole one, unless the
// connection was reset. FastCGI can.
//
// SCGI itself answers 400 to a path with a NUL, 411 and 413 to a body whose length it does
// not know (see Spool), 502 when the server cannot be reached or its answer has no head,
// and 503 when too many requests wait.
type SCGI struct {
	// Server is where the server listens: "host:port", or the path of a unix socket, which
	// has a slash in it.
	Server string

	// Env is added to what the application is told, as "NAME=value". It takes precedence
	// over what the request says, except for REMOTE_USER when somebody signed in.
	Env []string

	// Spool is how many bytes of a request body of unknown length are held, in a temporary
	// file, because the protocol begins with its length. A longer one is answered 413. Zero
	// holds none: the answer is 411.
	Spool int64

	// Connections is how many there are at once. Zero: 64.
	Connections int

	// Queue is how many requests wait for one. Zero: 1024.
	Queue int

	// Logger gets faults, at level Error. Nil is slog.Default.
	Logger *slog.Logger

	once   sync.Once
	logger *slog.Logger
	slots  *slots
}

func (s *SCGI) init() {
	s.logger = orDefaultLogger(s.Logger).With("server", s.Server)
	s.slots = newSlots(cmp.Or(s.Connections, 64), cmp.Or(s.Queue, 1024))
}

// ServeHTTP has r answered by the server.
func (s *SCGI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.once.Do(s.init)
	body, ok := takeBody(w, r, s.Spool, false)
	if !ok {
		return
	}
	defer body.Close()
	env := environ{{"CONTENT_LENGTH", strconv.FormatInt(body.length, 10)}, {"SCGI", "1"}} // these come first
	env.describe(r, -1)
	if !env.finish(r.Context(), s.Env) {
		refuseNUL(w)
		return
	}
	f := fault{w: w, r: r, logger: s.logger, status: http.StatusBadGateway}
	var err error
	if !s.slots.with(r.Context(), func() { err = s.ask(&f, env, body) }) {
		overloaded(w)
		return
	}
	if err != nil {
		f.answer(fmt.Errorf("scgi: %w", err))
	}
	body.finish()
}

func (s *SCGI) ask(f *fault, env environ, body *body) error {
	conn, err := dialServer(f.r.Context(), s.Server)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(f.r.Context(), func() { _ = conn.Close() })()
	if _, err := conn.Write(netstring(env)); err != nil {
		return err
	}
	if body.length > 0 {
		body.fullDuplex()
		go func() {
			if _, _ = io.Copy(conn, body); body.broken.Load() {
				_ = conn.Close() // the server must not take what came for all of it
			}
		}()
	}
	out := newAnswerBody(conn)
	defer out.free()
	res, err := readAnswer(f.r, out)
	if err == nil {
		err = f.deliver(res, out)
	}
	if err != nil && body.broken.Load() {
		return body.fault()
	}
	return err
}

// netstring returns the head of a request: its variables as one netstring.
func netstring(env environ) []byte {
	var b strings.Builder
	for _, v := range env {
		b.WriteString(v.name + "\x00" + v.value + "\x00")
	}
	return []byte(strconv.Itoa(b.Len()) + ":" + b.String() + ",")
}
