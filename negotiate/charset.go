package negotiate

import "net/http"

// Charset returns the best of the offers, names of charsets such as "utf-8", by the field
// Accept-Charset, and whether one is acceptable (RFC 9110 §12.5.2).
//
// The field is deprecated: browsers do not send it, and UTF-8 is right for all of them.
func Charset(h http.Header, offers ...string) (charset string, ok bool) {
	var room [few]choice
	choices := slots(room[:], len(offers))
	l := list{lines: h["Accept-Charset"]}
	l.names(offers, choices, func(name string) string { return name })
	if l.silent() {
		return first(offers)
	}
	return best(offers, choices)
}
