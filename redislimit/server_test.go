package redislimit_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"
)

// server is a Redis of the test's own, on a socket.
type server struct {
	socket string
	cmd    *exec.Cmd
}

// start starts a Redis. It is stopped when the test ends.
func start(t *testing.T) *server {
	t.Helper()
	dir, err := os.MkdirTemp("", "redis") // the name of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s := &server{socket: filepath.Join(dir, "socket")}
	t.Cleanup(s.stop)
	s.start(t)
	return s
}

func (s *server) start(t *testing.T) {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("no redis-server (Debian package redis-server)")
		}
		t.Skip("no redis-server (Debian package redis-server)")
	}
	s.cmd = exec.Command(program, "--port", "0", "--unixsocket", s.socket, "--save", "", "--appendonly", "no",
		"--dir", filepath.Dir(s.socket), "--daemonize", "no")
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := s.client(t, nil)
	until(t, "an answer of redis-server", func() bool { return c.Ping(t.Context()).Err() == nil })
}

func (s *server) stop() {
	if s.cmd.Process != nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
	}
}

// client returns a client that the test closes. Calls, if not nil, counts its commands.
func (s *server) client(t *testing.T, calls *atomic.Int64) *redis.Client {
	t.Helper()
	c := redis.NewClient(s.options())
	t.Cleanup(func() { _ = c.Close() })
	if calls != nil {
		c.AddHook(counter{calls})
	}
	return c
}

func (s *server) options() *redis.Options {
	return &redis.Options{Network: "unix", Addr: s.socket, ContextTimeoutEnabled: true, ReadTimeout: -1}
}

// counter counts the scripts that are called.
type counter struct{ calls *atomic.Int64 }

func (c counter) DialHook(next redis.DialHook) redis.DialHook { return next }

func (c counter) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if strings.HasPrefix(cmd.Name(), "eval") {
			c.calls.Add(1)
		}
		return next(ctx, cmd)
	}
}

func (c counter) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// log is what a logger wrote.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// told returns what was logged, "down" and "back", and "other".
func (l *log) told() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var words []string
	for line := range strings.Lines(l.text.String()) {
		switch {
		case strings.Contains(line, "level=ERROR") && strings.Contains(line, "Redis fails") && strings.Contains(line, "error="):
			words = append(words, "down")
		case strings.Contains(line, "level=INFO") && strings.Contains(line, "Redis is back") && strings.Contains(line, "outage="):
			words = append(words, "back")
		default:
			words = append(words, "other")
		}
	}
	return strings.Join(words, " ")
}

var nothing = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})

// ask sends h one request for target and returns the answer.
func ask(h http.Handler, target string) *http.Response {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", target, nil))
	return w.Result()
}

// byQuery counts by the query of the request.
func byQuery(r *http.Request) string { return r.URL.RawQuery }

func TestMain(m *testing.M) {
	if socket := os.Getenv("REDISLIMIT_SOCKET"); socket != "" {
		child(socket, os.Stdin, os.Stdout)
		return
	}
	redis.SetLogger(silent{}) // it tells of each connection that does not come about
	os.Exit(m.Run())
}

type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}
