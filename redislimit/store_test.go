package redislimit_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/filtertest"
	"github.com/weirhttp/weir/redislimit"
	"golang.org/x/time/rate"
)

// patient is for tests of what Redis says: its Timeout is beyond what a busy machine takes.
var patient = redislimit.Options{Timeout: time.Minute}

func TestStore(t *testing.T) {
	client := start(t).client(t, nil)
	filtertest.Run(t, filter.RateLimit(1e6, 1e6, filter.RateLimitOptions{Store: redislimit.Store(client, patient)}))
}

// TestStore_decidesLikeMemory asks two filters the same, of which one has its buckets in Redis. So little flows in while
// the test runs that no time tells them apart.
func TestStore_decidesLikeMemory(t *testing.T) {
	client := start(t).client(t, nil)
	for seed := range uint64(10) {
		rnd := rand.New(rand.NewPCG(3, seed))
		burst, cost := 1+rnd.IntN(20), 1
		o := filter.RateLimitOptions{Name: fmt.Sprint(seed), Key: byQuery, Cost: func(*http.Request) int { return cost }}
		limit := rate.Limit(math.Pow(10, -6-3*rnd.Float64()))
		memory := filter.RateLimit(limit, burst, o)(nothing)
		o.Store = redislimit.Store(client, patient)
		stored := filter.RateLimit(limit, burst, o)(nothing)
		for i := range 300 {
			cost = rnd.IntN(min(burst, 5) + 2)
			target := fmt.Sprint("/?", rnd.IntN(5))
			want, got := ask(memory, target), ask(stored, target)
			if want.StatusCode != got.StatusCode || left(want) != left(got) {
				t.Fatalf("seed %d, burst %d, request %d of cost %d: got %d, %s, in memory it is %d, %s",
					seed, burst, i, cost, got.StatusCode, left(got), want.StatusCode, left(want))
			}
		}
	}
}

// left returns the field RateLimit up to the value of r.
func left(res *http.Response) string {
	before, _, _ := strings.Cut(res.Header.Get("RateLimit"), ";t=")
	return before
}

// TestStore_decidesLikeLimiter asks the script and a rate.Limiter, which the memory is held to, the same at the same
// times, to the last bit. The limits are slow, so that no bucket expires by Redis's own clock.
func TestStore_decidesLikeLimiter(t *testing.T) {
	client := start(t).client(t, nil)
	for seed := range uint64(40) {
		rnd := rand.New(rand.NewPCG(4, seed))
		limit, burst := rate.Limit(math.Pow(10, -2-3*rnd.Float64())), 1+rnd.IntN(1<<rnd.IntN(10))
		if seed%3 == 0 {
			limit = rate.Limit(1+rnd.IntN(10)) / rate.Limit(1000+rnd.IntN(6000))
		}
		take := redislimit.BucketAt(client, fmt.Sprint(seed), limit, burst)
		want := rate.NewLimiter(limit, burst)
		interval := 1e6 / float64(limit)
		at, cost := int64(1_800_000_000_000_000), 1
		for i := range 200 {
			switch rnd.IntN(6) {
			case 0: // random waits around the interval
				at += int64(rnd.ExpFloat64() * interval)
			case 1: // at the border, and a microsecond before
				at += int64(interval*float64(1+rnd.IntN(3))) + int64(rnd.IntN(2))
			case 2: // as told, and a little more
				at += int64(max(0, (1-want.TokensAt(time.UnixMicro(at)))*interval)) + int64(rnd.IntN(3))
			case 3:
				if rnd.IntN(20) == 0 {
					at += int64(rnd.ExpFloat64() * interval * float64(burst))
				}
			}
			if seed%2 == 0 {
				cost = rnd.IntN(min(burst, 5) + 2)
			}
			left, ok, err := take(t.Context(), at, cost)
			wantOK := want.AllowN(time.UnixMicro(at), cost)
			if wantLeft := want.TokensAt(time.UnixMicro(at)); ok != wantOK || left != wantLeft || err != nil {
				t.Fatalf("seed %d, limit %v, burst %d, request %d of cost %d: got %v, %v, %v, rate.Limiter says %v, %v",
					seed, limit, burst, i, cost, left, ok, err, wantLeft, wantOK)
			}
		}
	}
}

// TestStore_clockGoesBack takes no token away from anybody, and does not stop time.
func TestStore_clockGoesBack(t *testing.T) {
	take := redislimit.BucketAt(start(t).client(t, nil), "", 0.01, 3)
	const day = 86_400
	for i, c := range []struct {
		second int64
		left   float64
		ok     bool
	}{
		{20_000 * day, 2, true},
		{19_000 * day, 1, true},
		{18_000 * day, 0, true},
		{17_000 * day, 0, false},
		{17_000*day + 50, 0.5, false},
		{17_000*day + 100, 0, true},
		{16_000*day + 99, 0, false},
		{16_000*day + 200, 0, true}, // the clock goes on from where it was set
		{16_000*day + 199, 0, false},
		{20_000 * day, 2, true},
	} {
		left, ok, err := take(t.Context(), c.second*1e6, 1)
		// Of 0.01 a second, 101 seconds are a little more than one.
		if math.Floor(left*10) != math.Floor(c.left*10) || ok != c.ok || err != nil {
			t.Errorf("step %d: got %v, %v, %v, want %v, %v", i, left, ok, err, c.left, c.ok)
		}
	}
}

