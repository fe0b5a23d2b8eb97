//go:build unix

package mount_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/weirhttp/weir/mount"
)

// slowModule is an application that dies at once, and loads for ever in the process after that.
const slowModule = `
import os, time

if os.path.exists("died"):
    with open("pid.new", "w") as file:
        file.write(str(os.getpid()))
    os.rename("pid.new", "pid")
    print("loading again")
    time.sleep(1000)

def application(environ, start_response):
    open("died", "w").close()
    os._exit(1)
`

// TestWSGICloseWaitsForWhatStarts holds that Close leaves no process behind that was being started.
func TestWSGICloseWaitsForWhatStarts(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "slow.py"), []byte(slowModule), 0o600); err != nil {
		t.Fatal(err)
	}
	app, log := wsgi(t, func(a *mount.WSGI) { a.App, a.Dir = "slow", dir })
	get(app, "/")
	log.wait("loading again")
	text, err := os.ReadFile(filepath.Join(dir, "pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, _ := strconv.Atoi(string(text))
	if err := app.Close(); err != nil {
		t.Error(err)
	}
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("process %d is still there: %v", pid, err)
	}
}

// TestWSGIStartSaysHowItIsNow holds that a start that failed is forgotten when another went well.
func TestWSGIStartSaysHowItIsNow(t *testing.T) {
	mended := filepath.Join(t.TempDir(), "mended")
	app, _ := wsgi(t, func(a *mount.WSGI) { a.App, a.Env = "broken", append(a.Env, "MENDED="+mended) })
	if err := app.Start(); err == nil || !strings.Contains(err.Error(), "the database is not there") {
		t.Errorf("a broken application starts: %v", err)
	}
	if err := os.WriteFile(mended, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := app.Reload(); err != nil {
		t.Fatal(err)
	}
	if err := app.Start(); err != nil {
		t.Errorf("it serves, and Start says %v", err)
	}
}

// TestWSGIThatHangsUpItself is about a process that lives, and has shut all connections but one.
func TestWSGIThatHangsUpItself(t *testing.T) {
	app, log := wsgi(t)
	pid := pidOf(t, app)
	if w := get(app, "/deaf"); w.Code != 200 {
		t.Fatalf("%d %v", w.Code, log)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	defer func() {
		cancel()
		<-ended
	}()
	go func() {
		defer close(ended)
		defer func() { _ = recover() }()
		app.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", "/endless", nil))
	}()
	log.wait("endless began")
	if other := pidOf(t, app); other == pid {
		t.Errorf("process %d still serves", pid)
	}
}
