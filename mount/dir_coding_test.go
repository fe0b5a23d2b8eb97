package mount_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/mount"
)

// codedFiles says in the content of each file which it is. Brotli's is the smallest.
var codedFiles = map[string]string{
	"a.css": "the plain style sheet", "a.css.br": "br", "a.css.zst": "zstd", "a.css.gz": "gzip...",
	"b.js": "plain", "b.js.gz": "gz", "small.txt": "x", "small.txt.gz": "larger than plain",
	"LICENSE": "<!doctype html> no type by its name", "LICENSE.gz": "\x1f\x8b\x08",
	"alone.txt": "alone", "c.txt.gz": "no original", "d.txt": "d", "d.txt.gz/e": "a folder",
}

func TestDirChoosesACoding(t *testing.T) {
	d := &mount.Dir{FS: os.DirFS(folder(t, codedFiles)), Precompressed: true}
	for name, c := range map[string]struct{ path, accept, want string }{
		"the smallest of all":           {"/a.css", "gzip, deflate, br, zstd", "br"},
		"the smallest of two":           {"/a.css", "gzip, zstd", "zstd"},
		"the one that is taken":         {"/a.css", "gzip", "gzip"},
		"in capitals":                   {"/a.css", "GZIP", "gzip"},
		"the one that is liked more":    {"/a.css", "br;q=0.5, gzip;q=0.9", "gzip"},
		"by three decimals":             {"/a.css", "br;q=0.998, gzip;q=0.999", "gzip"},
		"with spaces":                   {"/a.css", " br ; q=0.1 ,gzip;q=1.000", "gzip"},
		"none":                          {"/a.css", "", ""},
		"none that is there":            {"/a.css", "deflate, compress", ""},
		"a refused one":                 {"/a.css", "gzip;q=0", ""},
		"all but a refused one":         {"/a.css", "br;q=0, *", "zstd"},
		"anything":                      {"/a.css", "*", "br"},
		"anything, little":              {"/a.css", "*;q=0.001", "br"},
		"nothing":                       {"/a.css", "*;q=0", ""},
		"plain":                         {"/a.css", "identity", ""},
		"plain rather":                  {"/a.css", "gzip;q=0.5, identity;q=0.6", ""},
		"plain no rather":               {"/a.css", "gzip;q=0.5, identity;q=0.5", "gzip"},
		"plain never":                   {"/a.css", "identity;q=0, gzip", "gzip"},
		"plain never, and nothing":      {"/a.css", "identity;q=0", ""},
		"plain by the asterisk":         {"/a.css", "gzip;q=0.5, *;q=0.6, br;q=0, zstd;q=0", ""},
		"two weights":                   {"/a.css", "gzip;q=0, gzip", ""},
		"a weight above one":            {"/a.css", "gzip;q=1.001", ""},
		"a weight that is none":         {"/a.css", "gzip;q=x, zstd", "zstd"},
		"a weight with an exponent":     {"/a.css", "gzip;q=1e-1, zstd", "zstd"},
		"a weight with two zeros":       {"/a.css", "gzip;q=00.5, zstd", "zstd"},
		"a weight without its zero":     {"/a.css", "gzip;q=.5, zstd", "zstd"},
		"an endless weight":             {"/a.css", "gzip;q=0.00001, zstd", "zstd"},
		"a parameter that is no weight": {"/a.css", "gzip;x=1, zstd", "zstd"},
		"empty members":                 {"/a.css", ",,gzip,", "gzip"},
		"for a file that has only one":  {"/b.js", "br, gzip;q=0.1", "gzip"},
		"for one that would be larger":  {"/small.txt", "gzip", "gzip"},
		"or rather not":                 {"/small.txt", "gzip, identity", ""},
		"for one without a type":        {"/LICENSE", "gzip", "gzip"},
		"for one that has none":         {"/alone.txt", "gzip", ""},
		"for one with a folder":         {"/d.txt", "gzip", ""},
		"for a coded file by its name":  {"/a.css.gz", "gzip", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := askDir(t, d, "GET", c.path, "Accept-Encoding: "+c.accept)
			file := c.path[1:]
			if c.want != "" {
				file += map[string]string{"br": ".br", "zstd": ".zst", "gzip": ".gz"}[c.want]
			}
			h := w.Header()
			if w.Code != 200 || h.Get("Content-Encoding") != c.want || w.Body.String() != codedFiles[file] {
				t.Errorf("%d %v %q, want %s", w.Code, h, w.Body, file)
			}
			hasForms := c.path == "/a.css" || codedFiles[c.path[1:]+".gz"] != ""
			if got := h.Get("Vary"); (got == "Accept-Encoding") != hasForms {
				t.Errorf("Vary is %q", got)
			}
		})
	}
	if w := askDir(t, d, "GET", "/c.txt", "Accept-Encoding: gzip"); w.Code != 404 {
		t.Errorf("a form without its original is %d", w.Code)
	}
}

