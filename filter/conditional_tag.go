package filter

import "strings"

// listsTag says whether a list of entity tags has one that is the same as etag, or is "*", which any answer matches. A list
// that is malformed is not ok (RFC 9110 §13.1.1, §13.1.2, §8.8.3).
func listsTag(lines []string, etag string, same func(a, b string) bool) (named, ok bool) {
	if len(lines) == 1 && strings.Trim(lines[0], " \t") == "*" {
		return true, true
	}
	for _, line := range lines {
		for rest := strings.TrimLeft(line, " \t,"); rest != ""; {
			n := lenETag(rest)
			if n == 0 {
				return false, false
			}
			named, ok = named || same(rest[:n], etag), true
			rest = strings.TrimLeft(rest[n:], " \t")
			if rest != "" && rest[0] != ',' {
				return false, false
			}
			rest = strings.TrimLeft(rest, " \t,")
		}
	}
	return named, ok
}

// strongly and weakly compare an entity tag with another one, or none (RFC 9110 §8.8.3.2).
func strongly(a, b string) bool { return a == b && a[0] == '"' }
func weakly(a, b string) bool   { return strings.TrimPrefix(a, "W/") == strings.TrimPrefix(b, "W/") }

// lenETag is the length of the entity tag that s begins with, 0 if there is none.
func lenETag(s string) int {
	start := 1
	if strings.HasPrefix(s, "W/") {
		start = 3
	}
	if len(s) <= start || s[start-1] != '"' {
		return 0
	}
	for i := start; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return i + 1
		case c <= ' ' || c == 0x7f:
			return 0
		}
	}
	return 0
}
