package mount

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/weirhttp/weir/internal/fcgi"
)

// FastCGI is a handler that has requests answered by a FastCGI responder: php-fpm, a
// program made with net/http/fcgi, or any other. Its fields are set before it serves and
// not changed after.
//
// The application learns where it is mounted and who asks as a CGI program does: see CGI
// for the variables, and for those of the client's fields that never come. With Root it is
// a folder of scripts, such as an application in PHP.
//
// Answers stream, and so do bodies; connections are kept and used again. One that the
// server has closed meanwhile is replaced, and a request without a body whose method is
// idempotent (RFC 9110 section 9.2.2) is then sent once more, if nothing was answered yet.
//
// FastCGI itself answers 400 to a path with a NUL, 411 and 413 to a body whose length it
// does not know (see Spool), 502 when no server can be reached or the answer has no head,
// and 503 when too many requests wait. An answer is cut where the responder's
// connection ended in the middle of it, or the responder says that the application ended
// with another status than 0. What the application writes to its standard error is
// logged, one record for each of its own.
type FastCGI struct {
	// Servers are where responders listen: "host:port", or the path of a unix socket, which
	// has a slash in it. Each can answer every request; they take turns, and one that
	// cannot be reached is left out for a second where there are others.
	Servers []string

	// Root is the folder of an application that is made of scripts. A path that names a
	// script in it, with or without more path after it, is answered by that script; one that
	// names a folder, by its index.php; what else is there is sent as a file. Names that
	// begin with a dot are hidden. The server finds the same files at the same place: it
	// gets DOCUMENT_ROOT and SCRIPT_FILENAME. Empty: the server is one application, which
	// answers every path.
	Root string

	// Front is the script, relative to Root, that answers what is not there, such as
	// "index.php". Empty: that is 404.
	Front string

	// Env is added to what the application is told, as "NAME=value". It takes precedence
	// over what the request says, except for REMOTE_USER when somebody signed in.
	Env []string

	// Spool is how many bytes of a request body of unknown length are held, in a temporary
	// file, so that the application knows CONTENT_LENGTH. A longer one is answered 413. Zero
	// holds none: it streams without CONTENT_LENGTH, which net/http/fcgi reads; with Root
	// the answer is 411, since PHP would see no body at all.
	Spool int64

	// Sendfile is a folder. An application may have a file in it sent in place of its body,
	// by naming it in X-Sendfile or X-Accel-Redirect, by its path in the folder or as a whole.
	// Empty: there is no such thing. The two fields never reach the client.
	Sendfile string

	// Connections is how many there are at once. Zero: 64.
	Connections int

	// Queue is how many requests wait for one. Zero: 1024.
	Queue int

	// IdleTimeout is how long a connection is kept that is not in use. Zero: 10 seconds.
	IdleTimeout time.Duration

	// Logger gets the application's standard error, at level Warn, and its faults, at level
	// Error. Nil is slog.Default.
	Logger *slog.Logger

	once    sync.Once
	logger  *slog.Logger
	slots   *slots
	pool    *fcgi.Pool
	scripts *scripts
}

func (f *FastCGI) init() {
	f.logger = orDefaultLogger(f.Logger).With("servers", f.Servers)
	connections := cmp.Or(f.Connections, 64)
	f.slots = newSlots(connections, cmp.Or(f.Queue, 1024))
	timeout := f.IdleTimeout
	if timeout == 0 {
		timeout = 10 * time.Second
	}
	f.pool = &fcgi.Pool{Servers: f.Servers, Dial: dialServer, Idle: connections, Timeout: timeout}
	if f.Root != "" {
		f.scripts = newScripts(f.Root, f.Front)
	}
}

// ServeHTTP has r answered by a server.
func (f *FastCGI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.once.Do(f.init)
	if f.scripts != nil {
		f.scripts.serve(w, r, f.serve)
		return
	}
	f.serve(w, r, nil)
}

// serve has r answered, by a script where there is one.
func (f *FastCGI) serve(w http.ResponseWriter, r *http.Request, s *script) {
	body, ok := takeBody(w, r, f.Spool, s == nil)
	if !ok {
		return
	}
	defer body.Close()
	e := exchange{
		fault:    fault{w: w, r: r, logger: f.logger, status: http.StatusBadGateway},
		body:     body,
		sendfile: f.Sendfile,
	}
	e.env.describe(r, body.length)
	s.describe(&e.env)
	if !e.env.finish(r.Context(), f.Env) {
		refuseNUL(w)
		return
	}
	var err error
	if !f.slots.with(r.Context(), func() { err = f.ask(&e, false) }) {
		overloaded(w)
		return
	}
	if err != nil {
		e.answer(fmt.Errorf("fastcgi: %w", err))
	}
	body.finish()
}

// ask has e answered over one of the pool's connections, a fresh one if need be.
func (f *FastCGI) ask(e *exchange, fresh bool) error {
	conn, used, err := f.pool.Get(e.r.Context(), fresh)
	if err != nil {
		return err
	}
	defer func() {
		if conn.Clean() {
			f.pool.Put(conn)
		} else {
			_ = conn.Close()
		}
	}()
	// A server that reads nothing must not keep us when the client has left.
	defer context.AfterFunc(e.r.Context(), func() { _ = conn.Close() })()
	err = e.over(conn)
	if err != nil && used && !conn.Started() && e.repeatable() {
		return f.ask(e, true)
	}
	return err
}

// Close closes the connections that are kept. Requests in flight end as they would.
func (f *FastCGI) Close() error {
	f.once.Do(f.init)
	f.pool.Close()
	return nil
}
