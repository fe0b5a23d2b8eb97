package filter

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"
)

// rateFields writes the fields RateLimit-Policy and RateLimit of draft-ietf-httpapi-ratelimit-headers-11, which are
// lists of strings with parameters (RFC 9651 §3.1, §3.3.3).
type rateFields struct {
	policy string
	head   string // of every RateLimit item, up to the value of r
	limit  float64
	ready  []string // the items of 1, 2, … tokens left, since those do not depend on anything else
}

const (
	maxReady   = 256
	maxInteger = 999_999_999_999_999 // RFC 9651 §3.3.1
)

func newRateFields(name string, limit rate.Limit, burst int) *rateFields {
	f := &rateFields{limit: float64(limit)}
	quoted := quote(name)
	f.head = quoted + ";r="
	f.policy = quoted + ";q=" + strconv.FormatInt(min(int64(burst), maxInteger), 10) + ";w=" + strconv.FormatInt(f.refill(burst), 10)
	for r := range min(burst, maxReady) {
		f.ready = append(f.ready, f.text(int64(r+1), f.refill(r+1)))
	}
	return f
}

// quote returns name as a string of RFC 9651 §3.3.3.
func quote(name string) string {
	for i := range len(name) {
		if name[i] < ' ' || name[i] > '~' {
			panic(fmt.Sprintf("filter.RateLimit: Name is %q, not printable ASCII", name))
		}
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `"`
}

// refill returns the seconds in which n tokens flow in.
func (f *rateFields) refill(n int) int64 { return seconds(rateWait(float64(n), f.limit)) }

// set tells of left tokens, and of when there is the next one where there is none left.
func (f *rateFields) set(h http.Header, left float64, next time.Duration) {
	r := int64(min(left, maxInteger))
	switch {
	case r <= 0:
		f.add(h, f.text(0, seconds(next)))
	case r <= int64(len(f.ready)):
		f.add(h, f.ready[r-1])
	default:
		f.add(h, f.text(r, seconds(rateWait(float64(r), f.limit))))
	}
}

func (f *rateFields) text(r, t int64) string {
	b := make([]byte, 0, 64)
	b = append(b, f.head...)
	b = strconv.AppendInt(b, r, 10)
	b = append(b, ";t="...)
	b = strconv.AppendInt(b, t, 10)
	return string(b)
}

// add sets both fields, behind those of limits further out. The two values share one allocation, and nothing else.
func (f *rateFields) add(h http.Header, item string) {
	v := []string{f.policy, item}
	h["Ratelimit-Policy"] = join(h["Ratelimit-Policy"], v[0:1:1])
	h["Ratelimit"] = join(h["Ratelimit"], v[1:2:2])
}

func join(have, more []string) []string {
	if len(have) == 0 {
		return more
	}
	return append(slices.Clip(have), more...)
}
