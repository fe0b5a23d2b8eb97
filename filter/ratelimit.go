package filter

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"time"

	"golang.org/x/time/rate"
)

// RateLimitOptions are the options of [RateLimit]. The zero value limits each client address by itself.
type RateLimitOptions struct {
	// Key names whom a request is counted for, by any text: a user, an API key, a tenant. Requests with equal texts
	// share one bucket. The empty text stands for the client address, so that a request that the function knows
	// nothing of is limited nevertheless (weir.When exempts requests). A text that the client may choose, such as a
	// header field that nobody checked, gives it as many buckets as it likes. Nil counts every request for its
	// client address.
	//
	// The client address is what [rewrite.Client] holds, where a filter further out has set it, or else the request's
	// RemoteAddr. IPv4 mapped into IPv6 is IPv4; of an IPv6 address the first 64 bits count, and no zone. Requests
	// whose address cannot be read share one bucket.
	Key func(*http.Request) string

	// Cost is how many tokens a request asks for, all or none. Zero, and what is below, lets a request through and
	// takes nothing. A cost above the burst is refused every time, however long the client waits: the answer has no
	// Retry-After, and no token is spent. Where the client has a hand in the cost, cap it at the burst. Nil means
	// one token for every request.
	Cost func(*http.Request) int

	// MaxKeys is the number of keys that there is room for, rounded up to a multiple of 8 (of 8 × 256 at most, in a
	// large table). They take 32 bytes each, allocated when the filter is made, and nothing beyond. The places are
	// found by hashing: about four fifths of them fill up before a key has to make room for another. Zero means
	// 65,536 keys, which are 2 MiB.
	MaxKeys int

	// Total, if not nil, is asked for the tokens of each request that its key's bucket let through: the limit of the
	// whole server, or of as much of it as shares this limiter. A request that it refuses has cost its key the tokens
	// all the same. It does not show in the fields RateLimit and RateLimit-Policy, as those would tell anybody how
	// much the server bears.
	Total *rate.Limiter

	// Name is the name of the limit in the fields RateLimit and RateLimit-Policy: several limits in one stack need
	// several names. It is printable ASCII. Empty means "default".
	Name string

	// DryRun refuses nothing. All else is as without it: requests are counted, and the fields are sent. Each request that
	// would be refused is logged, so that a limit can be tried on the traffic that there is. In Go, Refused is told of it
	// instead, if it is set.
	DryRun bool

	// Refused is told of each request that is refused, or would be but for DryRun, before it is answered. RetryAfter
	// is how long the client has to wait, [rate.InfDuration] if nobody knows. Nil logs one record to [slog.Default]
	// for each request that would be refused but for DryRun, and nothing without DryRun.
	Refused func(r *http.Request, retryAfter time.Duration)

	// Store, if not nil, keeps the buckets in place of the memory of this process, so that several processes share
	// them. Module github.com/weirhttp/weir/redislimit has one, in Redis.
	Store RateStore

	// StoreDown decides on a request that Store could not decide on, because of err: true lets it through, false
	// answers it with 503. No fields are sent then. Nil asks the buckets in this process's memory, as if there were no
	// Store: the limit goes on, for each process by itself, from full buckets.
	StoreDown func(r *http.Request, err error) bool
}

// A RateStore keeps the buckets of [RateLimit]. It is called when the filter is made, with the name of the limit, the
// tokens a second and the tokens of a full bucket; it panics if it cannot keep such buckets. The function that it
// returns asks for n tokens of the bucket of key, for each request: n is not below 0, and may be above burst. It
// returns the tokens that are left and whether the n were there, which have been taken if they were; or an error, if it
// does not know. It should have its own deadline: ctx is that of the request.
//
// A key is of any length and has any bytes, some of which a client may have chosen. It is "@" and the client address, a
// /64 of IPv6 as a prefix, or "=" and the text that RateLimitOptions.Key returned.
type RateStore func(name string, limit rate.Limit, burst int) func(
	ctx context.Context, key string, n int) (left float64, ok bool, err error)

