package filter_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/weirhttp/weir/filter"
)

func TestCompressHead(t *testing.T) {
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
	}{
		{"a handler that writes anyway", answering(200, page(5000), "Content-Type", "text/css", "Etag", `"v1"`)},
		{"a handler that writes little", answering(200, page(500), "Content-Type", "text/css", "Etag", `"v1"`)},
		{"a handler that declares and writes", answering(200, page(5000), "Content-Type", "text/css", "Content-Length", "5000")},
		{"a handler that leaves the type out", answering(200, page(5000), "Content-Length", "5000")},
		{"a handler that writes nothing", answering(200, "", "Content-Type", "text/css")},
		{"http.ServeContent, large", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Etag", `"v1"`)
			http.ServeContent(w, r, "a.css", time.Time{}, strings.NewReader(page(5000)))
		}},
		{"http.ServeContent, small", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Etag", `"v1"`)
			http.ServeContent(w, r, "a.css", time.Time{}, strings.NewReader(page(500)))
		}},
		{"a flushed head", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/css")
			_ = http.NewResponseController(w).Flush()
			_, _ = io.WriteString(w, page(10))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := filter.Compress(filter.CompressOptions{})(c.handler)
			protocols(t, h, func(t *testing.T, fetch func(string, string, ...string) *http.Response) {
				get := fetch("GET", "/", "Accept-Encoding", "gzip")
				head := fetch("HEAD", "/", "Accept-Encoding", "gzip")
				for _, name := range []string{"Content-Type", "Content-Encoding", "Vary", "Etag", "Accept-Ranges"} {
					if got, want := head.Header.Get(name), get.Header.Get(name); got != want {
						t.Errorf("HEAD has %s: %q, GET %q", name, got, want)
					}
				}
				if n := head.Header.Get("Content-Length"); n != "" && n != get.Header.Get("Content-Length") {
					t.Errorf("HEAD has Content-Length %s, GET %s", n, get.Header.Get("Content-Length"))
				}
			})
		})
	}
}

func TestCompressMendsTheHead(t *testing.T) {
	h := filter.Compress(filter.CompressOptions{})(answering(200, page(5000),
		"Content-Type", "text/plain", "Etag", `"v1"`, "Accept-Ranges", "bytes", "Content-Length", "5000",
		"Content-Digest", "sha-256=:x:", "Repr-Digest", "sha-256=:x:", "Content-Md5", "x"))
	protocols(t, h, func(t *testing.T, fetch func(string, string, ...string) *http.Response) {
		coded := fetch("GET", "/", "Accept-Encoding", "gzip")
		if got, want := coded.Header.Get("Etag"), `W/"v1+gzip"`; got != want {
			t.Errorf("coded: ETag %s, want %s", got, want)
		}
		for _, name := range []string{"Accept-Ranges", "Content-Digest", "Repr-Digest", "Content-Md5"} {
			if v := coded.Header.Get(name); v != "" {
				t.Errorf("coded: %s: %s is still there", name, v)
			}
		}
		plain := fetch("GET", "/")
		for name, want := range map[string]string{"Etag": `"v1"`, "Content-Length": "5000", "Accept-Ranges": "bytes", "Repr-Digest": "sha-256=:x:"} {
			if got := plain.Header.Get(name); got != want {
				t.Errorf("plain: %s: %s, want %s", name, got, want)
			}
		}
	})
}

func TestCompressSmallBodyKeepsItsLength(t *testing.T) {
	h := filter.Compress(filter.CompressOptions{MinSize: 10_000})(answering(200, page(9999), "Content-Type", "text/plain", "Content-Length", "9999"))
	protocols(t, h, func(t *testing.T, fetch func(string, string, ...string) *http.Response) {
		res := fetch("GET", "/", "Accept-Encoding", "gzip")
		if res.ContentLength != 9999 || res.Header.Get("Content-Encoding") != "" {
			t.Errorf("Content-Length %d, coded %q", res.ContentLength, res.Header.Get("Content-Encoding"))
		}
	})
}

