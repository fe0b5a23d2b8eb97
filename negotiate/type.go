package negotiate

import (
	"net/http"
	"strings"
)

// Type returns the best of the offers, media types such as "text/html", by the field
// Accept, and whether one is acceptable (RFC 9110 §12.5.1).
//
// An offer may have parameters, and an element of the field with parameters matches only an
// offer that has them all: "application/json;version=2" is not "application/json", and to serve
// a client that writes "application/json;charset=utf-8" takes that offer, too. Their values are
// compared as they are, except those of charset, with quotes or without. A parameter q is the
// weight, wherever it stands.
func Type(h http.Header, offers ...string) (mediaType string, ok bool) {
	var room [few]choice
	choices := slots(room[:], len(offers))
	l := list{lines: h["Accept"]}
	for l.next() {
		m := l.mediaRange()
		if l.bad {
			break
		}
		for i, offer := range offers {
			choices[i].weigh(m.precedence(offer), m.q)
		}
	}
	if l.silent() {
		return first(offers)
	}
	return best(offers, choices)
}

// mediaRange is an element of Accept.
type mediaRange struct {
	name   string // type and subtype
	params string // with the weight, each with the semicolon before it
	count  int    // of the parameters, without the weight
	q      int
}

func (l *list) mediaRange() mediaRange {
	start := l.rest
	major, slash, minor := l.token(), l.take('/'), l.token()
	ok := major != "" && slash && minor != "" && (major != "*" || minor == "*")
	m := mediaRange{name: start[:len(start)-len(l.rest)], q: most}
	start = l.rest
	weighted := false
	for name, value, more := l.parameter(); more; name, value, more = l.parameter() {
		switch {
		case same(name, "q"):
			ok = ok && !weighted
			weighted, m.q = true, l.weight(value)
		case name != "":
			m.count++
		}
	}
	m.params = start[:len(start)-len(l.rest)]
	l.end(ok)
	return m
}

// precedence returns how specific m is for an offer that it matches, else 0. A named type
// counts more than any number of parameters.
func (m *mediaRange) precedence(offer string) int {
	const tier = 1 << 29
	p, end := 0, len(m.name)
	major := end - len("*")
	switch {
	case m.name == "*/*":
		p, end = 1*tier, 0
	case len(offer) >= end && same(m.name, offer[:end]) && ends(offer[end:]):
		p = 3 * tier
	case m.name[major-1:] == "/*" && len(offer) > major && same(m.name[:major], offer[:major]):
		p, end = 2*tier, major
	}
	if p == 0 || m.count > 0 && !m.within(offer[end:]) {
		return 0
	}
	return p + min(m.count, tier-1)
}

// ends reports whether a media type has ended where rest begins.
func ends(rest string) bool { return rest == "" || strings.IndexByte("; \t", rest[0]) >= 0 }

// within reports whether all parameters of m are among those of an offer.
func (m *mediaRange) within(offer string) bool {
	semicolon := strings.IndexByte(offer, ';')
	if semicolon < 0 {
		return false
	}
	params := offer[semicolon:]
	l := list{rest: m.params}
	for name, value, more := l.parameter(); more; name, value, more = l.parameter() {
		if name != "" && !same(name, "q") && !has(params, name, value) {
			return false
		}
	}
	return true
}

// has reports whether the parameters have one of that name and value.
func has(params, name, value string) bool {
	l := list{rest: params}
	for n, v, more := l.parameter(); more; n, v, more = l.parameter() {
		if same(n, name) && sameValue(v, value, same(name, "charset")) {
			return true
		}
	}
	return false
}

// sameValue compares values of parameters, each of which may be a token or a quoted string.
func sameValue(a, b string, fold bool) bool {
	a, b = inner(a), inner(b)
	for a != "" && b != "" {
		var x, y string
		x, a = character(a)
		y, b = character(b)
		if x != y && !(fold && same(x, y)) {
			return false
		}
	}
	return a == b
}

// inner takes the quotes off.
func inner(s string) string {
	if strings.HasPrefix(s, `"`) {
		return s[1 : len(s)-1]
	}
	return s
}

// character cuts off the first byte of what was in quotes.
func character(s string) (c, rest string) {
	if s[0] == '\\' && len(s) > 1 {
		s = s[1:]
	}
	return s[:1], s[1:]
}
