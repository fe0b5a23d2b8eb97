package bench_test

import (
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/go-chi/chi/v5/middleware"

	"github.com/weirhttp/weir"
	"github.com/weirhttp/weir/filter"
)

// bounds make filters that serve so many requests at a time and let as many wait.
var bounds = []struct {
	lib  string
	make func(limit, queue int) weir.Filter
}{
	{"weir", func(limit, queue int) weir.Filter {
		return filter.Concurrency(limit, filter.ConcurrencyOptions{Queue: queue})
	}},
	{"chi", func(limit, queue int) weir.Filter { return middleware.ThrottleBacklog(limit, queue, time.Minute) }},
}

// BenchmarkConcurrency is the cost of a request that is served at once, of one that waits
// for another, and of one that is refused, over a writer that does nothing.
func BenchmarkConcurrency(b *testing.B) {
	for _, c := range []struct {
		name    string
		measure func(b *testing.B, make func(limit, queue int) weir.Filter)
	}{{"served", boundServed}, {"waiting", boundWaiting}, {"refused", boundRefused}} {
		for _, lib := range bounds {
			b.Run(fmt.Sprintf("request=%s/lib=%s", c.name, lib.lib), func(b *testing.B) {
				w := newNullWriter()
				if full(b, lib.make(1, 0)).ServeHTTP(w, get("/")); !tooMany(w.status) {
					b.Fatalf("a request too many was answered with %d", w.status)
				}
				c.measure(b, lib.make)
			})
		}
	}
}

// tooMany says whether a status is the answer to a request too many: 503, and of chi 429.
func tooMany(status int) bool {
	return status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests
}

// full returns a handler behind f that is serving a request until the benchmark is over.
func full(b *testing.B, f weir.Filter) http.Handler {
	begun, over := make(chan struct{}), make(chan struct{})
	h := f(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(begun)
		<-over
	}))
	var served sync.WaitGroup
	served.Go(func() { h.ServeHTTP(newNullWriter(), get("/")) })
	<-begun
	b.Cleanup(func() { close(over); served.Wait() })
	return h
}

func boundServed(b *testing.B, make func(limit, queue int) weir.Filter) {
	h := make(100, 0)(http.HandlerFunc(sayHello))
	w, r := newNullWriter(), get("/")
	b.ReportAllocs()
	for b.Loop() {
		w.reset()
		h.ServeHTTP(w, r)
	}
	if w.status != http.StatusNotFound {
		b.Fatalf("the last request was answered with %d", w.status)
	}
}

func boundRefused(b *testing.B, make func(limit, queue int) weir.Filter) {
	h := full(b, make(1, 0))
	w, r := newNullWriter(), get("/")
	b.ReportAllocs()
	for b.Loop() {
		w.reset()
		h.ServeHTTP(w, r)
	}
	if !tooMany(w.status) {
		b.Fatalf("the last request was answered with %d", w.status)
	}
}

// boundWaiting has 32 requests at a time, of which one is served.
func boundWaiting(b *testing.B, make func(limit, queue int) weir.Filter) {
	const clients = 32
	serving := 0 // races, and is wrong, if two are served at a time
	h := make(1, clients)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if serving++; serving != 1 {
			b.Errorf("%d requests are served at a time", serving)
		}
		runtime.Gosched() // or nobody would ever have to wait
		sayHello(w, r)
		serving--
	}))
	b.ReportAllocs()
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			w, r := newNullWriter(), get("/")
			for range (b.N + clients - 1) / clients {
				w.reset()
				if h.ServeHTTP(w, r); w.status != http.StatusNotFound {
					b.Errorf("a request was answered with %d", w.status)
				}
			}
		})
	}
	all.Wait()
}

// timeouts make filters that bound the time to the answer.
var timeouts = []struct {
	lib  string
	make func(time.Duration) weir.Filter
}{
	{"weir", func(d time.Duration) weir.Filter { return filter.Timeout(d, filter.TimeoutOptions{}) }},
	{"weir-idle", func(d time.Duration) weir.Filter {
		return filter.Timeout(d, filter.TimeoutOptions{Idle: d, Total: d})
	}},
	{"stdlib", func(d time.Duration) weir.Filter {
		return func(next http.Handler) http.Handler { return http.TimeoutHandler(next, d, "") }
	}},
	{"chi", func(d time.Duration) weir.Filter { return middleware.Timeout(d) }},
}

// BenchmarkTimeout is the cost of a request that is answered in time, over a writer that
// does nothing.
func BenchmarkTimeout(b *testing.B) {
	for _, size := range []struct {
		name string
		n    int
	}{{"small", len(hello)}, {"32KiB", 32 << 10}, {"1MiB", 1 << 20}} {
		h := inPieces(make([]byte, size.n))
		for _, lib := range timeouts {
			b.Run("body="+size.name+"/lib="+lib.lib, func(b *testing.B) {
				timesOut(b, lib.make)
				timely(b, lib.make(time.Hour)(h), size.n)
			})
		}
		b.Run("body="+size.name+"/lib=bare", func(b *testing.B) { timely(b, h, size.n) })
	}
}

// inPieces writes a body as an encoder would, 4 KiB at a time.
func inPieces(body []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for rest := body; len(rest) > 0; {
			n := min(len(rest), 4<<10)
			_, _ = w.Write(rest[:n])
			rest = rest[n:]
		}
	})
}

// timesOut sees to it that a handler learns that its time is over, and its client, too.
func timesOut(b *testing.B, make func(time.Duration) weir.Filter) {
	w := newNullWriter()
	make(time.Millisecond)(http.HandlerFunc(untilOver)).ServeHTTP(w, get("/"))
	if w.status != http.StatusServiceUnavailable && w.status != http.StatusGatewayTimeout {
		b.Fatalf("a request that takes too long was answered with %d", w.status)
	}
}

func timely(b *testing.B, h http.Handler, size int) {
	w, r := newNullWriter(), get("/")
	b.ReportAllocs()
	for b.Loop() {
		w.reset()
		h.ServeHTTP(w, r)
	}
	if w.status > http.StatusOK || w.bytes != int64(size) {
		b.Fatalf("the last request was answered with %d and %d bytes", w.status, w.bytes)
	}
}
