package filter

import (
	"errors"
	"math"
	"strings"
)

// byteRange is a range as it is asked for: from first to last, or the last suffix bytes if first is below 0.
type byteRange struct{ first, last, suffix int64 }

var (
	errManyRanges = errors.New("too many ranges")
	errNoRanges   = errors.New("no ranges")
)

// parseRanges reads a Range field of up to most ranges (RFC 9110 §14.1.2, §14.2). It counts also what is no range: other
// readers may be less strict.
func parseRanges(lines []string, most int) (all []byteRange, err error) {
	switch {
	case len(lines) == 0:
		return nil, errNoRanges
	case len(lines) > 1:
		return nil, errManyRanges // the field is no list
	}
	unit, set, _ := strings.Cut(lines[0], "=")
	if !strings.EqualFold(unit, "bytes") {
		return nil, errNoRanges
	}
	for count := 0; set != ""; {
		var element string
		element, set, _ = strings.Cut(set, ",")
		if element = strings.Trim(element, " \t"); element == "" {
			continue
		}
		if count++; count > most {
			return nil, errManyRanges
		}
		r, ok := parseRange(element)
		if !ok {
			err = errNoRanges
		}
		all = append(all, r)
	}
	if all == nil {
		err = errNoRanges
	}
	return all, err
}

func parseRange(s string) (r byteRange, ok bool) {
	first, last, ok := strings.Cut(s, "-")
	switch {
	case !ok, first == "" && last == "":
		return r, false
	case first == "":
		r.first = -1
		r.suffix, ok = decimal(last)
		return r, ok
	}
	r.first, ok = decimal(first)
	if r.last = math.MaxInt64; last != "" && ok {
		r.last, ok = decimal(last)
	}
	return r, ok && r.first <= r.last
}

// decimal reads a number, or one as large as can be if it is larger (RFC 9110 §14.1.2).
func decimal(s string) (n int64, ok bool) {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, false
		}
		if d := int64(c - '0'); n > (math.MaxInt64-d)/10 {
			n = math.MaxInt64
		} else {
			n = 10*n + d
		}
	}
	return n, s != ""
}

// span is a part of a body: from start to before end.
type span struct{ start, end int64 }

// resolve finds the ranges that there are in a body of size bytes.
func resolve(asked []byteRange, size int64) []span {
	spans := make([]span, 0, len(asked))
	for _, r := range asked {
		s := span{r.first, min(r.last, size-1) + 1}
		if r.first < 0 {
			s = span{size - min(r.suffix, size), size}
		}
		if s.start < s.end {
			spans = append(spans, s)
		}
	}
	return spans
}

// inOrder says whether spans can be sent while the body comes.
func inOrder(spans []span) bool {
	var end int64
	for _, s := range spans {
		if s.start < end {
			return false
		}
		end = s.end
	}
	return true
}

func totalOf(spans []span) (n int64) {
	for _, s := range spans {
		n += s.end - s.start
	}
	return n
}