// FuzzDirChoosesACoding holds the choice against the one that filter.Compress makes.
func FuzzDirChoosesACoding(f *testing.F) {
	for _, accept := range []string{
		"gzip", "gzip, zstd", "*", "*;q=0, gzip;q=0.5", "identity;q=0.7, zstd;q=0.3", "gzip;q=0, gzip", "zstd;q=1.001,*;q=.5", "gzip ; Q=0.123 , *;q=0",
	} {
		f.Add(accept)
	}
	plain := strings.Repeat("plain ", 1000)
	d := &mount.Dir{FS: fstest.MapFS{"a.txt": {Data: []byte(plain)}, "a.txt.zst": {Data: []byte("z")}, "a.txt.gz": {Data: []byte("gz")}}, Precompressed: true}
	compress := filter.Compress(filter.CompressOptions{})(&mount.Dir{FS: d.FS})
	f.Fuzz(func(t *testing.T, accept string) {
		if strings.Contains(strings.ToLower(accept), "x-gzip") {
			return // the old name that only Compress knows
		}
		got := askDir(t, d, "HEAD", "/a.txt", "Accept-Encoding: "+accept).Header().Get("Content-Encoding")
		want := askDir(t, compress, "HEAD", "/a.txt", "Accept-Encoding: "+accept).Header().Get("Content-Encoding")
		if got != want {
			t.Errorf("%q is answered with %q, by Compress with %q", accept, got, want)
		}
	})
}

func TestDirSendsNoCodingUnasked(t *testing.T) {
	d := &mount.Dir{FS: os.DirFS(folder(t, codedFiles))}
	w := askDir(t, d, "GET", "/a.css", "Accept-Encoding: gzip, br, zstd")
	if w.Body.String() != codedFiles["a.css"] || w.Header().Get("Vary") != "" {
		t.Errorf("%v %q", w.Header(), w.Body)
	}
}

func TestDirDescribesACodedFile(t *testing.T) {
	d := &mount.Dir{FS: os.DirFS(folder(t, codedFiles)), Precompressed: true}
	tags := map[string]string{}
	for _, coding := range []string{"", "br", "zstd", "gzip"} {
		get := askDir(t, d, "GET", "/a.css", "Accept-Encoding: "+coding)
		head := askDir(t, d, "HEAD", "/a.css", "Accept-Encoding: "+coding)
		h := get.Header()
		if got := h.Get("Content-Type"); got != "text/css; charset=utf-8" {
			t.Errorf("%s: Content-Type is %q", coding, got)
		}
		for _, name := range []string{"Content-Length", "Content-Encoding", "Etag", "Vary", "Content-Type", "Last-Modified", "Accept-Ranges"} {
			if head.Header().Get(name) != h.Get(name) || h.Get(name) == "" && name != "Content-Encoding" {
				t.Errorf("%s: %s is %q, to HEAD %q", coding, name, h.Get(name), head.Header().Get(name))
			}
		}
		tag := h.Get("Etag")
		if other, ok := tags[tag]; ok || !isStrong(tag) {
			t.Errorf("%q and %q have the ETag %s", coding, other, tag)
		}
		tags[tag] = coding
	}
	for tag, coding := range tags {
		for _, other := range []string{"", "br", "zstd", "gzip"} {
			w := askDir(t, d, "GET", "/a.css", "Accept-Encoding: "+other, "If-None-Match: "+tag)
			if want := map[bool]int{true: 304, false: 200}[coding == other]; w.Code != want || w.Header().Get("Vary") == "" {
				t.Errorf("%q for who has %q is %d %v", other, coding, w.Code, w.Header())
			}
			w = askDir(t, d, "GET", "/a.css", "Accept-Encoding: "+other, "If-Match: "+tag)
			if want := map[bool]int{true: 200, false: 412}[coding == other]; w.Code != want || w.Code == 412 && w.Header().Get("Content-Encoding") != "" {
				t.Errorf("%q only if %q is %d %v", other, coding, w.Code, w.Header())
			}
		}
	}
	if w := askDir(t, d, "GET", "/LICENSE", "Accept-Encoding: gzip"); w.Header().Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("what has no type by its name is %q", w.Header().Get("Content-Type"))
	}
}