func TestCompressContentType(t *testing.T) {
	for _, c := range []struct {
		name string
		body string
		set  func(http.Header)
		want []string
	}{
		{"is sniffed from the plain body", page(5000), func(http.Header) {}, []string{"text/html; charset=utf-8"}},
		{"is sniffed from a small body", "<html>", func(http.Header) {}, []string{"text/html; charset=utf-8"}},
		{"that is nil stays away", page(5000), func(h http.Header) { h["Content-Type"] = nil }, nil},
		{"that is set stays", page(5000), func(h http.Header) { h.Set("Content-Type", "text/x") }, []string{"text/x"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := filter.Compress(filter.CompressOptions{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				c.set(w.Header())
				_, _ = io.WriteString(w, c.body)
			}))
			protocols(t, h, func(t *testing.T, fetch func(string, string, ...string) *http.Response) {
				res := fetch("GET", "/", "Accept-Encoding", "gzip")
				if got := res.Header.Values("Content-Type"); fmt.Sprint(got) != fmt.Sprint(c.want) {
					t.Errorf("Content-Type %q, want %q", got, c.want)
				}
				if body, err := decoded(res); err != nil || body != c.body {
					t.Errorf("body of %d bytes with error %v", len(body), err)
				}
			})
		})
	}
}

func TestCompressRevalidation(t *testing.T) {
	h := filter.Compress(filter.CompressOptions{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Etag", `"v1"`)
		if r.Method == "PUT" && r.Header.Get("If-Match") != `"v1"` {
			w.WriteHeader(http.StatusPreconditionFailed)
			return
		}
		http.ServeContent(w, r, "a.txt", time.Time{}, strings.NewReader(page(5000)))
	}))
	for _, c := range []struct {
		name    string
		method  string
		request []string
		status  int
		etag    string
	}{
		{"the tag that the client got is known again", "GET", []string{"Accept-Encoding", "gzip", "If-None-Match", `W/"v1+gzip"`}, 304, `W/"v1+gzip"`},
		{"also among others", "GET", []string{"Accept-Encoding", "zstd", "If-None-Match", `"v0", W/"v1+zstd"`}, 304, `W/"v1+zstd"`},
		{"the plain one too", "GET", []string{"Accept-Encoding", "gzip", "If-None-Match", `"v1"`}, 304, `"v1"`},
		{"an old one is not", "GET", []string{"Accept-Encoding", "gzip", "If-None-Match", `W/"v0+gzip"`}, 200, `W/"v1+gzip"`},
		{"that of a coding which the client does not take is not", "GET", []string{"If-None-Match", `W/"v1+gzip"`}, 200, `"v1"`},
		{"that of another coding is not", "GET", []string{"Accept-Encoding", "zstd", "If-None-Match", `W/"v1+gzip"`}, 200, `W/"v1+zstd"`},
		{"a change on the state that it stands for is allowed", "PUT", []string{"If-Match", `W/"v1+gzip"`}, 200, `"v1"`},
		{"a change on another is not", "PUT", []string{"If-Match", `W/"v0+gzip"`}, 412, `"v1"`},
		{"a range of coded bytes gets all of them", "GET", []string{"Accept-Encoding", "gzip", "If-Range", `W/"v1+gzip"`, "Range", "bytes=10-20"}, 200, `W/"v1+gzip"`},
		{"a range of plain bytes gets those", "GET", []string{"Accept-Encoding", "gzip", "If-Range", `"v1"`, "Range", "bytes=10-20"}, 206, `"v1"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			protocols(t, h, func(t *testing.T, fetch func(string, string, ...string) *http.Response) {
				res := fetch(c.method, "/", c.request...)
				if res.StatusCode != c.status || res.Header.Get("Etag") != c.etag {
					t.Errorf("answer %d with ETag %s, want %d with %s", res.StatusCode, res.Header.Get("Etag"), c.status, c.etag)
				}
				if got := res.Header.Get("Vary"); got != "Accept-Encoding" && c.status != http.StatusPreconditionFailed {
					t.Errorf("Vary %q, want Accept-Encoding", got)
				}
				if c.status == http.StatusNotModified && res.Header.Get("Content-Encoding") != "" {
					t.Errorf("a 304 is coded %q", res.Header.Get("Content-Encoding"))
				}
			})
		})
	}
}
