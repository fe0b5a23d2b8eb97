package mount_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/fcgi"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weirhttp/weir/mount"
	"github.com/weirhttp/weir/rewrite"
)

// responder is a FastCGI server made with net/http/fcgi.
type responder struct {
	net.Listener
	accepted atomic.Int64

	mu    sync.Mutex
	conns []net.Conn
}

func (r *responder) Accept() (net.Conn, error) {
	c, err := r.Listener.Accept()
	if err == nil {
		r.accepted.Add(1)
		r.mu.Lock()
		r.conns = append(r.conns, c)
		r.mu.Unlock()
	}
	return c, err
}

// drop closes all connections that there are.
func (r *responder) drop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.conns {
		c.Close()
	}
	r.conns = nil
}

// respond serves h by FastCGI at an address: "" is a free port.
func respond(t testing.TB, address string, h http.Handler) *responder {
	t.Helper()
	network := "tcp"
	if address == "" {
		address = "127.0.0.1:0"
	} else if strings.Contains(address, "/") {
		network = "unix"
	}
	listener, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	r := &responder{Listener: listener}
	go fcgi.Serve(r, h)
	t.Cleanup(func() { r.Close(); r.drop() })
	return r
}

// fastCGI mounts h by FastCGI.
func fastCGI(t testing.TB, h http.Handler) (*mount.FastCGI, *responder, *journal) {
	t.Helper()
	server, log := respond(t, "", h), newJournal()
	app := &mount.FastCGI{Servers: []string{server.Addr().String()}, Logger: log.logger()}
	t.Cleanup(func() { app.Close() })
	return app, server, log
}

func TestFastCGIServers(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "socket")
	answer := func(text string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, text) })
	}
	tcp := respond(t, "", answer("tcp"))
	respond(t, socket, answer("unix"))
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	for name, c := range map[string]struct {
		servers []string
		want    string
	}{
		"a TCP address":                  {[]string{tcp.Addr().String()}, "tcp tcp tcp"},
		"a unix socket":                  {[]string{socket}, "unix unix unix"},
		"a unix socket with its scheme":  {[]string{"unix:" + socket}, "unix unix unix"},
		"several in turn":                {[]string{tcp.Addr().String(), socket}, "tcp unix tcp"},
		"one of them is not there":       {[]string{closed.Addr().String(), socket}, "unix unix unix"},
		"the only one is not there":      {[]string{closed.Addr().String()}, "502 502 502"},
		"all of them are not there":      {[]string{closed.Addr().String(), socket + "x"}, "502 502 502"},
		"no server":                      {nil, "502 502 502"},
		"one that is no FastCGI server":  {[]string{httptest.NewServer(answer("http")).Listener.Addr().String()}, "502 502 502"},
		"one that says nothing and ends": {[]string{silent(t)}, "502 502 502"},
	} {
		log := newJournal()
		app := &mount.FastCGI{Servers: c.servers, Logger: log.logger(), IdleTimeout: time.Nanosecond}
		var got []string
		for range 3 {
			w := get(app, "/%0A") // an HTTP server answers nothing before the end of a line
			if w.Code == 200 {
				got = append(got, w.Body.String())
			} else {
				got = append(got, fmt.Sprint(w.Code))
			}
			app.Close() // so that no connection is used again
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %s, want %s; %v", name, got, c.want, log)
		}
		if failed := strings.Count(c.want, "502"); log.count("the application failed") != failed {
			t.Errorf("%s: the log is %v", name, log)
		}
	}
}

// silent is the address of a server that closes every connection.
func silent(t *testing.T) string { return accept(t, "tcp", "", func(net.Conn) {}).Addr().String() }

// TestFastCGIComesBack holds that a server which was down is tried again.
func TestFastCGIComesBack(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "socket")
	log := newJournal()
	app := &mount.FastCGI{Servers: []string{socket}, Logger: log.logger()}
	if w := get(app, "/"); w.Code != 502 || log.count("") != 1 {
		t.Errorf("a server that is down is %d; %v", w.Code, log)
	}
	respond(t, socket, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {}))
	if w := get(app, "/"); w.Code != 200 {
		t.Errorf("when it is back: %d", w.Code)
	}
}

func TestFastCGIKeepsConnections(t *testing.T) {
	app, server, log := fastCGI(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) }))
	for range 10 {
		w := httptest.NewRecorder()
		app.ServeHTTP(w, httptest.NewRequest("POST", "/", strings.NewReader("body")))
		if w.Body.String() != "body" {
			t.Fatalf("%d %q; %v", w.Code, w.Body, log)
		}
	}
	if n := server.accepted.Load(); n != 1 {
		t.Errorf("%d connections for requests one after another", n)
	}
	server.drop()
	if w := get(app, "/"); w.Code != 200 || server.accepted.Load() != 2 {
		t.Errorf("after the server closed its connections: %d, %d connections", w.Code, server.accepted.Load())
	}
}