// TestStore_clockIsThatOfRedis has tokens flow in.
func TestStore_clockIsThatOfRedis(t *testing.T) {
	client := start(t).client(t, nil)
	h := filter.RateLimit(50, 1, filter.RateLimitOptions{Store: redislimit.Store(client, patient)})(nothing)
	began, err := client.Time(t.Context()).Result()
	if err != nil {
		t.Fatal(err)
	}
	const passed = 11
	for got := 0; got < passed; {
		if ask(h, "/").StatusCode == 200 {
			got++
		}
	}
	now, err := client.Time(t.Context()).Result()
	if err != nil || now.Sub(began) < (passed-1)*20*time.Millisecond-time.Millisecond {
		t.Errorf("%d requests passed in %v, %v", passed, now.Sub(began), err)
	}
}

func TestStore_concurrent(t *testing.T) {
	const burst = 100
	client := start(t).client(t, nil)
	h := filter.RateLimit(1e-9, burst, filter.RateLimitOptions{Store: redislimit.Store(client, patient)})(nothing)
	passed := make(chan bool, 16*burst)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range burst {
				if ask(h, "/").StatusCode == 200 {
					passed <- true
				}
			}
		})
	}
	wg.Wait()
	if len(passed) != burst {
		t.Errorf("%d requests passed, want %d", len(passed), burst)
	}
}

// TestStore_scriptFlush takes the script away between requests.
func TestStore_scriptFlush(t *testing.T) {
	client := start(t).client(t, nil)
	h := filter.RateLimit(1e-9, 3, filter.RateLimitOptions{Store: redislimit.Store(client, patient),
		StoreDown: func(_ *http.Request, err error) bool { t.Error(err); return true }})(nothing)
	var got []int
	for range 5 {
		got = append(got, ask(h, "/").StatusCode)
		if err := client.ScriptFlush(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if fmt.Sprint(got) != "[200 200 200 429 429]" {
		t.Error("got", got)
	}
}

// TestStore_ring has a client of another kind.
func TestStore_ring(t *testing.T) {
	s := start(t)
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", s.socket)
	}
	ring := redis.NewRing(&redis.RingOptions{Addrs: map[string]string{"a": "x:1", "b": "y:1"}, Dialer: dial, ContextTimeoutEnabled: true})
	defer ring.Close()
	h := filter.RateLimit(1e-9, 1, filter.RateLimitOptions{Key: byQuery, Store: redislimit.Store(ring, patient)})(nothing)
	for i := range 20 {
		if a, b := ask(h, fmt.Sprint("/?", i)), ask(h, fmt.Sprint("/?", i)); a.StatusCode != 200 || b.StatusCode != 429 {
			t.Errorf("key %d: got %d and %d", i, a.StatusCode, b.StatusCode)
		}
	}
}

func TestStore_nonsense(t *testing.T) {
	client := redis.NewClient(&redis.Options{ContextTimeoutEnabled: true})
	defer client.Close()
	without := "redislimit.Store: client is without ContextTimeoutEnabled, so that Timeout would not hold: set it in the options of the client"
	deaf := redis.NewClient(&redis.Options{})
	defer deaf.Close()
	deafCluster := redis.NewClusterClient(&redis.ClusterOptions{})
	defer deafCluster.Close()
	deafRing := redis.NewRing(&redis.RingOptions{})
	defer deafRing.Close()
	for name, c := range map[string]struct {
		want string
		f    func()
	}{
		"no client":              {"redislimit.Store: client is nil", func() { redislimit.Store(nil, redislimit.Options{}) }},
		"a client without limit": {without, func() { redislimit.Store(deaf, redislimit.Options{}) }},
		"such a cluster":         {without, func() { redislimit.Store(deafCluster, redislimit.Options{}) }},
		"such a ring":            {without, func() { redislimit.Store(deafRing, redislimit.Options{}) }},
		"a time that is no time": {"redislimit.Store: Timeout is -1ns, below 0", func() { redislimit.Store(client, redislimit.Options{Timeout: -1}) }},
		"a pause that is none":   {"redislimit.Store: Pause is -1ns, below 0", func() { redislimit.Store(client, redislimit.Options{Pause: -1}) }},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if got := recover(); got != c.want {
					t.Errorf("got %v, want %v", got, c.want)
				}
			}()
			c.f()
		})
	}
}

func ExampleStore() {
	client := redis.NewClient(&redis.Options{Addr: "localhost:6379", ContextTimeoutEnabled: true})
	defer client.Close()
	limit := filter.RateLimit(10, 50, filter.RateLimitOptions{
		Store: redislimit.Store(client, redislimit.Options{}),
		// While Redis does not answer, nobody signs in, and all else is served without a limit.
		StoreDown: func(r *http.Request, err error) bool { return r.URL.Path != "/login" },
	})
	http.Handle("/", limit(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello") })))
}
