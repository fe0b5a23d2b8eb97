//go:build unix

package mount_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/weirhttp/weir/mount"
	"github.com/weirhttp/weir/rewrite"
)

// get asks h for a path.
func get(h http.Handler, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	return w
}

// pidOf returns the process that answers.
func pidOf(t *testing.T, h http.Handler) int {
	t.Helper()
	w := get(h, "/pid")
	pid, err := strconv.Atoi(w.Body.String())
	if err != nil {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return pid
}

// gone waits until a process is there no more.
func gone(t *testing.T, pid int) {
	t.Helper()
	for until := time.Now().Add(20 * time.Second); time.Now().Before(until); {
		if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			return
		}
		if state, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); strings.Contains(string(state), ") Z ") {
			return // it has ended, and its parent has not asked how
		}
	}
	t.Errorf("process %d is still there", pid)
}

// TestWSGISurvivesAKill kills a process while 100 requests are under way. Those in its hands fail, all others are
// answered.
func TestWSGISurvivesAKill(t *testing.T) {
	app, log := wsgi(t, func(a *mount.WSGI) { a.Processes = 2 })
	file := filepath.Join(t.TempDir(), "go on")
	h := rewrite.Request(mount.Environ("test.file", file))(app)
	server := httptest.NewServer(h)
	defer server.Close()
	victim := pidOf(t, h)

	var all sync.WaitGroup
	var failed, answered atomic.Int64
	for range 100 {
		all.Go(func() {
			res, err := server.Client().Get(server.URL + "/waits")
			if err != nil {
				failed.Add(1)
				return
			}
			defer res.Body.Close()
			if body, err := io.ReadAll(res.Body); err == nil && res.StatusCode == 200 && string(body) == "done" {
				answered.Add(1)
			} else {
				failed.Add(1)
			}
		})
	}
	for log.count("waits began") < 8 { // all threads of both are at work
		log.wait("")
	}
	if err := syscall.Kill(victim, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	all.Wait()
	if failed.Load() > 4 || failed.Load()+answered.Load() != 100 {
		t.Errorf("%d failed and %d were answered, of 100; a process works on 4", failed.Load(), answered.Load())
	}
	log.wait("a process died")
	gone(t, victim)
	for range 20 {
		if w := get(h, "/pid"); w.Code != 200 {
			t.Errorf("afterwards: %d", w.Code)
		}
	}
}

// TestWSGIStartsWhatDies holds that an application which kills itself comes back, over and over.
func TestWSGIStartsWhatDies(t *testing.T) {
	app, _ := wsgi(t)
	for _, signal := range []syscall.Signal{syscall.SIGSEGV, syscall.SIGTERM, syscall.SIGKILL} {
		if w := get(app, fmt.Sprintf("/die?%d", signal)); w.Code != 502 {
			t.Errorf("%v: %d", signal, w.Code)
		}
		if w := get(app, "/pid"); w.Code != 200 {
			t.Errorf("after %v: %d", signal, w.Code)
		}
	}
}

func TestWSGIComesBackWhenItIsMended(t *testing.T) {
	mended := filepath.Join(t.TempDir(), "mended")
	app, log := wsgi(t, func(a *mount.WSGI) { a.App, a.Env = "broken", append(a.Env, "MENDED="+mended) })
	if w := get(app, "/"); w.Code != 503 {
		t.Errorf("a broken application is %d", w.Code)
	}
	if err := os.WriteFile(mended, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := app.Reload(); err != nil {
		t.Error(err)
	}
	if w := get(app, "/"); w.Code != 200 || w.Body.String() != "mended" {
		t.Errorf("a mended application is %d %s", w.Code, w.Body)
	}
	if err := os.Remove(mended); err != nil {
		t.Fatal(err)
	}
	if err := app.Reload(); err == nil || !strings.Contains(err.Error(), "the database is not there") {
		t.Errorf("a reload of what is broken: %v", err)
	}
	if w := get(app, "/"); w.Code != 200 {
		t.Errorf("after a reload that failed: %d; %v", w.Code, log)
	}
}

// TestWSGIReloads holds that no request is lost by a reload, and that the old processes end.
func TestWSGIReloads(t *testing.T) {
	app, log := wsgi(t, func(a *mount.WSGI) { a.Processes = 2 })
	if err := app.Start(); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(app)
	defer server.Close()
	stop := make(chan struct{})
	var all sync.WaitGroup
	var pids sync.Map
	for range 4 {
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				res, err := server.Client().Get(server.URL + "/pid")
				if err != nil {
					t.Error(err)
					return
				}
				body, err := io.ReadAll(res.Body)
				res.Body.Close()
				if err != nil || res.StatusCode != 200 {
					t.Errorf("%d %q %v", res.StatusCode, body, err)
				}
				pids.Store(string(body), true)
			}
		})
	}
	for range 5 {
		if err := app.Reload(); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	all.Wait()
	if err := app.Close(); err != nil {
		t.Error(err)
	}
	seen := 0
	pids.Range(func(pid, _ any) bool {
		seen++
		n, _ := strconv.Atoi(pid.(string))
		gone(t, n)
		return true
	})
	if seen < 4 {
		t.Errorf("only %d processes answered", seen)
	}
	if log.has("ERROR") {
		t.Error(log)
	}
}

