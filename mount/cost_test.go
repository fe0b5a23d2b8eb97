package mount_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/weirhttp/weir/mount"
)

// TestAtAllocates holds the mount to the price of http.StripPrefix.
func TestAtAllocates(t *testing.T) {
	app := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	for _, target := range []string{"/app/x", "/%61pp/x", "/app/a%2Fb", "/app/a%20b", "/app/a/../b", "/app/(x)"} {
		r := httptest.NewRequest("GET", target, nil)
		cost := func(h http.Handler) float64 {
			return testing.AllocsPerRun(100, func() { h.ServeHTTP(nil, r) })
		}
		if got := cost(mount.At("/app", app)); got > 2 {
			t.Errorf("%s: %v allocations", target, got)
		}
		nested := mount.At("/app", mount.At("/a", app))
		std := http.StripPrefix("/app", http.StripPrefix("/a", app))
		r = httptest.NewRequest("GET", "/app"+strings.Replace(target, "/app", "/a", 1), nil)
		if strings.HasPrefix(target, "/app") && cost(nested) > cost(std) {
			t.Errorf("%s: %v allocations for two mounts, StripPrefix has %v", r.URL, cost(nested), cost(std))
		}
	}
}

func BenchmarkMount(b *testing.B) {
	app := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	for name, h := range map[string]http.Handler{
		"lib=weir": mount.At("/app", app), "lib=StripPrefix": http.StripPrefix("/app", app),
	} {
		for _, target := range []string{"/app/some/page", "/app/a%2Fb"} {
			b.Run(name+"/"+target[5:], func(b *testing.B) {
				r := httptest.NewRequest("GET", target, nil)
				b.ReportAllocs()
				for b.Loop() {
					h.ServeHTTP(nil, r)
				}
			})
		}
	}
}
