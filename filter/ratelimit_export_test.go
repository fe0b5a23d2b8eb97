package filter

import "golang.org/x/time/rate"

// RateBucket returns one bucket of RateLimit's table with a clock of its own, in nanoseconds, which no test could
// otherwise set back.
func RateBucket(limit rate.Limit, burst int) func(n int, now int64) (left float64, ok bool) {
	t := newRateTable(limit, burst, 1)
	return func(n int, now int64) (float64, bool) { return t.take(rateKey{1, 1}, n, now) }
}
