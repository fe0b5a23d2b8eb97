package filter

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"golang.org/x/time/rate"
)

// RateLimitOptions are the options of [RateLimit]. The zero value limits each client address by itself.
type RateLimitOptions struct {
	// Key names whom a request is counted for, by any text: a user, an API key, a tenant. Requests with equal texts
	// share one bucket. The empty text stands for the client address, so that a request that the function knows
	// nothing of is limited nevertheless (weir.When exempts requests). A text that the client may choose, such as a
	// header field that nobody checked, gives him as many buckets as he likes. Nil counts every request for its
	// client address.
	//
	// The client address is what [rewrite.Client] holds, where a filter further out has set it, or else the request's
	// RemoteAddr. IPv4 mapped into IPv6 is IPv4; of an IPv6 address the first 64 bits count, and no zone. Requests
	// whose address cannot be read share one bucket.
	Key func(*http.Request) string

	// MaxKeys is the number of keys that there is room for, rounded up to a multiple of 8 (of 8 × 256 at most, in a
	// large table). They take 32 bytes each, allocated when the filter is made, and nothing beyond. The places are
	// found by hashing: about four fifths of them fill up before a key has to make room for another. Zero means
	// 65,536 keys, which are 2 MiB.
	MaxKeys int

	// Total, if not nil, is asked for one token of each request that its key's bucket let through: the limit of the
	// whole server, or of as much of it as shares this limiter. A request that it refuses has cost its key a token
	// all the same. It does not show in the fields RateLimit and RateLimit-Policy, as those would tell anybody how
	// much the server bears.
	Total *rate.Limiter

	// Name is the name of the limit in the fields RateLimit and RateLimit-Policy: several limits in one stack need
	// several names. It is printable ASCII. Empty means "default".
	Name string
}

// RateLimit returns a filter that lets through limit requests a second for each key, on average, and up to burst at
// once: each key has a token bucket that decides as a [rate.Limiter] of its own would. The buckets are made with the
// filter; bound to several handlers, it counts their requests together.
//
// A request too many is answered with 429 (RFC 6585 §4) and a Retry-After field: the whole seconds after which this key
// is let through again. (It is left out when Total is a limiter that lets through nothing at all.) Every answer, also of
// the handler, carries the fields RateLimit-Policy and RateLimit of draft-ietf-httpapi-ratelimit-headers-11, added to
// those of limits further out: q is the burst and w the seconds in which an empty bucket fills; r is what is left, and
// t the seconds in which as much flows in again, so that a client which spreads r requests over t seconds is never
// refused. A refusal says r=0, and t is its Retry-After. The fields are set before the handler runs, which may
// remove them.
//
// With [rate.Inf] there is no limit per key, burst and Key are without meaning, and the two fields are not sent: what is
// left is Total. A limit that is not a number or not above 0, a burst below 1 with any limit but rate.Inf, a negative
// MaxKeys, or a Name that is not printable ASCII panics when the filter is made.
//
// The memory is fixed (see MaxKeys), there is no goroutine, and no request waits for others to be swept away. A new key
// has 16 places to choose from. It takes one that is free, or whose bucket is full again, which loses nothing; if there
// is none, that of the key which is soonest full again. So an exhausted key stays exhausted, however many new keys come
// and go, unless nearly all of the table is as deep in debt: that takes an attacker with about MaxKeys keys, who
// spends burst requests on each. (With burst 1 every key in the table is that deep; then the oldest are forgotten, after
// MaxKeys new ones, give or take a third.) What an attacker with many addresses can always do is to use each of
// them to its limit, and, when they are more than MaxKeys, some of them beyond it. That is what Total is for.
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
	key    func(*http.Request) string // nil: by address
	texts  textKeyer
	table  *rateTable // nil: no limit per key
	total  *rate.Limiter
	fields *rateFields
}

func newRateLimiter(limit rate.Limit, burst int, o RateLimitOptions) *rateLimiter {
	l := &rateLimiter{key: o.Key, total: o.Total}
	switch {
	case math.IsNaN(float64(limit)) || limit <= 0:
		panic(fmt.Sprintf("filter.RateLimit: limit is %v, not more than 0", limit))
	case o.MaxKeys < 0:
		panic(fmt.Sprintf("filter.RateLimit: MaxKeys is %d, below 0", o.MaxKeys))
	case limit >= rate.Inf:
		return l
	case burst < 1:
		panic(fmt.Sprintf("filter.RateLimit: burst is %d, which would refuse every request", burst))
	}
	if o.MaxKeys == 0 {
		o.MaxKeys = 1 << 16
	}
	if o.Name == "" {
		o.Name = "default"
	}
	l.texts = newTextKeyer()
	l.table = newRateTable(limit, burst, o.MaxKeys)
	l.fields = newRateFields(o.Name, burst, l.table)
	return l
}

// admit reports whether r may go on. It answers r when it may not.
func (l *rateLimiter) admit(w http.ResponseWriter, r *http.Request) bool {
	var wait time.Duration
	var left float64
	ok := true
	if l.table != nil {
		if left, ok = l.table.take(l.keyOf(r), l.table.now()); left < 1 {
			wait = l.table.wait(1 - left)
		}
	}
	if ok && l.total != nil && !l.total.Allow() {
		ok = false
		wait = max(wait, totalWait(l.total))
	}
	if !ok {
		l.refuse(w, wait)
	} else if l.fields != nil {
		l.fields.set(w.Header(), left, wait)
	}
	return ok
}

func (l *rateLimiter) keyOf(r *http.Request) rateKey {
	if l.key != nil {
		if s := l.key(r); s != "" {
			return l.texts.key(s)
		}
	}
	return clientKey(r)
}

func (l *rateLimiter) refuse(w http.ResponseWriter, wait time.Duration) {
	after := seconds(wait)
	if l.fields != nil {
		l.fields.add(w.Header(), l.fields.text(0, after))
	}
	if wait < rate.InfDuration { // else nobody knows
		w.Header().Set("Retry-After", strconv.FormatInt(after, 10))
	}
	http.Error(w, http.StatusText(http.StatusTooManyRequests), http.StatusTooManyRequests)
}

// totalWait returns when l has its next token. Somebody else may be there first.
func totalWait(l *rate.Limiter) time.Duration {
	limit := float64(l.Limit())
	if limit <= 0 || l.Burst() < 1 {
		return rate.InfDuration // refuses everything until somebody sets it anew
	}
	return max(rateWait(1-l.Tokens(), limit), 0)
}

// seconds rounds d up to whole seconds, and at least one.
func seconds(d time.Duration) int64 {
	s := int64(d / time.Second)
	if d%time.Second > 0 || s == 0 {
		s++
	}
	return s
}
