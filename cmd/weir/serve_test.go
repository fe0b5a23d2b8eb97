package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// serverFile is a site with a [server]; its log has a level and is a file.
const serverFile = `[server]
listen = ["127.0.0.1:0", "unix:site.sock"]

[server.admin]
listen = "unix:admin.sock"

[server.log]
format = "json"
level = %q
output = "weir.log"

[app.main]
use = "dir"
fs = "."
filters = ["access-log"]
`

// over returns a client whose connections go to a unix socket.
func over(t *testing.T, socket string) *http.Client {
	c := client(t)
	c.Transport.(*http.Transport).DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}
	return c
}

// eventually waits for what a signal brings about, which nothing tells.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ticks := time.NewTicker(10 * time.Millisecond)
	defer ticks.Stop()
	for end := time.Now().Add(time.Minute); !ok(); <-ticks.C {
		if time.Now().After(end) {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

// TestServeAsTheFileSays has the addresses, the admin listener and the log of a file, and changes the last by SIGHUP.
func TestServeAsTheFileSays(t *testing.T) {
	dir := t.TempDir()
	file, log := filepath.Join(dir, "site.toml"), filepath.Join(dir, "weir.log")
	write := func(level string) {
		if err := os.WriteFile(file, fmt.Appendf(nil, serverFile, level), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	logged := func(name, text string) bool {
		content, _ := os.ReadFile(name) // it may not be there yet
		return strings.Contains(string(content), text)
	}
	write("warn")
	p := startCommand(t, nil, "serve", file)
	site, admin := over(t, filepath.Join(dir, "site.sock")), over(t, filepath.Join(dir, "admin.sock"))
	hangUp := func() {
		if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	for _, a := range []answer{
		ask(t, client(t), "GET", p.base+"/site.toml", nil),
		ask(t, site, "GET", "http://weir.test/site.toml", nil),
		ask(t, admin, "GET", "http://localhost/readyz", nil),
	} {
		if a.status != http.StatusOK {
			t.Errorf("status %d, %q", a.status, a.body)
		}
	}
	if metrics := ask(t, admin, "GET", "http://localhost/metrics", nil).body; !strings.Contains(metrics, `http_requests_total{code="2xx",method="get"} 2`) &&
		!strings.Contains(metrics, `http_requests_total{code="2xx",method="GET"} 2`) {
		t.Errorf("the metrics do not count two requests:\n%s", metrics)
	}
	if logged(log, `"msg":"request"`) {
		t.Error("the level of the log is not that of the file")
	}
	write("info")
	hangUp()
	eventually(t, "the new level", func() bool { return logged(log, "the site was read again") })
	ask(t, site, "GET", "http://weir.test/seen", nil)
	eventually(t, "a record in JSON", func() bool { return logged(log, `"path":"/seen"`) })
	if err := os.Rename(log, log+".1"); err != nil {
		t.Fatal(err)
	}
	hangUp()
	eventually(t, "a new file of the log", func() bool { return logged(log, "the site has not changed") })
	if logged(log+".1", "[server] says has changed") || logged(log, "[server] says has changed") {
		t.Error("the level alone does not need a new start")
	}
	if err := os.WriteFile(file, []byte(strings.Replace(fmt.Sprintf(serverFile, "info"), `"unix:site.sock"`, `"unix:other.sock"`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	hangUp()
	eventually(t, "what counts later", func() bool { return logged(log, "what [server] says has changed") })
	p.stop()
	if got := p.stderr.String(); got != "" {
		t.Errorf("beside the log it says %q", got)
	}
	for _, socket := range []string{"site.sock", "admin.sock"} {
		if _, err := os.Lstat(filepath.Join(dir, socket)); err == nil {
			t.Errorf("%s is left behind", socket)
		}
	}
}

// slowFile is a site with a program that waits for somebody to write into a pipe.
const slowFile = `[server]
listen = ["127.0.0.1:0"]

[server.log]
output = "weir.log"

[app.main]
use = "cgi"
path = "slow.cgi"
`

// TestHangUpWhileItEnds has logrotate come when the last request is still in flight: neither is the request cut, nor
// does the log go on in the file that was moved away.
func TestHangUpWhileItEnds(t *testing.T) {
	dir := t.TempDir()
	pipe, log := filepath.Join(dir, "pipe"), filepath.Join(dir, "weir.log")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	program := "#!/bin/sh\nread word <'" + pipe + "'\nprintf 'Content-Type: text/plain\\n\\n%s' \"$word\"\n"
	for name, text := range map[string]string{"site.toml": slowFile, "slow.cgi": program} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	says := func(text string) bool {
		content, _ := os.ReadFile(log) // it may not be there yet
		return strings.Contains(string(content), text)
	}
	p := startCommand(t, nil, "serve", filepath.Join(dir, "site.toml"))
	answered := make(chan answer, 1)
	go func() { answered <- ask(t, client(t), "GET", p.base+"/", nil) }()
	w, err := os.OpenFile(pipe, os.O_WRONLY, 0) // waits for the program to read
	if err != nil {
		t.Fatal(err)
	}
	p.terminate()
	eventually(t, "the end begins", func() bool { return says("shutting down") })
	if err := os.Rename(log, log+".1"); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a new file of the log", func() bool { return says("the site has not changed") })
	if _, err := w.WriteString("whole\n"); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if a := <-answered; a.status != http.StatusOK || a.body != "whole" {
		t.Errorf("the request got %d %q", a.status, a.body)
	}
	p.wait()
}
