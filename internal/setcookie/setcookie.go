// Package setcookie reads the lines of the field Set-Cookie as browsers do (RFC 6265bis §5.6): no line is malformed, and
// a semicolon ends an attribute, in quotes, too. It says where things are, so that all else can stay as it is, byte by
// byte.
package setcookie

import (
	"iter"
	"strings"
)

// Blanks may stand around the parts of a line (RFC 6265 §5.2), ends of lines among them: net/http sends them as spaces.
const Blanks = " \t\r\n"

// Name returns the name of the cookie that a line sets, and where it begins in the line. A cookie without "=" has no name:
// then named is false, and name is the value that browsers send back in its place.
func Name(line string) (name string, at int, named bool) {
	pair, _, _ := strings.Cut(line, ";")
	name, _, named = strings.Cut(pair, "=")
	at = len(name) - len(strings.TrimLeft(name, Blanks))
	return strings.Trim(name, Blanks), at, named
}

// Attribute is an attribute of a cookie.
type Attribute struct {
	Begin, End int    // where it is in the line, with the semicolon before it
	Name       string // without blanks
	Value      string // all after "=", up to End
}

// maxValue is how many bytes the value of an attribute may have: browsers pass over one that has more (RFC 6265bis §5.6).
const maxValue = 1024

// Is says whether browsers take the attribute for one of this name, in any case of letters.
func (a Attribute) Is(name string) bool {
	return strings.EqualFold(a.Name, name) && len(strings.Trim(a.Value, Blanks)) <= maxValue
}

// Attributes returns the attributes of a line, in their order. Of several with one name, browsers take the last.
func Attributes(line string) iter.Seq[Attribute] {
	return func(yield func(Attribute) bool) {
		for begin := ending(line, 0); begin < len(line); {
			end := ending(line, begin+1)
			name, value, _ := strings.Cut(line[begin+1:end], "=")
			if !yield(Attribute{begin, end, strings.Trim(name, Blanks), value}) {
				return
			}
			begin = end
		}
	}
}

// ending returns where the next semicolon is, or the end of the line.
func ending(line string, from int) int {
	if n := strings.IndexByte(line[from:], ';'); n >= 0 {
		return from + n
	}
	return len(line)
}

// reserved are the prefixes of names by which browsers promise who set a cookie and how, in any case of letters (RFC
// 6265bis §4.1.3).
var reserved = [...]string{"__Host-Http-", "__Host-", "__Secure-", "__Http-"}

// Reserved returns the prefix of that kind that a name begins with, as it is written there, or "".
func Reserved(name string) string {
	for _, prefix := range reserved {
		if len(name) >= len(prefix) && strings.EqualFold(name[:len(prefix)], prefix) {
			return name[:len(prefix)]
		}
	}
	return ""
}
