package mount

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// CGI is a handler that runs a program for each request, by the Common Gateway Interface
// (RFC 3875). Its fields are set before it serves and not changed after.
//
// The program learns from its environment where it is mounted and who asks: SCRIPT_NAME is
// rewrite.ScriptName and PATH_INFO the path below it, both decoded and right below any
// mount; REQUEST_URI is the client's. REMOTE_USER is rewrite.User, and there is none
// when nobody signed in. REMOTE_ADDR and REMOTE_HOST are rewrite.ClientOf, empty where nobody
// knows it; REMOTE_PORT is there only where a client is connected to us itself. REQUEST_SCHEME
// is rewrite.SchemeOf and HTTPS "on" when that is https, HTTP_HOST is rewrite.NamedHost,
// SERVER_NAME rewrite.Domain and SERVER_PORT rewrite.Port: what the client asked a proxy
// for, where a filter such as filter.TrustProxy found it out. Environ adds to it for one
// request.
//
// Of the client's fields those come as HTTP_ variables whose names are letters, digits and
// hyphens alone: in other names, X_Forwarded_For for one, "_" or "." would end up as the
// hyphen of a field that a filter set. Those never come by which a front speaks to an
// application, Remote-User, X-Forwarded-For and their like, nor Proxy (CVE-2016-5386).
// Authorization does: a filter that dealt with it removes it.
//
// CGI itself answers 400 to a path with a NUL, 411 and 413 to a body whose length it does
// not know (see Spool), 431 to fields or a query that the system can give no program, 503
// when too many requests wait, 500 when the program does not start, sends no head or a bad
// one, and 504 when it took too long for that. A program that
// is killed, or ends with another exit status than 0, has cut its answer, and the client
// sees it cut; so does one that runs out of its time. When the client leaves, the
// program and its children are asked to end (SIGTERM), and killed 5 seconds later.
//
// What the program writes to its standard error is logged, one record a line, until the
// program ends. One that leaves children behind has to close its standard output in
// them, or the answer lasts as long as they do, and its standard error, or it lasts up to
// 5 seconds longer. A Location without a Status goes to the
// client, 302, also where it is a local path (RFC 3875 section 6.2.2).
type CGI struct {
	// Path is the program. In Go, a relative path is relative to Dir.
	Path string

	// Args are its arguments, none as a rule.
	Args []string

	// Dir is its working directory; empty: the directory of Path.
	Dir string

	// Env is added to its environment, as "NAME=value". It takes precedence over what the
	// request says, except for REMOTE_USER when somebody signed in.
	Env []string

	// InheritEnv names the variables of our own environment that it gets, besides PATH and
	// what the system's loader needs.
	InheritEnv []string

	// Spool is how many bytes of a request body of unknown length are held, in a temporary
	// file, because a program must know CONTENT_LENGTH beforehand (RFC 3875 section 4.1.2).
	// A longer one is answered 413. Zero holds none: the answer is 411.
	Spool int64

	// Timeout is how long a program may take for a request. Zero: as long as the client
	// waits.
	Timeout time.Duration

	// Processes is how many programs run at once. Zero: 32.
	Processes int

	// Queue is how many requests wait for one of them to end. Zero: 256.
	Queue int

	// Logger gets the program's standard error, at level Warn, and its faults, at level
	// Error. Nil is slog.Default.
	Logger *slog.Logger

	once   sync.Once
	logger *slog.Logger
	slots  *slots
}

func (c *CGI) init() {
	c.logger = orDefaultLogger(c.Logger).With("program", c.Path)
	c.slots = newSlots(cmp.Or(c.Processes, 32), cmp.Or(c.Queue, 256))
}

// ServeHTTP runs the program for r and sends its answer.
func (c *CGI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.once.Do(c.init)
	body, ok := takeBody(w, r, c.Spool, false)
	if !ok {
		return
	}
	defer body.Close()
	var env environ
	env.describe(r, body.length)
	if !env.finish(r.Context(), c.Env) {
		refuseNUL(w)
		return
	}
	f := fault{w: w, r: r, logger: c.logger, status: http.StatusInternalServerError}
	if !c.slots.with(r.Context(), func() { c.run(&f, env, body) }) {
		overloaded(w)
		return
	}
	body.finish()
}

// run runs the program to its end.
func (c *CGI) run(f *fault, env environ, body *body) {
	ctx, cancel := context.WithCancel(f.r.Context())
	defer cancel()
	if c.Timeout > 0 {
		ctx, cancel = context.WithTimeoutCause(ctx, c.Timeout, errTimeout)
		defer cancel()
	}
	p := c.command(ctx, env)
	stderr := &lines{ctx: f.r.Context(), logger: f.logger, message: "cgi: standard error"}
	p.Stderr = stderr
	err := p.start(body, cancel)
	if errors.Is(err, syscall.E2BIG) {
		f.status = http.StatusRequestHeaderFieldsTooLarge // than the system gives a program
	}
	if err != nil {
		f.answer(fmt.Errorf("cgi: %w", err))
		return
	}
	err = answerFrom(p, f, cancel)
	stderr.end()
	switch {
	case err != nil && body.broken.Load():
		err = body.fault()
	case context.Cause(ctx) == errTimeout:
		err = errTimeout
	}
	if err != nil {
		f.answer(fmt.Errorf("cgi: %w", err))
	}
}

// answerFrom sends the client what the process puts out, and waits for its end. It calls
// cancel where that would not come.
func answerFrom(p *process, f *fault, cancel func()) (err error) {
	out, done := newAnswerBody(p.stdout), false
	defer out.free()
	defer func() {
		if !done || err != nil {
			cancel() // or it waits for ever to write the rest
		}
		ended := p.wait()
		if _, itself := errors.AsType[*exec.ExitError](ended); err == nil {
			err = ended
		} else if itself && out.err == io.EOF {
			err = fmt.Errorf("%w: %w", err, ended)
		}
	}()
	res, err := readAnswer(f.r, out)
	if err == nil {
		err = f.deliver(res, out)
	}
	done = true
	return err
}

// command returns the program's process, to be started, which ends with ctx.
func (c *CGI) command(ctx context.Context, env environ) *process {
	path, dir := c.Path, c.Dir
	if dir == "" {
		dir, path = filepath.Split(path)
	}
	if !filepath.IsAbs(path) {
		path = "." + string(filepath.Separator) + path // not along PATH
	}
	p := newProcess(exec.CommandContext(ctx, path, c.Args...))
	p.Dir = dir
	p.Env = c.inherited()
	for _, v := range env {
		p.Env = append(p.Env, v.name+"="+v.value)
	}
	return p
}

// inherited returns the part of our own environment that the program gets. The request's
// variables come after it and so take precedence.
func (c *CGI) inherited() []string {
	path := os.Getenv("PATH")
	if path == "" {
		path = "/bin:/usr/bin:/usr/local/bin"
	}
	env := []string{"PATH=" + path}
	for _, names := range [][]string{loaderVariables, c.InheritEnv} {
		for _, name := range names {
			if value := os.Getenv(name); value != "" {
				env = append(env, name+"="+value)
			}
		}
	}
	return env
}

// loaderVariables are what programs of some systems do not start without.
var loaderVariables = []string{"LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SystemRoot", "COMSPEC", "PATHEXT", "WINDIR"}
