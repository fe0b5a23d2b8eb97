package main

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// newcomer is somebody who has a file, weir, and a folder with repositories.
type newcomer struct {
	t    *testing.T
	dir  string
	good string // the file, when nothing is wrong with it
}

// newNewcomer takes the example of gitweb as a newcomer would copy it.
func newNewcomer(t *testing.T) *newcomer {
	t.Helper()
	gitweb(t)
	component(t, "gitweb", gitwebStatic)
	n := &newcomer{t: t, dir: filepath.Join(examples(t), "gitweb")}
	file := filepath.Join(n.dir, "site.toml")
	globals(t, file, "projects", repository(t))
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	n.good = string(text)
	return n
}

// save writes the file as editors do: aside, and then in its place.
func (n *newcomer) save(text string) {
	n.t.Helper()
	aside := filepath.Join(n.dir, ".site.toml.new")
	if err := os.WriteFile(aside, []byte(text), 0o600); err != nil {
		n.t.Fatal(err)
	}
	if err := os.Rename(aside, filepath.Join(n.dir, "site.toml")); err != nil {
		n.t.Fatal(err)
	}
}

// changed returns the file with some texts in place of others, each of which it has once.
func (n *newcomer) changed(pairs ...string) string {
	n.t.Helper()
	text := n.good
	for i := 0; i < len(pairs); i += 2 {
		if strings.Count(text, pairs[i]) != 1 {
			n.t.Fatalf("the file does not have %q once", pairs[i])
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	return text
}

// weir runs a command in the folder and returns what it prints, on either output.
func (n *newcomer) weir(code int, args ...string) string {
	n.t.Helper()
	cmd := exec.Command("weir", args...)
	cmd.Dir = n.dir
	out, _ := cmd.CombinedOutput()
	if got := cmd.ProcessState.ExitCode(); got != code {
		n.t.Errorf("weir %s ends with %d, want %d:\n%s", strings.Join(args, " "), got, code, out)
	}
	return string(out)
}

// daemon is a weir whose standard error is read as it comes.
type daemon struct {
	t    *testing.T
	cmd  *exec.Cmd
	base string

	mu     sync.Mutex
	said   strings.Builder
	more   chan struct{} // has something when more was said
	closed chan struct{} // standard error has ended
}

// serve starts weir serve in the folder.
func (n *newcomer) serve(args ...string) *daemon {
	n.t.Helper()
	s := &daemon{t: n.t, cmd: exec.Command("weir", append([]string{"serve"}, args...)...), more: make(chan struct{}, 1), closed: make(chan struct{})}
	s.cmd.Dir = n.dir
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		n.t.Fatal(err)
	}
	errs, err := s.cmd.StderrPipe()
	if err != nil {
		n.t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
	go s.listen(errs)
	n.t.Cleanup(s.stop)
	line, _ := bufio.NewReader(out).ReadString('\n')
	_, address, found := strings.Cut(line, "weir: open ")
	if !found {
		<-s.closed
		n.t.Fatalf("weir %s says %q and\n%s", strings.Join(args, " "), line, s.text())
	}
	s.base = strings.TrimSuffix(strings.TrimSpace(address), "/")
	return s
}

// listen takes in what the server says.
func (s *daemon) listen(errs io.Reader) {
	defer close(s.closed)
	part := make([]byte, 4096)
	for {
		n, err := errs.Read(part)
		s.mu.Lock()
		s.said.Write(part[:n])
		s.mu.Unlock()
		select {
		case s.more <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

func (s *daemon) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.said.String()
}

// until waits for the server to say a text.
func (s *daemon) until(text string) {
	s.t.Helper()
	late := time.After(time.Minute)
	for !strings.Contains(s.text(), text) {
		select {
		case <-s.more:
		case <-late:
			s.t.Fatalf("the server does not say %q:\n%s", text, s.text())
		}
	}
}

// stop ends the server, which it has to do well.
func (s *daemon) stop() {
	if s.cmd.ProcessState != nil {
		return
	}
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Error(err)
	}
	<-s.closed
	if err := s.cmd.Wait(); err != nil {
		s.t.Errorf("weir ended with %v:\n%s", err, s.text())
	}
}

// TestNewcomer is the story of somebody who has a program in Perl and wants it below a prefix: a file of twenty lines,
// its three mistakes in one run, the site as it is drawn, and the file changed while it is served.
func TestNewcomer(t *testing.T) {
	n := newNewcomer(t)
	lines := 0
	for line := range strings.Lines(n.good) {
		if line != "\n" && !strings.HasPrefix(line, "#") {
			lines++
		}
	}
	if lines > 20 {
		t.Errorf("the file has %d lines", lines)
	}
	if said := n.weir(0, "check", "site.toml"); strings.Contains(said, "site.toml:") {
		t.Errorf("of a file that is right, check says\n%s", said)
	}

	broken := n.changed(`"/code/" = "gitweb"`, `"/code/" = "gitwebb"`, `"50/s"`, `"fifty a second"`, `burst`, `brust`)
	golden, err := os.ReadFile("testdata/newcomer.txt")
	if err != nil {
		t.Fatal(err)
	}
	n.save(broken)
	if said := n.weir(1, "check", "site.toml"); said != string(golden) {
		t.Errorf("of a file with three mistakes, check says\n%swant\n%s", said, golden)
	}
	n.save(n.good)

	s := n.serve("--reload", "--listen", "127.0.0.1:0", "site.toml")
	visitors := s.visited("/code/")
	n.save(broken)
	for _, text := range []string{"gitwebb", "fifty a second", "brust"} {
		s.until(text)
	}
	visitors.more() // on the old site
	n.save(n.changed(`"/code/" = "gitweb"`, `"/code/" = "gitweb"`+"\n"+`"/repositories/" = "gitweb"`))
	for late := time.Now().Add(time.Minute); ; {
		a := ask(t, client(t), "GET", s.base+"/repositories/", nil, "Accept-Encoding: gzip")
		if a.status == http.StatusOK && a.header.Get("Content-Encoding") == "gzip" {
			break
		}
		if time.Now().After(late) {
			t.Fatalf("the new file is not taken: %d\n%s", a.status, s.text())
		}
	}
	visitors.more() // on the new site
	visitors.leave()
	limited(t, 3000, func() answer { return ask(t, http.DefaultClient, "GET", s.base+"/code/static/none.css", nil) })
	gone(t, s.cmd.Process.Pid, s.stop)
	contains(t, "the log", s.text(), "path=/code/ status=200", "path=/repositories/ status=200", "status=429")

	contains(t, "the drawing", n.weir(0, "graph", "site.toml"), "/code/", "/code/static/", "/repositories/", "gitweb", "cgi", "dir",
		"access-log", "rate-limit", "compress", "site.toml:")
}

// visitors are two clients that ask for a page all the time.
type visitors struct {
	t      *testing.T
	end    chan struct{}
	asking sync.WaitGroup
	answer chan struct{} // has something when there are more answers

	mu     sync.Mutex
	pages  int
	faults []string
}

// visited has visitors ask for a path of the server until they leave.
func (s *daemon) visited(path string) *visitors {
	v := &visitors{t: s.t, end: make(chan struct{}), answer: make(chan struct{}, 1)}
	for range 2 {
		v.asking.Go(func() {
			for {
				select {
				case <-v.end:
					return
				default:
					v.visit(s.base + path)
				}
			}
		})
	}
	return v
}

// visit asks for a page once.
func (v *visitors) visit(link string) {
	fault := ""
	res, err := http.Get(link)
	if err == nil {
		var body []byte
		body, err = io.ReadAll(res.Body)
		res.Body.Close()
		if res.StatusCode != http.StatusOK || !strings.Contains(string(body), "weir.git") {
			fault = res.Status
		}
	}
	if err != nil {
		fault = err.Error()
	}
	v.mu.Lock()
	v.pages++
	if fault != "" {
		v.faults = append(v.faults, fault)
	}
	v.mu.Unlock()
	select {
	case v.answer <- struct{}{}:
	default:
	}
}

func (v *visitors) count() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.pages
}

// more waits for requests that begin from now on to be answered.
func (v *visitors) more() {
	v.t.Helper()
	late := time.After(time.Minute)
	for want := v.count() + 4; v.count() < want; {
		select {
		case <-v.answer:
		case <-late:
			v.t.Fatal("the requests are not answered")
		}
	}
}

// leave ends the requests, none of which may have failed.
func (v *visitors) leave() {
	v.t.Helper()
	close(v.end)
	v.asking.Wait()
	if len(v.faults) > 0 {
		v.t.Errorf("of %d requests, these failed: %q", v.pages, v.faults)
	}
}
