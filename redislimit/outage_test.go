package redislimit_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/redislimit"
)

// until waits for what sends no event, or the test has lasted too long.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(30 * time.Second); !done(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatal("in vain waited for", what)
		}
	}
}

// TestStore_outage stops Redis, and starts it again.
func TestStore_outage(t *testing.T) {
	for name, c := range map[string]struct {
		down  func(*http.Request, error) bool
		three string // the answers to three requests in the outage, to a limit of two
	}{
		"a process goes on by itself": {nil, "200 200 429"},
		"the server stays open":       {func(*http.Request, error) bool { return true }, "200 200 200"},
		"the server is closed":        {func(*http.Request, error) bool { return false }, "503 503 503"},
	} {
		t.Run(name, func(t *testing.T) {
			s, log := start(t), new(log)
			var calls atomic.Int64
			o := redislimit.Options{Timeout: time.Minute, Pause: 500 * time.Millisecond, Logger: log.logger()}
			h := filter.RateLimit(1e-9, 2, filter.RateLimitOptions{StoreDown: c.down,
				Store: redislimit.Store(s.client(t, &calls), o)})(nothing)
			three := func() string {
				return fmt.Sprint(ask(h, "/").StatusCode, ask(h, "/").StatusCode, ask(h, "/").StatusCode)
			}
			if got := three(); got != "200 200 429" || log.told() != "" {
				t.Errorf("before: got %s, and %q in the log", got, log.told())
			}

			s.stop()
			if got := three(); got != c.three {
				t.Errorf("in the outage: got %s, want %s", got, c.three)
			}
			until(t, "a second attempt", func() bool { ask(h, "/"); return calls.Load() > 5 })
			if got := log.told(); got != "down" {
				t.Errorf("the log has %q, want down", got)
			}

			s.start(t)
			until(t, "Redis to be back", func() bool { ask(h, "/"); return log.told() != "down" })
			if got := log.told(); got != "down back" {
				t.Errorf("the log has %q, want down back", got)
			}
			if got := three(); got != "200 429 429" { // it began anew, and the first one was that which found it back
				t.Errorf("after: got %s", got)
			}
		})
	}
}

// TestStore_outageCostsOneTimeout counts how often a Redis is asked that does not answer.
func TestStore_outageCostsOneTimeout(t *testing.T) {
	s, log := start(t), new(log)
	client, other := s.client(t, new(atomic.Int64)), s.client(t, nil)
	var calls atomic.Int64
	client.AddHook(counter{&calls})
	var told error
	h := filter.RateLimit(1e-9, 100, filter.RateLimitOptions{
		Store:     redislimit.Store(client, redislimit.Options{Timeout: 50 * time.Millisecond, Pause: time.Hour, Logger: log.logger()}),
		StoreDown: func(_ *http.Request, err error) bool { told = err; return false },
	})(nothing)
	if err := other.Do(t.Context(), "client", "pause", 3_600_000, "write").Err(); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if res := ask(h, "/"); res.StatusCode != 503 {
			t.Fatalf("got %d from a Redis that does not answer", res.StatusCode)
		}
	}
	if calls.Load() != 1 || log.told() != "down" {
		t.Errorf("it was asked %d times, and the log has %q", calls.Load(), log.told())
	}
	if told == nil || !strings.HasPrefix(told.Error(), "redislimit: Redis has failed, and is not asked: ") {
		t.Error("StoreDown was told", told)
	}
}

// TestStore_slow has Redis stand still, and go on.
func TestStore_slow(t *testing.T) {
	s, log := start(t), new(log)
	client, other := s.client(t, nil), s.client(t, nil)
	h := filter.RateLimit(1e-9, 3, filter.RateLimitOptions{
		Store: redislimit.Store(client, redislimit.Options{Timeout: 50 * time.Millisecond, Pause: 10 * time.Millisecond, Logger: log.logger()}),
	})(nothing)
	if err := other.Do(t.Context(), "client", "pause", 3_600_000, "write").Err(); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if ask(h, "/").StatusCode == 429 {
			break // by the memory of this process
		}
	}
	if log.told() != "down" {
		t.Errorf("the log has %q, want down", log.told())
	}
	if err := other.Do(t.Context(), "client", "unpause").Err(); err != nil {
		t.Fatal(err)
	}
	until(t, "Redis to be back", func() bool { ask(h, "/"); return strings.HasPrefix(log.told(), "down back") })
}

