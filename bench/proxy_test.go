package bench_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"testing"

	"github.com/weirhttp/weir/mount"
)

// proxies are the ways to send requests on to an application over HTTP. The standard
// library's is set up as one does for an application that stands alone: it tells the
// application nothing of the user and the prefix, and passes the client's own word on.
var proxies = []struct {
	lib string
	to  func(*url.URL) http.Handler
}{
	{"weir", func(to *url.URL) http.Handler { return &mount.Proxy{URL: to} }},
	{"stdlib", func(to *url.URL) http.Handler {
		return &httputil.ReverseProxy{
			Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(to); r.SetXForwarded(); r.Out.Host = r.In.Host },
			Transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true},
		}
	}},
}

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
