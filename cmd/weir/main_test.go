package main

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the test binary be the program when it is called weir: the tests drive it over HTTP and by signals, and
// transcripts run it, with the race detector when they have it.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"weir": main})
}

// program is a running weir.
type program struct {
	t      *testing.T
	base   string // http://127.0.0.1:port
	open   string // the URL that it printed
	cmd    *exec.Cmd
	stderr bytes.Buffer // complete when stop returned
	done   bool
}

// start runs weir on a free port and returns when it listens. env is added to the environment of the test.
func start(t *testing.T, env []string, args ...string) *program {
	t.Helper()
	return startCommand(t, env, append([]string{"--listen", "127.0.0.1:0"}, args...)...)
}

// startCommand is start with all arguments.
func startCommand(t *testing.T, env []string, args ...string) *program {
	t.Helper()
	p := &program{t: t}
	p.cmd = exec.Command("weir", args...)
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stderr = &p.stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if !p.done {
			p.stop()
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("no line on standard output: %v", err)
	}
	var found bool
	if p.open, found = strings.CutPrefix(strings.TrimSpace(line), "weir: open "); !found {
		t.Fatalf("the first line on standard output is %q", line)
	}
	u, err := url.Parse(p.open)
	if err != nil {
		t.Fatal(err)
	}
	p.base = "http://" + u.Host
	return p
}

// terminate asks the program to end.
func (p *program) terminate() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
}

// wait waits for the program to end and wants it to have ended well.
func (p *program) wait() {
	p.t.Helper()
	p.done = true
	if err := p.cmd.Wait(); err != nil {
		p.t.Errorf("weir ended with %v; it logged\n%s", err, &p.stderr)
	}
}

// stop ends the program.
func (p *program) stop() {
	p.t.Helper()
	p.terminate()
	p.wait()
}

// client returns a client with connections of its own that follows no redirects and asks for no coding.
func client(t *testing.T) *http.Client {
	transport := &http.Transport{DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// answer is a response that was read.
type answer struct {
	status int
	header http.Header
	body   string
}

// ask sends a request with the given fields ("Name: value") and reads the answer.
func ask(t *testing.T, c *http.Client, method, url string, body io.Reader, fields ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range fields {
		name, value, _ := strings.Cut(field, ": ")
		req.Header[name] = append(req.Header[name], value) // the spelling as it is given
	}
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(text)}
}

func TestArguments(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	address := taken.Addr().String()
	for _, test := range []struct {
		name string
		args []string
		code int
		want string // in the one line on standard error
	}{
		{"a flag that does not exist", []string{"--lisen", "x"}, 2, "--lisen"},
		{"a flag without its value", []string{"--listen"}, 2, "--listen"},
		{"a command that does not exist", []string{"sreve"}, 2, `there is no command "sreve"; did you mean serve?`},
		{"a site without its file", []string{"serve"}, 2, "serve takes a FILE"},
		{"a site and one more", []string{"serve", "a", "b"}, 2, "serve takes one FILE, there are 2 arguments"},
		{"nothing to check", []string{"check"}, 2, "check takes a FILE"},
		{"a site at no address", []string{"serve", "--listen", "x", "site.toml"}, 2, `--listen "x" is no HOST:PORT`},
		{"an address without a port", []string{"--listen", "localhost"}, 2, `--listen "localhost" is no HOST:PORT`},
		{"a port that cannot be", []string{"--listen", "localhost:99999"}, 2, `--listen "localhost:99999" is no HOST:PORT`},
		{"a host that cannot be", []string{"--listen", "a b:80"}, 2, `--listen "a b:80" is no HOST:PORT`},
		{"a prefix that is not a path", []string{"--at", "guest"}, 2, `--at "guest"`},
		{"a prefix that climbs", []string{"--at", "/a/../b/"}, 2, `--at "/a/../b/"`},
		{"a prefix with an escape", []string{"--at", "/a%2Fb/"}, 2, `--at "/a%2Fb/"`},
		{"a program that does not exist", []string{"--cgi", "./no-such-program"}, 2, `--cgi "./no-such-program"`},
		{"a folder that does not exist", []string{"--files", "/f/=./no-such-folder"}, 2, `"./no-such-folder" is no folder`},
		{"files without a folder", []string{"--files", "/f/"}, 2, "PREFIX=DIR"},
		{"two applications in one place", []string{"--at", "/f", "--files", "/f/=."}, 2, "/f/"},
		{"a port that is taken", []string{"--listen", address}, 1, "weir: " + address + " is taken: another program listens there; stop it, or give another address with listen in [server] or --listen\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out, errs bytes.Buffer
			if code := run(t.Context(), test.args, &out, &errs); code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			if got := errs.String(); strings.Count(got, "\n") != 1 || !strings.HasPrefix(got, "weir: ") || !strings.Contains(got, test.want) {
				t.Errorf("standard error is %q, want one line with %q", got, test.want)
			}
			if out.Len() > 0 {
				t.Errorf("standard output is %q", &out)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"-h"}, &out, &errs); code != 0 || errs.Len() > 0 {
		t.Errorf("exit code %d and %q on standard error", code, &errs)
	}
	for _, flag := range []string{"--listen", "--cgi", "--at", "--files", "--user"} {
		if !strings.Contains(out.String(), flag) {
			t.Errorf("the help does not name %s", flag)
		}
	}
}
