package mount_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/weirhttp/weir/mount"
)

func TestDirAnswersConditionsAndRanges(t *testing.T) {
	big, text := pattern(3<<20), pattern(90_000)
	d := &mount.Dir{FS: os.DirFS(folder(t, map[string]string{"big.bin": big, "a.txt": text, "empty.txt": ""}))}
	tag, date := etag(t, d, "/a.txt"), "Mon, 06 May 2024 07:08:09 GMT"
	wired(t, d, func(t *testing.T, get func(string, string, ...string) (*http.Response, []byte, error)) {
		for name, c := range map[string]struct {
			path   string
			fields []string
			status int
			body   string
		}{
			"the whole":                  {"/a.txt", nil, 200, text},
			"what has no text":           {"/big.bin", nil, 200, big},
			"an empty file":              {"/empty.txt", nil, 200, ""},
			"if none match":              {"/a.txt", []string{"If-None-Match: " + tag}, 304, ""},
			"if none of several match":   {"/a.txt", []string{`If-None-Match: "x", W/` + tag}, 304, ""},
			"if another matches":         {"/a.txt", []string{`If-None-Match: "x"`}, 200, text},
			"if modified":                {"/a.txt", []string{"If-Modified-Since: " + date}, 304, ""},
			"if modified, but another":   {"/a.txt", []string{`If-None-Match: "x"`, "If-Modified-Since: " + date}, 200, text},
			"if match":                   {"/a.txt", []string{"If-Match: " + tag}, 200, text},
			"if another should match":    {"/a.txt", []string{`If-Match: "x"`}, 412, ""},
			"if unmodified":              {"/a.txt", []string{"If-Unmodified-Since: Mon, 06 May 2024 07:08:08 GMT"}, 412, ""},
			"a range":                    {"/a.txt", []string{"Range: bytes=9-17"}, 206, text[9:18]},
			"a range to the end":         {"/a.txt", []string{"Range: bytes=89000-"}, 206, text[89000:]},
			"a suffix":                   {"/a.txt", []string{"Range: bytes=-7"}, 206, text[len(text)-7:]},
			"a large range":              {"/big.bin", []string{"Range: bytes=1-3000000"}, 206, big[1:3000001]},
			"a range if unchanged":       {"/a.txt", []string{"Range: bytes=0-1", "If-Range: " + tag}, 206, text[:2]},
			"a range if unchanged since": {"/a.txt", []string{"Range: bytes=0-1", "If-Range: " + date}, 206, text[:2]},
			"a range of another":         {"/a.txt", []string{"Range: bytes=0-1", `If-Range: "x"`}, 200, text},
			"a range beyond the end":     {"/a.txt", []string{"Range: bytes=4000000-"}, 416, "invalid range: failed to overlap\n"},
			"a range that is none":       {"/a.txt", []string{"Range: bytes=5-1"}, 416, "invalid range\n"},
			"a range of nothing":         {"/empty.txt", []string{"Range: bytes=0-1"}, 200, ""},
			"too many ranges":            {"/a.txt", []string{"Range: bytes=0-0" + strings.Repeat(",1-1", 64)}, 200, text},
		} {
			t.Run(name, func(t *testing.T) {
				res, body, err := get("GET", c.path, c.fields...)
				if err != nil || res.StatusCode != c.status || string(body) != c.body {
					t.Errorf("%d, %d bytes, %v; want %d, %d bytes", res.StatusCode, len(body), err, c.status, len(c.body))
				}
				head, _, err := get("HEAD", c.path, c.fields...)
				if err != nil {
					t.Fatal(err)
				}
				for _, h := range []http.Header{res.Header, head.Header} {
					h.Del("Date")
					h.Del("X-Request-Id")
					if c.status == 412 {
						h.Del("Content-Length") // which the server knows for GET alone
					}
				}
				if head.StatusCode != res.StatusCode || fmt.Sprint(head.Header) != fmt.Sprint(res.Header) {
					t.Errorf("HEAD is %d %v, GET %d %v", head.StatusCode, head.Header, res.StatusCode, res.Header)
				}
			})
		}
		res, body, err := get("GET", "/a.txt", "Range: bytes=0-8,-9, 900-908"+strings.Repeat(",0-0", 61))
		if err != nil {
			t.Fatal(err)
		}
		_, parameters, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
		parts := multipart.NewReader(bytes.NewReader(body), parameters["boundary"])
		for _, want := range []string{text[:9], text[len(text)-9:], text[900:909], text[:1]} {
			part, err := parts.NextPart()
			if err != nil {
				t.Fatalf("%d %v: %v", res.StatusCode, res.Header, err)
			}
			if got, err := io.ReadAll(part); string(got) != want {
				t.Errorf("a part is %q, %v, want %q", got, err, want)
			}
		}
	})
}

