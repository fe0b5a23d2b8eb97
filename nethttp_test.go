package weir_test

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// nethttpDifferences are the tests of package net/http that cannot pass behind
// some stacks, by themselves or with all that is inside of them, and why. One
// that would hang is left out.
var nethttpDifferences = []nethttpDifference{
	{"TestWriteHeaderNoCodeCheck/h1 TestWriteHeaderNoCodeCheck_h1hijack", "observe transform peek body peekbody recover full compress",
		"the server's log line about a WriteHeader that comes too late names its caller, which is capture", false},
	{"TestLinuxSendfile", "body peekbody compress",
		"a body that is looked at does not go from the file to the socket within the kernel", false},
	{"TestLinuxSendfile", "peek",
		"the hooks see the first half of its 1 KiB, the server's sniffing the other: nothing is left to send", false},
	{"TestH12_HandlerWritesTooLittle", "body peekbody",
		"a short body is cut with RST_STREAM, and over HTTP/2 it wants a short stream", false},
	{"TestTimeoutHandlerPanicRecovery", "recover full",
		"a panic before the head is to cut the connection, and Recover answers 500", false},
	{"TestInterruptWithPanic/h1/nil TestInterruptWithPanic/h2/nil", "recover full",
		"a panic with nil (GODEBUG=panicnil=1) is to be cut without a word, and Recover logs it", false},
	{"TestEarlyHints TestProcessing", "full",
		"RateLimit sets its fields before the handler runs, and an informational response carries what there is", false},
	{"TestServerFlushAndHijack", "compress",
		"the connection is taken over within a body that is coded by then", false},
	{"TestTransportAndServerSharedBodyRace", "compress",
		"it waits for bytes that an encoder which nobody flushed still holds", true},
}

type nethttpDifference struct {
	tests, stacks, reason string
	hangs                 bool
}

// behind returns the tests, by package and name, if they differ behind stack.
func (d nethttpDifference) behind(stack string) []string {
	if !slices.Contains(strings.Fields(d.stacks), stack) {
		return nil
	}
	tests := strings.Fields(d.tests)
	for i := range tests {
		tests[i] = "net/http " + tests[i]
	}
	return tests
}

// TestNetHTTP runs the tests of net/http and its neighbours, as they came with
// the toolchain, with a stack of filters around the handler of every server
// that they start. What passes bare has to pass behind the stack.
//
// After the bare servers it takes two stacks, which goes for a minute or two.
// All that testdata/nethttp/stacks has, or some of them, one asks for with
//
//	WEIR_NETHTTP=all go test -run TestNetHTTP -v -timeout 30m .
//	WEIR_NETHTTP=peek,body GOFLAGS=-race go test -run TestNetHTTP -v -timeout 30m .
func TestNetHTTP(t *testing.T) {
	if testing.Short() {
		t.Skip("it runs the tests of net/http three times")
	}
	stacks := []string{"full", "peekbody"}
	if names := os.Getenv("WEIR_NETHTTP"); names != "" {
		stacks = strings.Split(names, ",")
	}
	if slices.Equal(stacks, []string{"all"}) {
		stacks = []string{"observe", "transform", "peek", "body", "peekbody", "rewrite", "mount", "recover", "full", "compress"}
	}
	lab := newNetHTTPLab(t)
	bare := lab.run(t, "bare")
	if passed := slices.Sorted(maps.Values(bare.outcomes)); len(passed) < 1000 || passed[len(passed)/10] != "pass" {
		t.Fatalf("the tests of net/http do not run here, bare as they are: of %d, more than a tenth fail", len(passed))
	}
	for _, stack := range stacks {
		t.Run(stack, func(t *testing.T) { lab.compare(t, stack, bare) })
	}
}

// compare fails for every test that passed bare and does not behind the stack.
// Some look at the clock: on a busy machine a failure gets a second hearing.
func (l nethttpLab) compare(t *testing.T, stack string, bare nethttpResults) {
	var excused, hanging []string
	for _, d := range nethttpDifferences {
		excused = append(excused, d.behind(stack)...)
		if d.hangs {
			hanging = append(hanging, d.behind(stack)...)
		}
	}
	got := l.run(t, stack, "-skip="+nethttpPattern(hanging))
	for _, test := range excused {
		if bare.outcomes[test] == "pass" && got.outcomes[test] == "pass" {
			t.Errorf("%s passes and need not be excused", test)
		}
	}
	failed, unfinished := bare.worse(got, excused)
	if len(unfinished) > 0 {
		for test, output := range got.outputs {
			if _, crash, ok := strings.Cut(output, "panic: "); ok && got.outcomes[test] != "pass" {
				t.Logf("%s: panic: %.4000s", test, crash)
			}
		}
		t.Fatalf("%d tests did not finish: %s", len(unfinished), strings.Join(unfinished, ", "))
	}
	if len(failed) == 0 {
		return
	}
	again := l.run(t, stack, "-count=3", "-run="+nethttpPattern(failed))
	for _, test := range failed {
		if again.outcomes[test] == "pass" && !strings.Contains(got.outputs[test], "DATA RACE") {
			t.Logf("%s failed once and then passed three times", test)
			continue
		}
		t.Errorf("%s passes bare, and not behind the stack:\n%.4000s", test, got.outputs[test])
	}
}

// worse returns the tests that passed and failed in got, without those that
// only have such a test inside of them, and those that did not get so far.
// The excused ones are not among them.
func (r nethttpResults) worse(got nethttpResults, excused []string) (failed, unfinished []string) {
	for test, outcome := range r.outcomes {
		if outcome != "pass" || got.outcomes[test] == "pass" {
			continue
		}
		if _, ok := got.outcomes[test]; ok {
			failed = append(failed, test)
		} else {
			unfinished = append(unfinished, test)
		}
	}
	slices.Sort(failed)
	slices.Sort(unfinished)
	isExcused := func(test string) bool {
		return slices.ContainsFunc(excused, func(e string) bool { return strings.HasPrefix(test+"/", e+"/") })
	}
	all := slices.Clone(failed)
	failed = slices.DeleteFunc(failed, func(test string) bool {
		return isExcused(test) || slices.ContainsFunc(all, func(other string) bool { return strings.HasPrefix(other, test+"/") })
	})
	return failed, slices.DeleteFunc(unfinished, isExcused)
}

// nethttpPattern matches the top-level tests of the given ones, for go test's
// -run and -skip.
func nethttpPattern(tests []string) string {
	var names []string
	for _, test := range tests {
		_, name, _ := strings.Cut(test, " ")
		name, _, _ = strings.Cut(name, "/")
		names = append(names, name)
	}
	slices.Sort(names)
	return "^(" + strings.Join(slices.Compact(names), "|") + ")$"
}
