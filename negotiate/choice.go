package negotiate

import "strings"

// few is up to how many offers there is room for without an allocation.
const few = 16

// choice is how much the client likes an offer.
type choice struct {
	precedence int // of the element that says so, from 1 up; 0 for none
	q          int
}

// slots returns n of the room, or of new room.
func slots[T any](room []T, n int) []T {
	if n > len(room) {
		return make([]T, n)
	}
	return room[:n]
}

// weigh notes the weight q of the offers that an element matches, by its precedence for
// each, unless a more specific element or an equal one was there before.
func (c *choice) weigh(precedence, q int) {
	if precedence > c.precedence {
		*c = choice{precedence, q}
	}
}

// best returns the offer that the client likes best.
func best(offers []string, choices []choice) (string, bool) {
	found, q := "", 0
	for i, c := range choices {
		if c.q > q {
			found, q = offers[i], c.q
		}
	}
	return found, q > 0
}

// first returns what is best when the client says nothing.
func first(offers []string) (string, bool) {
	if len(offers) == 0 {
		return "", false
	}
	return offers[0], true
}

// names weighs the offers by a list of names, in which * stands for all that are not named.
// A name that goes by another is known by that one.
func (l *list) names(offers []string, choices []choice, known func(string) string) {
	for l.next() {
		name, q := l.named()
		name = known(name)
		for i, offer := range offers {
			switch {
			case same(name, offer):
				choices[i].weigh(2, q)
			case name == "*":
				choices[i].weigh(1, q)
			}
		}
	}
}

// same compares names, in any case of letters.
func same(a, b string) bool { return len(a) == len(b) && strings.EqualFold(a, b) }
