//go:build unix

package mount_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/weirhttp/weir/mount"
)

// To open a named pipe is to wait until somebody writes into it.
func TestDirDoesNotOpenWhatIsNoFile(t *testing.T) {
	dir := folder(t, map[string]string{"a.txt": "plain", "index.html/x": ""})
	for _, name := range []string{"pipe", "a.txt.gz"} {
		if err := syscall.Mkfifo(filepath.Join(dir, name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/dev/zero", filepath.Join(dir, "zero")); err != nil {
		t.Fatal(err)
	}
	d := &mount.Dir{FS: os.DirFS(dir), Precompressed: true, Listing: true}
	for _, path := range []string{"/pipe", "/zero"} {
		if w := askDir(t, d, "GET", path); w.Code != 404 {
			t.Errorf("%s is %d", path, w.Code)
		}
	}
	if w := askDir(t, d, "GET", "/a.txt", "Accept-Encoding: gzip"); w.Body.String() != "plain" {
		t.Errorf("the file beside a pipe is %d %q", w.Code, w.Body)
	}
	if page := askDir(t, d, "GET", "/").Body.String(); strings.Contains(page, "pipe") {
		t.Errorf("a pipe is listed:\n%s", page)
	}
}

func TestDirSaysThatAccessIsDenied(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("the superuser may read everything")
	}
	dir := folder(t, map[string]string{"a.txt": "", "sub/b.txt": ""})
	for _, name := range []string{"a.txt", "sub"} {
		if err := os.Chmod(filepath.Join(dir, name), 0); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { os.Chmod(filepath.Join(dir, "sub"), 0o700) })
	d := &mount.Dir{FS: os.DirFS(dir)}
	for _, path := range []string{"/a.txt", "/sub/b.txt", "/sub/"} {
		if w := askDir(t, d, "GET", path); w.Code != 403 || strings.Contains(w.Body.String(), dir) {
			t.Errorf("%s is %d %q", path, w.Code, w.Body)
		}
	}
}
