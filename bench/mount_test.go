package bench_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/go-chi/chi/v5"

	"github.com/weirhttp/weir/mount"
)

// mounts are the ways to put an application below a prefix.
//
// They do not all do the same: StripPrefix takes the prefix off the path, and that
// is all; chi leaves the path as it is and has its own routers find their place in
// the context; At takes whole segments off the path and remembers what it took.
var mounts = []struct {
	lib   string
	at    func(prefix string, app http.Handler) http.Handler
	strip bool // the application sees its own path
}{
	{"weir", mount.At, true},
	{"stdlib", func(prefix string, app http.Handler) http.Handler { return http.StripPrefix(prefix, app) }, true},
	{"chi", chiMount, false},
}

func chiMount(prefix string, app http.Handler) http.Handler {
	r := chi.NewRouter()
	r.Mount(prefix, app)
	return r
}

// BenchmarkMount is the cost of one mount and of one in another, for a path in plain
// letters and for one that has to be kept escaped.
func BenchmarkMount(b *testing.B) {
	for _, c := range []struct{ name, target, inner string }{
		{"depth=1/path=plain", "/app/sub/page", "/sub/page"},
		{"depth=1/path=escaped", "/app/sub/a%2Fb", "/sub/a%2Fb"},
		{"depth=2/path=plain", "/app/sub/page", "/page"},
		{"depth=2/path=escaped", "/app/sub/a%2Fb", "/a%2Fb"},
	} {
		for _, m := range mounts {
			b.Run(c.name+"/lib="+m.lib, func(b *testing.B) {
				came := new(url.URL)
				app := http.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					came = r.URL
				}))
				if c.name[:7] == "depth=2" {
					app = m.at("/sub", app)
				}
				h := m.at("/app", app)
				w, r := newNullWriter(), get(c.target)
				h.ServeHTTP(w, r)
				if path := came.EscapedPath(); path != c.inner && (m.strip || path != c.target) {
					b.Fatalf("the application was asked for %q", path)
				}
				b.ReportAllocs()
				for b.Loop() {
					h.ServeHTTP(w, r)
				}
			})
		}
	}
}
