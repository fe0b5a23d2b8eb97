package bench_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-redis/redis_rate/v10"
	"github.com/redis/go-redis/v9"
	"golang.org/x/time/rate"

	"github.com/weirhttp/weir"
	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/redislimit"
)

// redisLimiters make filters that let through so many requests an hour for each
// RemoteAddr, by buckets in Redis. One that only asks Redis for an answer shows what that
// costs.
var redisLimiters = []struct {
	lib  string
	make func(client *redis.Client, limit int) weir.Filter
}{
	{"weir", func(client *redis.Client, limit int) weir.Filter {
		return filter.RateLimit(rate.Limit(float64(limit)/3600), limit, filter.RateLimitOptions{
			Key:       func(r *http.Request) string { return r.RemoteAddr },
			Store:     redislimit.Store(client, redislimit.Options{Timeout: time.Minute}),
			StoreDown: func(*http.Request, error) bool { return false },
		})
	}},
	{"redis_rate", limitRedisRate},
	{"ping", func(client *redis.Client, _ int) weir.Filter {
		return func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if client.Ping(r.Context()).Err() == nil {
					next.ServeHTTP(w, r)
				}
			})
		}
	}},
}

// limitRedisRate is what one writes by hand around redis_rate, which has no filter, so
// that the client is told as much.
func limitRedisRate(client *redis.Client, limit int) weir.Filter {
	limiter, hourly := redis_rate.NewLimiter(client), redis_rate.PerHour(limit)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			res, err := limiter.Allow(r.Context(), r.RemoteAddr, hourly)
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			w.Header().Set("RateLimit-Limit", strconv.Itoa(limit))
			w.Header().Set("RateLimit-Remaining", strconv.Itoa(res.Remaining))
			if res.Allowed == 0 {
				w.Header().Set("Retry-After", strconv.Itoa(int(res.RetryAfter/time.Second)))
				http.Error(w, "Too Many Requests", http.StatusTooManyRequests)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// BenchmarkRateLimitRedis is the cost of a request that is let through, from a thousand
// keys in turns, by one client and by eight at once, over a writer that does nothing.
func BenchmarkRateLimitRedis(b *testing.B) {
	dir, err := os.MkdirTemp("", "redis") // the name of a socket must be short
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket := filepath.Join(dir, "socket")
	newPrograms(b).start(socket, nil, "redis-server", "--port", "0", "--unixsocket", socket,
		"--save", "", "--appendonly", "no", "--dir", dir, "--daemonize", "no")
	client := redis.NewClient(&redis.Options{Network: "unix", Addr: socket, ContextTimeoutEnabled: true, ReadTimeout: -1})
	b.Cleanup(func() { _ = client.Close() })

	for _, clients := range []int{1, 8} {
		for _, l := range redisLimiters {
			b.Run(fmt.Sprintf("clients=%d/lib=%s", clients, l.lib), func(b *testing.B) {
				if err := client.FlushAll(context.Background()).Err(); err != nil {
					b.Fatal(err)
				}
				if l.lib != "ping" {
					refuses(b, l.make(client, 3))
				}
				limitRedis(b, l.make(client, plenty)(http.HandlerFunc(sayHello)), clients)
			})
		}
	}
}

func limitRedis(b *testing.B, h http.Handler, clients int) {
	keys := addresses()[:1000]
	var turn atomic.Int64
	work := func(next func() bool) {
		w, r := newNullWriter(), get("/")
		for next() {
			w.reset()
			r.RemoteAddr = keys[turn.Add(1)%int64(len(keys))]
			if h.ServeHTTP(w, r); w.status != http.StatusNotFound {
				b.Errorf("a request was answered with %d", w.status)
				return
			}
		}
	}
	b.ReportAllocs()
	if clients == 1 {
		work(b.Loop)
		return
	}
	b.SetParallelism(max(1, clients/2)) // for each of two processors
	b.RunParallel(func(each *testing.PB) { work(each.Next) })
}
