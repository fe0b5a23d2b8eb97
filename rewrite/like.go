package rewrite

import (
	"net/http"
	"slices"
	"strings"
)

// Like reports whether some application may take a field called a for one called b: in any
// case of letters, and with "_", "." or any other sign for "-", which may all become one
// letter of an environment variable (RFC 3875 section 4.1.18).
func Like(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if foldByte(a[i]) != foldByte(b[i]) {
			return false
		}
	}
	return true
}

func foldByte(c byte) byte {
	switch {
	case 'A' <= c && c <= 'Z':
		return c + 'a' - 'A'
	case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		return c
	}
	return '-'
}

// DelLike returns an edit that removes the fields names in every spelling that Like takes
// for one of them, and from Connection the options of such a name. It is for fields that
// only the server may set: a client that sent "X_User" would be believed by an application
// that asks for X-User, and one that sent "Connection: X-User" would have the next proxy
// drop what was set. It panics when a name is no field name.
func DelLike(names ...string) func(http.Header) {
	for _, name := range names {
		field("DelLike", name, "")
	}
	return DelFunc(func(name string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return Like(name, n) })
	})
}

// DelFunc returns an edit that removes the fields whose names match says yes to, and from
// Connection the options of such a name: a proxy drops the fields that are named there (RFC
// 9110 section 7.6.1).
func DelFunc(match func(name string) bool) func(http.Header) {
	mustHave("DelFunc", "match", match == nil)
	return func(h http.Header) {
		for name := range h {
			if match(name) {
				delete(h, name)
			}
		}
		disconnect(h, match)
	}
}

// disconnect takes out of Connection the options that match says yes to.
func disconnect(h http.Header, match func(name string) bool) {
	var kept []string
	dropped := false
	for _, line := range h["Connection"] {
		for option := range strings.SplitSeq(line, ",") {
			option = strings.Trim(option, " \t")
			if match(option) {
				dropped = true
			} else {
				kept = append(kept, option)
			}
		}
	}
	switch {
	case !dropped:
	case len(kept) == 0:
		delete(h, "Connection")
	default:
		h["Connection"] = []string{strings.Join(kept, ", ")}
	}
}
