package mount_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/weirhttp/weir/mount"
)

// faulty is a file system whose files do not open.
type faulty struct {
	fs.FS
	err error
}

func (b faulty) Open(string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: "/secret/place", Err: b.err}
}

// vanishing has files that are there when looked up and gone when opened.
type vanishing struct{ fs.FS }

func (v vanishing) Stat(name string) (fs.FileInfo, error) { return fs.Stat(v.FS, name) }
func (v vanishing) Open(string) (fs.File, error)          { return nil, fs.ErrNotExist }

// swapped has files that were looked up before directories took their places.
type swapped struct{ fs.FS }

func (s swapped) Stat(string) (fs.FileInfo, error) { return fs.Stat(s.FS, "a.txt") }
func (s swapped) Open(string) (fs.File, error)     { return s.FS.Open("sub") }

// unseekable has files that can be read and nothing else.
type unseekable struct{ fs.FS }

func (f unseekable) Open(name string) (fs.File, error) {
	file, err := f.FS.Open(name)
	return struct{ fs.File }{file}, err
}

func TestDirTellsErrorsToTheLogAlone(t *testing.T) {
	files := os.DirFS(folder(t, siteFiles))
	closed, err := os.OpenRoot(folder(t, siteFiles))
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	for name, c := range map[string]struct {
		files  fs.FS
		status int
		logged string
	}{
		"no file":                    {faulty{err: fs.ErrNotExist}, 404, ""},
		"no such name":               {faulty{err: fs.ErrInvalid}, 404, ""},
		"no access":                  {faulty{err: fs.ErrPermission}, 403, ""},
		"a fault":                    {faulty{err: errors.New("disk on fire")}, 500, "disk on fire"},
		"a folder that is closed":    {closed.FS(), 500, "closed"},
		"a folder without a name":    {os.DirFS(""), 500, "empty root"},
		"files that vanish":          {vanishing{files}, 404, ""},
		"files that become folders":  {swapped{files}, 404, ""},
		"files that cannot be moved": {unseekable{files}, 500, "io.Seeker"},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			d := &mount.Dir{FS: c.files, Fallback: "index.html", Logger: slog.New(slog.NewTextHandler(&log, nil))}
			w := askDir(t, d, "GET", "/a.txt", "Accept: text/html")
			if w.Code != c.status || strings.Contains(w.Body.String(), "secret") || w.Header().Get("Etag") != "" {
				t.Errorf("%d %v %q", w.Code, w.Header(), w.Body)
			}
			if !strings.Contains(log.String(), c.logged) || (log.Len() == 0) != (c.logged == "") {
				t.Errorf("logged: %s", &log)
			}
		})
	}
	if message := panics(func() { askDir(t, &mount.Dir{}, "GET", "/") }); !strings.HasPrefix(message, "mount.Dir: FS is nil") {
		t.Errorf("panics with %q", message)
	}
}

// counted counts its files that are open.
type counted struct {
	fs.FS
	open *int
}

type countedFile struct {
	fs.File
	io.Seeker
	open *int
}

func (c counted) Open(name string) (fs.File, error) {
	f, err := c.FS.Open(name)
	if err != nil {
		return nil, err
	}
	*c.open++
	seeker, _ := f.(io.Seeker)
	return countedFile{f, seeker, c.open}, nil
}

func (f countedFile) Close() error {
	*f.open--
	return f.File.Close()
}

func (f countedFile) ReadDir(n int) ([]fs.DirEntry, error) { return f.File.(fs.ReadDirFile).ReadDir(n) }

func TestDirClosesWhatItOpens(t *testing.T) {
	open := 0
	files := counted{os.DirFS(folder(t, codedFiles)), &open}
	app := &mount.Dir{FS: files, Precompressed: true, Listing: true, Fallback: "alone.txt", Logger: discarding}
	for _, path := range []string{"/a.css", "/b.js", "/LICENSE", "/none", "/", "/d.txt.gz/", "/d.txt/x"} {
		for _, fields := range [][]string{nil, {"Accept-Encoding: gzip", "Accept: text/html"}, {`If-None-Match: *`}, {"Range: bytes=0-0,2-2"}, {"Range: bytes=x"}} {
			if askDir(t, app, "GET", path, fields...); open != 0 {
				t.Fatalf("%s with %q leaves %d files open", path, fields, open)
			}
		}
	}
	for _, files := range []fs.FS{swapped{counted{os.DirFS(folder(t, siteFiles)), &open}}, failing{files}} {
		if askDir(t, &mount.Dir{FS: files, Logger: discarding}, "GET", "/a.txt"); open != 0 {
			t.Fatalf("a fault leaves %d files open", open)
		}
	}
}
