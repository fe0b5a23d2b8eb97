package filtertest

import (
	"net/http"
	"time"
)

// CheckRule asks one rule, with less patience: the table of broken filters would wait for most of a minute otherwise.
func CheckRule(id string, f func(http.Handler) http.Handler, patience time.Duration) error {
	for _, r := range rules() {
		if r.id == id {
			return r.try(f, patience)
		}
	}
	panic("filtertest: no rule " + id)
}

// Texts returns the words of every rule by its ID, in the order of the rules.
func Texts() (ids []string, texts map[string][]string) {
	texts = make(map[string][]string)
	for _, r := range rules() {
		ids = append(ids, r.id)
		texts[r.id] = []string{r.text, r.reason, r.ref}
	}
	return ids, texts
}
