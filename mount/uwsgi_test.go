package mount_test

import (
	"encoding/json"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/weirhttp/weir/mount"
)

// TestSCGIAsksUWSGI has a Python application answer below a prefix that uWSGI serves.
func TestSCGIAsksUWSGI(t *testing.T) {
	component(t, "/usr/bin/uwsgi-core")
	component(t, "/usr/lib/uwsgi/plugins/python3_plugin.so")
	socket := filepath.Join(t.TempDir(), "socket")
	cmd := exec.Command("/usr/bin/uwsgi-core", "--plugin", "python3", "--scgi-socket", socket, "--module", "apps", "--master", "--die-on-term")
	cmd.Dir, cmd.Env = "testdata/wsgi", append(cmd.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
	})
	listens(t, "unix", socket, func() bool { return true })
	log := newJournal()
	h := signedIn("alice", mount.At("/app", &mount.SCGI{Server: socket, Spool: 1 << 20, Logger: log.logger()}))
	var environ map[string]any
	if w := ask(h, "/app/x%2Fy//z?a=b;c"); json.Unmarshal(w.Body.Bytes(), &environ) != nil {
		t.Fatalf("%d %s; %v", w.Code, w.Body, log)
	}
	for name, want := range map[string]string{
		"SCRIPT_NAME": "/app", "PATH_INFO": "/x/y//z", "QUERY_STRING": "a=b;c", "REQUEST_URI": "/app/x%2Fy//z?a=b;c", "REMOTE_USER": "alice",
	} {
		if environ[name] != want {
			t.Errorf("%s is %q, want %q", name, environ[name], want)
		}
	}
	over(t, h, func(t *testing.T, server *httptest.Server) {
		body := strings.Repeat("0123456789abcdef", 1<<14)
		if res, got, err := send(t, server, "POST", "/app/echo", strings.NewReader(body)); err != nil || got != body {
			t.Errorf("%v, %d bytes, %v; %v", res, len(got), err, log)
		}
	})
}
