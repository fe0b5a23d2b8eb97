package redislimit

import (
	"context"
	"strconv"

	"github.com/redis/go-redis/v9"
	"golang.org/x/time/rate"
)

// BucketAt returns one bucket of the script, by a clock of the test, in microseconds, in place of Redis's.
func BucketAt(client redis.UniversalClient, name string, limit rate.Limit, burst int) func(
	ctx context.Context, at int64, n int) (left float64, ok bool, err error) {
	script := redis.NewScript("local t = {ARGV[4], ARGV[5]}" + take)
	b := newBuckets("test:", name, limit, burst)
	return func(ctx context.Context, at int64, n int) (float64, bool, error) {
		sec, usec := strconv.FormatInt(at/1e6, 10), strconv.FormatInt(at%1e6, 10)
		return answer(script.Run(ctx, client, []string{b.key("@")}, b.limit, b.burst, n, sec, usec))
	}
}
