package filtertest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Outcome is what became of a rule.
type Outcome string

// The outcomes of a rule.
const (
	Passed        Outcome = "passed"
	Failed        Outcome = "failed"
	NotApplicable Outcome = "not applicable" // because of what the filter declares
	Excepted      Outcome = "excepted"       // by Options.Except
)

// Report is what a filter did under every rule, in the order of the rules.
type Report []Result

// Result is what a filter did under one rule.
type Result struct {
	ID      string // the rule's name, for instance A03
	Group   string // what the rule is about, for instance "writer"
	Rule    string // what a filter does, a sentence without its full stop
	Outcome Outcome
	Why     string   // why the rule is not applicable, or the reason of the exception
	Failure *Failure // what was seen instead; nil unless the rule failed
}

// Err returns the failures, joined by errors.Join, each of them a *Failure. It is nil for a filter that keeps every
// rule that applies to it.
func (r Report) Err() error {
	var all []error
	for _, result := range r {
		if result.Failure != nil {
			all = append(all, result.Failure)
		}
	}
	return errors.Join(all...)
}

// String returns the report as a table: a line per rule, with its ID, what became of it, and the rule or why it was not
// asked. What was seen instead stands below a rule that failed. The last line counts.
func (r Report) String() string {
	var b strings.Builder
	count := make(map[Outcome]int)
	group := ""
	for _, result := range r {
		if count[result.Outcome]++; result.Group != group {
			group = result.Group
			fmt.Fprintf(&b, "%s\n", group)
		}
		text := result.Rule
		if result.Why != "" {
			text += ": " + result.Why
		}
		fmt.Fprintf(&b, "  %s  %-14s  %s\n", result.ID, result.Outcome, text)
		if result.Failure != nil {
			fmt.Fprintf(&b, "       %s\n", strings.ReplaceAll(result.Failure.Err.Error(), "\n", "\n       "))
		}
	}
	fmt.Fprintf(&b, "%d rules: %d %s, %d %s, %d %s, %d %s\n", len(r), count[Passed], Passed,
		count[Failed], Failed, count[NotApplicable], NotApplicable, count[Excepted], Excepted)
	return b.String()
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

// exceptions returns a failure for every exception that names no rule or gives no reason.
func exceptions(o Options, all []rule) Report {
	var report Report
	for id, reason := range o.Except {
		var err error
		switch {
		case !slices.ContainsFunc(all, func(r rule) bool { return r.id == id }):
			err = errors.New("there is no such rule")
		case strings.TrimSpace(reason) == "":
			err = errors.New("the reason is empty")
		default:
			continue
		}
		const text = "an exception names a rule and gives a reason"
		report = append(report, Result{
			ID: id, Group: "exceptions", Rule: text, Outcome: Failed,
			Failure: &Failure{
				ID: id, Rule: text, Reason: "an exception that nobody can follow hides a fault for good",
				Reference: "Options.Except", Err: err,
			},
		})
	}
	slices.SortFunc(report, func(a, b Result) int { return strings.Compare(a.ID, b.ID) })
	return report
}
