package server_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weirhttp/weir/cmd/weir/internal/server"
	"github.com/weirhttp/weir/deploy"
)

// serving is a server that serves.
type serving struct {
	*server.Server
	t    testing.TB
	log  *buffer
	stop context.CancelFunc
	done chan error // what Serve returned, once
}

// start listens and serves until the test ends.
func start(t testing.TB, s deploy.Server, site http.Handler, end func()) *serving {
	t.Helper()
	v := listen(t, s)
	v.serve(site, end)
	if strings.HasPrefix(v.AdminURL(), "http") {
		ready(t, client(t, nil), v.AdminURL())
	}
	return v
}

// ready waits until an admin listener says that the site is served.
func ready(t testing.TB, c *http.Client, admin string) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); ; {
		res, err := c.Get(admin + "readyz")
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode == http.StatusOK {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("/readyz has status %d", res.StatusCode)
		}
	}
}

// listen only listens.
func listen(t testing.TB, s deploy.Server) *serving {
	t.Helper()
	v := &serving{t: t, log: new(buffer), done: make(chan error, 1)}
	var err error
	if v.Server, err = server.Listen(defaults(s), slog.New(slog.NewTextHandler(v.log, nil))); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	return v
}

func (v *serving) serve(site http.Handler, end func()) {
	ctx, cancel := context.WithCancel(v.t.Context())
	v.stop = cancel
	served := make(chan struct{})
	go func() {
		v.done <- v.Serve(ctx, site, end)
		close(served)
	}()
	v.t.Cleanup(func() {
		cancel()
		<-served
	})
}

// end stops the server and returns what Serve said.
func (v *serving) end() error {
	v.stop()
	return <-v.done
}

// defaults fills in what every test would say.
func defaults(s deploy.Server) deploy.Server {
	if s.Listen == nil {
		s.Listen = []string{"127.0.0.1:0"}
	}
	if s.ShutdownTimeout == 0 {
		s.ShutdownTimeout = time.Minute
	}
	s.MaxHeader = 64 << 10
	return s
}

// buffer is a log that can be read while it is written.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// hello is a site of one answer, which names the protocol.
var hello = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello by "+r.Proto) })

// client has connections of its own, trusts any certificate, and follows nothing.
func client(t testing.TB, change func(*http.Transport)) *http.Client {
	transport := &http.Transport{
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
		ForceAttemptHTTP2: true,
	}
	if change != nil {
		change(transport)
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// overUnix returns a client that connects to a unix socket, whatever the host.
func overUnix(t *testing.T, path string) *http.Client {
	return client(t, func(x *http.Transport) {
		x.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		}
	})
}

// get reads the answer to a GET.
func get(t *testing.T, c *http.Client, url string, fields ...string) (*http.Response, string) {
	t.Helper()
	return ask(t, c, http.MethodGet, url, fields...)
}

func ask(t *testing.T, c *http.Client, method, url string, fields ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range fields {
		name, value, _ := strings.Cut(field, ": ")
		if name == "Host" {
			req.Host = value
		}
		req.Header.Set(name, value)
	}
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

// socketDir is a folder whose path is short enough for a unix socket.
func socketDir(t *testing.T) string {
	dir, err := os.MkdirTemp("", "weir")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// write makes a file in a folder of the test and returns its path.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
