package deploy_test

import (
	"bufio"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/weirhttp/weir/deploy"
)

// logging is a site whose access log has lines, in log/access.log.
const logging = `
	[app.main]
	use = "echo"
	filters = ["log"]
	[filter.log]
	use = "access-log"
	schema = "common"
	output = "log/access.log"`

// lines returns the lines of a file, without the times in them.
func lines(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(`\[.*?\] `).ReplaceAllString(string(text), "")
}

func TestAccessLogWritesLines(t *testing.T) {
	b := logged(t)
	dir := write(t, "log/README", "")
	name := filepath.Join(dir, "log", "access.log")
	site, err := deploy.Parse(filepath.Join(dir, "site.toml"), []byte(logging), parts())
	if err != nil {
		t.Fatal(err)
	}
	h, closer, err := site.Build()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(name); err == nil {
		t.Error("the file is there before the first line")
	}
	size := len(echoed(h, "/1"))
	text := func(paths ...string) (all string) {
		for _, p := range paths {
			all += fmt.Sprintf("192.0.2.1 - - \"GET %s HTTP/1.1\" 200 %d\n", p, size)
		}
		return all
	}
	echoed(h, "/2")
	if got := lines(t, name); got != text("/1", "/2") {
		t.Errorf("got  %swant %s", got, text("/1", "/2"))
	}

	if err := os.Rename(name, name+".1"); err != nil { // as logrotate does
		t.Fatal(err)
	}
	echoed(h, "/3")
	if old, got := lines(t, name+".1"), lines(t, name); old != text("/1", "/2") || got != text("/3") {
		t.Errorf("after it was moved: %q in the old one, %q in the new one", old, got)
	}

	if err := os.RemoveAll(filepath.Dir(name)); err != nil {
		t.Fatal(err)
	}
	echoed(h, "/4")
	echoed(h, "/5")
	if got := b.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "lines cannot be written") {
		t.Errorf("after its folder was removed the log has %q", got)
	}
	if err := os.Mkdir(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	echoed(h, "/6")
	if got := lines(t, name); got != text("/6") {
		t.Errorf("after its folder is back: %q", got)
	}

	if err := closer.Close(); err != nil {
		t.Error(err)
	}
	echoed(h, "/7") // of a request that was cut
	if got := lines(t, name); got != text("/6", "/7") {
		t.Errorf("after the site was closed: %q", got)
	}
	links, _ := filepath.Glob("/proc/self/fd/*") // on Linux
	for _, link := range links {
		if open, _ := os.Readlink(link); open == name {
			t.Error("a site that was closed keeps a file open")
		}
	}
}

// TestAccessLogDoesNotWaitForTheReaderOfAPipe has a named pipe that nobody reads: the site answers all the same, and logs
// that it cannot write; when there is a reader, it gets the lines.
func TestAccessLogDoesNotWaitForTheReaderOfAPipe(t *testing.T) {
	b := logged(t)
	dir := write(t, "log/README", "")
	name := filepath.Join(dir, "log", "access.log")
	if err := exec.Command("mkfifo", name).Run(); err != nil {
		t.Skip("mkfifo: ", err)
	}
	h := build(t, dir, logging)
	done := make(chan bool)
	go func() {
		echoed(h, "/1")
		echoed(h, "/2")
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		reader, _ := os.Open(name) // lets it go
		defer reader.Close()
		t.Fatal("the site waits for a reader")
	}
	if got := b.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "lines cannot be written") {
		t.Errorf("the log has %q", got)
	}
	reader, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	echoed(h, "/3")
	line, err := bufio.NewReader(reader).ReadString('\n')
	if err != nil || !strings.Contains(line, `"GET /3 HTTP/1.1"`) {
		t.Errorf("read %q, %v", line, err)
	}
}

func echoed(h http.Handler, path string) string {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	return w.Body.String()
}

func TestTraceWritesNoFile(t *testing.T) {
	b := logged(t)
	dir := write(t, "log/README", "")
	site, err := deploy.Parse(filepath.Join(dir, "site.toml"), []byte(logging), parts())
	if err != nil {
		t.Fatal(err)
	}
	h, closer, err := site.Trace(func(_ *deploy.Node, next http.Handler) http.Handler { return next })
	if err != nil {
		t.Fatal(err)
	}
	echoed(h, "/1")
	if err := closer.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "log", "access.log")); err == nil {
		t.Error("there is a file")
	}
	if got := b.String(); !strings.HasPrefix(got, `level=INFO msg="192.0.2.1 - - [`) || strings.Count(got, "\n") != 1 {
		t.Errorf("the log has %q", got)
	}
}

func TestRateLimitCosts(t *testing.T) {
	h := build(t, t.TempDir(), `
		[app.main]
		use = "echo"
		filters = ["limit"]
		[filter.limit]
		use = "rate-limit"
		limit = "1/h"
		burst = 10
		key = "header:X-Key"
		cost = [
			{ match = ["/export/free"], tokens = 0 },
			{ match = ["POST /export/"], tokens = 10 },
			{ match = ["/export/"], tokens = 5 },
		]`)
	for _, test := range []struct {
		request string
		served  int // of 11
	}{{"GET /", 10}, {"GET /export/", 2}, {"POST /export/", 1}, {"POST /export/free", 11}} {
		method, path, _ := strings.Cut(test.request, " ")
		served := 0
		for range 11 {
			r, w := httptest.NewRequest(method, path, nil), httptest.NewRecorder()
			r.Header.Set("X-Key", test.request)
			if h.ServeHTTP(w, r); w.Code == 200 {
				served++
			}
		}
		if served != test.served {
			t.Errorf("%s: %d requests were served, want %d", test.request, served, test.served)
		}
	}
}
