package rewrite

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// RequestDirectives are what a request's Cache-Control asks of caches (RFC 9111 section
// 5.2.1). A nil duration is a directive that is not there, which is something else than 0.
// Directives that only answers have are not here: they would say nothing.
//
// Set makes a header of them, and is an edit for RequestHeader.
type RequestDirectives struct {
	// MaxAge is how old an answer may be, MinFresh how long it is to be fresh yet, and
	// MaxStale how long it may be stale: math.MaxInt64 stands for a max-stale without a
	// number, however long.
	MaxAge, MinFresh, MaxStale *time.Duration

	// StaleIfError is how long a stale answer may be used where there is an error (RFC 5861).
	StaleIfError *time.Duration

	NoCache, NoStore, NoTransform, OnlyIfCached bool

	// Others are directives that are not known here, as they are written: `name="value"`.
	Others []string
}

// ResponseDirectives are what an answer's Cache-Control tells caches (RFC 9111 section
// 5.2.2, RFC 5861, RFC 8246). A nil duration is a directive that is not there.
//
// Set makes a header of them, and is an edit for ResponseHeader.
type ResponseDirectives struct {
	// MaxAge is how long the answer is fresh, and SMaxAge how long it is in caches that
	// several users share.
	MaxAge, SMaxAge *time.Duration

	StaleWhileRevalidate, StaleIfError *time.Duration

	// NoCache and Private are about the whole answer. NoCacheFields and PrivateFields are
	// the fields that they are about where they name some.
	NoCache, Private             bool
	NoCacheFields, PrivateFields []string

	Public, NoStore, NoTransform, MustRevalidate, ProxyRevalidate, MustUnderstand, Immutable bool

	// Others are directives that are not known here, as they are written: `name="value"`.
	Others []string
}

// RequestCacheControl returns what the Cache-Control of a request's header says. Names are
// compared in any case of letters, values may be quoted, and of a directive that is there
// twice the first counts (RFC 9111 section 4.2.1). An element that the grammar does not
// allow is left out, and so is a time that is no number, except max-age: that is 0, so that
// nothing is used without asking. Times stop at 2^31 seconds.
func RequestCacheControl(h http.Header) RequestDirectives {
	var d RequestDirectives
	readDirectives(h, d.known(), &d.Others)
	return d
}

// ResponseCacheControl returns what the Cache-Control of an answer's header says. It is read
// as RequestCacheControl does it, and s-maxage is 0 as well where it is no number.
func ResponseCacheControl(h http.Header) ResponseDirectives {
	var d ResponseDirectives
	readDirectives(h, d.known(), &d.Others)
	return d
}

// Set makes the directives the Cache-Control of h, or removes it when there are none. Times
// are written in whole seconds, rounded down, and a negative one is 0.
func (d RequestDirectives) Set(h http.Header) { setDirectives(h, d.known(), d.Others) }

// Set makes the directives the Cache-Control of h, or removes it when there are none. Times
// are written in whole seconds, rounded down, and a negative one is 0.
func (d ResponseDirectives) Set(h http.Header) { setDirectives(h, d.known(), d.Others) }

// directive is a known directive and where its value is kept. One of the places is there,
// or both flag and fields.
type directive struct {
	name   string
	flag   *bool
	age    **time.Duration
	fields *[]string
}

func (d *RequestDirectives) known() []directive {
	return []directive{
		{name: "no-cache", flag: &d.NoCache},
		{name: "no-store", flag: &d.NoStore},
		{name: "no-transform", flag: &d.NoTransform},
		{name: "only-if-cached", flag: &d.OnlyIfCached},
		{name: "max-age", age: &d.MaxAge},
		{name: "min-fresh", age: &d.MinFresh},
		{name: "max-stale", age: &d.MaxStale},
		{name: "stale-if-error", age: &d.StaleIfError},
	}
}

