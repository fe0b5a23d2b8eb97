package bench_test

import (
	"fmt"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/didip/tollbooth/v7"
	"github.com/go-chi/httprate"
	golimiter "github.com/sethvargo/go-limiter"
	"github.com/sethvargo/go-limiter/httplimit"
	"github.com/sethvargo/go-limiter/memorystore"
	ulule "github.com/ulule/limiter/v3"
	"github.com/ulule/limiter/v3/drivers/middleware/stdlib"
	"github.com/ulule/limiter/v3/drivers/store/memory"
	"golang.org/x/time/rate"

	"github.com/weirhttp/weir"
	"github.com/weirhttp/weir/filter"
)

// limiters make filters that let through so many requests an hour for each key. The
// key is the client address as each of them finds it, or with text RemoteAddr as it
// stands, which costs nothing to find.
var limiters = []struct {
	lib  string
	text bool // can count by text
	make func(b *testing.B, limit, keys int, text bool) weir.Filter
}{
	{"weir", true, limitWeir},
	{"weir-64Ki", true, limitWeirDefault},
	{"httprate", true, limitHttprate},
	{"tollbooth", false, limitTollbooth},
	{"ulule", true, limitUlule},
	{"sethvargo", true, limitSethvargo},
	{"bare", true, func(*testing.B, int, int, bool) weir.Filter { return func(h http.Handler) http.Handler { return h } }},
}

// limitWeir makes room for all keys, and an eighth more.
func limitWeir(_ *testing.B, limit, keys int, text bool) weir.Filter {
	o := filter.RateLimitOptions{MaxKeys: keys + keys/8}
	if text {
		o.Key = func(r *http.Request) string { return r.RemoteAddr }
	}
	return filter.RateLimit(rate.Limit(float64(limit)/3600), limit, o)
}

// limitWeirDefault has room for 65,536 keys, and forgets others.
func limitWeirDefault(b *testing.B, limit, _ int, text bool) weir.Filter {
	return limitWeir(b, limit, 0, text)
}

func limitHttprate(_ *testing.B, limit, _ int, text bool) weir.Filter {
	key := func(r *http.Request) (string, error) { return r.RemoteAddr, nil }
	if !text {
		key = func(r *http.Request) (string, error) {
			host, _, err := net.SplitHostPort(r.RemoteAddr)
			return httprate.CanonicalizeIP(host), err
		}
	}
	return httprate.LimitBy(limit, time.Hour, key)
}

// limitTollbooth has no filter that takes a key.
func limitTollbooth(_ *testing.B, limit, _ int, _ bool) weir.Filter {
	l := tollbooth.NewLimiter(float64(limit)/3600, nil).SetBurst(limit).
		SetIPLookups([]string{"RemoteAddr"}).SetIgnoreURL(true)
	return func(h http.Handler) http.Handler { return tollbooth.LimitHandler(l, h) }
}

func limitUlule(_ *testing.B, limit, _ int, text bool) weir.Filter {
	l := ulule.New(memory.NewStore(), ulule.Rate{Period: time.Hour, Limit: int64(limit)})
	m := stdlib.NewMiddleware(l)
	if text {
		m.KeyGetter = func(r *http.Request) string { return r.RemoteAddr }
	}
	return m.Handler
}

func limitSethvargo(b *testing.B, limit, _ int, text bool) weir.Filter {
	store := must(memorystore.New(&memorystore.Config{Tokens: uint64(limit), Interval: time.Hour}))
	b.Cleanup(func() { closeStore(b, store) })
	key := httplimit.IPKeyFunc()
	if text {
		key = func(r *http.Request) (string, error) { return r.RemoteAddr, nil }
	}
	return must(httplimit.NewMiddleware(store, key)).Handle
}

func closeStore(b *testing.B, store golimiter.Store) {
	if err := store.Close(b.Context()); err != nil && b.Context().Err() == nil {
		b.Error(err)
	}
}

// plenty is a limit that no benchmark reaches.
const plenty = 1 << 30

// BenchmarkRateLimit is the cost of a request that is let through, from keys that
// the limiter has seen before and that come in turns, over a writer that does
// nothing. The metric MB is the memory that all those keys take.
func BenchmarkRateLimit(b *testing.B) {
	for _, by := range []string{"address", "text"} {
		for _, keys := range []int{1, 10_000, 1_000_000} {
			for _, l := range limiters {
				text := by == "text"
				if text && !l.text || l.lib == "weir-64Ki" && keys <= 1<<16 {
					continue
				}
				b.Run(fmt.Sprintf("by=%s/keys=%d/lib=%s", by, keys, l.lib), func(b *testing.B) {
					if l.lib != "bare" {
						refuses(b, l.make(b, 3, keys, text))
					}
					limit(b, func() weir.Filter { return l.make(b, plenty, keys, text) }, keys)
				})
			}
		}
	}
}

// refuses sees to it that the limiter refuses the fourth request of three an hour,
// and of one client only.
func refuses(b *testing.B, f weir.Filter) {
	h := f(http.HandlerFunc(sayNothing))
	w, r := newNullWriter(), get("/")
	for i := range 4 {
		w.reset()
		r.RemoteAddr = "192.0.2.1:1234"
		h.ServeHTTP(w, r)
		if refused := w.status == http.StatusTooManyRequests; refused != (i == 3) {
			b.Fatalf("request %d was answered with %d", i+1, w.status)
		}
	}
	w.reset()
	r.RemoteAddr = "192.0.2.2:1234"
	if h.ServeHTTP(w, r); w.status != 0 {
		b.Fatalf("somebody else was answered with %d", w.status)
	}
}

func limit(b *testing.B, make func() weir.Filter, keys int) {
	if once() {
		keys = min(keys, 1000)
	}
	all := addresses()[:keys]
	w, r := newNullWriter(), get("/")
	before := heap()
	h := make()(http.HandlerFunc(sayNothing))
	for _, a := range all {
		w.reset()
		r.RemoteAddr = strings.Clone(a) // every request of a server has its own
		h.ServeHTTP(w, r)
	}
	r.RemoteAddr = ""
	grown := heap() - before

	b.ReportAllocs()
	i := 0
	for b.Loop() {
		w.reset()
		r.RemoteAddr = all[i]
		h.ServeHTTP(w, r)
		if i++; i == keys {
			i = 0
		}
	}
	if w.status != 0 {
		b.Fatalf("a request was answered with %d", w.status)
	}
	if keys >= 1_000_000 {
		b.ReportMetric(max(grown, 0)/1e6, "MB")
	}
}

func heap() float64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // the first one leaves what pools gave up
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// addresses are a million clients, in no order.
var addresses = sync.OnceValue(func() []string {
	all := make([]string, 1_000_000)
	for i := range all {
		n := uint32(i) * 2654435761 // odd, so that no two are the same
		all[i] = fmt.Sprintf("%d.%d.%d.%d:%d", n>>24, n>>16&0xff, n>>8&0xff, n&0xff, 32768+i%28232)
	}
	return all
})
