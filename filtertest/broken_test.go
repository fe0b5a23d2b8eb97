package filtertest_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weirhttp/weir/filtertest"
)

// A breach is a filter that breaks a rule, and what the kit has to see.
type breach struct {
	name   string
	id     string
	seen   string // part of what the failure says
	filter filter
}

func TestEveryRuleFindsWhoBreaksIt(t *testing.T) {
	all := slices.Concat(writerBreaches(), headBreaches(), fieldBreaches(), bodyBreaches(), panicBreaches(), requestBreaches(), sharedBreaches(), differentialBreaches(),
		reachBreaches(), copyBreaches(), failureBreaches(), hostileBreaches())
	for _, r := range filtertest.Rules() {
		if !slices.ContainsFunc(all, func(b breach) bool { return b.id == r.ID }) {
			t.Errorf("no filter in the table breaks %s", r.ID)
		}
	}
	for _, b := range all {
		t.Run(b.id+" "+b.name, func(t *testing.T) {
			t.Parallel()
			err := filtertest.CheckRule(b.id, b.filter, 2*time.Second)
			var failure *filtertest.Failure
			if !errors.As(err, &failure) {
				t.Fatalf("the kit saw nothing: %v", err)
			}
			if failure.ID != b.id || !strings.Contains(failure.Err.Error(), b.seen) {
				t.Errorf("the kit says\n%v\nwant %s and %q", err, b.id, b.seen)
			}
		})
	}
}

func TestEveryRuleHasItsWords(t *testing.T) {
	seen := make(map[string]bool)
	for _, r := range filtertest.Rules() {
		if seen[r.ID] {
			t.Errorf("%s is there twice", r.ID)
		}
		seen[r.ID] = true
		if !strings.HasPrefix(r.Text, "a filter ") || strings.HasSuffix(r.Text, ".") || r.Reason == "" || r.Ref == "" || r.Group == "" {
			t.Errorf("%s says %+v", r.ID, r)
		}
	}
}

func TestCheckReportsWhatIsBrokenAndNothingElse(t *testing.T) {
	for name, c := range map[string]struct {
		filter filter
		want   []string
	}{
		"nothing":                  {func(next http.Handler) http.Handler { return next }, nil},
		"a copy that is kept":      {reads(func(*http.Request) {}), []string{"D10", "F05"}},
		"a writer without a seal":  {passes(nil), []string{"A05", "N07", "X63", "A07"}},
		"a panic that is reported": {reports(), []string{"E01", "E03", "E04", "E05", "X56", "X57", "X58", "X59", "X60"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			report := filtertest.Check(c.filter)
			for _, result := range report {
				if result.Outcome == filtertest.Failed {
					got = append(got, result.ID)
				}
			}
			if (report.Err() == nil) != (len(got) == 0) {
				t.Errorf("Err says %v", report.Err())
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("Check reports %v, want %v", got, c.want)
			}
		})
	}
}

func TestNoRuleIsKeptByAFilterThatNeverCallsItsHandler(t *testing.T) {
	for _, r := range filtertest.Rules() {
		id := r.ID
		if id == "G02" { // it leaves no goroutine behind, at least
			continue
		}
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			err := filtertest.CheckRule(id, func(http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusTeapot) })
			}, time.Second)
			if err == nil {
				t.Error("the kit saw nothing")
			}
		})
	}
}

func TestNilFilterPanics(t *testing.T) {
	for name, call := range map[string]func(){
		"Run":   func() { filtertest.Run(t, nil) },
		"Check": func() { filtertest.Check(nil) },
	} {
		func() {
			defer func() {
				if p, _ := recover().(string); !strings.Contains(p, "filtertest."+name+": f") {
					t.Errorf("%s panicked with %q", name, p)
				}
			}()
			call()
		}()
	}
}