func (d *ResponseDirectives) known() []directive {
	return []directive{
		{name: "public", flag: &d.Public},
		{name: "private", flag: &d.Private, fields: &d.PrivateFields},
		{name: "no-cache", flag: &d.NoCache, fields: &d.NoCacheFields},
		{name: "no-store", flag: &d.NoStore},
		{name: "no-transform", flag: &d.NoTransform},
		{name: "must-revalidate", flag: &d.MustRevalidate},
		{name: "proxy-revalidate", flag: &d.ProxyRevalidate},
		{name: "must-understand", flag: &d.MustUnderstand},
		{name: "immutable", flag: &d.Immutable},
		{name: "max-age", age: &d.MaxAge},
		{name: "s-maxage", age: &d.SMaxAge},
		{name: "stale-while-revalidate", age: &d.StaleWhileRevalidate},
		{name: "stale-if-error", age: &d.StaleIfError},
	}
}

// readDirectives reads the elements of Cache-Control into the known directives and others.
func readDirectives(h http.Header, known []directive, others *[]string) {
	for _, line := range h["Cache-Control"] {
		s := scanner{rest: line}
		for s.next() {
			whole := s.rest
			name, value, said, ok := s.directive()
			if !ok {
				s.skip()
				continue
			}
			d := find(known, name)
			if d == nil {
				*others = append(*others, trim(whole[:len(whole)-len(s.rest)]))
				continue
			}
			d.read(value, said)
		}
	}
}

// directive reads an element of Cache-Control, a name that may have a value. A malformed
// one is put back, so that a quote without an end hides nothing. What is put back has no
// other quote behind an "=" in it, so that no byte is read more than twice.
func (s *scanner) directive() (name, value string, said, ok bool) {
	name = s.token()
	if name == "" || !strings.HasPrefix(s.rest, "=") {
		return name, "", false, name != "" && s.ends()
	}
	s.rest = s.rest[1:]
	behind := s.rest
	value, ok = s.value()
	if ok = ok && s.ends(); !ok {
		s.rest = behind
	}
	return name, value, true, ok
}

func find(known []directive, name string) *directive {
	for i := range known {
		if strings.EqualFold(known[i].name, name) {
			return &known[i]
		}
	}
	return nil
}

// read takes the value of a directive, unless it has one.
func (d *directive) read(value string, said bool) {
	switch {
	case d.age != nil:
		if *d.age == nil {
			*d.age = d.readAge(value, said)
		}
	case said && d.fields != nil:
		s := scanner{rest: value}
		for s.next() {
			if name := s.token(); name != "" && s.ends() {
				*d.fields = append(*d.fields, name)
			} else {
				s.skip()
			}
		}
	default:
		*d.flag = true
	}
}

// readAge reads a number of seconds (RFC 9111 section 1.2.2).
func (d *directive) readAge(value string, said bool) *time.Duration {
	if !said && d.name == "max-stale" {
		return new(time.Duration(math.MaxInt64))
	}
	if value == "" || strings.Trim(value, "0123456789") != "" {
		if strings.HasSuffix(d.name, "-maxage") || d.name == "max-age" {
			return new(time.Duration(0))
		}
		return nil
	}
	seconds, err := strconv.ParseInt(value, 10, 64)
	if err != nil || seconds > maxAge {
		seconds = maxAge
	}
	return new(time.Duration(seconds) * time.Second)
}

// maxAge is the longest time that a cache has to know, in seconds.
const maxAge = 1 << 31

func setDirectives(h http.Header, known []directive, others []string) {
	var list []string
	for _, d := range known {
		list = d.write(list)
	}
	if list = append(list, others...); len(list) == 0 {
		delete(h, "Cache-Control")
		return
	}
	h["Cache-Control"] = []string{strings.Join(list, ", ")}
}

// write adds the directive to list where there is something to say.
func (d directive) write(list []string) []string {
	switch {
	case d.age != nil && *d.age != nil:
		age := **d.age
		if age == math.MaxInt64 && d.name == "max-stale" {
			return append(list, d.name)
		}
		seconds := min(max(int64(age/time.Second), 0), maxAge)
		return append(list, d.name+"="+strconv.FormatInt(seconds, 10))
	case d.flag != nil && *d.flag:
		list = append(list, d.name)
	}
	if d.fields != nil && len(*d.fields) > 0 {
		list = append(list, d.name+`="`+strings.Join(*d.fields, ", ")+`"`)
	}
	return list
}
