package tempfile_test

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/weirhttp/weir/internal/tempfile"
)

func TestAFileIsGoneWhenItIsClosed(t *testing.T) {
	dir := t.TempDir()
	f, err := tempfile.Create(dir, "x-")
	if err != nil {
		t.Fatal(err)
	}
	if names, _ := os.ReadDir(dir); runtime.GOOS != "windows" && len(names) > 0 {
		t.Errorf("%s can be seen while it is open", names[0])
	}
	if _, err := f.WriteAt([]byte("body"), 2); err != nil {
		t.Error(err)
	}
	if got, err := io.ReadAll(f); string(got) != "\x00\x00body" || err != nil {
		t.Errorf("read %q, %v", got, err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if names, _ := os.ReadDir(dir); len(names) > 0 {
		t.Errorf("%s is left", names[0])
	}
	if f.Close() == nil {
		t.Error("it can be closed twice")
	}
}

func TestAFolderThatIsNotThere(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "missing")
	if _, err := tempfile.Create(dir, "x-"); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("%v does not name the folder", err)
	}
}
