package filter_test

import (
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/filtertest"
	"github.com/weirhttp/weir/rewrite"
	"golang.org/x/time/rate"
)

var nothing = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})

// ask sends h one request from the address from and returns the answer.
func ask(h http.Handler, from string) *http.Response {
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = from
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

// byQuery counts by the query of the request.
func byQuery(r *http.Request) string { return r.URL.RawQuery }

func TestRateLimit(t *testing.T) {
	filtertest.Run(t, filter.RateLimit(1e6, 1e6, filter.RateLimitOptions{}))

	const one = "192.0.2.1:1000"
	perMinute := rate.Every(600 * time.Millisecond) // 100 a minute
	type step struct {
		after  time.Duration
		status int
		policy string
		limit  string
		retry  string
	}
	for name, c := range map[string]struct {
		limit rate.Limit
		burst int
		o     filter.RateLimitOptions
		steps []step
	}{
		"a burst goes through, the next is told when it may": {limit: 0.1, burst: 2, steps: []step{
			{0, 200, `"default";q=2;w=20`, `"default";r=1;t=10`, ""},
			{0, 200, `"default";q=2;w=20`, `"default";r=0;t=10`, ""},
			{0, 429, `"default";q=2;w=20`, `"default";r=0;t=10`, "10"},
			{6 * time.Second, 429, `"default";q=2;w=20`, `"default";r=0;t=4`, "4"},
			{3500 * time.Millisecond, 429, `"default";q=2;w=20`, `"default";r=0;t=1`, "1"},
			{500 * time.Millisecond, 200, `"default";q=2;w=20`, `"default";r=0;t=10`, ""},
		}},
		"what flows in in t seconds is r": {limit: perMinute, burst: 100, steps: []step{
			{0, 200, `"default";q=100;w=60`, `"default";r=99;t=60`, ""},
			{time.Hour, 200, `"default";q=100;w=60`, `"default";r=99;t=60`, ""},
		}},
		"a fast limit has a window of one second": {limit: 1000, burst: 10, steps: []step{
			{0, 200, `"default";q=10;w=1`, `"default";r=9;t=1`, ""},
		}},
		"a bucket beyond the prepared texts": {limit: 10, burst: 5000, steps: []step{
			{0, 200, `"default";q=5000;w=500`, `"default";r=4999;t=500`, ""},
		}},
		"values stay within what a field can hold": {limit: 1e-300, burst: math.MaxInt32, steps: []step{
			{0, 200, `"default";q=2147483647;w=9223372037`, `"default";r=2147483646;t=9223372037`, ""},
		}},
		"the name is quoted": {limit: 1, burst: 1, o: filter.RateLimitOptions{Name: `a "b" \`}, steps: []step{
			{0, 200, `"a \"b\" \\";q=1;w=1`, `"a \"b\" \\";r=0;t=1`, ""},
		}},
		"no limit has no fields": {limit: rate.Inf, burst: 0, steps: []step{{0, 200, "", "", ""}, {0, 200, "", "", ""}}},
		"the limit of the server is not told of": {
			limit: 1, burst: 10, o: filter.RateLimitOptions{Total: rate.NewLimiter(0.25, 1)}, steps: []step{
				{0, 200, `"default";q=10;w=10`, `"default";r=9;t=9`, ""},
				{0, 429, `"default";q=10;w=10`, `"default";r=0;t=4`, "4"},
				{4 * time.Second, 200, `"default";q=10;w=10`, `"default";r=9;t=9`, ""},
			}},
		"the limit of the server alone": {
			limit: rate.Inf, o: filter.RateLimitOptions{Total: rate.NewLimiter(0.25, 1)}, steps: []step{
				{0, 200, "", "", ""}, {0, 429, "", "", "4"}, {4 * time.Second, 200, "", "", ""},
			}},
		"a server that is shut says nothing of when": {
			limit: rate.Inf, o: filter.RateLimitOptions{Total: rate.NewLimiter(0, 0)}, steps: []step{{0, 429, "", "", ""}},
		},
		"the longer of two waits counts": {
			limit: 0.1, burst: 1, o: filter.RateLimitOptions{Total: rate.NewLimiter(0.25, 0)}, steps: []step{
				{0, 429, `"default";q=1;w=10`, `"default";r=0;t=9223372037`, ""},
				{0, 429, `"default";q=1;w=10`, `"default";r=0;t=10`, "10"},
			}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := filter.RateLimit(c.limit, c.burst, c.o)(nothing)
				for i, s := range c.steps {
					time.Sleep(s.after)
					res := ask(h, one)
					got := step{s.after, res.StatusCode, res.Header.Get("RateLimit-Policy"), res.Header.Get("RateLimit"), res.Header.Get("Retry-After")}
					if got != s {
						t.Errorf("step %d:\n got %+v\nwant %+v", i, got, s)
					}
				}
			})
		})
	}
}

func TestRateLimit_keys(t *testing.T) {
	for name, c := range map[string]struct {
		a, b string
		same bool
	}{
		"the port does not count":                   {"192.0.2.1:1", "192.0.2.1:2", true},
		"another IPv4 address is another":           {"192.0.2.1:1", "192.0.2.2:1", false},
		"a mapped address is the IPv4 address":      {"192.0.2.1:1", "[::ffff:192.0.2.1]:1", true},
		"a /64 of IPv6 is one":                      {"[2001:db8::1]:1", "[2001:db8::2:0:0:2]:1", true},
		"another /64 is another":                    {"[2001:db8::1]:1", "[2001:db8:0:1::1]:1", false},
		"the zone does not count":                   {"[fe80::1%eth0]:1", "[fe80::1%eth1]:1", true},
		"an address without a port is an address":   {"192.0.2.1:1", "192.0.2.1", true},
		"what is no address shares one":             {"@", "", true},
		"what is no address is not the loopback":    {"@", "[::1]:1", false},
		"the loopback addresses are two":            {"127.0.0.1:1", "[::1]:1", false},
		"the unspecified address is in its own /64": {"[::]:1", "[::1]:1", true},
	} {
		t.Run(name, func(t *testing.T) {
			h := filter.RateLimit(1e-6, 1, filter.RateLimitOptions{})(nothing)
			ask(h, c.a)
			if got := ask(h, c.b).StatusCode == 429; got != c.same {
				t.Errorf("%q and %q counted together: %v, want %v", c.a, c.b, got, c.same)
			}
		})
	}

	t.Run("the client found out further out counts", func(t *testing.T) {
		h := filter.RateLimit(1e-6, 1, filter.RateLimitOptions{})(nothing)
		from := func(addr string) int {
			r := httptest.NewRequest("GET", "/", nil)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r.WithContext(rewrite.Client.WithValue(r.Context(), netip.MustParseAddr(addr))))
			return w.Code
		}
		if a, b, c := from("192.0.2.1"), from("192.0.2.2"), from("192.0.2.1"); a != 200 || b != 200 || c != 429 {
			t.Errorf("got %d %d %d, want 200 200 429", a, b, c)
		}
	})

	t.Run("a key of one's own counts, and none is the address", func(t *testing.T) {
		h := filter.RateLimit(1e-6, 1, filter.RateLimitOptions{Key: byQuery})(nothing)
		var got []int
		for _, target := range []string{"/?ann", "/?bob", "/?ann", "/", "/?", "/?192.0.2.1"} {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest("GET", target, nil))
			got = append(got, w.Code)
		}
		if fmt.Sprint(got) != "[200 200 429 200 429 200]" {
			t.Error("got", got)
		}
	})
}

func TestRateLimit_twoLimits(t *testing.T) {
	shared := []string{"outer;r=1", "spare"}[:1]
	foreign := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header()["Ratelimit"] = shared
			next.ServeHTTP(w, r)
		})
	}
	a := filter.RateLimit(1, 10, filter.RateLimitOptions{Name: "burst"})
	b := filter.RateLimit(rate.Every(time.Hour), 100, filter.RateLimitOptions{Name: "day"})
	for range 2 {
		h := ask(foreign(a(b(nothing))), "192.0.2.1:1").Header
		if got := strings.Join(h["Ratelimit-Policy"], ", "); got != `"burst";q=10;w=10, "day";q=100;w=360000` {
			t.Error("policies", got)
		}
		if got := h["Ratelimit"]; len(got) != 3 || got[0] != "outer;r=1" || !strings.HasPrefix(got[1], `"burst"`) {
			t.Error("limits", got)
		}
	}
	if shared[:2][1] != "spare" {
		t.Error("somebody else's slice was written to")
	}
	adding := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Header().Add("RateLimit-Policy", "more") })
	if got := ask(a(adding), "192.0.2.2:1").Header.Get("RateLimit"); got != `"burst";r=9;t=9` {
		t.Error("a value added to one field shows in the other:", got)
	}
}

func TestRateLimit_concurrent(t *testing.T) {
	const burst, keys = 100, 50
	h := filter.RateLimit(1e-9, burst, filter.RateLimitOptions{Key: byQuery})(nothing)
	var passed atomic.Int64
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for i := range 20 * keys {
				w := httptest.NewRecorder()
				h.ServeHTTP(w, httptest.NewRequest("GET", fmt.Sprint("/?", i%keys), nil))
				if w.Code == 200 {
					passed.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if passed.Load() != burst*keys {
		t.Errorf("%d requests passed, want %d", passed.Load(), burst*keys)
	}
}

func TestRateLimit_nonsense(t *testing.T) {
	for want, f := range map[string]func(){
		"filter.RateLimit: limit is 0, not more than 0":                   func() { filter.RateLimit(0, 1, filter.RateLimitOptions{}) },
		"filter.RateLimit: limit is -1, not more than 0":                  func() { filter.RateLimit(-1, 1, filter.RateLimitOptions{}) },
		"filter.RateLimit: limit is NaN, not more than 0":                 func() { filter.RateLimit(rate.Limit(math.NaN()), 1, filter.RateLimitOptions{}) },
		"filter.RateLimit: burst is 0, which would refuse every request":  func() { filter.RateLimit(1, 0, filter.RateLimitOptions{}) },
		"filter.RateLimit: burst is -1, which would refuse every request": func() { filter.RateLimit(1, -1, filter.RateLimitOptions{}) },
		"filter.RateLimit: MaxKeys is -1, below 0":                        func() { filter.RateLimit(1, 1, filter.RateLimitOptions{MaxKeys: -1}) },
		`filter.RateLimit: Name is "a\n", not printable ASCII`:            func() { filter.RateLimit(1, 1, filter.RateLimitOptions{Name: "a\n"}) },
		`filter.RateLimit: Name is "b\n", not printable ASCII`:            func() { filter.RateLimit(rate.Inf, 0, filter.RateLimitOptions{Name: "b\n"}) },
		"filter.RateLimit: StoreDown without a Store": func() {
			filter.RateLimit(1, 1, filter.RateLimitOptions{StoreDown: func(*http.Request, error) bool { return true }})
		},
		"filter.RateLimit: next is nil": func() { filter.RateLimit(1, 1, filter.RateLimitOptions{})(nil) },
	} {
		mustPanic(t, want, f)
	}
}

func ExampleRateLimit() {
	limit := filter.RateLimit(rate.Every(time.Minute), 2, filter.RateLimitOptions{})
	h := limit(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello") }))
	for range 3 {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		fmt.Printf("%d %s (Retry-After: %q)\n", w.Code, w.Header().Get("RateLimit"), w.Header().Get("Retry-After"))
	}
	// Output:
	// 200 "default";r=1;t=60 (Retry-After: "")
	// 200 "default";r=0;t=60 (Retry-After: "")
	// 429 "default";r=0;t=60 (Retry-After: "60")
}
