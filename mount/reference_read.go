package mount

import "strings"

// reference is a URL reference as a browser reads it (WHATWG URL, section 4.4): spaces and
// control characters around it do not count, nor do tabs and ends of lines in it, and a
// backslash is a slash.
type reference struct {
	scheme    string // as it is written, of those with a host of ours; or none
	slashes   int    // how many slashes follow
	path      string // all from the slashes on, up to tail
	authority string // after two slashes and more
	head      string // all up to and with authority
	after     string // what follows authority in path
	tail      string // query and fragment, with the characters that begin them
	plain     bool   // authority stands there as RFC 3986 has it, to all readers alike
}

// readReference returns false for a reference of another scheme than http and https.
func readReference(ref string) (u reference, ok bool) {
	text := cleaned(ref)
	u.path = text
	if n := schemeOf(text); n > 0 {
		u.scheme, u.path = text[:n], text[n+1:]
		if !strings.EqualFold(u.scheme, "http") && !strings.EqualFold(u.scheme, "https") {
			return u, false
		}
	}
	if i := strings.IndexAny(u.path, "?#"); i >= 0 {
		u.path, u.tail = u.path[:i], u.path[i:]
	}
	u.slashes = len(u.path) - len(strings.TrimLeft(u.path, `/\`))
	if u.slashes < 2 {
		return u, true
	}
	u.authority = u.path[u.slashes:]
	if i := strings.IndexAny(u.authority, `/\`); i >= 0 {
		u.authority, u.after = u.authority[:i], u.authority[i:]
	}
	u.head = text[:len(text)-len(u.after)-len(u.tail)]
	if rest, ok := strings.CutPrefix(ref, u.head); ok && u.slashes == 2 && strings.HasPrefix(u.path, "//") {
		u.plain = plainAuthority(u.authority) && (cleaned(rest) == "" || strings.IndexByte("/?#", rest[0]) >= 0)
	}
	return u, true
}

// names reports whether the host of u is host.
func (u reference) names(host string) bool {
	name := u.authority[strings.LastIndexByte(u.authority, '@')+1:]
	return strings.EqualFold(portless(name), portless(host))
}

// portless returns host without the port that http or https imply. Which of them does not
// matter: a proxy before us may have taken TLS off.
func portless(host string) string {
	for _, port := range [...]string{":80", ":443", ":"} {
		if name, ok := strings.CutSuffix(host, port); ok {
			return name
		}
	}
	return host
}

// cleaned returns ref without the characters that do not count.
func cleaned(ref string) string {
	for ref != "" && ref[0] <= ' ' {
		ref = ref[1:]
	}
	for ref != "" && ref[len(ref)-1] <= ' ' {
		ref = ref[:len(ref)-1]
	}
	if strings.ContainsAny(ref, "\t\r\n") {
		ref = lineless.Replace(ref)
	}
	return ref
}

var lineless = strings.NewReplacer("\t", "", "\r", "", "\n", "")

// schemeOf returns the length of the scheme that text begins with, 0 where there is none.
func schemeOf(text string) int {
	for i := range len(text) {
		c := text[i]
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		switch {
		case letter, i > 0 && ('0' <= c && c <= '9' || c == '+' || c == '-' || c == '.'):
		case c == ':':
			return i
		default:
			return 0
		}
	}
	return 0
}

// plainAuthority reports whether s is of the characters of an authority (RFC 3986 section
// 3.2) and of those beyond ASCII.
func plainAuthority(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c < 0x80 && !('a' <= c|0x20 && c|0x20 <= 'z') && !('0' <= c && c <= '9') && strings.IndexByte("-._~!$&'()*+,;=:@%[]", c) < 0 {
			return false
		}
	}
	return s != ""
}
