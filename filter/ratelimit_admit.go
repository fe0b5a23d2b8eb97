package filter

import (
	"net/http"
	"strconv"
	"time"

	"golang.org/x/time/rate"

	"github.com/weirhttp/weir/rewrite"
)

// A rateVerdict is what becomes of a request.
type rateVerdict struct {
	status int           // of the refusal; 0: the request goes on
	left   float64       // tokens; below 0: nobody knows, and no fields are sent
	next   time.Duration // until there is a token, where left is below 1
	wait   time.Duration // until a request that is refused would go on
}

// admit reports whether r may go on. It answers r when it may not.
func (l *rateLimiter) admit(w http.ResponseWriter, r *http.Request) bool {
	n := 1
	if l.cost != nil {
		n = max(l.cost(r), 0)
	}
	v := l.byKey(r, n)
	if v.status == 0 && l.total != nil && !l.total.AllowN(time.Now(), n) {
		v = l.byTotal(v, n)
	}
	if v.left >= 0 {
		l.fields.set(w.Header(), v.left, v.next)
	}
	if v.status == 0 {
		return true
	}
	if l.refused != nil {
		l.refused(r, v.wait)
	}
	if !l.dry {
		turnAway(w, v)
	}
	return l.dry
}

// byKey is the verdict of the bucket that r has.
func (l *rateLimiter) byKey(r *http.Request, n int) rateVerdict {
	if l.fields == nil {
		return rateVerdict{left: -1}
	}
	if l.take != nil {
		left, ok, err := l.take(r.Context(), l.storeKey(r), n)
		if err == nil {
			return l.verdict(n, left, ok)
		}
		if l.down != nil {
			return byDown(l.down(r, err))
		}
	}
	left, ok := l.table.take(l.keyOf(r), n, l.table.now())
	return l.verdict(n, left, ok)
}

func (l *rateLimiter) verdict(n int, left float64, ok bool) rateVerdict {
	v := rateVerdict{left: max(left, 0)}
	if left < 1 {
		v.next = rateWait(1-left, l.limit)
	}
	if !ok {
		v.status, v.wait = http.StatusTooManyRequests, l.wait(n, left)
	}
	return v
}

// wait returns when there are n tokens, where left are now.
func (l *rateLimiter) wait(n int, left float64) time.Duration {
	if n > l.burst {
		return rate.InfDuration
	}
	return max(rateWait(float64(n)-left, l.limit), 0)
}

// byDown is the verdict where nobody can count.
func byDown(pass bool) rateVerdict {
	if pass {
		return rateVerdict{left: -1}
	}
	return rateVerdict{left: -1, status: http.StatusServiceUnavailable, wait: rate.InfDuration}
}

// byTotal is the verdict on a request that its key let through with v, and Total refused.
func (l *rateLimiter) byTotal(v rateVerdict, n int) rateVerdict {
	v.status, v.wait = http.StatusTooManyRequests, totalWait(l.total, n)
	if v.left >= 0 {
		v.wait = max(v.wait, l.wait(n, v.left))
		v.left, v.next = 0, v.wait
	}
	return v
}

func (l *rateLimiter) keyOf(r *http.Request) rateKey {
	if l.key != nil {
		if s := l.key(r); s != "" {
			return l.texts.key(s)
		}
	}
	return addrKey(rewrite.ClientOf(r))
}

// storeKey is keyOf in words.
func (l *rateLimiter) storeKey(r *http.Request) string {
	if l.key != nil {
		if s := l.key(r); s != "" {
			return "=" + s
		}
	}
	return "@" + addrText(rewrite.ClientOf(r))
}

// turnAway answers a request too many.
func turnAway(w http.ResponseWriter, v rateVerdict) {
	if v.wait < rate.InfDuration { // else nobody knows
		w.Header().Set("Retry-After", strconv.FormatInt(seconds(v.wait), 10))
	}
	http.Error(w, http.StatusText(v.status), v.status)
}

// totalWait returns when l has n tokens. Somebody else may be there first.
func totalWait(l *rate.Limiter, n int) time.Duration {
	limit := float64(l.Limit())
	if limit <= 0 || l.Burst() < n {
		return rate.InfDuration // refuses it until somebody sets it anew
	}
	return max(rateWait(float64(n)-l.Tokens(), limit), 0)
}

// seconds rounds d up to whole seconds, and at least one.
func seconds(d time.Duration) int64 {
	s := int64(d / time.Second)
	if d%time.Second > 0 || s == 0 {
		s++
	}
	return s
}