// TestStore_outageInTraffic stops Redis and starts it again while many ask. Nobody gets anything but an answer.
func TestStore_outageInTraffic(t *testing.T) {
	s, log := start(t), new(log)
	h := filter.RateLimit(1e-9, 1<<30, filter.RateLimitOptions{
		Store: redislimit.Store(s.client(t, nil), redislimit.Options{Timeout: 200 * time.Millisecond, Pause: 5 * time.Millisecond, Logger: log.logger()}),
	})(nothing)
	var served atomic.Int64
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for ctx.Err() == nil {
				if res := ask(h, "/"); res.StatusCode != 200 || res.Header.Get("RateLimit") == "" {
					t.Errorf("got %d, RateLimit %q", res.StatusCode, res.Header.Get("RateLimit"))
					return
				}
				served.Add(1)
			}
		})
	}
	more := func() {
		before := served.Load()
		until(t, "answers", func() bool { return served.Load() > before+100 })
	}
	for range 3 {
		more()
		s.stop()
		more()
		s.start(t)
		until(t, "Redis to be back", func() bool { return strings.HasSuffix(log.told(), "back") })
	}
	stop()
	wg.Wait()
	words := strings.Fields(log.told())
	for i, word := range words {
		if word != []string{"down", "back"}[i%2] {
			t.Errorf("the log has %q", words)
			break
		}
	}
}

// TestStore_clientGoesAway is no outage, and no way to have more.
func TestStore_clientGoesAway(t *testing.T) {
	log := new(log)
	o := patient
	o.Logger = log.logger()
	h := filter.RateLimit(1e-9, 2, filter.RateLimitOptions{Store: redislimit.Store(start(t).client(t, nil), o)})(nothing)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var got []int
	for range 3 {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(ctx, "GET", "/", nil))
		got = append(got, w.Code)
	}
	if fmt.Sprint(got) != "[200 200 429]" || log.told() != "" {
		t.Errorf("got %v, and %q in the log", got, log.told())
	}
}

// TestStore_whatIsNoBucket has something else by the key of a bucket.
func TestStore_whatIsNoBucket(t *testing.T) {
	client := start(t).client(t, nil)
	for name, put := range map[string]func(ctx context.Context, key string) error{
		"a text":           func(ctx context.Context, key string) error { return client.Set(ctx, key, "something", 0).Err() },
		"two words":        func(ctx context.Context, key string) error { return client.Set(ctx, key, "some thing", 0).Err() },
		"another type":     func(ctx context.Context, key string) error { return client.HSet(ctx, key, "a", "b").Err() },
		"an empty text":    func(ctx context.Context, key string) error { return client.Set(ctx, key, "", 0).Err() },
		"bytes of a codec": func(ctx context.Context, key string) error { return client.Set(ctx, key, "\x00\xff\r\n", 0).Err() },
	} {
		t.Run(name, func(t *testing.T) {
			if err := client.FlushAll(t.Context()).Err(); err != nil {
				t.Fatal(err)
			}
			o := patient
			o.Logger = new(log).logger()
			h := filter.RateLimit(1e-9, 5, filter.RateLimitOptions{Store: redislimit.Store(client, o),
				StoreDown: func(*http.Request, error) bool { return false }})(nothing)
			ask(h, "/")
			keys := client.Keys(t.Context(), "*").Val()
			if len(keys) != 1 {
				t.Fatal("the keys are", keys)
			}
			client.Del(t.Context(), keys[0])
			if err := put(t.Context(), keys[0]); err != nil {
				t.Fatal(err)
			}
			if res := ask(h, "/"); res.StatusCode != 503 {
				t.Errorf("got %d", res.StatusCode)
			}
		})
	}
}
