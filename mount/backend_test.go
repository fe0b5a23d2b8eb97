package mount_test

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/weirhttp/weir/mount"
	"github.com/weirhttp/weir/rewrite"
)

// act is the application that every backend mounts, so that what holds for one is asked of all. It answers as a CGI
// program does, with what it was told, or as the field X-Act wants it, and reports whether its answer is to be cut.
// testdata/wsgi/act.py is the same in Python.
func act(env map[string]string, body io.Reader, w io.Writer) (cut bool) {
	const plain = "Content-Type: text/plain\n"
	switch env["HTTP_X_ACT"] {
	case "echo": // byte by byte
		fmt.Fprint(w, plain, "\n")
		for one := make([]byte, 1); ; {
			if _, err := io.ReadFull(body, one); err != nil {
				return false
			}
			w.Write(one)
		}
	case "cut":
		fmt.Fprint(w, plain, "\nhalf")
		return true
	case "short":
		fmt.Fprint(w, plain, "Content-Length: 100\n\nhalf")
	case "long":
		fmt.Fprint(w, plain, "Content-Length: 4\n\nhalf and more")
	case "head":
		fmt.Fprint(w, plain, "X-Long: ", strings.Repeat("x", 1<<20), "\n\nbody")
	default:
		text, _ := io.ReadAll(body)
		report, _ := json.Marshal(reported{env, string(text)})
		fmt.Fprintf(w, "Content-Type: application/json\nSet-Cookie: a=1\nSet-Cookie: b=2\n\n%s", report)
	}
	return false
}

// reported is what act says of a request.
type reported struct {
	Env  map[string]string
	Body string
}

// backend is a way to mount act.
type backend struct {
	// mount returns the handler for an application in a folder.
	mount func(t *testing.T, dir string, logger *slog.Logger) http.Handler
	// start brings the application in the folder to life, and stop ends it. No stop: it lives in the handler.
	start func(t *testing.T, dir string) (stop func())
	// down is the status of an answer while the application is not there, and bad that for one whose answer is none.
	down, bad int
}

var backends = map[string]backend{
	"Go": {
		mount: func(*testing.T, string, *slog.Logger) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				user, _ := rewrite.User.Value(r.Context())
				actFor(w, environFrom(r, rewrite.ScriptName(r), user, r.RequestURI), r.Body)
			})
		},
	},
	"CGI": {
		mount: func(t *testing.T, dir string, logger *slog.Logger) http.Handler {
			app := program(t, "act")
			app.Path, app.Logger, app.Spool = filepath.Join(dir, "program"), logger, 1<<20
			return app
		},
		start: func(t *testing.T, dir string) func() {
			self, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(self, filepath.Join(dir, "program")); err != nil {
				t.Fatal(err)
			}
			return func() { os.Remove(filepath.Join(dir, "program")) }
		},
		down: 500, bad: 500,
	},
	"Proxy": {
		mount: func(t *testing.T, dir string, logger *slog.Logger) http.Handler {
			return &mount.Proxy{Socket: filepath.Join(dir, "socket"), Logger: logger}
		},
		start: func(t *testing.T, dir string) func() { return serveSocket(t, dir, actHTTP) },
		down:  502, bad: 502,
	},
	"FastCGI": {
		mount: func(t *testing.T, dir string, logger *slog.Logger) http.Handler {
			app := &mount.FastCGI{Servers: []string{filepath.Join(dir, "socket")}, Logger: logger}
			t.Cleanup(func() { app.Close() })
			return app
		},
		start: func(t *testing.T, dir string) func() { return serveSocket(t, dir, actFastCGI) },
		down:  502, bad: 502,
	},
	"SCGI": {
		mount: func(t *testing.T, dir string, logger *slog.Logger) http.Handler {
			return &mount.SCGI{Server: filepath.Join(dir, "socket"), Spool: 1 << 20, Logger: logger}
		},
		start: func(t *testing.T, dir string) func() { return serveSocket(t, dir, actSCGI) },
		down:  502, bad: 502,
	},
	"WSGI": {
		mount: func(t *testing.T, dir string, logger *slog.Logger) http.Handler {
			app, _ := wsgi(t, func(a *mount.WSGI) { a.App, a.Dir, a.Logger = "act", dir, logger })
			return app
		},
		start: func(t *testing.T, dir string) func() {
			source, err := os.ReadFile("testdata/wsgi/act.py")
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "act.py"), source, 0o600); err != nil {
				t.Fatal(err)
			}
			return func() { os.Remove(filepath.Join(dir, "act.py")) }
		},
		down: 503, bad: 502,
	},
}

