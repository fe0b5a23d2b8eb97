package filtertest

import (
	"fmt"
	"net/http"
	"slices"
	"time"
)

// A rule is one promise of the contract and the check that finds out whether a filter keeps it.
type rule struct {
	id     string
	text   string // "a filter …", what the failure says
	reason string
	ref    string
	over   []protocol // the protocols that the rule is asked over, in this order; nil means both
	check  func(*subject) error
}

// protocol is a version of HTTP that the kit speaks.
type protocol string

const (
	http1 protocol = "HTTP/1.1"
	http2 protocol = "HTTP/2.0" // as http.Request.Proto spells it
)

// rules returns the whole contract in the order in which it is checked.
func rules() []rule {
	return slices.Concat(
		flushRules(), writerRules(), hijackRules(), statusRules(), earlyRules(), emptyRules(),
		headerRules(), codingRules(), validatorRules(), trailerRules(),
		bodyRules(), lengthRules(), uploadRules(), continueRules(), multipartRules(),
		panicRules(), requestRules(), pathRules(), sharedRules(), lateRules(), concurrencyRules(),
	)
}

// try asks the rule over its protocols. It stops at the first one that fails: the second answer is nearly always the
// same again.
func (r rule) try(f func(http.Handler) http.Handler, patience time.Duration) error {
	over := r.over
	if over == nil {
		over = []protocol{http1, http2}
	}
	for _, p := range over {
		s := newSubject(f, p, patience)
		err := s.finish(r.check(s))
		if err != nil {
			return &Failure{
				ID: r.id, Rule: r.text, Reason: r.reason, Reference: r.ref,
				Err: fmt.Errorf("over %s: %w", p, err),
			}
		}
	}
	return nil
}
