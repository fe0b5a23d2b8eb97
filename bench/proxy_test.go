package bench_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"sync"
	"testing"

	"github.com/weirhttp/weir/mount"
)

// proxies are the ways to send requests on to an application over HTTP.
var proxies = []struct {
	lib string
	to  func(*url.URL) http.Handler
}{
	{"weir", func(to *url.URL) http.Handler { return &mount.Proxy{URL: to} }},
	{"stdlib", func(to *url.URL) http.Handler { return bareProxy(to, nil) }},
	{"stdlib-pooled", func(to *url.URL) http.Handler { return bareProxy(to, new(buffers)) }},
}

// bareProxy is the standard library's, set up as one does for an application that stands alone:
// it tells the application nothing of the user and the prefix, and passes the client's own word
// on.
func bareProxy(to *url.URL, pool httputil.BufferPool) http.Handler {
	return &httputil.ReverseProxy{
		Rewrite:    func(r *httputil.ProxyRequest) { r.SetURL(to); r.SetXForwarded(); r.Out.Host = r.In.Host },
		Transport:  &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true},
		BufferPool: pool,
	}
}

// buffers is a pool of those that ReverseProxy copies with.
type buffers struct{ pool sync.Pool }

func (b *buffers) Get() []byte {
	if buf, ok := b.pool.Get().(*[]byte); ok {
		return *buf
	}
	return make([]byte, 32<<10)
}

func (b *buffers) Put(buf []byte) { b.pool.Put(&buf) }

// BenchmarkProxy sends requests over a connection to a proxy, and from there over another.
// Allocations are those of client, proxy and application together.
func BenchmarkProxy(b *testing.B) {
	for _, s := range []struct {
		name string
		size int
	}{{"hello", 13}, {"20KiB", 20 << 10}, {"1MiB", 1 << 20}} {
		for _, p := range proxies {
			b.Run("body="+s.name+"/lib="+p.lib, func(b *testing.B) {
				body := make([]byte, s.size)
				app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Type", "text/plain")
					w.Header().Set("Content-Length", strconv.Itoa(s.size))
					_, _ = w.Write(body)
				}))
				b.Cleanup(app.Close)
				to, _ := url.Parse(app.URL)
				sendfile(b, p.to(to), int64(s.size))
			})
		}
	}
}