// Same size, same content, no time: only the coding tells them apart.
func TestDirETagsOfCodedFilesWithoutATime(t *testing.T) {
	files := fstest.MapFS{"a.txt": {Data: []byte("x")}, "a.txt.gz": {Data: []byte("x")}, "a.txt.br": {Data: []byte("x")}}
	d := &mount.Dir{FS: files, Precompressed: true}
	plain, gzip, br := etag(t, d, "/a.txt"), etag(t, d, "/a.txt", "Accept-Encoding: gzip"), etag(t, d, "/a.txt", "Accept-Encoding: br")
	if plain == gzip || gzip == br || br == plain || !isStrong(br) {
		t.Errorf("the ETags are %s %s %s", plain, gzip, br)
	}
}

func TestDirSendsRangesOfACodedFile(t *testing.T) {
	d := &mount.Dir{FS: os.DirFS(folder(t, codedFiles)), Precompressed: true}
	gzip := "Accept-Encoding: gzip"
	tag := etag(t, d, "/a.css", gzip)
	for name, c := range map[string]struct {
		fields       []string
		status       int
		body, coding string
	}{
		"one":                           {[]string{gzip, "Range: bytes=1-2"}, 206, "zi", "gzip"},
		"one of the plain file":         {[]string{"Range: bytes=1-2"}, 206, "he", ""},
		"if it is still the same":       {[]string{gzip, "Range: bytes=1-2", "If-Range: " + tag}, 206, "zi", "gzip"},
		"if the plain is the same":      {[]string{gzip, "Range: bytes=1-2", "If-Range: " + etag(t, d, "/a.css")}, 200, "gzip...", "gzip"},
		"beyond its end":                {[]string{gzip, "Range: bytes=7-"}, 416, "invalid range: failed to overlap\n", ""},
		"beyond its end, not another's": {[]string{"Range: bytes=7-8"}, 206, "in", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := askDir(t, d, "GET", "/a.css", c.fields...)
			if w.Code != c.status || w.Body.String() != c.body || w.Header().Get("Content-Encoding") != c.coding || w.Header().Get("Vary") == "" {
				t.Errorf("%d %v %q", w.Code, w.Header(), w.Body)
			}
		})
	}
	w := askDir(t, d, "GET", "/a.css", gzip, "Range: bytes=0-1,4-5")
	if w.Code != 206 || w.Header().Get("Content-Encoding") != "" || !strings.Contains(w.Body.String(), "\r\n\r\nth\r\n") {
		t.Errorf("several are %d %v %q", w.Code, w.Header(), w.Body)
	}
}

func TestDirLeavesStaleCodingsAlone(t *testing.T) {
	for name, c := range map[string]struct {
		original, form time.Time
		fresh          bool
	}{
		"older":                      {longAgo, longAgo.Add(-time.Millisecond), false},
		"older by much":              {longAgo, longAgo.Add(-time.Hour), false},
		"of the same time":           {longAgo, longAgo, true},
		"newer":                      {longAgo, longAgo.Add(time.Hour), true},
		"of a time without fraction": {longAgo, longAgo.Truncate(time.Second), true},
		"older, without fraction":    {longAgo, longAgo.Truncate(time.Second).Add(-time.Second), false},
	} {
		dir := t.TempDir()
		putFile(t, filepath.Join(dir, "a.txt"), "plain", c.original)
		putFile(t, filepath.Join(dir, "a.txt.gz"), "gzip", c.form)
		w := askDir(t, &mount.Dir{FS: os.DirFS(dir), Precompressed: true}, "GET", "/a.txt", "Accept-Encoding: gzip")
		if got := w.Header().Get("Content-Encoding") == "gzip" && w.Header().Get("Vary") != ""; got != c.fresh {
			t.Errorf("a form %s: %v", name, w.Header())
		}
	}
}

// withheld is a file system that has one file and does not open it.
type withheld struct {
	fstest.MapFS
	name string
}

func (f withheld) Open(name string) (fs.File, error) {
	if name == f.name {
		return nil, fs.ErrPermission
	}
	return f.MapFS.Open(name)
}

func TestDirDoesWithoutACodingThatIsWithheld(t *testing.T) {
	files := withheld{fstest.MapFS{"a.txt": {Data: []byte("plain")}, "a.txt.gz": {Data: []byte("gzip")}}, "a.txt.gz"}
	w := askDir(t, &mount.Dir{FS: files, Precompressed: true}, "GET", "/a.txt", "Accept-Encoding: gzip")
	if w.Code != 200 || w.Body.String() != "plain" || w.Header().Get("Content-Encoding") != "" || w.Header().Get("Vary") == "" {
		t.Errorf("%d %v %q", w.Code, w.Header(), w.Body)
	}
	if want := etag(t, &mount.Dir{FS: files.MapFS}, "/a.txt"); w.Header().Get("Etag") != want {
		t.Errorf("the ETag is %s, want %s", w.Header().Get("Etag"), want)
	}
}
