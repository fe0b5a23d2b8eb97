package filter_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/filtertest"
	"golang.org/x/time/rate"
)

// shelf is a store in memory, of what no time flows into. Err is what it fails with.
type shelf struct {
	tokens map[string]int
	keys   []string
	err    error
}

func (s *shelf) store(name string, _ rate.Limit, burst int) func(context.Context, string, int) (float64, bool, error) {
	return func(_ context.Context, key string, n int) (float64, bool, error) {
		s.keys = append(s.keys, key)
		if s.err != nil {
			return 0, false, s.err
		}
		if _, ok := s.tokens[name+key]; !ok {
			s.tokens[name+key] = burst
		}
		if s.tokens[name+key] < n {
			return float64(s.tokens[name+key]), false, nil
		}
		s.tokens[name+key] -= n
		return float64(s.tokens[name+key]), true, nil
	}
}

func newShelf() *shelf { return &shelf{tokens: map[string]int{}} }

func TestRateLimit_store(t *testing.T) {
	endless := func(string, rate.Limit, int) func(context.Context, string, int) (float64, bool, error) {
		return func(context.Context, string, int) (float64, bool, error) { return 5, true, nil }
	}
	filtertest.Run(t, filter.RateLimit(1, 10, filter.RateLimitOptions{Store: endless}))

	s := newShelf()
	one := filter.RateLimit(0.1, 10, filter.RateLimitOptions{Store: s.store, Cost: byCost})(nothing)
	two := filter.RateLimit(0.1, 10, filter.RateLimitOptions{Store: s.store, Cost: byCost})(nothing)
	other := filter.RateLimit(0.1, 10, filter.RateLimitOptions{Store: s.store, Cost: byCost, Name: "other"})(nothing)
	for i, c := range []struct {
		h      http.Handler
		cost   int
		status int
		limit  string
		retry  string
	}{
		{one, 6, 200, `"default";r=4;t=40`, ""},
		{two, 6, 429, `"default";r=4;t=40`, "20"},
		{other, 6, 200, `"other";r=4;t=40`, ""},
		{two, 4, 200, `"default";r=0;t=10`, ""},
		{one, 0, 200, `"default";r=0;t=10`, ""},
		{one, 2, 429, `"default";r=0;t=10`, "20"},
		{one, 11, 429, `"default";r=0;t=10`, ""},
	} {
		res := askAt(c.h, fmt.Sprint("/?", c.cost))
		if res.StatusCode != c.status || res.Header.Get("RateLimit") != c.limit || res.Header.Get("Retry-After") != c.retry {
			t.Errorf("request %d: got %d, RateLimit %q, Retry-After %q", i, res.StatusCode, res.Header.Get("RateLimit"), res.Header.Get("Retry-After"))
		}
	}
}

func TestRateLimit_storeKeys(t *testing.T) {
	s := newShelf()
	h := filter.RateLimit(1, 1000, filter.RateLimitOptions{Store: s.store, Key: byQuery})(nothing)
	var want []string
	for _, c := range []struct{ from, query, want string }{
		{"192.0.2.1:1", "", "@192.0.2.1"},
		{"[::ffff:192.0.2.1]:1", "", "@192.0.2.1"},
		{"[2001:db8:1:2:3:4:5:6]:1", "", "@2001:db8:1:2::/64"},
		{"[fe80::1%eth0]:1", "", "@fe80::/64"},
		{"[::]:1", "", "@::/64"},
		{"192.0.2.1", "", "@192.0.2.1"},
		{"a pipe", "", "@"},
		{"192.0.2.1:1", "@192.0.2.1", "=@192.0.2.1"},
		{"192.0.2.1:1", "ann\x00\r\n", "=ann\x00\r\n"},
		{"192.0.2.1:1", strings.Repeat("a", 1<<16), "=" + strings.Repeat("a", 1<<16)},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr, r.URL.RawQuery = c.from, c.query
		h.ServeHTTP(httptest.NewRecorder(), r)
		want = append(want, c.want)
	}
	if !slices.Equal(s.keys, want) {
		t.Errorf("\n got %q\nwant %q", s.keys, want)
	}
}

func TestRateLimit_storeDown(t *testing.T) {
	gone := errors.New("gone")
	type answer struct {
		status int
		limit  bool
	}
	for name, c := range map[string]struct {
		down func(*http.Request, error) bool
		dry  bool
		want string // of three requests to a limit of two
	}{
		"by itself each process goes on with a limit of its own": {nil, false, "[{200 true} {200 true} {429 true}]"},
		"the server may stay open": {func(*http.Request, error) bool { return true }, false,
			"[{200 false} {200 false} {200 false}]"},
		"the server may be closed": {func(*http.Request, error) bool { return false }, false,
			"[{503 false} {503 false} {503 false}]"},
		"the error is told": {func(_ *http.Request, err error) bool { return err == gone }, false,
			"[{200 false} {200 false} {200 false}]"},
		"a dry run is never closed": {func(*http.Request, error) bool { return false }, true,
			"[{200 false} {200 false} {200 false}]"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShelf()
			s.err = gone
			refused := 0
			h := filter.RateLimit(1e-6, 2, filter.RateLimitOptions{Store: s.store, StoreDown: c.down, DryRun: c.dry,
				Refused: func(_ *http.Request, after time.Duration) { refused++ }})(nothing)
			var got []answer
			for range 3 {
				res := askAt(h, "/")
				got = append(got, answer{res.StatusCode, res.Header.Get("RateLimit") != ""})
			}
			if fmt.Sprint(got) != c.want {
				t.Errorf("got %v, want %s", got, c.want)
			}
			if c.dry && refused != 3 {
				t.Errorf("Refused was told of %d requests, want 3", refused)
			}
			s.err = nil
			if res := askAt(h, "/"); res.Header.Get("RateLimit") != `"default";r=1;t=1000000` {
				t.Errorf("when the store is back, RateLimit is %q", res.Header.Get("RateLimit"))
			}
		})
	}

	t.Run("Total goes on", func(t *testing.T) {
		s := newShelf()
		s.err = gone
		h := filter.RateLimit(1, 2, filter.RateLimitOptions{Store: s.store, Total: rate.NewLimiter(0.1, 1),
			StoreDown: func(*http.Request, error) bool { return true }})(nothing)
		askAt(h, "/")
		res := askAt(h, "/")
		if res.StatusCode != 429 || res.Header.Get("Retry-After") != "10" || res.Header.Get("RateLimit") != "" {
			t.Errorf("got %d, Retry-After %q, RateLimit %q", res.StatusCode, res.Header.Get("Retry-After"), res.Header.Get("RateLimit"))
		}
	})
}
