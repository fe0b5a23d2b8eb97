package mount

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cgi"
	"strconv"
	"strings"

	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/rewrite"
)

// CGI is a handler that runs a program for each request, by the Common Gateway Interface
// (RFC 3875), over net/http/cgi. Its fields are set before it serves and not changed after.
//
// The program learns from its environment where it is mounted and who asks: SCRIPT_NAME is
// rewrite.ScriptName and PATH_INFO the path below it, both decoded and right below any
// mount; REQUEST_URI is the client's. REMOTE_USER is rewrite.User, and there is none
// when nobody signed in; REMOTE_ADDR and REMOTE_HOST are rewrite.Client where a filter set
// it, else the peer.
//
// Of the client's fields those come as HTTP_ variables whose names are letters, digits and
// hyphens alone: in other names, X_Forwarded_For for one, "_" or "." would end up as the
// hyphen of a field that a filter set. Remote-User and Proxy never come
// (CVE-2016-5386). Authorization does: a filter that dealt with it removes it.
//
// CGI itself answers 400 to a path with a NUL, 411 and 413 to a body whose length it does
// not know (see Spool), and 500 when the program does not start, sends no head or a bad
// one. What the program writes to its standard error is logged, one record a line, until
// the program ends: one that leaves children behind has to close its outputs in them, or
// the request lasts as long as they do. A Location without a Status goes to the client,
// 302, also where it is a local path (RFC 3875 section 6.2.2).
//
// Two faults cannot be seen from outside of net/http/cgi. A program that dies in the middle
// of an answer has cut it where it declared a Content-Length, and seems to have ended where it
// did not. And a program whose client went away is killed when it next writes, not before.
type CGI struct {
	// Path is the program. A relative path is relative to Dir.
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

	// Logger gets the program's standard error, at level Warn, and its faults, at level
	// Error. Nil is slog.Default.
	Logger *slog.Logger
}

// ServeHTTP runs the program for r and sends its answer.
func (c CGI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	capture.Transform(w, r, http.HandlerFunc(c.run), 0, cgiHead)
}

func (c CGI) run(w http.ResponseWriter, r *http.Request) {
	if strings.IndexByte(r.URL.Path, 0) >= 0 {
		http.Error(w, "400 this path has a NUL", http.StatusBadRequest)
		return
	}
	asked := r.WithContext(r.Context())
	asked.Header, asked.TransferEncoding = variables(r.Header), nil
	if r.ContentLength < 0 {
		file, ok := c.spool(w, r, asked)
		if !ok {
			return
		}
		defer file.Close()
	} else if r.ContentLength > 0 && r.ProtoMajor == 1 {
		// Without it net/http takes the body away from the program at its first output.
		_ = http.NewResponseController(w).EnableFullDuplex()
	}
	if client, ok := rewrite.Client.Value(r.Context()); ok && client.IsValid() {
		asked.RemoteAddr = client.WithZone("").String() // no port: net/http/cgi takes it whole
	}
	logger := c.Logger
	if logger == nil {
		logger = slog.Default()
	}
	logger = logger.With("program", c.Path)
	stderr := &lines{ctx: r.Context(), logger: logger}
	defer stderr.end()
	program := cgi.Handler{
		Path: c.Path, Args: c.Args, Dir: c.Dir, InheritEnv: c.InheritEnv, Env: c.env(r),
		Logger: slog.NewLogLogger(logger.Handler(), slog.LevelError), Stderr: stderr,
	}
	program.ServeHTTP(w, asked)
	if !capture.Started(w) {
		// It saw a Status that is none, and left it at that.
		http.Error(w, "500 Internal Server Error", http.StatusInternalServerError)
	}
}

// env returns the variables that net/http/cgi gets wrong or does not know, and those that
// the user wants. Of two with one name the later counts.
func (c CGI) env(r *http.Request) []string {
	uri := r.RequestURI
	if uri == "" { // not from a server
		below := *r.URL
		below.Path, below.RawPath = rewrite.ScriptName(r)+r.URL.Path, rewrite.EscapedScriptName(r)+r.URL.EscapedPath()
		uri = below.RequestURI()
	}
	env := []string{
		"SCRIPT_NAME=" + rewrite.ScriptName(r),
		"PATH_INFO=" + r.URL.Path,
		"REQUEST_URI=" + uri,
	}
	if r.Proto != "" {
		env = append(env, "SERVER_PROTOCOL="+r.Proto)
	}
	env = append(env, c.Env...)
	if user, _ := rewrite.User.Value(r.Context()); user != "" {
		env = append(env, "REMOTE_USER="+user)
	}
	return env
}

// variables returns the fields that may become HTTP_ variables.
func variables(h http.Header) http.Header {
	kept := make(http.Header, len(h))
	for name, values := range h {
		odd := strings.ContainsFunc(name, func(c rune) bool {
			return c != '-' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z')
		})
		if !odd && !strings.EqualFold(name, "Remote-User") {
			kept[name] = values
		}
	}
	return kept
}

// cgiHead mends the head of a program's answer: net/http/cgi knows "Status" in no other
// case of letters, and framing is not the program's (RFC 3875 section 6.3.4).
func cgiHead(h *capture.Head, _ io.Writer) io.WriteCloser {
	if values := h.Header["Status"]; len(values) > 0 {
		code, _, _ := strings.Cut(values[0], " ")
		if status, err := strconv.Atoi(code); err == nil && status >= 200 && status <= 599 {
			h.Status = status
		}
		delete(h.Header, "Status")
	}
	delete(h.Header, "Transfer-Encoding")
	return nil
}

// lines is an io.Writer that logs what it gets, line by line. Only one goroutine uses it
// at a time.
type lines struct {
	ctx    context.Context
	logger *slog.Logger
	begun  []byte
}

// longest is how many bytes of a line are kept before they are logged.
const longest = 8 << 10

func (l *lines) Write(p []byte) (int, error) {
	for _, c := range p {
		if c == '\n' || len(l.begun) == longest {
			l.end()
		}
		if c != '\n' {
			l.begun = append(l.begun, c)
		}
	}
	return len(p), nil
}

// end logs the line that has begun, if any.
func (l *lines) end() {
	if line := strings.TrimSuffix(string(l.begun), "\r"); line != "" {
		l.logger.LogAttrs(l.ctx, slog.LevelWarn, "cgi: standard error", slog.String("line", line))
	}
	l.begun = l.begun[:0]
}
