package filter_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weirhttp/weir/filter"
	"golang.org/x/time/rate"
)

// TestRateLimit_decidesLikeLimiter asks the filter and a rate.Limiter the same at the same times.
func TestRateLimit_decidesLikeLimiter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for seed := range uint64(200) {
			rnd := rand.New(rand.NewPCG(1, seed))
			limit := rate.Limit(math.Pow(10, 12*rnd.Float64()-3))
			if seed%3 == 0 {
				limit = rate.Limit(1+rnd.IntN(1000)) / rate.Limit(1+rnd.IntN(60))
			}
			burst := 1 + rnd.IntN(1<<rnd.IntN(10))
			cost := 1
			h := filter.RateLimit(limit, burst, filter.RateLimitOptions{MaxKeys: 1, Cost: func(*http.Request) int { return cost }})(nothing)
			want := rate.NewLimiter(limit, burst)
			interval := float64(time.Second) / float64(limit)
			for i := range 400 {
				switch rnd.IntN(6) {
				case 0: // random waits around the interval
					time.Sleep(time.Duration(rnd.ExpFloat64() * interval))
				case 1: // exactly on the border, and a nanosecond before
					time.Sleep(time.Duration(interval*float64(1+rnd.IntN(3))) - time.Duration(rnd.IntN(2)))
				case 2: // as told, which must help
					time.Sleep(want.ReserveN(time.Now(), 0).Delay() + time.Duration(rnd.IntN(5)))
				case 3:
					if rnd.IntN(20) == 0 {
						time.Sleep(time.Duration(rnd.ExpFloat64() * interval * float64(burst)))
					}
				}
				if seed%2 == 0 {
					cost = rnd.IntN(min(burst, 5) + 2)
				}
				got := ask(h, "192.0.2.1:1").StatusCode == 200
				if want := want.AllowN(time.Now(), cost); got != want {
					t.Fatalf("seed %d, limit %v, burst %d, request %d of cost %d: let through: %v, rate.Limiter says %v",
						seed, limit, burst, i, cost, got, want)
				}
			}
		}
	})
}

// TestRateLimit_retryAfterIsTrue waits as told, and a second less.
func TestRateLimit_retryAfterIsTrue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for seed := range uint64(300) {
			rnd := rand.New(rand.NewPCG(2, seed))
			limit, burst := rate.Limit(math.Pow(10, 6*rnd.Float64()-4)), 1+rnd.IntN(50)
			h := filter.RateLimit(limit, burst, filter.RateLimitOptions{MaxKeys: 1})(nothing)
			for range 20 {
				time.Sleep(time.Duration(rnd.ExpFloat64() / float64(limit) * float64(time.Second)))
				res := ask(h, "192.0.2.1:1")
				for res.StatusCode == 200 {
					res = ask(h, "192.0.2.1:1")
				}
				after, err := strconv.Atoi(res.Header.Get("Retry-After"))
				if err != nil || after < 1 {
					t.Fatalf("Retry-After: %q", res.Header.Get("Retry-After"))
				}
				if after > 1 {
					time.Sleep(time.Duration(after-1)*time.Second - 1)
					if ask(h, "192.0.2.1:1").StatusCode == 200 {
						t.Fatalf("limit %v: let through more than a second before Retry-After", limit)
					}
					time.Sleep(time.Second + 1)
				} else {
					time.Sleep(time.Second)
				}
				if ask(h, "192.0.2.1:1").StatusCode != 200 {
					t.Fatalf("limit %v: refused after Retry-After", limit)
				}
			}
		}
	})
}

func TestRateLimit_clockGoesBack(t *testing.T) {
	take := filter.RateBucket(1, 3)
	for i, c := range []struct {
		now  time.Duration
		left float64
		ok   bool
	}{
		{100 * time.Second, 2, true},
		{50 * time.Second, 1, true},
		{-time.Second, 0, true},
		{math.MinInt64, 0, false},
		{100 * time.Second, 0, false}, // the fifty seconds do not count again
		{101 * time.Second, 0, true},
		{math.MaxInt64, 2, true},
	} {
		if left, ok := take(1, int64(c.now)); left != c.left || ok != c.ok {
			t.Errorf("step %d: got %v, %v, want %v, %v", i, left, ok, c.left, c.ok)
		}
	}
}

