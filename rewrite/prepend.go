package rewrite

import (
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

// Prepend puts prefix before the script name and returns the copy of r that says so: it is
// the part of the path that a proxy in front took off before the request came here, as
// X-Forwarded-Prefix tells it. The path info stays as it is. It returns r and false for what
// no script name can be, since what others say is to be believed only so far.
//
// The prefix is an escaped path that begins with a slash; a slash at its end does not count,
// and "" and "/" put nothing: r itself comes back. It is refused when it has an empty
// segment ("//evil.example" is a host to a browser), one that is a dot segment, an escaped
// slash, a backslash, a percent sign or a control character, escaped or not, a semicolon,
// a byte that cannot stand in a path (RFC 3986 section 3.3), or escapes of no UTF-8.
//
// The copy shares all but the context with r. Hand it on with Serve.
func Prepend(r *http.Request, prefix string) (*http.Request, bool) {
	prefix = strings.TrimSuffix(prefix, "/")
	if prefix == "" {
		return r, true
	}
	path, ok := readPrefix(prefix)
	if !ok {
		return r, false
	}
	e := &environ{Context: r.Context(), script: name{path, len(path)}}
	var escaped name
	if outer := environOf(e.Context); outer != nil {
		e.script = name{path + outer.script.whole, len(path) + outer.script.n}
		escaped = outer.escaped
	}
	if escaped.whole != "" || !plain(prefix) {
		head := prefix + environOf(e.Context).escapedHead()
		e.escaped = name{head, len(head)}
	}
	return r.WithContext(e), true
}

// readPrefix returns what prefix decodes to, and whether it may stand before a script name.
func readPrefix(prefix string) (string, bool) {
	if prefix[0] != '/' {
		return "", false
	}
	for i := range len(prefix) {
		if c := prefix[i]; c == ';' || c != '%' && !unescaped(c) && !tolerated(c) {
			return "", false
		}
	}
	for segment := range strings.SplitSeq(prefix[1:], "/") {
		text, err := url.PathUnescape(segment)
		switch {
		case err != nil, text == "", text == ".", text == "..", !utf8.ValidString(text):
			return "", false
		case strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || strings.ContainsRune("/\\%;\x7f", c) }):
			return "", false
		}
	}
	path, err := url.PathUnescape(prefix)
	return path, err == nil
}
