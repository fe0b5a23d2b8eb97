package negotiate

import "net/http"

// Encoding returns the best of the offers, names of content codings such as "gzip", by the
// field Accept-Encoding, and whether one is acceptable (RFC 9110 §12.5.3).
//
// To send the body as it is must be an offer, too: "identity", last as a rule. A client that
// does not mention it, by name or with *, accepts it, but likes better whatever it does
// mention. A client without the field, or with a malformed one, may get anything; it gets
// identity if that is offered, for it seldom knows another. When it says x-gzip and
// x-compress, it means gzip and compress (§8.4.1).
func Encoding(h http.Header, offers ...string) (coding string, ok bool) {
	var room [few]choice
	choices := slots(room[:], len(offers))
	for i, offer := range offers {
		if same(offer, "identity") {
			choices[i].q = least
		}
	}
	unsaid, ok := best(offers, choices)
	l := list{lines: h["Accept-Encoding"]}
	l.names(offers, choices, knownCoding)
	switch {
	case len(h["Accept-Encoding"]) > 0 && !l.bad:
		return best(offers, choices)
	case ok:
		return unsaid, true
	}
	return first(offers)
}

// knownCoding takes the x- off gzip and compress (RFC 9110 §8.4.1.1, §8.4.1.3).
func knownCoding(name string) string {
	if len(name) > 2 && same(name[:2], "x-") && (same(name[2:], "gzip") || same(name[2:], "compress")) {
		return name[2:]
	}
	return name
}
