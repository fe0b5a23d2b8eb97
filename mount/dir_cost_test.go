package mount_test

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/weirhttp/weir/mount"
)

// TestDirAllocates holds a Dir to the price of http.FileServerFS, which has no ETag and does
// not look before it opens.
func TestDirAllocates(t *testing.T) {
	dir := folder(t, siteFiles)
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for name, files := range map[string]fs.FS{"os.DirFS": os.DirFS(dir), "os.Root": root.FS()} {
		for _, target := range []string{"/a.txt", "/sub/", "/none"} {
			r := httptest.NewRequest("GET", target, nil)
			cost := func(h http.Handler) float64 {
				return testing.AllocsPerRun(100, func() { h.ServeHTTP(httptest.NewRecorder(), r) })
			}
			got, std := cost(&mount.Dir{FS: files}), cost(http.FileServerFS(files))
			t.Logf("%s %s: %v allocations, FileServerFS has %v", name, target, got, std)
			if got > std+6 {
				t.Errorf("%s %s: %v allocations, FileServerFS has %v", name, target, got, std)
			}
		}
	}
}
