package filtertest

import (
	"errors"
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

	// unless says why the rule does not apply to a filter that declares o, and "" when it applies. nil: it always does.
	unless func(o Options) string
	// changes says what a declaration changes about the rule where it still applies, for RULES.md.
	changes string
	// reach makes the rule fail when its request does not reach the handler, whatever the filter declares.
	reach bool
	group string // set by rules
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
		in("writer", flushRules(), writerRules(), hijackRules()),
		in("status and head", statusRules(), earlyRules(), emptyRules()),
		in("fields", headerRules(), codingRules(), validatorRules(), trailerRules()),
		in("bodies", bodyRules(), lengthRules(), uploadRules(), continueRules(), multipartRules()),
		in("panics", panicRules()),
		in("request", requestRules(), pathRules()),
		in("sharing and concurrency", sharedRules(), lateRules(), concurrencyRules()),
		in("as without the filter", differentialRules()),
		in("ways through", reachRules(), upgradeRules(), callRules(), overdueRules(), declaredRules(), originRules()),
		in("copies", copyRules(), intakeRules(), causeRules()),
		in("failures", goexitRules(), valueRules(), afterRules(), goneRules()),
		in("hostile requests", acceptRules(), splittingRules(), redirectRules()),
		in("stacks", twiceRules()),
	)
}

// in puts rules into a group, which is a heading of the report.
func in(group string, parts ...[]rule) []rule {
	all := slices.Concat(parts...)
	for i := range all {
		all[i].group = group
	}
	return all
}

// try asks the rule over its protocols. It stops at the first one that fails: the second answer is nearly always the
// same again.
func (r rule) try(f func(http.Handler) http.Handler, o Options, patience time.Duration) Result {
	result := Result{ID: r.id, Group: r.group, Rule: r.text, Outcome: Passed}
	if reason := o.Except[r.id]; reason != "" {
		result.Outcome, result.Why = Excepted, reason
		return result
	}
	if r.unless != nil {
		if why := r.unless(o); why != "" {
			result.Outcome, result.Why = NotApplicable, why
			return result
		}
	}
	over := r.over
	if over == nil {
		over = []protocol{http1, http2}
	}
	for _, p := range over {
		s := newSubject(f, p, patience)
		s.declared = o
		err := s.finish(r.check(s))
		var own *unreached
		switch {
		case err == nil:
		case o.Answers && !r.reach && errors.As(err, &own):
			result.Outcome, result.Why = NotApplicable, "the filter declares that it answers some requests itself: "+own.Error()
			return result
		default:
			result.Outcome = Failed
			result.Failure = &Failure{
				ID: r.id, Rule: r.text, Reason: r.reason, Reference: r.ref,
				Err: fmt.Errorf("over %s: %w", p, err),
			}
			return result
		}
	}
	return result
}
