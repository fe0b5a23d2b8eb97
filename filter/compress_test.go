package filter_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/filtertest"
)

func TestCompress(t *testing.T) {
	encodes := filtertest.Options{Encodes: true}
	filtertest.Run(t, filter.Compress(filter.CompressOptions{}), encodes)
	t.Run("every body", func(t *testing.T) { filtertest.Run(t, filter.Compress(filter.CompressOptions{MinSize: 1}), encodes) })

	html := []string{"Content-Type", "text/html; charset=utf-8"}
	with := func(fields ...string) []string { return append(html[:2:2], fields...) }
	for _, c := range []struct {
		name    string
		request []string
		status  int
		body    string
		fields  []string
		coding  string // of the answer
		vary    string
	}{
		{"a page is coded with the coding that we prefer", []string{"Accept-Encoding", "gzip, deflate, br, zstd"}, 200, page(5000), html, "zstd", "Accept-Encoding"},
		{"or with the one that the client takes", []string{"Accept-Encoding", "gzip"}, 200, page(5000), html, "gzip", "Accept-Encoding"},
		{"a client that takes none gets it plain", nil, 200, page(5000), html, "", "Accept-Encoding"},
		{"a client that takes nothing at all gets it plain", []string{"Accept-Encoding", "*;q=0"}, 200, page(5000), html, "", "Accept-Encoding"},
		{"a page of the least size is coded", []string{"Accept-Encoding", "gzip"}, 200, page(1024), html, "gzip", "Accept-Encoding"},
		{"a smaller one is not", []string{"Accept-Encoding", "gzip"}, 200, page(1023), html, "", "Accept-Encoding"},
		{"nor is an empty one", []string{"Accept-Encoding", "gzip"}, 200, "", html, "", "Accept-Encoding"},
		{"an error page is coded", []string{"Accept-Encoding", "gzip"}, 404, page(5000), html, "gzip", "Accept-Encoding"},
		{"a 204 is left alone", []string{"Accept-Encoding", "gzip"}, 204, "", nil, "", ""},
		{"a missing type is found from the plain body", []string{"Accept-Encoding", "gzip"}, 200, page(5000), nil, "gzip", "Accept-Encoding"},
		{"a missing type that is no text is left alone", []string{"Accept-Encoding", "gzip"}, 200, "\x89PNG\x0D\x0A\x1A\x0A" + page(5000), nil, "", ""},
		{"a picture is left alone", []string{"Accept-Encoding", "gzip"}, 200, page(5000), []string{"Content-Type", "image/png"}, "", ""},
		{"a vector picture is text", []string{"Accept-Encoding", "gzip"}, 200, page(5000), []string{"Content-Type", "image/svg+xml"}, "gzip", "Accept-Encoding"},
		{"types in any case", []string{"Accept-Encoding", "gzip"}, 200, page(5000), []string{"Content-Type", "Application/LD+JSON; a=b"}, "gzip", "Accept-Encoding"},
		{"WOFF2 is compressed as it is", []string{"Accept-Encoding", "gzip"}, 200, page(5000), []string{"Content-Type", "font/woff2"}, "", ""},
		{"an event stream is left alone", []string{"Accept-Encoding", "gzip"}, 200, page(5000), []string{"Content-Type", "text/event-stream"}, "", ""},
		{"gRPC is left alone", []string{"Accept-Encoding", "gzip"}, 200, page(5000), []string{"Content-Type", "application/grpc"}, "", ""},
		{"a coded body is left alone", []string{"Accept-Encoding", "gzip"}, 200, page(5000), with("Content-Encoding", "br"), "br", ""},
		{"no-transform is obeyed", []string{"Accept-Encoding", "gzip"}, 200, page(5000), with("Cache-Control", "public, no-transform"), "", ""},
		{"a part is left alone, and varies as the whole", []string{"Accept-Encoding", "gzip"}, 206, page(5000), with("Content-Range", "bytes 0-4999/6000"), "", "Accept-Encoding"},
		{"a part of a film does not vary", []string{"Accept-Encoding", "gzip"}, 206, page(5000), []string{"Content-Type", "video/mp4", "Content-Range", "bytes 0-4999/6000"}, "", ""},
		{"parts vary, whatever they are", []string{"Accept-Encoding", "gzip"}, 206, page(5000), []string{"Content-Type", "multipart/byteranges; boundary=x"}, "", "Accept-Encoding"},
		{"Vary is added to", []string{"Accept-Encoding", "gzip"}, 200, page(5000), with("Vary", "Cookie"), "gzip", "Cookie, Accept-Encoding"},
		{"Vary is not doubled", []string{"Accept-Encoding", "gzip"}, 200, page(5000), with("Vary", "accept-encoding, Cookie"), "gzip", "accept-encoding, Cookie"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := filter.Compress(filter.CompressOptions{})(answering(c.status, c.body, c.fields...))
			protocols(t, h, func(t *testing.T, fetch func(string, string, ...string) *http.Response) {
				res := fetch("GET", "/", c.request...)
				if res.StatusCode != c.status || res.Header.Get("Content-Encoding") != c.coding {
					t.Errorf("answer %d coded %q, want %d coded %q", res.StatusCode, res.Header.Get("Content-Encoding"), c.status, c.coding)
				}
				if got := strings.Join(res.Header.Values("Vary"), " | "); got != c.vary {
					t.Errorf("Vary %q, want %q", got, c.vary)
				}
				if c.coding == "br" {
					res.Header.Del("Content-Encoding") // it only says so
				}
				if body, err := decoded(res); err != nil || body != c.body {
					t.Errorf("body of %d bytes with error %v, want %d bytes as the handler wrote them", len(body), err, len(c.body))
				}
			})
		})
	}
}

