package mount_test

import (
	"embed"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/weirhttp/weir/mount"
)

func etag(t testing.TB, h http.Handler, path string, fields ...string) string {
	t.Helper()
	return askDir(t, h, "GET", path, fields...).Header().Get("Etag")
}

func isStrong(tag string) bool { return len(tag) > 2 && tag[0] == '"' && tag[len(tag)-1] == '"' }

func TestDirETagFollowsTheFile(t *testing.T) {
	dir := folder(t, map[string]string{"a.txt": "1", "b.txt": "1"})
	d := &mount.Dir{FS: os.DirFS(dir)}
	name := filepath.Join(dir, "a.txt")
	first := etag(t, d, "/a.txt")
	if !isStrong(first) || first != etag(t, d, "/a.txt") {
		t.Errorf("the ETag is %s, then %s", first, etag(t, d, "/a.txt"))
	}
	seen := map[string]string{first: "the first version"}
	for what, change := range map[string]func(){
		"another size":                    func() { putFile(t, name, "22", longAgo) },
		"another time":                    func() { putFile(t, name, "2", longAgo.Add(time.Hour)) },
		"another time in the same second": func() { putFile(t, name, "3", longAgo.Add(time.Millisecond)) },
	} {
		change()
		tag := etag(t, d, "/a.txt")
		if other, ok := seen[tag]; ok || !isStrong(tag) {
			t.Errorf("%s has %s, as has %s", what, tag, other)
		}
		seen[tag] = what
		if w := askDir(t, d, "GET", "/a.txt", "If-None-Match: "+first); w.Code != 200 {
			t.Errorf("%s is %d to who has the first version", what, w.Code)
		}
	}
}

// A file that was changed just now may be changed again without a trace.
func TestDirETagOfAYoungFileIsWeakAndGoes(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "a.txt")
	d := &mount.Dir{FS: os.DirFS(dir)}
	synctest.Test(t, func(t *testing.T) {
		for _, at := range []time.Duration{-time.Hour, 0, 1999 * time.Millisecond} {
			putFile(t, name, "1", time.Now().Add(-at))
			tag := etag(t, d, "/a.txt")
			if !strings.HasPrefix(tag, `W/"`) {
				t.Errorf("after %v the ETag is %s", at, tag)
			}
			if w := askDir(t, d, "GET", "/a.txt", "If-None-Match: "+tag); w.Code != 304 {
				t.Errorf("after %v it is %d to who has it", at, w.Code)
			}
			if w := askDir(t, d, "GET", "/a.txt", "Range: bytes=0-0", "If-Range: "+tag); w.Code != 200 {
				t.Errorf("after %v it is %d to who has a part of it", at, w.Code)
			}
			time.Sleep(2*time.Second - at)
			if w := askDir(t, d, "GET", "/a.txt", "If-None-Match: "+tag); w.Code != 200 || !isStrong(w.Header().Get("Etag")) {
				t.Errorf("later it is %d to who has it from %v, ETag %s", w.Code, at, w.Header().Get("Etag"))
			}
		}
	})
}

// Reproducible builds give all files of all versions the same time.
func TestDirETagOfAFileWithoutATimeIsItsContents(t *testing.T) {
	for _, modified := range []time.Time{time.Unix(0, 0), time.Unix(1, 0), time.Date(1980, 1, 1, 12, 0, 0, 0, time.UTC)} {
		dir := t.TempDir()
		name := filepath.Join(dir, "a.txt")
		d := &mount.Dir{FS: os.DirFS(dir)}
		putFile(t, name, "version 1", modified)
		first := etag(t, d, "/a.txt")
		putFile(t, name, "version 2", modified)
		w := askDir(t, d, "GET", "/a.txt", "If-None-Match: "+first, "If-Modified-Since: Mon, 06 May 2024 07:08:09 GMT")
		if !isStrong(first) || w.Code != 200 || w.Body.String() != "version 2" || w.Header().Get("Last-Modified") != "" {
			t.Errorf("%v: after %s comes %d %v %q", modified, first, w.Code, w.Header(), w.Body)
		}
		putFile(t, name, "version 1", modified)
		if w := askDir(t, d, "GET", "/a.txt", "If-None-Match: "+first); w.Code != 304 {
			t.Errorf("%v: the same content is %d", modified, w.Code)
		}
	}
}

