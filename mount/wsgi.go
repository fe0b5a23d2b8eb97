package mount

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"syscall"
	"time"
)

// WSGI is a handler that serves a Python application by the Web Server Gateway Interface
// (PEP 3333), in processes of Python that it starts and looks after:
//
//	app := &mount.WSGI{App: "wiki.web:application"}
//	defer app.Close()
//	http.Handle("/wiki/", mount.At("/wiki", app))
//
// Its fields are set before it serves and not changed after. The processes are started by
// Start, or by the first request. They need Python 3.9 or later and nothing besides.
//
// The application's environ says where it is mounted and who asks, as the environment of a
// CGI program does: see CGI for the variables, and for those of the client's fields that
// never come. Environ adds keys for one request. wsgi.input ends where the body
// does, whether its length is known or not (wsgi.input_terminated); what is written to
// wsgi.errors between two flushes is one record of the log. Every piece that the application
// yields goes to the client at once.
//
// WSGI itself answers 500 when the application raises before it answers, or has no answer,
// with the traceback in the log; 502 when its process died; 503 with Retry-After when no
// process can be started, or too many requests wait; and 400 to a path with a NUL. An
// exception in the middle of an answer cuts it. When the client leaves, reading
// wsgi.input and sending raise a ConnectionError in the application.
//
// A process that dies is started again, at once if it had lived for a second, else after a
// while that doubles up to 10 seconds. When the program that uses WSGI is gone, however
// that came, the processes end, too.
type WSGI struct {
	// App names the application:
	//
	//   "package.module:name"         an object, or else "application"
	//   "package.module:factory()"    what a function returns
	//   "site/wiki.wsgi:application"  an object of a file: its name has
	//                                 a slash or ends in .py or .wsgi
	//   "config:site.ini#main"        a file of PasteDeploy, which
	//                                 has to be installed
	//
	// Files and modules are found from Dir.
	App string

	// Python is the interpreter, or the folder of a virtual environment. Empty: python3.
	Python string

	// Dir is the working directory of the processes, and the first place where modules are
	// looked for. Empty: our own.
	Dir string

	// Env is added to our own environment to make that of the processes, as "NAME=value".
	Env []string

	// Processes is how many there are. Zero: 1. An application that keeps state in memory
	// has it once for each.
	Processes int

	// Threads is how many requests each process works on at a time. Zero: 8. One is for
	// applications that must not run in threads.
	Threads int

	// Queue is how many requests wait for a thread. Zero: 1024.
	Queue int

	// Grace is how long requests may go on in a process that is to end: at Close, at
	// Reload, and after their client has left. Zero: 30 seconds. Then it is killed.
	Grace time.Duration

	// Logger gets what the processes write to standard output and error, and wsgi.errors,
	// at level Warn, and faults at level Error. Nil is slog.Default.
	Logger *slog.Logger

	once    sync.Once
	workers *workers
}

func (a *WSGI) init() {
	a.workers = &workers{
		command: a.command, processes: cmp.Or(a.Processes, 1), threads: cmp.Or(a.Threads, 8), queue: cmp.Or(a.Queue, 1024),
		grace: cmp.Or(a.Grace, 30*time.Second), logger: orDefaultLogger(a.Logger).With("app", a.App),
		tried: make(chan struct{}), closing: make(chan struct{}),
	}
}

// Start starts the processes and returns when the application has been loaded in all of
// them, or the error that kept it from that, with its traceback.
func (a *WSGI) Start() error {
	a.once.Do(a.init)
	if err := a.workers.start(); err != nil {
		return fmt.Errorf("wsgi: %s: %w", a.App, err)
	}
	return nil
}

// Reload starts new processes, which load the application anew, and returns when they
// serve. The old ones finish what they work on, and end. When the application cannot be
// loaded the old ones stay, and the error says why. No request is lost.
func (a *WSGI) Reload() error {
	a.once.Do(a.init)
	if err := a.workers.reload(); err != nil {
		return fmt.Errorf("wsgi: %s: %w", a.App, err)
	}
	return nil
}

// Close ends the processes when the requests that they work on have ended, or Grace has
// passed: then the error says so. Further requests are answered 503.
func (a *WSGI) Close() error {
	a.once.Do(a.init)
	if err := a.workers.close(); err != nil {
		return fmt.Errorf("wsgi: %s: %w", a.App, err)
	}
	return nil
}

// ServeHTTP has r answered by the application.
func (a *WSGI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.once.Do(a.init)
	body, _ := takeBody(w, r, 0, true)
	e := exchange{
		fault: fault{w: w, r: r, logger: a.workers.logger, status: http.StatusBadGateway},
		body:  body,
	}
	e.env.describe(r, body.length)
	if !e.env.finish(r.Context(), nil) {
		refuseNUL(w)
		return
	}
	for again := true; again; {
		again = a.ask(&e)
	}
	body.finish()
}

// ask has e answered by a thread, and reports whether to try another: the process had died
// before it saw the request.
func (a *WSGI) ask(e *exchange) (again bool) {
	t, err := a.workers.take(e.r.Context())
	if err != nil {
		if errors.Is(err, errBusy) {
			a.workers.logger.LogAttrs(e.r.Context(), slog.LevelError, "wsgi: a request is refused", slog.Any("error", err))
		}
		overloaded(e.w)
		return false
	}
	defer a.workers.give(t)
	err = e.over(t.conn)
	unseen := errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)
	if unseen && e.body.length == 0 && !t.conn.Started() && e.r.Context().Err() == nil {
		return true
	}
	if err != nil {
		e.answer(fmt.Errorf("wsgi: %w", err))
	}
	return false
}
