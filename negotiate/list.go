package negotiate

import (
	"strings"

	"github.com/weirhttp/weir/internal/token"
)

// list reads the elements of a field, those of all lines as one list (RFC 9110 §5.3,
// §5.6.1). It goes over each byte once and never back.
type list struct {
	lines []string
	rest  string // of the line that is being read
	said  bool   // there is an element
	bad   bool   // there is one that the grammar does not allow
}

// silent reports whether the field, read to its end, says nothing.
func (l *list) silent() bool { return l.bad || !l.said }

// next goes to the next element and reports whether there is one.
func (l *list) next() bool {
	for !l.bad {
		for l.space(); l.take(','); l.space() {
		}
		if l.rest != "" {
			l.said = true
			return true
		}
		if len(l.lines) == 0 {
			return false
		}
		l.rest, l.lines = l.lines[0], l.lines[1:]
	}
	return false
}

// end sees to it that an element ends here, and that it was as it should be.
func (l *list) end(ok bool) {
	l.space()
	l.bad = l.bad || !ok || l.rest != "" && l.rest[0] != ','
}

// space skips optional whitespace.
func (l *list) space() {
	n := 0
	for n < len(l.rest) && (l.rest[n] == ' ' || l.rest[n] == '\t') {
		n++
	}
	l.rest = l.rest[n:]
}

// take skips the byte c and reports whether it was there.
func (l *list) take(c byte) bool {
	if l.rest == "" || l.rest[0] != c {
		return false
	}
	l.rest = l.rest[1:]
	return true
}

// token reads a token, "" where there is none.
func (l *list) token() (name string) {
	name, l.rest = token.Cut(l.rest)
	return name
}

// quoted reads a quoted string (RFC 9110 §5.6.4) with its quotes.
func (l *list) quoted() string {
	for n := 1; n < len(l.rest); n++ {
		switch c := l.rest[n]; {
		case c == '"':
			s := l.rest[:n+1]
			l.rest = l.rest[n+1:]
			return s
		case c == '\\':
			n++
			l.bad = l.bad || n < len(l.rest) && control(l.rest[n])
		case control(c):
			l.bad = true
		}
	}
	l.bad, l.rest = true, ""
	return ""
}

// parameter reads a parameter with the semicolon before it (RFC 9110 §5.6.6). Its name may
// be empty, its value may be quoted.
func (l *list) parameter() (name, value string, ok bool) {
	l.space()
	if !l.take(';') {
		return "", "", false
	}
	l.space()
	name = l.token()
	switch {
	case name == "":
	case !l.take('='):
		l.bad = true
	case strings.HasPrefix(l.rest, `"`):
		value = l.quoted()
	default:
		value = l.token()
		l.bad = l.bad || value == ""
	}
	return name, value, true
}

// named reads an element that is a name, as of a coding, and its weight.
func (l *list) named() (name string, q int) {
	name, q = l.token(), most
	ok := name != ""
	if parameter, value, weighted := l.parameter(); weighted {
		q = l.weight(value)
		ok = ok && same(parameter, "q")
	}
	l.end(ok)
	return name, q
}

// Weights are counted in thousandths.
const (
	least = 1
	most  = 1000
)

// weight parses a weight, a number from 0 to 1 with at most three decimals (RFC 9110
// §12.4.2).
func (l *list) weight(s string) int {
	q, unit := 0, most
	ok := s != "" && len(s) <= len("0.123")
	for i := 0; i < len(s) && ok; i++ {
		if i == 1 {
			ok = s[i] == '.'
			continue
		}
		ok = '0' <= s[i] && s[i] <= '9'
		q += int(s[i]-'0') * unit
		unit /= 10
	}
	l.bad = l.bad || !ok || q > most
	return q
}

// control reports whether c may not be in a quoted string.
func control(c byte) bool { return c < ' ' && c != '\t' || c == 0x7f }
