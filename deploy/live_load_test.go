package deploy_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/weirhttp/weir/deploy"
)

// crowd is several clients with connections that are kept.
type crowd struct {
	*testing.T
	server   *httptest.Server
	paths    []string
	answers  map[string]bool // each is one site's
	answered atomic.Int64
}

// ask asks for a page and says whether the answer is whole and one site's.
func (c *crowd) ask() bool {
	c.Helper()
	n := c.answered.Add(1)
	res, err := c.server.Client().Get(c.server.URL + c.paths[n%int64(len(c.paths))])
	if err != nil {
		c.Error(err)
		return false
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 200 || !c.answers[string(body)] {
		c.Errorf("got %d, error %v and %d bytes: %.80q", res.StatusCode, err, len(body), body)
		return false
	}
	return true
}

// reloads puts one text after another into a file, reloads, and has at least as many requests amid these as
// asked for, all of which have to get an answer. Then it closes the site.
func (c *crowd) reloads(live *deploy.Live, file string, texts []string, requests int) {
	const clients = 8
	c.server = httptest.NewServer(live)
	defer c.server.Close()
	c.server.Client().Transport.(*http.Transport).MaxIdleConnsPerHost = clients + 1
	var wg sync.WaitGroup
	enough := make(chan bool)
	for range clients {
		wg.Go(func() {
			for c.ask() {
				select {
				case <-enough:
					return
				default:
				}
			}
		})
	}
	for _, text := range texts {
		for before := c.answered.Load(); c.answered.Load() < before+int64(requests/len(texts)) && !c.Failed(); {
			c.ask()
		}
		put(c.T, file, text)
		reload(c.T, live, true)
	}
	close(enough)
	wg.Wait()
	if err := live.Close(); err != nil {
		c.Error(err)
	}
	if n := c.answered.Load(); n < int64(requests) {
		c.Errorf("there were %d requests only", n)
	}
}

// TestReloadsAmidRequests holds that no request is lost, none is answered by two sites, and each site is
// closed once, when no request is on it.
func TestReloadsAmidRequests(t *testing.T) {
	s, live, file := theatre(t)
	c := &crowd{T: t, paths: []string{"/"}, answers: map[string]bool{"one": true}}
	var files []string
	for i := range 100 {
		text := strings.Repeat(fmt.Sprintf("site %d, ", i), 1000)
		c.answers[text] = true
		files = append(files, aPlay(text))
	}
	c.reloads(live, file, files, 5000)
	close(s.closed)
	for text := range s.closed {
		if !c.answers[text] {
			t.Errorf("closed is %.80q, twice or too early", text)
		}
		delete(c.answers, text)
	}
	if len(c.answers) > 0 {
		t.Errorf("%d sites are not closed", len(c.answers))
	}
}

// TestReloadsOfProgramsAmidRequests does the same to processes of Python, which end with their site, and to a
// CGI program.
func TestReloadsOfProgramsAmidRequests(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	dir := write(t, "say.cgi", "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n%s' \"$SAY\"\n", "say.py", `
import os
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [letter.encode() for letter in os.environ["SAY"]]
`)
	if err := os.Chmod(filepath.Join(dir, "say.cgi"), 0o755); err != nil {
		t.Fatal(err)
	}
	c := &crowd{T: t, paths: []string{"/py/", "/sh/"}, answers: map[string]bool{}}
	var files []string
	for i := range 3 {
		say := fmt.Sprintf("site %d", i)
		c.answers[say] = true
		files = append(files, `
			[app.main]
			use = "mounts"
			"/py/" = "py"
			"/sh/" = "sh"
			[app.py]
			use = "wsgi"
			app = "say:application"
			processes = 1
			env = { SAY = "`+say+`" }
			[app.sh]
			use = "cgi"
			path = "say.cgi"
			env = { SAY = "`+say+`" }`)
	}
	file := filepath.Join(dir, "site.toml")
	put(t, file, files[0])
	live, err := deploy.Open(file, deploy.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	c.reloads(live, file, files[1:], 60)
}
