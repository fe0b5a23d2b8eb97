package filtertest_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weirhttp/weir/filtertest"
)

// try returns what becomes of a rule.
// A filter that fails is found by waiting for it, so that it gets less patience than one that is meant to pass.
func try(id string, f filter, o filtertest.Options) filtertest.Result {
	return filtertest.TryRule(id, f, o, 2*time.Second)
}

func TestADeclarationChangesWhatIsExpected(t *testing.T) {
	shouts := around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(&broken{ResponseWriter: w, body: func(w http.ResponseWriter, p []byte) (int, error) {
			return w.Write(bytes.ToUpper(p))
		}}, r)
	})
	refuses := around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		http.Error(w, "not you", http.StatusForbidden)
	})
	refusesPuts := around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.Method == http.MethodPut {
			http.Error(w, "read only", http.StatusMethodNotAllowed)
			return
		}
		next.ServeHTTP(w, r)
	})
	strips := reads(func(r *http.Request) {
		u := *r.URL
		u.Path, u.RawPath = "/other", ""
		r.URL = &u
	})
	names := reads(func(r *http.Request) {
		r.Header = r.Header.Clone()
		r.Header.Set("X-User", "ada")
	})
	reported := recovers(func(w http.ResponseWriter, p any) {
		if p == http.ErrAbortHandler {
			panic(p)
		}
		http.Error(w, "sorry", http.StatusInternalServerError)
	})
	for _, c := range []struct {
		name   string
		ids    []string
		filter filter
		o      filtertest.Options
		want   filtertest.Outcome // with the declaration; without it the rules fail
	}{
		{"Transforms", []string{"D02", "D04", "G01", "A03", "X19", "X20"}, shouts, filtertest.Options{Transforms: true}, filtertest.Passed},
		{"Transforms", []string{"N02"}, shouts, filtertest.Options{Transforms: true}, filtertest.NotApplicable},
		{"Holds", []string{"A03", "A04", "B09", "N02", "G04"}, keeps(), filtertest.Options{Holds: true}, filtertest.NotApplicable},
		{"Holds", []string{"A09", "X36", "X37"}, keeps(), filtertest.Options{Holds: true}, filtertest.Passed},
		{"Answers", []string{"B04", "D01", "E01", "X19"}, refuses, filtertest.Options{Answers: true}, filtertest.NotApplicable},
		{"Answers", []string{"F04", "X44"}, refusesPuts, filtertest.Options{Answers: true}, filtertest.NotApplicable},
		{"Recovers", []string{"X56"}, reported, filtertest.Options{Recovers: true}, filtertest.Passed},
		{"Encodes", []string{"X22"}, encodes(), filtertest.Options{Encodes: true}, filtertest.Passed},
		{"Rewrites", []string{"F04", "B11", "X44"}, strips, filtertest.Options{Rewrites: true}, filtertest.Passed},
		{"RequestFields", []string{"X44"}, names, filtertest.Options{RequestFields: []string{"x-user"}}, filtertest.Passed},
		{"ResponseFields", []string{"X04"}, sets("Cache-Control", "private"),
			filtertest.Options{ResponseFields: []string{"Cache-Control"}}, filtertest.Passed},
	} {
		for _, id := range c.ids {
			t.Run(c.name+" "+id, func(t *testing.T) {
				t.Parallel()
				if got := try(id, c.filter, filtertest.Options{}); got.Outcome != filtertest.Failed && c.name != "Rewrites" {
					t.Errorf("without the declaration it %s", got.Outcome)
				}
				if got := filtertest.TryRule(id, c.filter, c.o, time.Minute); got.Outcome != c.want || (got.Why == "") != (c.want == filtertest.Passed) {
					t.Errorf("with the declaration: %s %q, want %s: %v", got.Outcome, got.Why, c.want, got.Failure)
				}
			})
		}
	}
}