func TestWSGICloses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "go on")
	app, log := wsgi(t)
	h := rewrite.Request(mount.Environ("test.file", file))(app)
	pid := pidOf(t, h)
	answer := make(chan int)
	go func() { answer <- get(h, "/waits").Code }()
	log.wait("waits began")
	closed := make(chan error)
	go func() { closed <- app.Close() }()
	for get(h, "/pid").Code != 503 { // until it is closing
	}
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if code := <-answer; code != 200 {
		t.Errorf("a request that was under way is %d", code)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	gone(t, pid)
	if err := app.Close(); err != nil {
		t.Errorf("the second time: %v", err)
	}
	if err := app.Start(); err == nil {
		t.Error("it starts after it was closed")
	}
	if err := app.Reload(); err == nil {
		t.Error("it reloads after it was closed")
	}
}

func TestWSGIThatWasNeverStartedCloses(t *testing.T) {
	app, _ := wsgi(t)
	if err := app.Close(); err != nil {
		t.Error(err)
	}
	if w := get(app, "/"); w.Code != 503 {
		t.Errorf("%d", w.Code)
	}
}

// TestWSGIKillsWhatDoesNotEnd is about a thread that goes on after its client has left, and one at the end.
func TestWSGIKillsWhatDoesNotEnd(t *testing.T) {
	component(t, python)
	log := newJournal()
	app := &mount.WSGI{App: "apps", Python: python, Dir: "testdata/wsgi", Threads: 1, Grace: time.Millisecond, Logger: log.logger()}
	pid := pidOf(t, app)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		log.wait("hangs began")
		cancel()
	}()
	app.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", "/hangs", nil))
	log.wait("its process is replaced")
	gone(t, pid)
	pid = pidOf(t, app)
	log.reset()
	go func() {
		defer func() { _ = recover() }()
		get(app, "/hangs")
	}()
	log.wait("hangs began")
	if err := app.Close(); err == nil || !strings.Contains(err.Error(), "requests to finish: 1") {
		t.Errorf("it closed with %v", err)
	}
	gone(t, pid)
}

func TestWSGIRefusesWhatWaitsTooLong(t *testing.T) {
	file := filepath.Join(t.TempDir(), "go on")
	app, log := wsgi(t, func(a *mount.WSGI) { a.Threads, a.Queue = 1, 1 })
	if err := app.Start(); err != nil {
		t.Fatal(err)
	}
	h := rewrite.Request(mount.Environ("test.file", file))(app)
	codes := make(chan int, 3)
	for range 3 {
		go func() { codes <- get(h, "/waits").Code }()
	}
	if code := <-codes; code != 503 {
		t.Errorf("one too many is %d", code)
	}
	if !log.has("raise Processes, Threads or Queue") {
		t.Error(log)
	}
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if code := <-codes; code != 200 {
			t.Errorf("one that waited is %d", code)
		}
	}
}

func TestWSGILetsGoOfWhoWaits(t *testing.T) {
	file := filepath.Join(t.TempDir(), "go on")
	app, log := wsgi(t, func(a *mount.WSGI) { a.Threads = 1 })
	h := rewrite.Request(mount.Environ("test.file", file))(app)
	busy := make(chan int)
	go func() { busy <- get(h, "/waits").Code }()
	log.wait("waits began")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", "/pid", nil)) // would hang
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	<-busy
	if w := get(h, "/pid"); w.Code != 200 {
		t.Errorf("the thread was lost: %d", w.Code)
	}
}

// TestWSGIEndsWithItsProgram kills the program that uses WSGI, which can then do nothing more.
func TestWSGIEndsWithItsProgram(t *testing.T) {
	component(t, python)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), "CGI_TEST_PROGRAM=wsgi", "PYTHONDONTWRITEBYTECODE=1")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	gone(t, pid)
}
