package filtertest

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
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
// A filter that refuses requests must be given a setting that lets the kit's own requests pass: about seven hundred of
// them a run from one address, with bodies of up to 1 MiB, without credentials.
func Run(t *testing.T, f func(http.Handler) http.Handler) {
	t.Helper()
	if f == nil {
		panic("filtertest.Run: f, the filter, is nil")
	}
	for _, r := range rules() {
		t.Run(r.id, func(t *testing.T) {
			if err := r.try(f, patience); err != nil {
				t.Error(err)
			}
		})
	}
}

// Check checks f against every rule as Run does, for a program that is not a test. It returns nil for a filter that
// keeps them all, else the failures joined by errors.Join, each of them a *Failure.
func Check(f func(http.Handler) http.Handler) error {
	if f == nil {
		panic("filtertest.Check: f, the filter, is nil")
	}
	var failures []error
	for _, r := range rules() {
		if err := r.try(f, patience); err != nil {
			failures = append(failures, err)
		}
	}
	return errors.Join(failures...)
}

// Failure is one rule that a filter breaks.
type Failure struct {
	ID        string // the rule's name, for instance A03
	Rule      string // what a filter does, a sentence without its full stop
	Reason    string // what the rule protects from
	Reference string // where it is written: an RFC section, an issue, or a part of net/http
	Err       error  // what was seen instead, and over which protocol
}

// Error returns the rule and what was seen instead, in a few lines.
func (f *Failure) Error() string {
	seen := strings.ReplaceAll(f.Err.Error(), "\n", "\n\t")
	return fmt.Sprintf("%s: %s\n\t%s\n\treason: %s (%s)", f.ID, f.Rule, seen, f.Reason, f.Reference)
}

// Unwrap returns what was seen.
func (f *Failure) Unwrap() error { return f.Err }
