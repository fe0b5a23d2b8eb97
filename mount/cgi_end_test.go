package mount_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weirhttp/weir/mount"
	"github.com/weirhttp/weir/rewrite"
)

// safeBuffer takes logs of several goroutines.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// writerFunc is called for each record.
type writerFunc func()

func (f writerFunc) Write(p []byte) (int, error) { f(); return len(p), nil }

func logTo(b *safeBuffer) *slog.Logger { return slog.New(slog.NewTextHandler(b, nil)) }

// TestCGICutsWhatItsProgramCut holds that no program that failed amid its answer seems to have ended it.
func TestCGICutsWhatItsProgramCut(t *testing.T) {
	for name, why := range map[string]string{
		"fails": "exit status 3", "is killed": "signal: killed", "is too slow": "longer than its Timeout",
		"leaves its output open": "longer than its Timeout",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log safeBuffer
			cgi := program(t, "end", "END="+name)
			cgi.Logger = logTo(&log)
			if strings.Contains(why, "Timeout") {
				cgi.Timeout = 2 * time.Second
			}
			server := httptest.NewServer(cgi)
			defer server.Close()
			res, err := http.Get(server.URL)
			if err == nil {
				var body []byte
				body, err = io.ReadAll(res.Body)
				res.Body.Close()
				if string(body) != "half" && res.StatusCode != 504 {
					t.Errorf("the answer is %d %q", res.StatusCode, body)
				}
			}
			if err == nil && (cgi.Timeout == 0 || res.StatusCode != 504) { // before it could begin
				t.Error("the answer seems to be whole")
			}
			server.Close()
			if strings.Count(log.String(), "\n") != 1 || !strings.Contains(log.String(), why) {
				t.Errorf("the log is not one line with %q: %s", why, log.String())
			}
		})
	}
}

func TestCGIThatSaysNothingInTimeIs504(t *testing.T) {
	cgi := program(t, "sleep")
	cgi.Timeout = 100 * time.Millisecond // it never answers
	w := httptest.NewRecorder()
	if cgi.ServeHTTP(w, httptest.NewRequest("GET", "/", nil)); w.Code != 504 {
		t.Errorf("%d", w.Code)
	}
}

// TestCGIIsEndedAtOnceWhenTheClientLeaves is about a program that does not write, and so would never know.
func TestCGIIsEndedAtOnceWhenTheClientLeaves(t *testing.T) {
	ended := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	cgi := program(t, "sleep")
	cgi.Logger = slog.New(slog.NewTextHandler(writerFunc(cancel), nil)) // when it says that it began
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(ended)
		cgi.ServeHTTP(w, r)
	}))
	defer server.Close()
	req, _ := http.NewRequestWithContext(ctx, "GET", server.URL, nil)
	if res, err := server.Client().Do(req); err == nil {
		res.Body.Close()
		t.Error("it answered")
	}
	select {
	case <-ended:
	case <-time.After(30 * time.Second):
		t.Error("the program still runs")
	}
}

func TestCGIWhoseClientBreaksOffAmidTheBody(t *testing.T) {
	var log safeBuffer
	cgi := program(t, "echo")
	cgi.Logger = logTo(&log)
	ended := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(ended)
		cgi.ServeHTTP(w, r)
	}))
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
	conn.(*net.TCPConn).CloseWrite()
	answer, _ := io.ReadAll(conn)
	conn.Close()
	<-ended
	if strings.HasSuffix(string(answer), "\r\n0\r\n\r\n") || strings.Contains(string(answer), "Content-Length") {
		if !strings.HasPrefix(string(answer), "HTTP/1.1 400") {
			t.Errorf("the answer to half a body is whole: %q", answer)
		}
	}
	if log.String() != "" {
		t.Errorf("the log says %s", log.String())
	}
}

// TestCGIBoundsProcesses holds that one program more waits, and one more still is refused.
func TestCGIBoundsProcesses(t *testing.T) {
	cgi := program(t, "sleep")
	cgi.Processes, cgi.Queue = 1, 1
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var running sync.WaitGroup
	refused := make(chan int, 3)
	for range 3 {
		running.Go(func() {
			w := httptest.NewRecorder()
			cgi.ServeHTTP(w, httptest.NewRequestWithContext(ctx, "GET", "/", nil))
			refused <- w.Code
		})
	}
	if code := <-refused; code != 503 { // the other two do not end by themselves
		t.Errorf("one too many is %d", code)
	}
	cancel()
	running.Wait()
}

func TestEnviron(t *testing.T) {
	h := rewrite.Request(
		mount.Environ("trac.env_path", "/srv/old"), mount.Environ("trac.env_path", "/srv/new"), mount.Environ("PATH_INFO", "/mine"),
		mount.Environ("CONFIGURED", "no"), mount.Environ("REMOTE_USER", "mallory"), rewrite.User.Set("alice"),
	)(program(t, "env", "CONFIGURED=yes"))
	env := variables(t, h, httptest.NewRequest("GET", "/x", nil))
	for name, want := range map[string]string{"trac.env_path": "/srv/new", "PATH_INFO": "/mine", "CONFIGURED": "no", "REMOTE_USER": "alice"} {
		if env[name] != want {
			t.Errorf("%s is %q, want %q", name, env[name], want)
		}
	}
	w := httptest.NewRecorder()
	h = rewrite.Request(mount.Environ("X", "a\x00Y=b"))(program(t, "env"))
	if h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil)); w.Code != 400 {
		t.Errorf("a NUL in a value is %d", w.Code)
	}
	for _, name := range []string{"", "A=B", "A\x00"} {
		if message := panics(func() { mount.Environ(name, "") }); !strings.HasPrefix(message, "mount.Environ: ") {
			t.Errorf("%q: panics with %q", name, message)
		}
	}
}

func ExampleEnviron() {
	// Every repository has an environment of its own, named by the URL.
	environ := rewrite.Request(func(r *http.Request) {
		mount.Environ("trac.env_path", "/srv/trac/"+r.PathValue("id"))(r)
	})
	mux := http.NewServeMux()
	mux.Handle("/tracs/{id}/", environ(&mount.CGI{Path: "/srv/trac/trac.cgi"}))
}

func TestCGIWithMoreThanAProgramTakes(t *testing.T) {
	r, w := httptest.NewRequest("GET", "/", nil), httptest.NewRecorder()
	r.Header.Set("X-Long", strings.Repeat("x", 3<<20))
	if program(t, "env").ServeHTTP(w, r); w.Code != 431 {
		t.Errorf("%d", w.Code)
	}
}
