package mount_test

import (
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/weirhttp/weir/mount"
)

// TestCGINeverTakesHalfABodyForAll is about a program that reads to the end, and takes its time when it is asked to end.
func TestCGINeverTakesHalfABodyForAll(t *testing.T) {
	cgi, log := program(t, "save"), newJournal()
	cgi.Logger = log.logger()
	server := httptest.NewServer(cgi)
	defer server.Close()
	conn := dial(t, server)
	io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
	log.wait("began")
	conn.(*net.TCPConn).CloseWrite()
	io.Copy(io.Discard, conn)
	conn.Close()
	if server.Close(); log.has("has all") {
		t.Error("it took half a body for all of it")
	}
}

// TestCGIThatEndsWithoutAnAnswerSaysHow holds that the log has the program's exit status.
func TestCGIThatEndsWithoutAnAnswerSaysHow(t *testing.T) {
	log := newJournal()
	for script, want := range map[string]string{"exit 3": "exit status 3", "echo half; exit 4": "exit status 4", "": "it answered nothing"} {
		log.reset()
		app := &mount.CGI{Path: "/bin/sh", Args: []string{"-c", script}, Logger: log.logger()}
		if w := get(app, "/"); w.Code != 500 || !strings.Contains(log.wait("the application failed"), want) {
			t.Errorf("%q: %d, no %q in %v", script, w.Code, want, log)
		}
	}
}

// TestWSGIBehindALimit holds that a body that streams until a limit cuts it is 413, not the client's fault.
func TestWSGIBehindALimit(t *testing.T) {
	app, _ := wsgi(t)
	for size, want := range map[int]int{1000: 200, 1001: 413} {
		r := httptest.NewRequest("POST", "/upload", io.MultiReader(strings.NewReader(strings.Repeat("b", size))))
		r.ContentLength = -1
		w := httptest.NewRecorder()
		if limited(app).ServeHTTP(w, r); w.Code != want {
			t.Errorf("%d bytes are %d, want %d", size, w.Code, want)
		}
	}
}