// keeps is a filter that holds whatever is written until its handler has ended.
func keeps() filter {
	return around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		kept := httptest.NewRecorder()
		next.ServeHTTP(struct {
			http.ResponseWriter
			http.Flusher
			deadlines
		}{kept, kept, deadlines{w}}, r)
		for name, values := range kept.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(kept.Code)
		w.Write(kept.Body.Bytes())
	})
}

// deadlines passes on deadlines alone.
type deadlines struct{ w http.ResponseWriter }

func (d deadlines) SetReadDeadline(t time.Time) error {
	return http.NewResponseController(d.w).SetReadDeadline(t)
}

func (d deadlines) SetWriteDeadline(t time.Time) error {
	return http.NewResponseController(d.w).SetWriteDeadline(t)
}

// encodes is a filter that gives every body a coding.
func encodes() filter {
	return around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		var gz *gzip.Writer
		next.ServeHTTP(&broken{ResponseWriter: w, head: func(w http.ResponseWriter, status int) {
			w.Header().Set("Content-Encoding", "gzip")
			gz = gzip.NewWriter(w)
			w.WriteHeader(status)
		}, body: func(w http.ResponseWriter, p []byte) (int, error) { return gz.Write(p) }}, r)
		gz.Close()
	})
}

func TestADeclarationIsNoWayAround(t *testing.T) {
	everything := filtertest.Options{
		Transforms: true, Holds: true, Answers: true, Recovers: true, Encodes: true, Rewrites: true, Mounts: true,
	}
	cutsOff := around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(w, r)
		panic(http.ErrAbortHandler)
	})
	for _, c := range []struct {
		id     string
		filter filter
		seen   string
	}{
		{"G03", around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {}), "the handler was not called"},
		{"E04", recovers(func(w http.ResponseWriter, p any) {}), "a complete 200"},
		{"X03", turns(404, 200), "the status: bare: 404"},
		{"X19", cutsOff, "behind the filter: cut"},
		{"X20", cutsOff, "behind the filter: cut"},
		{"X01", around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			next.ServeHTTP(w, r)
			io.WriteString(w, "footer")
		}), "the body: bare: nothing"},
		{"X32", turns(206, 200), "the status"},
		{"X60", recovers(func(w http.ResponseWriter, p any) {}), "the panic"},
		{"F05", reads(func(*http.Request) {}), "the pattern is \"\""},
	} {
		t.Run(c.id, func(t *testing.T) {
			t.Parallel()
			if got := try(c.id, c.filter, everything); got.Outcome != filtertest.Failed || !strings.Contains(got.Failure.Error(), c.seen) {
				t.Errorf("%s %s: %v", got.Outcome, got.Why, got.Failure)
			}
		})
	}
}

func TestAnExceptionNamesARuleAndGivesAReason(t *testing.T) {
	o := filtertest.Options{Except: map[string]string{"E02": "the service is restarted by then", "Q99": "a guess", "A01": " "}}
	report := filtertest.Check(recovers(func(w http.ResponseWriter, p any) {}), o)
	for id, want := range map[string]struct {
		outcome filtertest.Outcome
		seen    string
	}{
		"E02": {filtertest.Excepted, "the service is restarted by then"},
		"Q99": {filtertest.Failed, "there is no such rule"},
		"A01": {filtertest.Failed, "the reason is empty"},
	} {
		at := slices.IndexFunc(report, func(r filtertest.Result) bool { return r.ID == id })
		if at < 0 {
			t.Errorf("%s is not in the report", id)
			continue
		}
		got := report[at]
		if got.Outcome != want.outcome || !strings.Contains(report.String(), want.seen) {
			t.Errorf("%s: %+v, want %v", id, got, want)
		}
	}
}

func TestOneOptionsAtMost(t *testing.T) {
	defer func() {
		if p, _ := recover().(string); p != "filtertest.Check: more than one Options" {
			t.Errorf("panicked with %q", p)
		}
	}()
	filtertest.Check(func(next http.Handler) http.Handler { return next }, filtertest.Options{}, filtertest.Options{})
}
