package bench_test

import (
	"embed"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/weirhttp/weir/mount"
)

//go:embed README.md
var embedded embed.FS

// directories are the ways to send the files of a folder. The standard library's knows no
// ETag, opens before it looks, and hides from the connection that what it sends is a file.
var directories = []struct {
	lib string
	of  func(fs.FS) http.Handler
}{
	{"weir", func(files fs.FS) http.Handler { return &mount.Dir{FS: files} }},
	{"weir-precompressed", func(files fs.FS) http.Handler { return &mount.Dir{FS: files, Precompressed: true} }},
	{"stdlib", http.FileServerFS},
}

// BenchmarkDir sends files to a writer that does nothing: from the system, of a size, and an
// embedded one.
func BenchmarkDir(b *testing.B) {
	dir := sized(b)
	for _, c := range []struct {
		name, target string
		files        fs.FS
	}{
		{"from=dirfs/file=1KiB", "/1.css", os.DirFS(dir)},
		{"from=dirfs/file=64KiB", "/64.css", os.DirFS(dir)},
		{"from=dirfs/file=none", "/none.css", os.DirFS(dir)},
		{"from=embed/file=README", "/README.md", embedded},
	} {
		for _, d := range directories {
			b.Run(c.name+"/lib="+d.lib, func(b *testing.B) {
				h, w, r := d.of(c.files), newNullWriter(), get(c.target)
				b.ReportAllocs()
				for b.Loop() {
					w.reset()
					h.ServeHTTP(w, r)
				}
				if want := map[bool]int{true: 404, false: 200}[c.target == "/none.css"]; w.status != want {
					b.Fatalf("it is %d", w.status)
				}
			})
		}
	}
}

// BenchmarkDirLoopback sends files over a connection.
func BenchmarkDirLoopback(b *testing.B) {
	dir := sized(b)
	for _, kib := range []int{1, 64, 1024} {
		name := filepath.Join(dir, strconv.Itoa(kib)+".css")
		if err := os.Rename(name, filepath.Join(dir, "index.html")); err != nil {
			b.Fatal(err)
		}
		for _, d := range directories {
			b.Run("KiB="+strconv.Itoa(kib)+"/lib="+d.lib, func(b *testing.B) {
				sendfile(b, d.of(os.DirFS(dir)), int64(kib)<<10)
			})
		}
	}
}

// sized is a folder of files that are named by their size in KiB.
func sized(b *testing.B) string {
	dir, past := b.TempDir(), time.Now().Add(-time.Hour)
	for _, kib := range []int{1, 64, 1024} {
		name := filepath.Join(dir, strconv.Itoa(kib)+".css")
		if err := os.WriteFile(name, make([]byte, kib<<10), 0o600); err != nil {
			b.Fatal(err)
		}
		if err := os.Chtimes(name, past, past); err != nil {
			b.Fatal(err)
		}
	}
	return dir
}