// TestDirBelowCompress holds that the two share the work: Dir sends what lies there coded,
// Compress codes what does not, and each knows its own ETags.
func TestDirBelowCompress(t *testing.T) {
	text := pattern(100_000)
	var coded bytes.Buffer
	z := gzip.NewWriter(&coded)
	io.WriteString(z, text)
	z.Close()
	d := &mount.Dir{Precompressed: true, FS: os.DirFS(folder(t, map[string]string{"a.txt": text, "a.txt.gz": coded.String(), "b.txt": text}))}
	wired(t, d, func(t *testing.T, get func(string, string, ...string) (*http.Response, []byte, error)) {
		for _, path := range []string{"/a.txt", "/b.txt"} {
			res, body, err := get("GET", path, "Accept-Encoding: gzip")
			if err != nil {
				t.Fatal(err)
			}
			if res.Header.Get("Content-Encoding") == "gzip" {
				if z, err := gzip.NewReader(bytes.NewReader(body)); err == nil {
					body, _ = io.ReadAll(z)
				}
			}
			if string(body) != text || res.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
				t.Errorf("%s is %v, %d bytes", path, res.Header, len(body))
			}
			if path == "/a.txt" && (res.ContentLength != int64(coded.Len()) || strings.Count(fmt.Sprint(res.Header["Vary"]), "Accept-Encoding") != 1) {
				t.Errorf("%s: length %d, Vary %q", path, res.ContentLength, res.Header["Vary"])
			}
			tag := res.Header.Get("Etag")
			if again, _, _ := get("GET", path, "Accept-Encoding: gzip", "If-None-Match: "+tag); again.StatusCode != 304 || again.Header.Get("Etag") != tag {
				t.Errorf("%s with the ETag %s is %d with %s", path, tag, again.StatusCode, again.Header.Get("Etag"))
			}
			if plain, _, _ := get("GET", path); plain.StatusCode != 200 || plain.Header.Get("Etag") == tag && plain.Header.Get("Content-Encoding") != res.Header.Get("Content-Encoding") {
				t.Errorf("%s plain is %d with the ETag %s", path, plain.StatusCode, plain.Header.Get("Etag"))
			}
		}
		res, body, _ := get("GET", "/a.txt", "Accept-Encoding: gzip", "Range: bytes=0-1")
		if res.StatusCode != 206 || string(body) != coded.String()[:2] || res.Header.Get("Content-Encoding") != "gzip" {
			t.Errorf("a range is %d %v %q", res.StatusCode, res.Header, body)
		}
	})
}

// shrinking has files that are shorter than they were when they were looked at.
type shrinking struct {
	fs.StatFS
	dir string
}

type shrinkingFile struct {
	*os.File
	name string
}

func (s shrinking) Open(name string) (fs.File, error) {
	f, err := s.StatFS.Open(name)
	if err != nil {
		return nil, err
	}
	return shrinkingFile{f.(*os.File), filepath.Join(s.dir, name)}, nil
}

// Read truncates the file as soon as some of it was read.
func (f shrinkingFile) Read(p []byte) (int, error) {
	n, err := f.File.Read(p[:min(len(p), 1000)])
	if err == nil {
		err = os.Truncate(f.name, 1000)
	}
	return n, err
}

func TestDirCutsAFileThatShrinks(t *testing.T) {
	dir := t.TempDir()
	d := &mount.Dir{FS: shrinking{os.DirFS(dir).(fs.StatFS), dir}, Precompressed: true}
	wired(t, d, func(t *testing.T, get func(string, string, ...string) (*http.Response, []byte, error)) {
		for name, c := range map[string]struct {
			file   string
			fields []string
		}{
			"a file":                      {"a.bin", nil},
			"one that Compress does code": {"a.css", []string{"Accept-Encoding: zstd"}},
			"one that lies there coded":   {"a.txt.gz", []string{"Accept-Encoding: gzip"}},
			"a range":                     {"a.bin", []string{"Range: bytes=10-90000"}},
			"ranges":                      {"a.bin", []string{"Range: bytes=10-20,30-90000"}},
			"a file under a condition":    {"a.txt.gz", []string{"Accept-Encoding: gzip", "If-Match: *"}},
		} {
			t.Run(name, func(t *testing.T) {
				putFile(t, filepath.Join(dir, c.file), pattern(100_000), longAgo)
				putFile(t, filepath.Join(dir, "a.txt"), pattern(100_000), longAgo)
				res, body, err := get("GET", "/"+strings.TrimSuffix(c.file, ".gz"), c.fields...)
				if err == nil {
					t.Errorf("%d %v with %d bytes looks whole", res.StatusCode, res.Header, len(body))
				}
			})
		}
	})
}

// listener counts what its connections take from files.
type listener struct {
	net.Listener
	fromFiles atomic.Int64
}

type fileConn struct {
	*net.TCPConn
	fromFiles *atomic.Int64
}

func (l *listener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return fileConn{conn.(*net.TCPConn), &l.fromFiles}, nil
}

func (c fileConn) ReadFrom(src io.Reader) (int64, error) {
	n, err := c.TCPConn.ReadFrom(src)
	if limited, ok := src.(*io.LimitedReader); ok {
		if _, ok := limited.R.(*os.File); ok {
			c.fromFiles.Add(n)
		}
	}
	return n, err
}

// TestDirReachesSendfile asks for files through the whole stack: each comes to the connection
// as a file, from where the kernel takes it.
func TestDirReachesSendfile(t *testing.T) {
	big := pattern(1 << 20)
	dir := folder(t, map[string]string{"a.bin": big, "a.css": "plain", "a.css.gz": big})
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for kind, files := range map[string]fs.FS{"os.DirFS": os.DirFS(dir), "os.Root": root.FS()} {
		for name, stack := range stacks {
			for _, path := range []string{"/a.bin", "/a.css"} {
				s := httptest.NewUnstartedServer(stack(&mount.Dir{FS: files, Precompressed: true}))
				l := &listener{Listener: s.Listener}
				s.Listener = l
				s.Start()
				r, _ := http.NewRequestWithContext(t.Context(), "GET", s.URL+mountedAt[name]+path, nil)
				r.Header.Set("Accept-Encoding", "gzip;q=0.5")
				res, err := s.Client().Do(r)
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(res.Body)
				res.Body.Close()
				s.Close()
				if got := l.fromFiles.Load(); err != nil || string(body) != big || got < int64(len(big)-4096) { // the server looks at the beginning
					t.Errorf("%s, %s, %s: %d bytes came, %d from a file, %v", kind, name, path, len(body), got, err)
				}
			}
		}
	}
}