func TestCompressMatch(t *testing.T) {
	h := filter.Compress(filter.CompressOptions{Match: func(h *capture.Head) bool {
		return h.Request.URL.Path != "/secret" && h.Header.Get("Content-Type") == "image/png"
	}})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", r.URL.Query().Get("type"))
		_, _ = io.WriteString(w, page(5000))
	}))
	protocols(t, h, func(t *testing.T, fetch func(string, string, ...string) *http.Response) {
		for path, want := range map[string]string{"/?type=image/png": "gzip", "/?type=text/html": "", "/secret?type=image/png": ""} {
			if got := fetch("GET", path, "Accept-Encoding", "gzip").Header.Get("Content-Encoding"); got != want {
				t.Errorf("%s is coded %q, want %q", path, got, want)
			}
		}
	})
}

func TestCompressRefusesWrongOptions(t *testing.T) {
	writer := func(dst io.Writer) io.WriteCloser { return passThrough{dst} }
	for want, build := range map[string]func(){
		"filter.Compress: next is nil":                                        func() { filter.Compress(filter.CompressOptions{})(nil) },
		"filter.Compress: MinSize is negative":                                func() { filter.Compress(filter.CompressOptions{MinSize: -1}) },
		"filter.Compress: Encoding.Writer is nil for br":                      func() { filter.Compress(filter.CompressOptions{Encodings: []filter.Encoding{{Name: "br"}}}) },
		"filter.Compress: Encoding.Name  is not the name of a content coding": func() { filter.Compress(filter.CompressOptions{Encodings: []filter.Encoding{{Writer: writer}}}) },
		"filter.Compress: Encoding.Name identity is not the name of a content coding": func() {
			filter.Compress(filter.CompressOptions{Encodings: []filter.Encoding{{Name: "identity", Writer: writer}}})
		},
		"filter.Compress: Encoding.Name * is not the name of a content coding": func() {
			filter.Compress(filter.CompressOptions{Encodings: []filter.Encoding{{Name: "*", Writer: writer}}})
		},
	} {
		t.Run(want, func(t *testing.T) {
			defer func() {
				if got := recover(); got != want {
					t.Errorf("panic %v, want %q", got, want)
				}
			}()
			build()
		})
	}
}

// Coding a response costs capture's writer and its layer, and the values of
// Content-Encoding and Vary: the encoders are there already.
func TestCompressAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes pools forget")
	}
	body := []byte(page(32 << 10))
	next := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(body)
	})
	for coding, most := range map[string]float64{"gzip": 4, "zstd": 4, "br": 2} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept-Encoding", coding)
		measure := func(h http.Handler) float64 {
			w := discardResponse{make(http.Header)}
			h.ServeHTTP(w, r)
			return testing.AllocsPerRun(50, func() {
				clear(w.Header())
				h.ServeHTTP(w, r)
			})
		}
		bare, coded := measure(next), measure(filter.Compress(filter.CompressOptions{})(next))
		if coded-bare > most {
			t.Errorf("%s: %v allocations more than without Compress, want %v at most", coding, coded-bare, most)
		}
	}
}

func ExampleCompress() {
	site := filter.Compress(filter.CompressOptions{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, strings.Repeat("<p>Hello!</p>", 1000))
	}))

	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Accept-Encoding", "gzip, deflate, br, zstd")
	w := httptest.NewRecorder()
	site.ServeHTTP(w, r)

	fmt.Println(w.Code, w.Header().Get("Content-Encoding"), w.Header().Get("Vary"))
	fmt.Println(w.Body.Len() < 200)
	// Output:
	// 200 zstd Accept-Encoding
	// true
}

// Another level, or another coding, is an [filter.Encoding] of its own.
func ExampleCompress_encodings() {
	best := filter.Encoding{Name: "gzip", Writer: func(dst io.Writer) io.WriteCloser {
		z, _ := gzip.NewWriterLevel(dst, gzip.BestCompression) // fails for a wrong level alone
		return z
	}}
	compress := filter.Compress(filter.CompressOptions{
		Encodings: []filter.Encoding{best, {Name: "zstd"}},
	})
	site := compress(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("<p>Hello!</p>", 1000))
	}))

	for _, accepted := range []string{"gzip, deflate, br, zstd", "zstd", "br"} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept-Encoding", accepted)
		w := httptest.NewRecorder()
		site.ServeHTTP(w, r)
		fmt.Printf("%q\n", w.Header().Get("Content-Encoding"))
	}
	// Output:
	// "gzip"
	// "zstd"
	// ""
}

// The size of a compressed page tells what is in it. This one shows a secret
// and what the request says, and so gives the secret away to whoever can try
// requests and watch sizes, unless it asks to be left alone.
func ExampleCompress_wrong() {
	account := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store, no-transform") // wrong without no-transform
		fmt.Fprintf(w, "<p>No results for %q.</p> <p>Your key: %s</p>", r.FormValue("q"), strings.Repeat("secret", 500))
	})

	r := httptest.NewRequest("GET", "/?q=secretsecret", nil)
	r.Header.Set("Accept-Encoding", "gzip")
	w := httptest.NewRecorder()
	filter.Compress(filter.CompressOptions{})(account).ServeHTTP(w, r)

	fmt.Printf("%q\n", w.Header().Get("Content-Encoding"))
	// Output: ""
}
