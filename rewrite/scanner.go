package rewrite

import (
	"strings"

	"github.com/weirhttp/weir/internal/token"
)

// scanner reads a field that is a list (RFC 9110 section 5.6). It goes over each byte once
// and never back.
type scanner struct {
	rest string
}

// next goes to the next element, past empty ones, and reports whether there is one.
func (s *scanner) next() bool {
	n := 0
	for n < len(s.rest) && (s.rest[n] == ' ' || s.rest[n] == '\t' || s.rest[n] == ',') {
		n++
	}
	s.rest = s.rest[n:]
	return s.rest != ""
}

// skip leaves the rest of an element that is malformed, up to the next comma.
func (s *scanner) skip() {
	if i := strings.IndexByte(s.rest, ','); i >= 0 {
		s.rest = s.rest[i:]
		return
	}
	s.rest = ""
}

// space skips optional whitespace.
func (s *scanner) space() {
	n := 0
	for n < len(s.rest) && (s.rest[n] == ' ' || s.rest[n] == '\t') {
		n++
	}
	s.rest = s.rest[n:]
}

// token reads a token, "" where there is none.
func (s *scanner) token() (name string) {
	name, s.rest = token.Cut(s.rest)
	return name
}

// quoted reads a quoted string and returns what it stands for. Where it has no end, all of
// the rest is read.
func (s *scanner) quoted() (string, bool) {
	var b strings.Builder
	for i := 1; i < len(s.rest); i++ {
		switch c := s.rest[i]; {
		case c == '"':
			s.rest = s.rest[i+1:]
			return b.String(), true
		case c == '\\' && i+1 < len(s.rest):
			i++
			b.WriteByte(s.rest[i])
		default:
			b.WriteByte(c)
		}
	}
	s.rest = ""
	return "", false
}

// value reads a token or a quoted string.
func (s *scanner) value() (string, bool) {
	if strings.HasPrefix(s.rest, `"`) {
		return s.quoted()
	}
	v := s.token()
	return v, v != ""
}

// ends reports whether the element ends here.
func (s *scanner) ends() bool {
	s.space()
	return s.rest == "" || s.rest[0] == ','
}

// parameter reads an element that is a name and a value (RFC 9110 section 11.2).
func (s *scanner) parameter() (name, value string, ok bool) {
	name = s.token()
	s.space()
	if name == "" || !strings.HasPrefix(s.rest, "=") {
		return name, "", false
	}
	s.rest = s.rest[1:]
	s.space()
	value, ok = s.value()
	return name, value, ok && s.ends()
}
