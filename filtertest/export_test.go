package filtertest

import (
	"net/http"
	"time"
)

// CheckRule asks one rule, with less patience: the table of broken filters would wait for most of a minute otherwise.
func CheckRule(id string, f func(http.Handler) http.Handler, patience time.Duration) error {
	return Report{TryRule(id, f, Options{}, patience)}.Err()
}

// TryRule is CheckRule with declarations.
func TryRule(id string, f func(http.Handler) http.Handler, o Options, patience time.Duration) Result {
	for _, r := range rules() {
		if r.id == id {
			return r.try(f, o, patience)
		}
	}
	panic("filtertest: no rule " + id)
}

// RuleWords is what a rule says.
type RuleWords struct {
	ID, Group, Text, Reason, Ref, Changes string
	Unless                                func(Options) string
}

// Rules returns the words of every rule in the order of the rules.
func Rules() []RuleWords {
	var all []RuleWords
	for _, r := range rules() {
		all = append(all, RuleWords{r.id, r.group, r.text, r.reason, r.ref, r.changes, r.unless})
	}
	return all
}