// TestFastCGIGivesWay holds that a server which serves one connection at a time, as php-fpm with one process does, is
// not held by an idle one.
func TestFastCGIGivesWay(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	one := &single{Listener: listener, free: make(chan struct{}, 1)}
	both := make(chan struct{})
	var here atomic.Int64
	go fcgi.Serve(one, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if here.Add(1) == 1 {
			<-both // until the other one is on its way
		}
	}))
	app := &mount.FastCGI{Servers: []string{listener.Addr().String()}, IdleTimeout: time.Hour, Logger: newJournal().logger()}
	defer app.Close()
	codes := make(chan int)
	for range 2 {
		go func() { codes <- get(app, "/").Code }()
	}
	one.waitFor(t, 2)
	close(both)
	for range 2 {
		if code := <-codes; code != 200 { // would hang
			t.Error(code)
		}
	}
}

// single accepts a connection when the one before has ended.
type single struct {
	net.Listener
	free  chan struct{}
	asked atomic.Int64
}

func (s *single) Accept() (net.Conn, error) {
	c, err := s.Listener.Accept()
	if err != nil {
		return nil, err
	}
	s.asked.Add(1)
	s.free <- struct{}{}
	return &freeing{Conn: c, free: s.free}, nil
}

func (s *single) waitFor(t *testing.T, n int64) {
	for until := time.Now().Add(20 * time.Second); s.asked.Load() < n; {
		if time.Now().After(until) {
			t.Fatal("no second connection came")
		}
	}
}

type freeing struct {
	net.Conn
	free chan struct{}
	once sync.Once
}

func (c *freeing) Close() error {
	c.once.Do(func() { <-c.free })
	return c.Conn.Close()
}

func TestFastCGIStreams(t *testing.T) {
	app, _, _ := fastCGI(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		buf := make([]byte, 1)
		for {
			n, err := r.Body.Read(buf)
			w.Write(buf[:n])
			if err != nil {
				return
			}
			w.(http.Flusher).Flush()
		}
	}))
	over(t, app, func(t *testing.T, server *httptest.Server) {
		body, more := io.Pipe()
		req, _ := http.NewRequestWithContext(t.Context(), "POST", server.URL, body)
		go io.WriteString(more, "a")
		res, err := server.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		for i, piece := range "abc" {
			if i > 0 {
				io.WriteString(more, string(piece))
			}
			got := make([]byte, 1)
			if _, err := io.ReadFull(res.Body, got); err != nil || rune(got[0]) != piece {
				t.Fatalf("%q %v", got, err)
			}
		}
		more.Close()
		if rest, err := io.ReadAll(res.Body); err != nil || len(rest) > 0 {
			t.Errorf("%q %v", rest, err)
		}
	})
}

func TestFastCGIBodies(t *testing.T) {
	app, _, _ := fastCGI(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, fcgi.ProcessEnv(r)["REMOTE_USER"], r.ContentLength, " ")
		io.Copy(w, r.Body)
	}))
	held := &mount.FastCGI{Servers: app.Servers, Spool: 10, Logger: app.Logger}
	scripts := &mount.FastCGI{Servers: app.Servers, Root: t.TempDir(), Front: "index.php", Logger: app.Logger}
	for name, c := range map[string]struct {
		h      http.Handler
		length int64
		body   string
		status int
		want   string
	}{
		"of a known length":        {app, 4, "body", 200, "4 body"},
		"of an unknown length":     {app, -1, "body", 200, "0 body"},
		"none":                     {app, 0, "", 200, "0 "},
		"held":                     {held, -1, "body", 200, "4 body"},
		"held, and too long":       {held, -1, "too long for it", 413, "Request Entity Too Large\n"},
		"of unknown length to PHP": {scripts, -1, "body", 411, "411 Length Required\n"},
	} {
		r := httptest.NewRequest("POST", "/", io.MultiReader(strings.NewReader(c.body)))
		r.ContentLength = c.length
		w := httptest.NewRecorder()
		if c.h.ServeHTTP(w, r); w.Code != c.status || w.Body.String() != c.want {
			t.Errorf("%s: %d %q, want %d %q", name, w.Code, w.Body, c.status, c.want)
		}
	}
}

func TestFastCGIBoundsConnections(t *testing.T) {
	began, end := make(chan struct{}), make(chan struct{})
	app, server, _ := fastCGI(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { began <- struct{}{}; <-end }))
	app.Connections, app.Queue = 1, 1
	codes := make(chan int, 3)
	for range 3 {
		go func() { codes <- get(app, "/").Code }()
	}
	<-began
	if code := <-codes; code != 503 {
		t.Errorf("one too many is %d", code)
	}
	close(end)
	<-began
	if a, b := <-codes, <-codes; a != 200 || b != 200 || server.accepted.Load() > 2 {
		t.Errorf("%d and %d over %d connections", a, b, server.accepted.Load())
	}
}

func ExampleFastCGI() {
	wiki := &mount.FastCGI{Servers: []string{"/run/php/php-fpm.sock"}, Root: "/usr/share/dokuwiki"}
	user := rewrite.Request(rewrite.User.Set("alice")) // REMOTE_USER
	http.Handle("/wiki/", user(mount.At("/wiki", wiki)))
}
