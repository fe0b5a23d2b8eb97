package mount_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/weirhttp/weir/mount"
)

// proxyPlayed is a proxy to an application that play plays, each connection for one request.
func proxyPlayed(t testing.TB, play func(conn net.Conn, r *http.Request)) (*mount.Proxy, *journal) {
	t.Helper()
	listener := accept(t, "tcp", "", func(conn net.Conn) {
		if r, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
			play(conn, r)
		}
	})
	log := newJournal()
	p := &mount.Proxy{URL: &url.URL{Scheme: "http", Host: listener.Addr().String()}, Logger: log.logger()}
	t.Cleanup(func() { p.Close(); listener.Close() })
	return p, log
}

// proxyServe has p answer r, and says whether it panicked with http.ErrAbortHandler.
func proxyServe(p *mount.Proxy, r *http.Request) (w *httptest.ResponseRecorder, cut bool) {
	w = httptest.NewRecorder()
	defer func() {
		if reason := recover(); reason != nil {
			if cut = reason == http.ErrAbortHandler; !cut {
				panic(reason)
			}
		}
	}()
	p.ServeHTTP(w, r)
	return w, false
}

const proxyChunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

// TestProxyOfAFaultyApplication holds that there is a 502 or a cut answer, and one record.
func TestProxyOfAFaultyApplication(t *testing.T) {
	answers := map[string]struct {
		sends  string
		status int // 0: the answer is cut
		body   string
	}{
		"nothing":                  {"", 502, ""},
		"half a status line":       {"HTTP/1.1 20", 502, ""},
		"half a head":              {"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n", 502, ""},
		"no HTTP":                  {"SSH-2.0-OpenSSH_9.2\r\n", 502, ""},
		"two lengths":              {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 502, ""},
		"too long a head":          {"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 300<<10) + "\r\nContent-Length: 0\r\n\r\n", 502, ""},
		"too many fields":          {"HTTP/1.1 200 OK\r\n" + strings.Repeat("X-A: bbbbbbbbbbbbbbbbbbbb\r\n", 15_000) + "Content-Length: 0\r\n\r\n", 502, ""},
		"an upgrade unasked":       {"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", 502, ""},
		"101 and no upgrade":       {"HTTP/1.1 101 Switching Protocols\r\n\r\n", 502, ""},
		"103 and then nothing":     {"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", 502, ""},
		"no body":                  {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 0, ""},
		"a little of a body":       {"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nhalf", 0, ""},
		"most of a body":           {"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n" + strings.Repeat("x", 80_000), 0, ""},
		"half a chunk":             {proxyChunked + "1000\r\nhalf", 0, ""},
		"a chunk and no end":       {proxyChunked + "4\r\nhalf\r\n", 0, ""},
		"a chunk of no size":       {proxyChunked + "4\r\nhalf\r\nxyz\r\n", 0, ""},
		"half a trailer":           {proxyChunked + "4\r\nhalf\r\n0\r\nX-Sum", 0, ""},
		"more than it said":        {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\nwhole and more", 200, "whol"},
		"a body that ends with it": {"HTTP/1.0 200 OK\r\n\r\nwhole", 200, "whole"},
		"204 with a body":          {"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\nwhole", 204, ""},
		"304":                      {"HTTP/1.1 304 Not Modified\r\nEtag: \"x\"\r\n\r\n", 304, ""},
		"a status nobody knows":    {"HTTP/1.1 299 Fine\r\nContent-Length: 2\r\n\r\nhi", 299, "hi"},
	}
	p, log := proxyPlayed(t, func(conn net.Conn, r *http.Request) {
		io.WriteString(conn, answers[r.Header.Get("X-Fault")].sends)
		conn.(*net.TCPConn).CloseWrite() // what it did not read would take back what it said
		io.Copy(io.Discard, conn)
	})
	over(t, p, func(t *testing.T, server *httptest.Server) {
		server.Client().Transport.(*http.Transport).DisableKeepAlives = true // it would ask once more
		for name, a := range answers {
			log.reset()
			req, _ := http.NewRequestWithContext(t.Context(), "GET", server.URL+"/x?y", nil)
			req.Header.Set("X-Fault", name)
			res, err := server.Client().Do(req)
			var body []byte
			if err == nil {
				body, err = io.ReadAll(res.Body)
				res.Body.Close()
			}
			switch {
			case a.status == 0 && err == nil:
				t.Errorf("%s: %d %q seems whole", name, res.StatusCode, body)
			case a.status != 0 && (err != nil || res.StatusCode != a.status || a.status < 300 && string(body) != a.body):
				t.Errorf("%s: %v %q %v, want %d %q", name, res, body, err, a.status, a.body)
			}
			if a.status != 0 && a.status != 502 {
				if log.String() != "" {
					t.Errorf("%s: the log is %v", name, log)
				}
				continue
			}
			const record = "ERROR mount: the application failed url=http://"
			log.wait(record)
			if text := log.String(); log.count("") != 1 || !strings.Contains(text, "method=GET uri=/x?y error=proxy: ") {
				t.Errorf("%s: the log is %v", name, log)
			}
		}
	})
}

// TestProxyCutsWithoutAServer has an answer broken off outside of an http.Server, where ReverseProxy says nothing.
func TestProxyCutsWithoutAServer(t *testing.T) {
	p, log := proxyPlayed(t, func(conn net.Conn, r *http.Request) { io.WriteString(conn, proxyChunked+"4\r\nhalf\r\n") })
	if w, cut := proxyServe(p, httptest.NewRequest("GET", "/", nil)); !cut || log.count("the application failed") != 1 {
		t.Errorf("%d %q; %v", w.Code, w.Body, log)
	}
	whole, log := proxyFor(t, proxySees)
	defer func() {
		if reason := recover(); reason != http.ErrAbortHandler || log.String() != "" {
			t.Errorf("the client's fault: %v; %v", reason, log)
		}
	}()
	whole.ServeHTTP(proxyDeaf{}, httptest.NewRequest("GET", "/", nil))
}

// proxyDeaf is a client that has left.
type proxyDeaf struct{}

func (proxyDeaf) Header() http.Header       { return http.Header{} }
func (proxyDeaf) WriteHeader(int)           {}
func (proxyDeaf) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// TestProxyComesBack holds that an application that was down is asked again.
func TestProxyComesBack(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "socket")
	log := newJournal()
	p := &mount.Proxy{Socket: socket, Logger: log.logger()}
	defer p.Close()
	for range 3 {
		log.reset()
		if w := get(p, "/"); w.Code != 502 || log.count("") != 1 || !log.has("mount: the application failed") {
			t.Errorf("an application that is down is %d; %v", w.Code, log)
		}
		log.reset()
		listener, err := net.Listen("unix", socket)
		if err != nil {
			t.Fatal(err)
		}
		server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: proxySees}}
		server.Start()
		if w := get(p, "/"); w.Code != 200 || log.String() != "" {
			t.Errorf("when it is back: %d; %v", w.Code, log)
		}
		server.Close()
	}
}

