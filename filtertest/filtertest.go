package filtertest

import (
	"net/http"
	"testing"
	"time"
)

// patience is how long a rule waits for something that a right filter lets happen at once. Nothing waits this long
// unless a rule is about to fail.
const patience = 10 * time.Second

// Run checks f against every rule, in one subtest per rule, named by the rule's ID. It serves handlers below f on real
// HTTP/1.1 and HTTP/2 servers on the loopback interface. f is called once for each server, as a program calls it
// once for each handler.
//
// What f does beyond watching and careful edits it declares in Options; there is at most one. A rule that does not
// apply, or is excepted, passes and logs why.
//
// A filter that refuses requests must be given a setting that lets the kit's own requests pass: about a thousand of
// them a run from one address, with bodies of up to 1 MiB, without credentials.
func Run(t *testing.T, f func(http.Handler) http.Handler, o ...Options) {
	t.Helper()
	if f == nil {
		panic("filtertest.Run: f, the filter, is nil")
	}
	declared := only("Run", o)
	all := rules()
	for _, result := range exceptions(declared, all) {
		t.Error(result.Failure)
	}
	for _, r := range all {
		t.Run(r.id, func(t *testing.T) {
			switch result := r.try(f, declared, patience); result.Outcome {
			case Failed:
				t.Error(result.Failure)
			case NotApplicable, Excepted:
				t.Logf("%s: %s: %s", r.id, result.Outcome, result.Why)
			}
		})
	}
}

// Check checks f against every rule as Run does, for a program that is not a test.
func Check(f func(http.Handler) http.Handler, o ...Options) Report {
	if f == nil {
		panic("filtertest.Check: f, the filter, is nil")
	}
	declared := only("Check", o)
	all := rules()
	report := exceptions(declared, all)
	for _, r := range all {
		report = append(report, r.try(f, declared, patience))
	}
	return report
}
