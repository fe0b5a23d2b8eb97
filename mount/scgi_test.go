package mount_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/weirhttp/weir/mount"
)

// scgiServer is a server that answers SCGI requests with what answer writes, given the variables in their order.
func scgiServer(t testing.TB, network, address string, answer func(w io.Writer, env []string, body io.Reader)) string {
	t.Helper()
	listener := accept(t, network, address, func(c net.Conn) {
		in := bufio.NewReader(c)
		env := readSCGI(in)
		if env == nil {
			return
		}
		length, _ := strconv.ParseInt(env[1], 10, 64)
		answer(c, env, io.LimitReader(in, length))
	})
	return listener.Addr().String()
}

func TestSCGI(t *testing.T) {
	echo := func(w io.Writer, env []string, body io.Reader) {
		i := slices.Index(env, "PATH_INFO")
		fmt.Fprintf(w, "Status: 200\nContent-Type: text/plain\n\n%s %s|%s ", env[:4], env[i+1], env[1])
		io.Copy(w, body)
	}
	socket := filepath.Join(t.TempDir(), "socket")
	scgiServer(t, "unix", socket, echo)
	log := newJournal()
	for _, server := range []string{scgiServer(t, "tcp", "127.0.0.1:0", echo), socket, "unix:" + socket} {
		app := &mount.SCGI{Server: server, Spool: 10, Logger: log.logger()}
		over(t, mount.At("/app", app), func(t *testing.T, server *httptest.Server) {
			for body, want := range map[string]string{
				"": "0 SCGI 1] /x|0 ", "body": "4 SCGI 1] /x|4 body", strings.Repeat("b", 200_000): "200000 SCGI 1] /x|200000 " + strings.Repeat("b", 200_000),
			} {
				res, got, err := send(t, server, "POST", "/app/x", strings.NewReader(body))
				if err != nil || res.StatusCode != 200 || got != "[CONTENT_LENGTH "+want {
					t.Errorf("%d bytes: %v %.100q %v", len(body), res, got, err)
				}
			}
			if res, got, err := send(t, server, "POST", "/app/x", io.MultiReader(strings.NewReader("body"))); err != nil || !strings.HasSuffix(got, "|4 body") {
				t.Errorf("a length that nobody knows: %v %q %v", res, got, err)
			}
			if res, _, err := send(t, server, "POST", "/app/x", io.MultiReader(strings.NewReader("too long for it"))); err != nil || res.StatusCode != 413 {
				t.Errorf("a body that is too long to hold: %v %v", res, err)
			}
		})
	}
	if log.String() != "" {
		t.Error(log)
	}
}

func TestSCGIFails(t *testing.T) {
	for name, c := range map[string]struct {
		answer string
		status int // 0: cut
	}{
		"no answer":               {"", 502},
		"no head":                 {"hello\n\n", 502},
		"half a head":             {"Status: 200\n", 502},
		"less than was declared":  {"Status: 200\nContent-Length: 10\n\nhalf", 0},
		"a head without its body": {"Status: 200\nContent-Length: 10\n\n", 0},
	} {
		log := newJournal()
		app := &mount.SCGI{Server: scgiServer(t, "tcp", "127.0.0.1:0", func(w io.Writer, _ []string, _ io.Reader) { io.WriteString(w, c.answer) }), Logger: log.logger()}
		over(t, app, func(t *testing.T, server *httptest.Server) {
			res, body, err := send(t, server, "GET", "/", nil)
			if c.status == 0 && err == nil || c.status != 0 && (err != nil || res.StatusCode != c.status) {
				t.Errorf("%s: %v %q %v", name, res, body, err)
			}
		})
		if c.status != 0 && log.count("the application failed") != 2 {
			t.Errorf("%s: the log is %v", name, log)
		}
	}
	app := &mount.SCGI{Server: filepath.Join(t.TempDir(), "nothing"), Logger: newJournal().logger()}
	if w := get(app, "/"); w.Code != 502 {
		t.Errorf("a server that is not there is %d", w.Code)
	}
}

func TestSCGIBoundsConnections(t *testing.T) {
	began, end := make(chan struct{}), make(chan struct{})
	app := &mount.SCGI{Connections: 1, Queue: 1, Logger: newJournal().logger()}
	app.Server = scgiServer(t, "tcp", "127.0.0.1:0", func(w io.Writer, _ []string, _ io.Reader) {
		began <- struct{}{}
		<-end
		io.WriteString(w, "Status: 200\n\n")
	})
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
	if a, b := <-codes, <-codes; a != 200 || b != 200 {
		t.Errorf("%d and %d", a, b)
	}
}

func ExampleSCGI() {
	http.Handle("/news/", mount.At("/news", &mount.SCGI{Server: "127.0.0.1:4000"}))
}