// RateLimit returns a filter that lets through limit requests a second for each key, on average, and up to burst at
// once: each key has a token bucket that decides as a [rate.Limiter] of its own would. The buckets are made with the
// filter; bound to several handlers, it counts their requests together.
//
// A request too many is answered with 429 (RFC 6585 §4) and a Retry-After field: the whole seconds after which this key
// is let through again. (It is left out when nobody knows: when Total is a limiter that lets through nothing at all, or
// Cost above the burst.) Every answer, also of the handler, carries the fields RateLimit-Policy and RateLimit of
// draft-ietf-httpapi-ratelimit-headers-11, added to those of limits further out: q is the burst and w the seconds in
// which an empty bucket fills; r is what is left, and t the seconds in which as much flows in again, so that a client
// which spreads r requests over t seconds is never refused. Where less than a token is left, r is 0 and t the seconds
// until it is there: the Retry-After of a refusal, unless Cost asked for more. In a
// refusal by Total, r is 0 and t always the Retry-After. The fields are set before the handler runs, which may remove them.
//
// With [rate.Inf] there is no limit per key, burst and Key are without meaning, and the two fields are not sent: what is
// left is Total. A limit that is not a number or not above 0, a burst below 1 with any limit but rate.Inf, a negative
// MaxKeys, a Name that is not printable ASCII, or StoreDown without Store panics when the filter is made.
//
// The memory is fixed (see MaxKeys), there is no goroutine, and no request waits for others to be swept away. A new key
// has 16 places to choose from. It takes one that is free, or whose bucket is full again, which loses nothing; if there
// is none, that of the key which is soonest full again. So an exhausted key stays exhausted, however many new keys come
// and go, unless nearly all of the table is as deep in debt: that takes an attacker with about MaxKeys keys, who
// spends burst requests on each. (With burst 1 every key in the table is that deep; then the oldest are forgotten, after
// MaxKeys new ones, give or take a third.) What an attacker with many addresses can always do is to use each of
// them to its limit, and, when they are more than MaxKeys, some of them beyond it. That is what Total is for. (All this
// is of the memory of this process. With Store, the memory and the time are the store's.)
//
// RateLimit belongs inside of what finds out the client address and, where Key asks for the user, of authentication;
// outside of everything that costs more than it does.
func RateLimit(limit rate.Limit, burst int, o RateLimitOptions) func(http.Handler) http.Handler {
	l := newRateLimiter(limit, burst, o)
	return func(next http.Handler) http.Handler {
		if next == nil {
			panic("filter.RateLimit: next is nil")
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if l.admit(w, r) {
				next.ServeHTTP(w, r)
			}
		})
	}
}

type rateLimiter struct {
	key     func(*http.Request) string // nil: by address
	cost    func(*http.Request) int    // nil: 1
	texts   textKeyer
	limit   float64
	burst   int
	table   *rateTable // nil: not asked
	take    func(ctx context.Context, key string, n int) (left float64, ok bool, err error)
	down    func(*http.Request, error) bool
	total   *rate.Limiter
	fields  *rateFields // nil: no limit per key
	dry     bool
	refused func(*http.Request, time.Duration)
}

func newRateLimiter(limit rate.Limit, burst int, o RateLimitOptions) *rateLimiter {
	if o.Name == "" {
		o.Name = "default"
	}
	if o.DryRun && o.Refused == nil {
		o.Refused = logDryRun(o.Name)
	}
	quote(o.Name) // also where no field has it
	l := &rateLimiter{key: o.Key, cost: o.Cost, limit: float64(limit), burst: burst, down: o.StoreDown, total: o.Total,
		dry: o.DryRun, refused: o.Refused}
	switch {
	case math.IsNaN(float64(limit)) || limit <= 0:
		panic(fmt.Sprintf("filter.RateLimit: limit is %v, not more than 0", limit))
	case o.MaxKeys < 0:
		panic(fmt.Sprintf("filter.RateLimit: MaxKeys is %d, below 0", o.MaxKeys))
	case o.StoreDown != nil && o.Store == nil:
		panic("filter.RateLimit: StoreDown without a Store")
	case limit >= rate.Inf:
		return l
	case burst < 1:
		panic(fmt.Sprintf("filter.RateLimit: burst is %d, which would refuse every request", burst))
	}
	if o.MaxKeys == 0 {
		o.MaxKeys = 1 << 16
	}
	l.fields = newRateFields(o.Name, limit, burst)
	if o.Store != nil {
		l.take = o.Store(o.Name, limit, burst)
	}
	if l.down == nil {
		l.texts = newTextKeyer()
		l.table = newRateTable(limit, burst, o.MaxKeys)
	}
	return l
}

// logDryRun returns what Refused is by default, where the operator would not see a thing otherwise.
func logDryRun(name string) func(*http.Request, time.Duration) {
	return func(r *http.Request, retryAfter time.Duration) {
		slog.WarnContext(r.Context(), "rate limit: the request would be refused", "limit", name, "method", r.Method,
			"path", requestPath(r), "client", clientAddr(r), "retryAfter", retryAfter)
	}
}
