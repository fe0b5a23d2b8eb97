package negotiate

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
)

// Language returns the best of the offers, language tags such as "de" or "zh-Hant", by the
// field Accept-Language, and whether one is acceptable (RFC 9110 §12.5.4).
//
// It is the lookup of RFC 4647 §3.4: the languages that the client names, one after the
// other from the best liked to the least, each of them shorter and shorter until there is an
// offer of that name. So the offer "de" is found for de-CH. Of languages liked equally, the
// one that is named first comes first.
//
// When none is found, it is the first of [Languages]: "de-DE" for a client that says de, and
// for * any that it does not refuse. But to a client that says "de, en;q=0.1", the offer
// "en" is found and comes before "de-DE". So offer a language by its shortest true name.
//
// Most sites do better to send what they have than to refuse: let ok be false mean the
// site's own language.
func Language(h http.Header, offers ...string) (tag string, ok bool) {
	var room [few]tongue
	tongues := slots(room[:], len(offers))
	if len(offers) == 0 || !weighTongues(h, offers, tongues) {
		return first(offers)
	}
	liked := 0
	l := list{lines: h["Accept-Language"]}
	for l.next() {
		wanted, q := l.named()
		if q <= liked {
			continue
		}
		if i := lookup(wanted, tongues); i >= 0 {
			tag, liked = offers[i], q
		}
	}
	if liked > 0 {
		return tag, true
	}
	if next := slices.MinFunc(tongues, compareTongues); next.q > 0 {
		return next.tag, true
	}
	return "", false
}

// Languages returns those of the offers that are acceptable by the field Accept-Language,
// the best first: the basic filtering of RFC 4647 §3.3.1. A language that the client names
// matches itself and all that are more specific: de matches de-CH. The longest that matches an
// offer gives it its weight, and * is for those that no other matches. Of offers with the
// same weight, the one whose language is named first comes first.
func Languages(h http.Header, offers ...string) []string {
	var room [few]tongue
	tongues := slots(room[:], len(offers))
	if !weighTongues(h, offers, tongues) {
		return slices.Clone(offers)
	}
	slices.SortStableFunc(tongues, compareTongues)
	acceptable := make([]string, 0, len(offers))
	for _, t := range tongues {
		if t.q > 0 {
			acceptable = append(acceptable, t.tag)
		}
	}
	return acceptable
}

// tongue is how much the client likes an offered language.
type tongue struct {
	tag string
	choice
	place int // in the field, of the range that says so
}

// refused reports whether the client refuses the language by name.
func (t *tongue) refused() bool { return t.q == 0 && t.precedence > 1 }

// compareTongues orders tongues, the best liked first.
func compareTongues(a, b tongue) int {
	return cmp.Or(cmp.Compare(b.q, a.q), cmp.Compare(a.place, b.place))
}

// weighTongues weighs the offers by Accept-Language, and reports whether it says something.
func weighTongues(h http.Header, offers []string, tongues []tongue) bool {
	for i, offer := range offers {
		tongues[i].tag = offer
	}
	l := list{lines: h["Accept-Language"]}
	for place := 0; l.next(); place++ {
		wanted, q := l.named()
		l.bad = l.bad || !isRange(wanted)
		for i := range tongues {
			t, precedence := &tongues[i], 0
			if wanted == "*" {
				precedence = 1
			} else if begins(t.tag, wanted) {
				precedence = 1 + len(wanted)
			}
			if precedence > t.precedence {
				t.choice, t.place = choice{precedence, q}, place
			}
		}
	}
	return !l.silent()
}

// lookup returns the index of the longest tag that is left of a wanted one when subtags are
// taken from its end, or -1. A single letter or digit is taken together with what followed
// it (RFC 4647 §3.4).
func lookup(wanted string, tongues []tongue) int {
	found, length := -1, 0
	for i := range tongues {
		tag := tongues[i].tag
		if len(tag) <= length || !begins(wanted, tag) || tongues[i].refused() {
			continue
		}
		if single := len(tag) == 1 || tag[len(tag)-2] == '-'; !single || len(tag) == len(wanted) {
			found, length = i, len(tag)
		}
	}
	return found
}

// begins reports whether the subtags of prefix are the first ones of tag.
func begins(tag, prefix string) bool {
	n := len(prefix)
	return len(tag) >= n && strings.EqualFold(tag[:n], prefix) && (len(tag) == n || tag[n] == '-')
}

// isRange reports whether s is a basic language range (RFC 4647 §2.1).
func isRange(s string) bool {
	digits := false // not in the first subtag
	for more := s != "*"; more; digits = true {
		var subtag string
		subtag, s, more = strings.Cut(s, "-")
		if !isSubtag(subtag, digits) {
			return false
		}
	}
	return true
}

func isSubtag(s string, digits bool) bool {
	for i := range len(s) {
		letter := 'a' <= s[i]|0x20 && s[i]|0x20 <= 'z'
		if !letter && !(digits && '0' <= s[i] && s[i] <= '9') {
			return false
		}
	}
	return 0 < len(s) && len(s) <= 8
}