// flood sends n requests with a new key each.
func flood(h http.Handler, name string, n int) (passed int) {
	r := httptest.NewRequest("GET", "/", nil)
	for i := range n {
		r.URL.RawQuery = name + strconv.Itoa(i)
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Code == 200 {
			passed++
		}
	}
	return passed
}

func TestRateLimit_exhaustedStayExhausted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const burst, victims, maxKeys = 5, 500, 4096
		h := filter.RateLimit(rate.Every(time.Minute), burst, filter.RateLimitOptions{Key: byQuery, MaxKeys: maxKeys})(nothing)
		for range burst {
			flood(h, "exhausted", victims)
		}
		time.Sleep(59 * time.Second)
		for i := range 10 {
			if passed := flood(h, fmt.Sprint("flood", i, "-"), 10*maxKeys); passed != 10*maxKeys {
				t.Errorf("%d of %d new keys were let through", passed, 10*maxKeys)
			}
			if passed := flood(h, "exhausted", victims); passed != 0 {
				t.Fatalf("round %d: %d exhausted keys are let through again before their time", i, passed)
			}
		}
		time.Sleep(time.Second)
		if passed := flood(h, "exhausted", victims); passed != victims {
			t.Errorf("in time only %d of %d are let through", passed, victims)
		}
	})
}

// TestRateLimit_capacity holds how much of the table is used before anybody in debt is forgotten: with burst 1, where
// every key is as deep in debt as any other, so that nothing but age tells them apart.
func TestRateLimit_capacity(t *testing.T) {
	const maxKeys = 1 << 14
	for name, c := range map[string]struct{ keys, forgotten int }{
		"three quarters full": {maxKeys * 3 / 4, maxKeys / 1000},
		"nine tenths full":    {maxKeys * 9 / 10, maxKeys / 30},
		"full":                {maxKeys, maxKeys / 6},
	} {
		h := filter.RateLimit(1e-9, 1, filter.RateLimitOptions{Key: byQuery, MaxKeys: maxKeys})(nothing)
		flood(h, "", c.keys)
		if got := flood(h, "", c.keys); got > c.forgotten {
			t.Errorf("%s: %d of %d keys are forgotten, want at most %d", name, got, c.keys, c.forgotten)
		}
	}

	// Once the table is full, the oldest go, and nobody before half of the table is newer.
	h := filter.RateLimit(1e-9, 1, filter.RateLimitOptions{Key: byQuery, MaxKeys: maxKeys})(nothing)
	flood(h, "older", 3*maxKeys)
	flood(h, "exhausted", 100)
	flood(h, "newer", maxKeys/2)
	if got := flood(h, "exhausted", 100); got > 2 {
		t.Errorf("%d of 100 keys are forgotten for older ones", got)
	}
}

func TestRateLimit_memory(t *testing.T) {
	heap := func() int {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc)
	}
	before := heap()
	h := filter.RateLimit(1, 10, filter.RateLimitOptions{Key: byQuery, MaxKeys: 100_000})(nothing)
	made := heap()
	if got := made - before; got > 33*100_000+64<<10 {
		t.Errorf("100,000 keys take %d bytes", got)
	}
	flood(h, "", 1_000_000)
	if got := heap() - made; got > 64<<10 {
		t.Errorf("a million keys took %d bytes more", got)
	}
	runtime.KeepAlive(h)
}

func TestRateLimit_allocations(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	w := httptest.NewRecorder()
	for name, c := range map[string]struct {
		limit rate.Limit
		want  float64
	}{
		"the values of the two fields": {1e9, 1},
		"no limit":                     {rate.Inf, 0},
	} {
		h := filter.RateLimit(c.limit, 100, filter.RateLimitOptions{})(nothing)
		if got := testing.AllocsPerRun(100, func() {
			clear(w.Header())
			h.ServeHTTP(w, r)
		}); got > c.want {
			t.Errorf("%s: %v allocations, want %v", name, got, c.want)
		}
	}
}
