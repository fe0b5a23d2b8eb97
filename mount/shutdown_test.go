//go:build unix

package mount_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/weirhttp/weir/mount"
	"github.com/weirhttp/weir/rewrite"
)

// site is a program as users write it: it serves a WSGI and a CGI application until SIGTERM, and ends as
// http.Server.Shutdown has it. It prints where it listens, and each process of its applications.
func site() {
	terminated, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	app := &mount.WSGI{App: "apps", Python: python, Dir: "testdata/wsgi", Processes: 2, Threads: 16}
	if err := app.Start(); err != nil {
		fail(err)
	}
	self, err := os.Executable()
	if err != nil {
		fail(err)
	}
	cgi := &mount.CGI{Path: self, Env: []string{"CGI_TEST_PROGRAM=wait", "WAIT=" + os.Getenv("WAIT"), "GORACE=atexit_sleep_ms=0"}}
	mux := http.NewServeMux()
	mux.Handle("/wsgi/", mount.At("/wsgi", rewrite.Request(mount.Environ("test.file", os.Getenv("WAIT")))(app)))
	mux.Handle("/cgi/", mount.At("/cgi", cgi))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fail(err)
	}
	server := &http.Server{Handler: mux}
	go server.Serve(listener)
	fmt.Println(listener.Addr())
	<-terminated.Done()
	fmt.Println("ending")
	if err := errors.Join(server.Shutdown(context.Background()), app.Close()); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// wait is a CGI program that answers once a file is there.
func wait() {
	fmt.Fprintln(os.Stderr, "waits began") // to the log
	for {
		if _, err := os.Stat(os.Getenv("WAIT")); err == nil {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	fmt.Print("Content-Type: text/plain\n\ndone")
}

// TestTerminationUnderLoad holds that a program which is told to end amid many requests answers all of them, and
// leaves no process and no file behind.
func TestTerminationUnderLoad(t *testing.T) {
	component(t, python)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	file, temporary := filepath.Join(t.TempDir(), "go on"), t.TempDir()
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), "CGI_TEST_PROGRAM=site", "WAIT="+file, "TMPDIR="+temporary, "PYTHONDONTWRITEBYTECODE=1")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	began := make(chan struct{}, 100)
	go func() {
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			if strings.Contains(lines.Text(), "waits began") {
				began <- struct{}{}
			}
		}
	}()
	out := bufio.NewReader(stdout)
	address, err := out.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + strings.TrimSpace(address)
	processes := []int{cmd.Process.Pid, pidAt(t, url+"/wsgi/pid"), pidAt(t, url+"/wsgi/pid")}
	const each = 20
	var all sync.WaitGroup
	for i := range 2 * each {
		path := "/wsgi/waits"
		if i >= each {
			path = "/cgi/"
		}
		all.Go(func() {
			if body, err := fetch(url + path); err != nil || body != "done" {
				t.Errorf("%s is %q, %v", path, body, err)
			}
		})
	}
	for range 2 * each {
		<-began
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if line, err := out.ReadString('\n'); line != "ending\n" {
		t.Fatal(line, err)
	}
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	all.Wait()
	if err := cmd.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
	for _, pid := range processes {
		gone(t, pid)
	}
	if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
		t.Errorf("it left %v %v", left, err)
	}
}

func pidAt(t *testing.T, url string) (pid int) {
	t.Helper()
	body, err := fetch(url)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscan(body, &pid); err != nil {
		t.Fatal(err)
	}
	return pid
}

func fetch(url string) (string, error) {
	res, err := http.Get(url)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return string(body), err
}
