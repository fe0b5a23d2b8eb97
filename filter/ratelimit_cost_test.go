package filter_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/filtertest"
	"golang.org/x/time/rate"
)

// byCost has requests cost what their query says.
func byCost(r *http.Request) int {
	n, _ := strconv.Atoi(r.URL.RawQuery)
	return n
}

// askAt sends h one request for target and returns the answer.
func askAt(h http.Handler, target string) *http.Response {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", target, nil))
	return w.Result()
}

func TestRateLimit_cost(t *testing.T) {
	filtertest.Run(t, filter.RateLimit(1e6, 1e6, filter.RateLimitOptions{Cost: func(*http.Request) int { return 3 }}))

	type step struct {
		after  time.Duration
		cost   int
		status int
		limit  string
		retry  string
	}
	for name, c := range map[string]struct {
		limit rate.Limit
		total *rate.Limiter
		steps []step
	}{
		"a request costs all of its tokens or none": {1, nil, []step{
			{0, 7, 200, `"default";r=3;t=3`, ""},
			{0, 5, 429, `"default";r=3;t=3`, "2"},
			{0, 3, 200, `"default";r=0;t=1`, ""},
			{0, 3, 429, `"default";r=0;t=1`, "3"},
			{3 * time.Second, 3, 200, `"default";r=0;t=1`, ""},
		}},
		"nothing costs nothing, and goes through with an empty bucket": {1, nil, []step{
			{0, 0, 200, `"default";r=10;t=10`, ""},
			{0, 10, 200, `"default";r=0;t=1`, ""},
			{0, 0, 200, `"default";r=0;t=1`, ""},
			{0, 1, 429, `"default";r=0;t=1`, "1"},
		}},
		"less than nothing fills no bucket": {1, nil, []step{
			{0, 10, 200, `"default";r=0;t=1`, ""},
			{0, -5, 200, `"default";r=0;t=1`, ""},
			{0, 1, 429, `"default";r=0;t=1`, "1"},
		}},
		"more than the burst is refused for ever, and spends nothing": {1, nil, []step{
			{0, 11, 429, `"default";r=10;t=10`, ""},
			{time.Hour, 1 << 62, 429, `"default";r=10;t=10`, ""},
			{0, 10, 200, `"default";r=0;t=1`, ""},
			{0, 11, 429, `"default";r=0;t=1`, ""},
		}},
		"more than the burst is refused by the fastest of limits": {1e12, nil, []step{{0, 11, 429, `"default";r=10;t=1`, ""}}},
		"the limit of the server is asked for as much": {1, rate.NewLimiter(0.5, 4), []step{
			{0, 3, 200, `"default";r=7;t=7`, ""},
			{0, 3, 429, `"default";r=0;t=4`, "4"},
			{4 * time.Second, 3, 200, `"default";r=5;t=5`, ""},
			{0, 5, 429, `"default";r=0;t=9223372037`, ""},
		}},
		"the limit of the server alone is asked for as much": {rate.Inf, rate.NewLimiter(0.5, 4), []step{
			{0, 4, 200, "", ""}, {0, 2, 429, "", "4"}, {4 * time.Second, 2, 200, "", ""}, {0, 0, 200, "", ""},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := filter.RateLimit(c.limit, 10, filter.RateLimitOptions{Cost: byCost, Total: c.total})(nothing)
				for i, s := range c.steps {
					time.Sleep(s.after)
					res := askAt(h, fmt.Sprint("/?", s.cost))
					got := step{s.after, s.cost, res.StatusCode, res.Header.Get("RateLimit"), res.Header.Get("Retry-After")}
					if got != s {
						t.Errorf("step %d:\n got %+v\nwant %+v", i, got, s)
					}
				}
			})
		})
	}
}

func ExampleRateLimit_cost() {
	limit := filter.RateLimit(rate.Every(time.Second), 10, filter.RateLimitOptions{
		Cost: func(r *http.Request) int {
			if r.URL.Path == "/search" {
				return 8
			}
			return 1
		},
	})
	h := limit(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for _, path := range []string{"/", "/search", "/search", "/"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		fmt.Printf("%d %s (Retry-After: %q) %s\n", w.Code, w.Header().Get("RateLimit"), w.Header().Get("Retry-After"), path)
	}
	// Output:
	// 200 "default";r=9;t=9 (Retry-After: "") /
	// 200 "default";r=1;t=1 (Retry-After: "") /search
	// 429 "default";r=1;t=1 (Retry-After: "7") /search
	// 200 "default";r=0;t=1 (Retry-After: "") /
}