// serveSocket serves the connections to the socket of a folder.
func serveSocket(t *testing.T, dir string, serve func(net.Conn)) (stop func()) {
	t.Helper()
	listener, err := net.Listen("unix", filepath.Join(dir, "socket"))
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var conns []net.Conn
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, c)
			mu.Unlock()
			go func() {
				defer c.Close()
				serve(c)
			}()
		}
	}()
	return func() {
		listener.Close()
		mu.Lock()
		defer mu.Unlock()
		for _, c := range conns {
			c.Close()
		}
	}
}

// actFastCGI is act over a connection of FastCGI, for one request after the other.
func actFastCGI(c net.Conn) {
	for in := bufio.NewReader(c); ; {
		var stream []byte
		kind, content := readRecord(in)
		for ; kind == 1 || kind == 4; kind, content = readRecord(in) {
			if kind == 4 {
				stream = append(stream, content...)
			}
		}
		if kind != 5 { // of the body, the first of which is here
			return
		}
		params, err := decodeParams(stream)
		if err != nil {
			return
		}
		from, to := io.Pipe()
		read := make(chan struct{})
		go func() {
			defer close(read)
			for ; kind == 5 && len(content) > 0; kind, content = readRecord(in) {
				to.Write(content)
			}
			to.CloseWithError(io.EOF)
		}()
		cut := act(params, from, recordWriter{c})
		from.Close()
		if cut {
			return
		}
		writeRecord(c, 3, make([]byte, 8))
		<-read
	}
}

// recordWriter writes what a responder answers.
type recordWriter struct{ io.Writer }

func (w recordWriter) Write(p []byte) (int, error) {
	for piece := p; len(piece) > 0; piece = piece[min(len(piece), 60_000):] {
		writeRecord(w.Writer, 6, piece[:min(len(piece), 60_000)])
	}
	return len(p), nil
}

// readRecord returns the next record's type, 0 where there is none, and content.
func readRecord(in io.Reader) (kind byte, content []byte) {
	var head [8]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return 0, nil
	}
	length := int(binary.BigEndian.Uint16(head[4:]))
	content = make([]byte, length+int(head[6]))
	if _, err := io.ReadFull(in, content); err != nil {
		return 0, nil
	}
	return head[1], content[:length]
}

// actSCGI is act over a connection of SCGI. The protocol knows no end but that of the connection, so that an answer can
// be cut only where it has a length.
func actSCGI(c net.Conn) {
	in := bufio.NewReader(c)
	env := readSCGI(in)
	if env == nil {
		return
	}
	params := make(map[string]string)
	for i := 0; i+1 < len(env); i += 2 {
		if other, ok := params[env[i]]; ok {
			env[i+1] = other + "+" + env[i+1]
		}
		params[env[i]] = env[i+1]
	}
	length, _ := strconv.ParseInt(params["CONTENT_LENGTH"], 10, 64)
	if params["HTTP_X_ACT"] == "cut" {
		params["HTTP_X_ACT"] = "short"
	}
	act(params, io.LimitReader(in, length), c)
}

// readSCGI returns the names and values of a request; nil: it has none.
func readSCGI(in *bufio.Reader) []string {
	digits, _ := in.ReadString(':')
	size, err := strconv.Atoi(strings.TrimSuffix(digits, ":"))
	if err != nil {
		return nil
	}
	head := make([]byte, size+1)
	if _, err := io.ReadFull(in, head); err != nil || head[size] != ',' {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(head[:size]), "\x00"), "\x00")
}

// actCGI is act as a program.
func actCGI() {
	env := make(map[string]string)
	for _, v := range os.Environ() {
		name, value, _ := strings.Cut(v, "=")
		env[name] = value
	}
	if act(env, os.Stdin, os.Stdout) {
		os.Exit(1)
	}
}
