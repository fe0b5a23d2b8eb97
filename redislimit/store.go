// Package redislimit keeps the buckets of filter.RateLimit in Redis, so that one limit holds over several processes:
//
//	client := redis.NewClient(&redis.Options{Addr: "localhost:6379", ContextTimeoutEnabled: true})
//	limit := filter.RateLimit(10, 50, filter.RateLimitOptions{
//		Store: redislimit.Store(client, redislimit.Options{}),
//	})
//
// It is a module of its own: what does not import it does not have Redis's client in its go.sum.
//
// # Buckets
//
// Each request that is counted is one call of a Lua script, which reads Redis's clock, so that processes need not agree
// on the time. It decides as the buckets in memory do, and as a [rate.Limiter] of its own would. That is GCRA, with
// the tokens and the time beside each other in place of their sum, which is rounded for fast limits. A clock that is
// set back, or another's after a failover, takes no token from anybody.
//
// Limits whose name, tokens a second and burst are equal share their buckets, in whichever process or stack. Those of
// other sites in one Redis need another Prefix, or a Name of their own. A new limit or burst begins with full
// buckets.
//
// A bucket is a string of about 30 bytes by a key of about 100. It expires when it is full again: what is there is
// what was asked for within the last burst/limit seconds. It is good to give Redis a maxmemory, with
// maxmemory-policy volatile-ttl, which forgets the fullest buckets first. Redis needs to be of version 5 or
// above; Valkey will do, too.
//
// The names of keys are ASCII without spaces. Client addresses stand there as they are, and texts of
// RateLimitOptions.Key as their SHA-256, since they may be secret, or long.
//
// # Outages
//
// An answer that takes longer than Options.Timeout is none. When there is none, or an error, the store
// says so to RateLimit, where RateLimitOptions.StoreDown decides: the buckets in memory go on with the limit, in each process by
// itself, or the server is open, or closed. From then on Redis is not asked at all for Options.Pause, and after that by one
// request each pause, until it answers. So an outage costs each request that is there when it begins its Timeout, and
// then one request each Pause. The beginning and the end are logged, once each.
//
// A client that goes away while Redis is asked is none of that: the store waits for the answer, and the tokens are
// spent. Where go-redis asks again because a connection broke (redis.Options.MaxRetries), a request may be counted more
// than once, and never less.
package redislimit

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/time/rate"
)

// Options are the options of [Store]. The zero value is right for most programs.
type Options struct {
	// Prefix begins the names of all keys. Nobody else should have keys that begin so. Empty means "weir:".
	Prefix string

	// Timeout is how long a request waits for Redis, all attempts of the client together. Zero means 100 ms.
	Timeout time.Duration

	// Pause is how long Redis is left alone when it has failed. Zero means one second.
	Pause time.Duration

	// Logger gets a record when Redis fails, and one when it is back. Nil means [slog.Default], asked for each time.
	Logger *slog.Logger
}

// Store returns a store for filter.RateLimitOptions. Several limits may have it, and share what it knows of an outage.
//
// The client may be a redis.Client, also of a sentinel, a redis.ClusterClient or a redis.Ring. It has to be made with
// ContextTimeoutEnabled, or else Timeout would not hold, and stays the caller's, who closes it when nothing
// is served any more. A client without that, nil, or a negative Timeout or Pause panics.
func Store(client redis.UniversalClient, o Options) func(name string, limit rate.Limit, burst int) func(
	ctx context.Context, key string, n int) (left float64, ok bool, err error) {
	switch {
	case client == nil:
		panic("redislimit.Store: client is nil")
	case !minds(client):
		panic("redislimit.Store: client is without ContextTimeoutEnabled, so that Timeout would not hold: set it in the options of the client")
	case o.Timeout < 0:
		panic(fmt.Sprintf("redislimit.Store: Timeout is %v, below 0", o.Timeout))
	case o.Pause < 0:
		panic(fmt.Sprintf("redislimit.Store: Pause is %v, below 0", o.Pause))
	}
	if o.Prefix == "" {
		o.Prefix = "weir:"
	}
	if o.Timeout == 0 {
		o.Timeout = 100 * time.Millisecond
	}
	if o.Pause == 0 {
		o.Pause = time.Second
	}
	s := &store{client: client, script: redis.NewScript(clock + take), timeout: o.Timeout, circuit: circuit{pause: o.Pause, logger: o.Logger}}
	return func(name string, limit rate.Limit, burst int) func(context.Context, string, int) (float64, bool, error) {
		b := newBuckets(o.Prefix, name, limit, burst)
		return func(ctx context.Context, key string, n int) (float64, bool, error) { return s.take(ctx, b, key, n) }
	}
}

// minds says whether a client minds the deadline of a context while it waits for an answer.
func minds(client redis.UniversalClient) bool {
	switch c := client.(type) {
	case *redis.Client:
		return c.Options().ContextTimeoutEnabled
	case *redis.ClusterClient:
		return c.Options().ContextTimeoutEnabled
	case *redis.Ring:
		return c.Options().ContextTimeoutEnabled
	}
	return true // somebody else's client, which is not known here
}

type store struct {
	client  redis.UniversalClient
	script  *redis.Script
	timeout time.Duration
	circuit circuit
}

// take asks for n tokens of the bucket of key.
func (s *store) take(ctx context.Context, b buckets, key string, n int) (left float64, ok bool, err error) {
	if err := s.circuit.open(); err != nil {
		return 0, false, err
	}
	// Who goes away must not look like an outage, or anybody could make one.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.timeout)
	defer cancel()
	began := time.Now()
	left, ok, err = answer(s.script.Run(ctx, s.client, []string{b.key(key)}, b.limit, b.burst, n))
	s.circuit.report(ctx, began, err)
	return left, ok, err
}