func TestProxyDeadlines(t *testing.T) {
	for name, c := range map[string]struct {
		head string
		cut  bool
	}{"before the answer": {"", false}, "amid the answer": {proxyChunked + "4\r\nhalf\r\n", true}} {
		p, log := proxyPlayed(t, func(conn net.Conn, r *http.Request) {
			io.WriteString(conn, c.head)
			io.Copy(io.Discard, conn) // until the other end is closed
		})
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		w, cut := proxyServe(p, httptest.NewRequest("GET", "/", nil).WithContext(ctx))
		cancel()
		if cut != c.cut || !cut && w.Code != 504 || log.count("the application failed") != 1 {
			t.Errorf("%s: %d, cut is %v; %v", name, w.Code, cut, log)
		}
	}
	p, log := proxyPlayed(t, func(conn net.Conn, r *http.Request) { io.Copy(io.Discard, conn) })
	p.Transport = &http.Transport{ResponseHeaderTimeout: 10 * time.Millisecond}
	if w, _ := proxyServe(p, httptest.NewRequest("GET", "/", nil)); w.Code != 504 || log.count("the application failed") != 1 {
		t.Errorf("a transport's own: %d; %v", w.Code, log)
	}
}

// TestProxyEndsWithItsClient has clients leave before the answer and amid it.
func TestProxyEndsWithItsClient(t *testing.T) {
	begun, ended := make(chan bool), make(chan bool)
	p, log := proxyPlayed(t, func(conn net.Conn, r *http.Request) {
		if r.URL.Path == "/amid" {
			io.WriteString(conn, proxyChunked+"4\r\nhalf\r\n")
		}
		begun <- true
		io.Copy(io.Discard, conn) // until the other end is closed
		ended <- true
	})
	aborted := make(chan any, 1)
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			reason := recover()
			aborted <- reason
			panic(reason)
		}()
		p.ServeHTTP(w, r)
	})
	over(t, h, func(t *testing.T, server *httptest.Server) {
		for _, path := range []string{"/before", "/amid"} {
			ctx, cancel := context.WithCancel(t.Context())
			req, _ := http.NewRequestWithContext(ctx, "GET", server.URL+path, nil)
			go func() {
				if res, err := server.Client().Do(req); err == nil {
					io.Copy(io.Discard, res.Body)
					res.Body.Close()
				}
			}()
			<-begun
			cancel()
			<-ended // would hang
			if reason := <-aborted; reason != http.ErrAbortHandler || log.String() != "" {
				t.Errorf("%s: it ends with %v; %v", path, reason, log)
			}
		}
	})
}

