package redislimit_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/weirhttp/weir/redislimit"
	"golang.org/x/time/rate"
)

// TestStore_names has every two buckets that are not one by names of their own, which nobody can make look like
// another, whatever is in them.
func TestStore_names(t *testing.T) {
	client := start(t).client(t, nil)
	store := redislimit.Store(client, patient)
	nasty := []string{"", "a", "a:b", `a"`, `a\`, `a\"`, `"a"`, "@192.0.2.1", "=a", "#a", "{a}", "*", "?", "[a]", " ", `\x20`,
		"a\r\nDEL x\r\n", "\x00", "\xff", "ü", "\u00fc\u200b", strings.Repeat("a", 63), strings.Repeat("a", 64), strings.Repeat("a", 1<<17)}
	n := 0
	once := func(name string, limit rate.Limit, burst int, who string) {
		left, ok, err := store(name, limit, burst)(t.Context(), who, 1)
		if left != float64(burst-1) || !ok || err != nil {
			t.Errorf("the bucket of %.80q in %.80q, of limit %v and burst %d, is another's: %v, %v, %v", who, name, limit, burst, left, ok, err)
		}
		n++
	}
	for _, name := range nasty {
		once(name, 1e-9, 3, "@192.0.2.1")
		once(name, 1e-8, 3, "@192.0.2.1")
		once(name, 1e-9, 4, "@192.0.2.1")
	}
	for _, who := range nasty {
		once("name", 1e-9, 3, "="+who)
		once("name", 1e-9, 3, "@"+who) // which RateLimit would not give
	}
	for _, who := range []string{"@192.0.2.2", "@2001:db8::/64", "=192.0.2.2", "=2001:db8::/64", "#192.0.2.1"} {
		once("name", 1e-9, 3, who)
	}
	keys := client.Keys(t.Context(), "weir:*").Val()
	if len(keys) != n {
		t.Errorf("%d buckets have %d keys", n, len(keys))
	}
	plain := 0
	for _, key := range keys {
		if i := strings.IndexFunc(key, func(c rune) bool { return c <= ' ' || c > '~' }); i >= 0 {
			t.Errorf("key %q has %q", key, key[i])
		}
		if strings.Contains(key, `"name"`) && len(key) > 100 {
			t.Errorf("key %q has a length of %d", key, len(key))
		}
		if strings.HasSuffix(key, `"name"@192.0.2.2`) {
			plain++
		}
	}
	if plain != 1 {
		t.Errorf("%d keys are that of address 192.0.2.2", plain)
	}
}

func TestStore_prefix(t *testing.T) {
	client := start(t).client(t, nil)
	for _, prefix := range []string{"one:", "two:"} {
		take := redislimit.Store(client, redislimit.Options{Timeout: time.Minute, Prefix: prefix})("default", 1e-9, 1)
		if _, ok, err := take(t.Context(), "@", 1); !ok || err != nil {
			t.Error(prefix, ok, err)
		}
		if keys := client.Keys(t.Context(), prefix+"*").Val(); len(keys) != 1 {
			t.Error("the keys are", keys)
		}
	}
}

// TestStore_expiry has each key expire when its bucket is full, not before, and not much later.
func TestStore_expiry(t *testing.T) {
	client := start(t).client(t, nil)
	store := redislimit.Store(client, patient)
	for name, c := range map[string]struct {
		limit rate.Limit
		burst int
		n     int
		want  int64 // milliseconds
	}{
		"a bucket of which one is taken":  {0.01, 50, 1, 100_001},
		"one of which all is taken":       {0.01, 50, 50, 5_000_001},
		"one of which nothing is taken":   {0.01, 50, 0, 0},
		"one that is asked for too much":  {0.01, 50, 51, 0},
		"one that is full after ages":     {1e-300, math.MaxInt32, 1, 1e15},
		"one that is full before you ask": {1e300, 1, 1, 2},
	} {
		t.Run(name, func(t *testing.T) {
			if err := client.FlushAll(t.Context()).Err(); err != nil {
				t.Fatal(err)
			}
			if _, _, err := store("default", c.limit, c.burst)(t.Context(), "@", c.n); err != nil {
				t.Fatal(err)
			}
			got := int64(0)
			if keys := client.Keys(t.Context(), "*").Val(); len(keys) == 1 {
				got, _ = client.Do(t.Context(), "pttl", keys[0]).Int64()
			}
			// Some time has gone since, of which nobody knows how much.
			if got > c.want || got < c.want-50_000 {
				t.Errorf("expires in %d ms, want %d", got, c.want)
			}
		})
	}

	take := store("default", 200, 4)
	for i := range 20 {
		if _, _, err := take(t.Context(), fmt.Sprint("=", i), 4); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "all keys to expire", func() bool { return len(client.Keys(t.Context(), "*#*").Val()) == 0 })
}
