package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// aim is something that weir is meant to keep in every row of a benchmark.
type aim struct {
	claim   string
	bench   string
	where   string // a part of the row's name that it is about; empty: every row
	unit    string
	lib     string   // empty: weir
	against []string // what counts is the ratio to the least of these; empty: the value itself
	bound   float64
	atLeast bool    // the bound is the least, not the most
	noise   float64 // the part of the bound by which two equal ones may seem to differ
}

var limiters = []string{"httprate", "tollbooth", "ulule", "sethvargo"}

var aims = []aim{
	{claim: "a stack of observing filters allocates once", bench: "Capture", where: "over=null", unit: "allocs/op", bound: 1},
	{claim: "one filter to chi's", bench: "Capture", where: "filters=1", unit: "ns/op", against: []string{"chi"}, bound: 1.0 / 2},
	{claim: "ten filters to chi's", bench: "Capture", where: "filters=10", unit: "ns/op", against: []string{"chi"}, bound: 1.0 / 10},
	{claim: "one filter to httpsnoop's", bench: "Capture", where: "filters=1", unit: "ns/op", against: []string{"httpsnoop"}, bound: 1.0 / 15},
	{claim: "throughput with five filters, % of bare", bench: "Capture", where: "over=loopback", unit: "%-of-bare", bound: 95, atLeast: true},
	{claim: "a file reaches ReadFrom", bench: "Sendfile", unit: "readfrom", bound: 1, atLeast: true},
	{claim: "allocations of a mount to StripPrefix's", bench: "Mount", unit: "allocs/op", against: []string{"stdlib"}, bound: 1},
	{claim: "gzip to gzhttp's", bench: "Compress", where: "coding=gzip", unit: "ns/op", against: []string{"gzhttp"}, bound: 1, noise: 0.03},
	{claim: "zstd to gzhttp's", bench: "Compress", where: "coding=zstd", unit: "ns/op", against: []string{"gzhttp"}, bound: 1, noise: 0.03},
	{claim: "size of the result to gzhttp's", bench: "Compress", unit: "coded", against: []string{"gzhttp"}, bound: 1},
	{claim: "a limiter's hit to the fastest other's", bench: "RateLimit", unit: "ns/op", against: limiters, bound: 1},
	{claim: "a proxy to bare ReverseProxy", bench: "Proxy", unit: "ns/op", against: []string{"stdlib", "stdlib-pooled"}, bound: 1, noise: 0.03},
	{claim: "CPU of WSGI to nginx and uWSGI", bench: "WSGI", unit: "cpu-µs/op", against: []string{"nginx+uwsgi"}, bound: 1},
	{claim: "CPU of WSGI to nginx and gunicorn", bench: "WSGI", unit: "cpu-µs/op", against: []string{"nginx+gunicorn"}, bound: 1},
	{claim: "CPU of FastCGI to nginx", bench: "FastCGI", unit: "cpu-µs/op", against: []string{"nginx"}, bound: 1},
	{claim: "MB of a default limiter after a million keys", bench: "RateLimit", unit: "MB", lib: "weir-64Ki", bound: 2.5},
	{claim: "ten filters of ten kinds to the same of others", bench: "Stack", where: "over=null", unit: "ns/op", against: []string{"chi", "gorilla"}, bound: 1, noise: 0.03},
	{claim: "allocations of these to the others'", bench: "Stack", where: "over=null", unit: "allocs/op", against: []string{"chi", "gorilla"}, bound: 1},
	{claim: "a request served at once to chi's Throttle", bench: "Concurrency", where: "request=served", unit: "ns/op", against: []string{"chi"}, bound: 1, noise: 0.03},
	{claim: "a Timeout to http.TimeoutHandler", bench: "Timeout", unit: "ns/op", against: []string{"stdlib"}, bound: 1},
	{claim: "a limiter's hit in Redis to redis_rate's", bench: "RateLimitRedis", unit: "ns/op", against: []string{"redis_rate"}, bound: 1, noise: 0.03},
}

// value returns what counts in a row.
func (a aim) value(b *benchmark, row string) (v float64, ok bool) {
	lib := "weir"
	if a.lib != "" {
		lib = a.lib
	}
	v, ok = b.median(row, lib, a.unit)
	if !ok || a.where != "" && !slices.Contains(strings.Split(row, "/"), a.where) {
		return 0, false
	}
	if len(a.against) == 0 {
		return v, true
	}
	least := math.Inf(1)
	for _, other := range a.against {
		if w, there := b.median(row, other, a.unit); there {
			least = min(least, w)
		}
	}
	return v / least, least > 0 && !math.IsInf(least, 1)
}

// worst returns the row in which the aim is furthest off, the value there and the
// geometric mean over all rows.
func (a aim) worst(b *benchmark) (row string, worst, mean float64) {
	logs, n := 0.0, 0.0
	for _, r := range b.rows {
		v, ok := a.value(b, r)
		if !ok {
			continue
		}
		logs, n = logs+math.Log(v), n+1
		if n == 1 || a.atLeast && v < worst || !a.atLeast && v > worst {
			row, worst = r, v
		}
	}
	return row, worst, math.Exp(logs / n)
}

func (a aim) verdict(worst float64) string {
	switch {
	case a.atLeast && worst >= a.bound, !a.atLeast && worst <= a.bound:
		return "holds"
	case !a.atLeast && worst <= a.bound*(1+a.noise):
		return "equal within the noise"
	}
	return "**does not hold**"
}

func (r *results) writeAims(w io.Writer) {
	fmt.Fprint(w, "### Aims\n\n| | aim | mean | worst | where that is | |\n|---|---:|---:|---:|---|---|\n")
	for _, a := range aims {
		b := r.benchmark(a.bench)
		if b == nil {
			continue
		}
		row, worst, mean := a.worst(b)
		if row == "" {
			continue
		}
		sign := "≤"
		if a.atLeast {
			sign = "≥"
		}
		fmt.Fprintf(w, "| %s | %s %s | %s | %s | %s | %s |\n",
			a.claim, sign, number(a.bound), number(mean), number(worst), plain(row), a.verdict(worst))
	}
	fmt.Fprintln(w)
}
