package mount_test

import (
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/weirhttp/weir"
	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/mount"
)

// longAgo is when the files of folder were modified.
var longAgo = time.Date(2024, 5, 6, 7, 8, 9, 123_456_789, time.UTC)

// folder makes a folder of files, by name, and returns its path.
func folder(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		putFile(t, filepath.Join(dir, filepath.FromSlash(name)), content, longAgo)
	}
	return dir
}

// putFile writes a file that was modified at that time.
func putFile(t testing.TB, name, content string, modified time.Time) {
	t.Helper()
	err := os.MkdirAll(filepath.Dir(name), 0o700)
	if err == nil {
		err = os.WriteFile(name, []byte(content), 0o600)
	}
	if err == nil {
		err = os.Chtimes(name, modified, modified)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// askDir asks h as a server would, with fields as "Name: value".
func askDir(t testing.TB, h http.Handler, method, target string, fields ...string) *httptest.ResponseRecorder {
	t.Helper()
	u, err := url.ParseRequestURI(target)
	if err != nil {
		t.Fatal(err)
	}
	r := &http.Request{Method: method, URL: u, RequestURI: target, Header: http.Header{}, Body: http.NoBody}
	for _, field := range fields {
		name, value, _ := strings.Cut(field, ": ")
		r.Header.Add(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

var siteFiles = map[string]string{
	"index.html": "root", "a.txt": "a", "empty.txt": "", "no extension": "<!doctype html>sniffed",
	"sub/index.html": "sub", "sub/b.css": "b", "bare/c.txt": "c", "odd/index.html/d": "d",
	"q?x#y%z;v.txt": "odd name", "a:b/index.html": "colon", "é/ü.txt": "beyond ASCII", "name..": "dots",
	".env": "secret", ".git/config": "secret", "sub/.htpasswd": "secret", ".well-known/security.txt": "well known",
	".well-known/.secret": "secret", "sub/.well-known/x": "secret", ".well-knownx": "secret",
}

var discarding = slog.New(slog.DiscardHandler)

// stacks are what stands between a Dir and the server.
var stacks = map[string]func(http.Handler) http.Handler{
	"bare": func(h http.Handler) http.Handler { return h },
	"filtered": func(h http.Handler) http.Handler {
		return weir.Stack(
			filter.AccessLog(filter.AccessLogOptions{Logger: discarding}),
			filter.Recover(filter.RecoverOptions{Logger: discarding}),
			filter.RequestID(filter.RequestIDOptions{}),
			filter.Compress(filter.CompressOptions{}),
		).Then(mount.At("/m", h))
	},
}

var mountedAt = map[string]string{"filtered": "/m"}

// wired runs test against servers of h over both versions of HTTP, bare and below filters.
func wired(t *testing.T, h http.Handler, test func(t *testing.T, get func(method, path string, fields ...string) (*http.Response, []byte, error))) {
	for name, stack := range stacks {
		for _, http2 := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s,http2=%v", name, http2), func(t *testing.T) {
				s := httptest.NewUnstartedServer(stack(h))
				s.EnableHTTP2 = http2
				s.Config.ErrorLog = log.New(io.Discard, "", 0)
				s.StartTLS()
				t.Cleanup(s.Close)
				s.Client().Transport.(*http.Transport).DisableCompression = true
				test(t, func(method, path string, fields ...string) (*http.Response, []byte, error) {
					r, err := http.NewRequestWithContext(t.Context(), method, s.URL+mountedAt[name]+path, nil)
					if err != nil {
						t.Fatal(err)
					}
					for _, field := range fields {
						name, value, _ := strings.Cut(field, ": ")
						r.Header.Add(name, value)
					}
					res, err := s.Client().Do(r)
					if err != nil {
						t.Fatal(err)
					}
					defer res.Body.Close()
					body, err := io.ReadAll(res.Body)
					return res, body, err
				})
			})
		}
	}
}

// pattern is a text in which each place can be told from every other.
func pattern(size int) string {
	var b strings.Builder
	for b.Len() < size {
		fmt.Fprintf(&b, "%0100d\n", b.Len())
	}
	return b.String()[:size]
}