func TestProxyOfAClientThatBreaksOff(t *testing.T) {
	p, log := proxyFor(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) }))
	for name, c := range map[string]struct {
		body   io.Reader
		status int
	}{
		"a body that breaks off": {io.MultiReader(strings.NewReader("half"), iotest.ErrReader(io.ErrUnexpectedEOF)), 400},
		"one that is too long":   {http.MaxBytesReader(nil, io.NopCloser(strings.NewReader("too long")), 3), 413},
		"one that is whole":      {io.MultiReader(strings.NewReader("whole")), 200},
	} {
		w, cut := proxyServe(p, httptest.NewRequest("POST", "/", c.body))
		if cut || w.Code != c.status || log.String() != "" {
			t.Errorf("%s: %d, cut is %v; %v", name, w.Code, cut, log)
		}
	}
}

// TestProxyRepeatsOnlyWhatItMay has the application close each connection after it answered once.
func TestProxyRepeatsOnlyWhatItMay(t *testing.T) {
	for method, want := range map[string]int{"GET": 200, "OPTIONS": 200, "POST": 502, "PUT": 502} {
		var count atomic.Int64
		listener := accept(t, "tcp", "", func(conn net.Conn) {
			in := bufio.NewReader(conn)
			for n := 0; ; n++ {
				if _, err := http.ReadRequest(in); err != nil || n == 1 {
					return // amid the second request
				}
				count.Add(1)
				io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
			}
		})
		p := &mount.Proxy{URL: &url.URL{Scheme: "http", Host: listener.Addr().String()}, Logger: newJournal().logger()}
		if w := get(p, "/"); w.Code != 200 { // the connection is kept
			t.Fatal(w.Code)
		}
		w, _ := proxyServe(p, httptest.NewRequest(method, "/", nil))
		if w.Code != want || count.Load() != map[int]int64{200: 2, 502: 1}[want] {
			t.Errorf("%s is %d after %d answers, want %d", method, w.Code, count.Load(), want)
		}
		p.Close()
		listener.Close()
	}
}

// TestProxyPassesPanics holds that a panic of a writer further out stays what it is.
func TestProxyPassesPanics(t *testing.T) {
	p, log := proxyFor(t, proxySees)
	mine := errors.New("mine")
	defer func() {
		if reason := recover(); reason != mine || log.String() != "" {
			t.Errorf("%v; %v", reason, log)
		}
	}()
	p.ServeHTTP(proxyPanicking{httptest.NewRecorder(), mine}, httptest.NewRequest("GET", "/", nil))
}

type proxyPanicking struct {
	http.ResponseWriter
	reason error
}

func (w proxyPanicking) Write([]byte) (int, error) { panic(w.reason) }
