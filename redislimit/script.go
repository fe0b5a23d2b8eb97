package redislimit

import (
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"
)

// clock is the beginning of the script: the time, in seconds and microseconds.
const clock = `local t = redis.call('TIME')`

// take is the rest of it. KEYS[1] is a bucket, ARGV are the tokens a second, those of a full bucket, and those that are
// asked for. It returns whether they were there, and what is left, as text, since a number would be cut to a whole one.
//
// A bucket is so many tokens at the time of the last request that was let through, in microseconds, which a double has
// exactly until the year 2255. The steps are those of filter's rateTable and of rate.Limiter, in the same order, so that
// all three decide the same. Where the clock was set back, that time is set back, too: the clock may stay there.
// A bucket that is full is as good as none. It is kept a millisecond longer, as Redis expires keys by the millisecond, and
// not for longer than Redis can count.
const take = `
local now = t[1] * 1000000 + t[2]
local limit, burst, n = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])

local tokens, last = burst, now
local bucket = redis.call('GET', KEYS[1])
if bucket then
	local a, b = string.match(bucket, '^(%S+) (%S+)$')
	tokens, last = tonumber(a), tonumber(b)
end
local back = now < last
if not back then
	local gone = now - last
	tokens = tokens + (math.floor(gone / 1000000) + gone % 1000000 / 1000000) * limit
	tokens = math.min(tokens, burst)
end

local after = tokens - n
local ok = n <= burst and (after >= 0 or -after / limit * 1000000000 < 1)
if ok then
	tokens = after
end
if (ok or back) and tokens < burst then
	local full = math.min(math.ceil((burst - tokens) / limit * 1000) + 1, 1e15)
	redis.call('SET', KEYS[1], string.format('%.17g %.0f', tokens, now), 'PX', string.format('%.0f', full))
end
return {ok and 1 or 0, string.format('%.17g', tokens)}
`

// answer reads what the script returned.
func answer(cmd *redis.Cmd) (left float64, ok bool, err error) {
	got, err := cmd.Slice()
	if err != nil {
		return 0, false, fmt.Errorf("redislimit: %w", err)
	}
	if len(got) == 2 {
		passed, isNumber := got[0].(int64)
		text, isText := got[1].(string)
		left, err := strconv.ParseFloat(text, 64)
		if isNumber && isText && err == nil {
			return left, passed == 1, nil
		}
	}
	return 0, false, fmt.Errorf("redislimit: Redis answered %v, which the script does not", got)
}
