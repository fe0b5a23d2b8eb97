package bench_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/weirhttp/weir"
)

var hello = []byte("hello, world\n")

func sayNothing(http.ResponseWriter, *http.Request) {}

func sayHello(w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(http.StatusNotFound)
	_, _ = w.Write(hello)
}

// BenchmarkCapture is the cost of weir.Filters that learn status and size of each
// response: over a writer that does nothing, where it stands alone, and over a
// connection, where a request has its usual price.
func BenchmarkCapture(b *testing.B) {
	for _, body := range []struct {
		name string
		h    http.HandlerFunc
	}{{"none", sayNothing}, {"small", sayHello}} {
		for _, n := range []int{1, 5, 10} {
			for _, o := range observers {
				b.Run(fmt.Sprintf("over=null/body=%s/filters=%d/lib=%s", body.name, n, o.lib), func(b *testing.B) {
					captureNull(b, o.make, n, body.h)
				})
			}
		}
	}
	for _, o := range observers {
		b.Run("over=loopback/filters=5/lib="+o.lib, func(b *testing.B) {
			captureLoopback(b, o.make, 5)
		})
	}
}

func captureNull(b *testing.B, observe func(*tally) weir.Filter, n int, h http.Handler) {
	var t tally
	f := observe(&t)
	w, r := newNullWriter(), get("/")
	observes(b, f, &t, n)

	served := stack(n, f, h)
	b.ReportAllocs()
	for b.Loop() {
		served.ServeHTTP(w, r)
	}
	if f != nil && t.seen < b.N*n {
		b.Fatalf("%d reports of %d requests through %d filters", t.seen, b.N, n)
	}
}

// observes sees to it that n filters, which count in t, all learn what was sent, and
// that this is what the handler wrote.
func observes(b *testing.B, f weir.Filter, t *tally, n int) {
	w := newNullWriter()
	stack(n, f, http.HandlerFunc(sayHello)).ServeHTTP(w, get("/"))
	if w.status != http.StatusNotFound || w.bytes != int64(len(hello)) {
		b.Fatalf("the response came out as %d with %d bytes", w.status, w.bytes)
	}
	if f != nil && t.right != n {
		b.Fatalf("%d of %d filters saw the response as it was", t.right, n)
	}
}

// captureLoopback compares a server with n filters and one without.
func captureLoopback(b *testing.B, observe func(*tally) weir.Filter, n int) {
	var t tally
	observes(b, observe(&t), &t, n)
	bare := newLoad(b, http.HandlerFunc(sayHello), 8, plainly)
	inTurns(b, bare, newLoad(b, stack(n, observe(nil), http.HandlerFunc(sayHello)), 8, plainly))
}
