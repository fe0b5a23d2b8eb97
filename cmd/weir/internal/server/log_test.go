package server_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weirhttp/weir/cmd/weir/internal/server"
	"github.com/weirhttp/weir/deploy"
)

func logger(t *testing.T, s deploy.ServerLog, stdout, stderr io.Writer) *server.Log {
	t.Helper()
	l, err := server.Logger(s, stdout, stderr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func TestWhereALogGoes(t *testing.T) {
	for _, test := range []struct {
		name       string
		s          deploy.ServerLog
		out, err   bool
		wantFormat string
	}{
		{"nothing said", deploy.ServerLog{}, false, true, "level=INFO msg=hello"},
		{"standard error", deploy.ServerLog{Format: "text", Output: "stderr"}, false, true, "level=INFO msg=hello"},
		{"standard output", deploy.ServerLog{Output: "stdout"}, true, false, "level=INFO msg=hello"},
		{"JSON", deploy.ServerLog{Format: "json", Output: "stdout"}, true, false, `"msg":"hello"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out, err strings.Builder
			l := logger(t, test.s, &out, &err)
			l.Info("hello")
			if (out.Len() > 0) != test.out || (err.Len() > 0) != test.err || !strings.Contains(out.String()+err.String(), test.wantFormat) {
				t.Errorf("standard output %q, standard error %q", &out, &err)
			}
			if err := l.Reopen(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestALogOfJSON(t *testing.T) {
	var out strings.Builder
	logger(t, deploy.ServerLog{Format: "json"}, nil, &out).Info("a\nb", "k", `"`)
	var record map[string]any
	if err := json.Unmarshal([]byte(out.String()), &record); err != nil || record["msg"] != "a\nb" || record["k"] != `"` {
		t.Errorf("%v: %s", err, &out)
	}
}

func TestTheLevelOfALogChanges(t *testing.T) {
	var out strings.Builder
	l := logger(t, deploy.ServerLog{Level: slog.LevelWarn}, nil, &out)
	derived := l.With("part", "web")
	derived.Info("before")
	l.SetLevel(slog.LevelDebug)
	derived.Debug("after")
	if got := out.String(); strings.Contains(got, "before") || !strings.Contains(got, "after") {
		t.Errorf("%q", got)
	}
}

func TestALogFileIsOpenedAgain(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "weir.log")
	if err := os.WriteFile(name, []byte("from the last run\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	l := logger(t, deploy.ServerLog{Output: name}, nil, nil)
	l.Info("one")
	if err := os.Rename(name, name+".1"); err != nil { // logrotate
		t.Fatal(err)
	}
	l.Info("two")
	if err := l.Reopen(); err != nil {
		t.Fatal(err)
	}
	l.Info("three")
	old, _ := os.ReadFile(name + ".1")
	if got := string(old); !strings.HasPrefix(got, "from the last run\n") || !strings.Contains(got, "one") || !strings.Contains(got, "two") || strings.Contains(got, "three") {
		t.Errorf("the old file has %q", got)
	}
	if got, _ := os.ReadFile(name); !strings.Contains(string(got), "three") || strings.Contains(string(got), "two") {
		t.Errorf("the new file has %q", got)
	}
	if info, err := os.Stat(name); err != nil || info.Mode().Perm()&^0o640 != 0 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestALogFileThatCannotBeOpenedAgainIsKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	l := logger(t, deploy.ServerLog{Output: filepath.Join(dir, "weir.log")}, nil, nil)
	if err := os.Rename(dir, dir+".old"); err != nil {
		t.Fatal(err)
	}
	if err := l.Reopen(); err == nil || !strings.HasPrefix(err.Error(), "[server.log] output: open "+dir) {
		t.Errorf("the error is %v", err)
	}
	l.Info("still here")
	if got, _ := os.ReadFile(filepath.Join(dir+".old", "weir.log")); !strings.Contains(string(got), "still here") {
		t.Errorf("the file has %q", got)
	}
}

func TestAClosedLogLosesRecordsAndNothingElse(t *testing.T) {
	l := logger(t, deploy.ServerLog{Output: filepath.Join(t.TempDir(), "weir.log")}, nil, nil)
	for range 2 {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		l.Info("lost")
	}
}

func TestALogFileThatCannotBe(t *testing.T) {
	_, err := server.Logger(deploy.ServerLog{Output: t.TempDir()}, nil, nil)
	if err == nil || !strings.HasPrefix(err.Error(), "[server.log] output: open ") {
		t.Errorf("the error is %v", err)
	}
}
