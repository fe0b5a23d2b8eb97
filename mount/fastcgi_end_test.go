package mount_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/weirhttp/weir/mount"
	"github.com/weirhttp/weir/rewrite"
)

func TestFastCGILogsStandardError(t *testing.T) {
	// net/http/fcgi reports a panic on its server's own standard error; so this one speaks the protocol by hand.
	server := scripted(t, "\x01\x07\x00\x01\x00\x05\x00\x00oops\n"+
		"\x01\x06\x00\x01\x00\x0f\x00\x00Status: 200\n\nhi"+"\x01\x03\x00\x01\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00")
	log := newJournal()
	app := &mount.FastCGI{Servers: []string{server}, Logger: log.logger()}
	if w := get(app, "/"); w.Code != 200 || w.Body.String() != "hi" || !log.has("WARN mount: standard error servers=["+server+"] text=oops") {
		t.Errorf("%d %q; %v", w.Code, w.Body, log)
	}
}

// scripted is the address of a server that answers every connection with the same bytes, and then hangs up.
func scripted(t *testing.T, answer string) string {
	return accept(t, "tcp", "", func(c net.Conn) {
		io.ReadAtLeast(c, make([]byte, 64<<10), 16)
		io.WriteString(c, answer)
		c.(*net.TCPConn).CloseWrite()
		io.Copy(io.Discard, c)
	}).Addr().String()
}

// TestFastCGICuts holds that no answer whose end did not come seems to have ended.
func TestFastCGICuts(t *testing.T) {
	const head = "\x01\x06\x00\x01\x00\x11\x00\x00Status: 200\n\nhalf"
	for name, answer := range map[string]string{
		"the connection ends":      head,
		"amid a record":            head + "\x01\x06\x00\x01\x00\xff\x00\x00more",
		"an exit status":           head + "\x01\x03\x00\x01\x00\x08\x00\x00\x00\x00\x00\x07\x00\x00\x00\x00",
		"nonsense":                 head + "HTTP/1.1 200 OK\r\n\r\n",
		"an end that is a refusal": head + "\x01\x03\x00\x01\x00\x08\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00",
	} {
		log := newJournal()
		app := &mount.FastCGI{Servers: []string{scripted(t, answer)}, Logger: log.logger()}
		over(t, app, func(t *testing.T, server *httptest.Server) {
			log.reset()
			if res, body, err := send(t, server, "GET", "/", nil); err == nil {
				t.Errorf("%s: %d %q seems whole", name, res.StatusCode, body)
			}
			if log.wait("the application failed"); log.count("") != 1 {
				t.Errorf("%s: the log is %v", name, log)
			}
		})
	}
}

func TestFastCGIEndsWithItsClient(t *testing.T) {
	ended := make(chan error, 1)
	app, _, log := fastCGI(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for {
			if _, err := io.WriteString(w, strings.Repeat("x", 10_000)); err != nil {
				ended <- err
				return
			}
			w.(http.Flusher).Flush()
		}
	}))
	server := httptest.NewServer(app)
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	req, _ := http.NewRequestWithContext(ctx, "GET", server.URL, nil)
	res, err := server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	io.ReadFull(res.Body, make([]byte, 100))
	cancel()
	res.Body.Close()
	<-ended // would hang
	if server.Close(); log.String() != "" {
		t.Errorf("the log is %v", log)
	}
}

// TestFastCGIWhoseServerReadsNothing holds that a client that leaves takes its request with it.
func TestFastCGIWhoseServerReadsNothing(t *testing.T) {
	listener, err := net.Listen("unix", filepath.Join(t.TempDir(), "socket"))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		if c, err := listener.Accept(); err == nil {
			defer c.Close()
			c.Read(make([]byte, 1)) // and no more
			cancel()
			<-t.Context().Done()
		}
	}()
	app := &mount.FastCGI{Servers: []string{listener.Addr().String()}, Logger: newJournal().logger()}
	h := rewrite.Request(mount.Environ("LONG", strings.Repeat("x", 16<<20)))(app)
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", "/", nil)) // would hang
}

func TestFastCGIRepeatsOnlyWhatItMay(t *testing.T) {
	for method, want := range map[string]int{"GET": 200, "PUT": 200, "POST": 502} {
		var count atomic.Int64
		server := newDropping(t, &count)
		app := &mount.FastCGI{Servers: []string{server}, Logger: newJournal().logger()}
		if w := get(app, "/"); w.Code != 200 { // the connection is kept
			t.Fatal(w.Code)
		}
		w := httptest.NewRecorder()
		app.ServeHTTP(w, httptest.NewRequest(method, "/", nil))
		if w.Code != want {
			t.Errorf("%s is %d, want %d", method, w.Code, want)
		}
	}
}

// newDropping is the address of a server that hangs up on every second request.
func newDropping(t *testing.T, count *atomic.Int64) string {
	listener := accept(t, "tcp", "", func(c net.Conn) {
		for {
			if _, err := io.ReadAtLeast(c, make([]byte, 64<<10), 16); err != nil || count.Add(1)%3 == 2 {
				return
			}
			io.WriteString(c, "\x01\x06\x00\x01\x00\x0d\x00\x00Status: 200\n\n\x01\x03\x00\x01\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00")
		}
	})
	return listener.Addr().String()
}
