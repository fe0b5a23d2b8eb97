package main

import (
	"bufio"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/weirhttp/weir/deploy"
)

// examples copies the folder of examples, so that a test can say where things are on this machine, and returns the
// copy.
func examples(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../examples")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// globals gives keys of [globals] other values in a file, in pairs: what a user would write there.
func globals(t *testing.T, file string, pairs ...string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for pair := range slices.Chunk(pairs, 2) {
		place := regexp.MustCompile(`\n\[globals\]\n(?:[^\[].*\n)*?` + pair[0] + ` *= *("[^"]*")`).FindSubmatchIndex(text)
		if place == nil {
			t.Fatalf("%s has no key %s among its globals", file, pair[0])
		}
		text = slices.Replace(text, place[2], place[3], []byte(strconv.Quote(pair[1]))...)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// serveExample starts weir serve for a file. Its Python is that of Debian, which has the modules.
func serveExample(t *testing.T, file string, env ...string) *program {
	t.Helper()
	env = append(env, "PATH=/usr/bin:"+os.Getenv("PATH"), "PYTHONDONTWRITEBYTECODE=1")
	return startCommand(t, env, "serve", "--listen", "127.0.0.1:0", file)
}

// component skips a test if a file is not there that a Debian package brings.
func component(t *testing.T, debian, file string) {
	t.Helper()
	if _, err := os.Stat(file); err != nil {
		missing(t, "the Debian package "+debian)
	}
}

// ends stops the program and wants nothing left of it: no process that it started, and for each of the texts a line of
// its log that has all words of it.
func (p *program) ends(texts ...string) {
	p.t.Helper()
	gone(p.t, p.cmd.Process.Pid, p.stop)
	lines := strings.Split(p.stderr.String(), "\n")
	for _, text := range texts {
		if !slices.ContainsFunc(lines, func(line string) bool {
			return !slices.ContainsFunc(strings.Fields(text), func(word string) bool { return !strings.Contains(line, word) })
		}) {
			p.t.Errorf("the log has no line with %q:\n%s", text, &p.stderr)
		}
	}
}

// gone wants a program, when it has stopped, to have left no process behind that it started.
func gone(t *testing.T, id int, stop func()) {
	t.Helper()
	left := descendants(id)
	stop()
	for _, one := range left {
		if _, err := os.Stat("/proc/" + one); err == nil {
			t.Errorf("process %s is left", one)
		}
	}
}

// descendants returns the ids of the processes that a process started, and of those that they started, where the system
// tells.
func descendants(id int) []string {
	all, _ := filepath.Glob("/proc/[0-9]*/stat")
	parent := make(map[string]string)
	for _, name := range all {
		stat, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(stat), ") ")
		if fields := strings.Fields(rest); len(fields) > 1 {
			parent[filepath.Base(filepath.Dir(name))] = fields[1]
		}
	}
	found := []string{strconv.Itoa(id)}
	for i := 0; i < len(found); i++ {
		for child, of := range parent {
			if of == found[i] {
				found = append(found, child)
			}
		}
	}
	return found[1:]
}

// beside runs a program beside weir until the test ends, and returns when it has said a line with a text.
func beside(t *testing.T, cmd *exec.Cmd, says string) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = w, w
	err = cmd.Start()
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_, _ = io.Copy(io.Discard, r)
		_ = cmd.Wait()
		r.Close()
	})
	lines := bufio.NewReader(r)
	for said := ""; ; {
		line, err := lines.ReadString('\n')
		if said += line; err != nil {
			t.Fatalf("%s: %v\n%s", cmd.Path, err, said)
		}
		if strings.Contains(line, says) {
			return
		}
	}
}

// person is somebody with a browser: with cookies, and who follows redirects, but not out of a prefix.
type person struct {
	t      *testing.T
	client *http.Client
	below  string // a URL
}

func newPerson(t *testing.T, p *program, below string) *person {
	jar, _ := cookiejar.New(nil)
	transport := to(t, strings.TrimPrefix(p.base, "http://"))
	c := newCrawler(t, transport, below)
	c.client.Jar = jar
	return &person{t, c.client, below}
}

// read returns the page that an answer is, and where it is.
func (p *person) read(res *http.Response, err error) (string, *url.URL) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		p.t.Fatalf("%s: %d %v\n%.2000s", res.Request.URL, res.StatusCode, err, body)
	}
	return string(body), res.Request.URL
}

func (p *person) get(link string) (string, *url.URL) {
	p.t.Helper()
	return p.read(p.client.Get(link))
}

// post sends a form to where a page that was read would.
func (p *person) post(at *url.URL, action string, form url.Values) (string, *url.URL) {
	p.t.Helper()
	return p.read(p.client.PostForm(resolve(p.t, at, action).String(), form))
}

// contains fails the test unless a page has all of some texts.
func contains(t *testing.T, what, page string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(page, text) {
			t.Errorf("%s does not have %q:\n%.3000s", what, text, page)
		}
	}
}

// limited asks until the limit refuses, which it has to after at most some requests, and to say when to come again.
func limited(t *testing.T, atMost int, ask func() answer) {
	t.Helper()
	for range atMost {
		if a := ask(); a.status == http.StatusTooManyRequests {
			if a.header.Get("Retry-After") == "" {
				t.Errorf("a refusal does not say when to come again: %v", a.header)
			}
			return
		}
	}
	t.Errorf("%d requests met no limit", atMost)
}

// TestExamplesAreRight holds that the examples are right as they stand, wherever their components are.
func TestExamplesAreRight(t *testing.T) {
	t.Setenv("ADMINER_PASSWORD", "secret")
	dir := examples(t)
	data := t.TempDir()
	if err := os.WriteFile(filepath.Join(data, "secret"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	globals(t, filepath.Join(dir, "wsgi/site.toml"), "data", data)
	for _, pattern := range []string{"*/site.toml", "*/site.ini"} {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("no example is a %s: %v", pattern, err)
		}
		for _, file := range files {
			site, err := deploy.Load(file, parts())
			if err != nil {
				t.Errorf("%v", err)
				continue
			}
			for _, w := range site.Warnings {
				if !strings.Contains(w.Error(), "no such file") && !strings.Contains(w.Error(), "server:main") {
					t.Errorf("%v", w)
				}
			}
		}
	}
}
