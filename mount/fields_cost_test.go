//go:build !race

package mount_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/mount"
	"github.com/weirhttp/weir/rewrite"
)

// TestMapFieldsAllocates holds MapFields to the price of capture's layer when there is
// nothing to map. Under the race detector a sync.Pool forgets, so that prices differ.
func TestMapFieldsAllocates(t *testing.T) {
	app := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) })
	layer := rewrite.Response(func(*capture.Head) {})
	o := mount.MapFieldsOptions{Hosts: []string{"localhost:3000"}, CookiePrefix: "w-", HostCookies: []string{"host"}}
	for _, prefix := range []string{"/", "/app"} {
		r := httptest.NewRequest("GET", "http://public.example/app/x", nil)
		r.Header = http.Header{"Accept": {"*/*"}, "Referer": {"http://public.example/"}}
		w := httptest.NewRecorder()
		for _, field := range [][2]string{
			{"Content-Type", "text/html"}, {"Etag", `"x"`}, {"Cache-Control", "no-store"}, {"X-Request-Id", "1"}, {"Location", "/app/x"},
			{"Link", "<https://cdn.example/x>; rel=preload"}, {"Refresh", "5; url=/app/"}, {"Content-Location", "http://public.example/app/x"},
		} {
			w.Header().Set(field[0], field[1])
		}
		cost := func(filter func(http.Handler) http.Handler) float64 {
			h := mount.At(prefix, filter(app))
			return testing.AllocsPerRun(100, func() { h.ServeHTTP(w, r) })
		}
		if got, want := cost(mount.MapFields(o)), cost(layer); got > want {
			t.Errorf("below %s: %v allocations, a filter that does nothing has %v", prefix, got, want)
		}
	}
}

func BenchmarkMapFields(b *testing.B) {
	for name, filter := range map[string]func(http.Handler) http.Handler{
		"none": func(next http.Handler) http.Handler { return next }, "MapFields": mount.MapFields(mount.MapFieldsOptions{}),
	} {
		for _, field := range [][2]string{{"X-Request-Id", "1"}, {"Location", "/x"}} {
			b.Run(name+"/"+field[0], func(b *testing.B) {
				app := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					h := w.Header()
					h["Content-Type"], h["Etag"], h["Cache-Control"] = []string{"text/html"}, []string{`"x"`}, []string{"no-store"}
					h[field[0]] = []string{field[1]}
					w.WriteHeader(200)
				})
				h := mount.At("/app", filter(app))
				r, w := httptest.NewRequest("GET", "/app/x", nil), httptest.NewRecorder()
				b.ReportAllocs()
				for b.Loop() {
					h.ServeHTTP(w, r)
				}
			})
		}
	}
}