func TestDirETagOfAFileSystemThatChanges(t *testing.T) {
	files := fstest.MapFS{"a.txt": {Data: []byte("1")}, "page": {Data: []byte("<!doctype html>")}, "large": {Data: make([]byte, 1<<20+1)}}
	d := &mount.Dir{FS: files}
	first := etag(t, d, "/a.txt")
	files["a.txt"] = &fstest.MapFile{Data: []byte("2")}
	if second := etag(t, d, "/a.txt"); !isStrong(first) || !isStrong(second) || first == second {
		t.Errorf("the ETag is %s, then %s", first, second)
	}
	if w := askDir(t, d, "GET", "/page"); w.Body.String() != "<!doctype html>" || w.Header().Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("after hashing, a page is %v %q", w.Header(), w.Body)
	}
	if w := askDir(t, d, "GET", "/large"); w.Code != 200 || w.Header().Get("Etag") != "" || w.Body.Len() != 1<<20+1 {
		t.Errorf("the large file is %d %v", w.Code, w.Header())
	}
}

//go:embed dir*.go
var sources embed.FS

func TestDirETagOfAnEmbeddedFile(t *testing.T) {
	files, err := fs.Sub(sources, ".")
	if err != nil {
		t.Fatal(err)
	}
	d := &mount.Dir{FS: files}
	first := etag(t, d, "/dir.go")
	if !isStrong(first) || first == etag(t, d, "/dir_name.go") {
		t.Errorf("the ETags are %s and %s", first, etag(t, d, "/dir_name.go"))
	}
	if w := askDir(t, d, "GET", "/dir.go", "If-None-Match: "+first); w.Code != 304 || w.Body.Len() != 0 || w.Header().Get("Etag") != first {
		t.Errorf("who has it gets %d %v", w.Code, w.Header())
	}
	want, _ := sources.ReadFile("dir.go")
	if w := askDir(t, d, "GET", "/dir.go", "Range: bytes=5-9", "If-Range: "+first); w.Code != 206 || w.Body.String() != string(want[5:10]) {
		t.Errorf("a part is %d %q", w.Code, w.Body)
	}
}

// The hash of an embedded file is kept: a second request spares what hashing takes.
func TestDirHashesAnEmbeddedFileOnce(t *testing.T) {
	cost := func(of func() *mount.Dir) float64 {
		return testing.AllocsPerRun(10, func() { askDir(t, of(), "HEAD", "/dir_test.go") })
	}
	d := &mount.Dir{FS: sources}
	kept, each := cost(func() *mount.Dir { return d }), cost(func() *mount.Dir { return &mount.Dir{FS: sources} })
	if kept+3 >= each {
		t.Errorf("%v allocations with the hash kept, %v without", kept, each)
	}
}

// failing has files that are on a damaged disk.
type failing struct{ fs.FS }

func (f failing) Open(name string) (fs.File, error) {
	file, err := f.FS.Open(name)
	return failingFile{file}, err
}

type failingFile struct{ fs.File }

func (failingFile) Read([]byte) (int, error)             { return 0, errors.New("damaged") }
func (f failingFile) Seek(o int64, w int) (int64, error) { return f.File.(io.Seeker).Seek(o, w) }

func TestDirETagOfAFileThatFails(t *testing.T) {
	d := &mount.Dir{FS: failing{fstest.MapFS{"a.txt": {Data: []byte("1")}}}, Logger: discarding}
	if w := askDir(t, d, "GET", "/a.txt"); w.Code != 500 || w.Header().Get("Etag") != "" || strings.Contains(w.Body.String(), "a.txt") {
		t.Errorf("%d %v %q", w.Code, w.Header(), w.Body)
	}
}
