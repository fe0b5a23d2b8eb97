package rewrite_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/weirhttp/weir/rewrite"
)

// written returns what was noted, as text.
func written(n *rewrite.Notes) []string {
	attrs, _ := n.Close()
	var list []string
	for _, a := range attrs {
		list = append(list, a.String())
	}
	return list
}

func TestNotes(t *testing.T) {
	tenant := &rewrite.Key[int]{Name: "tenant", Noted: true}
	secret := &rewrite.Key[string]{Name: "secret"}
	for name, c := range map[string]struct {
		note func(context.Context)
		want []string
	}{
		"nobody notes anything": {func(context.Context) {}, nil},
		"notes keep their order": {func(ctx context.Context) {
			rewrite.Note(ctx, slog.Int("b", 1), slog.Int("a", 2))
			rewrite.Note(ctx, slog.Int("c", 3))
		}, []string{"b=1", "a=2", "c=3"}},
		"a later note takes the place of an earlier one": {func(ctx context.Context) {
			rewrite.Note(ctx, slog.Int("a", 1), slog.Int("b", 2), slog.String("a", "x"))
		}, []string{"a=x", "b=2"}},
		"groups without a name are all kept": {func(ctx context.Context) {
			rewrite.Note(ctx, slog.Group("", slog.Int("a", 1)), slog.Group("", slog.Int("b", 2)))
		}, []string{"=[a=1]", "=[b=2]"}},
		"a key that is noted": {func(ctx context.Context) { tenant.WithValue(ctx, 7) }, []string{"tenant=7"}},
		"a key that is not":   {func(ctx context.Context) { secret.WithValue(ctx, "x") }, nil},
		"who signed in":       {func(ctx context.Context) { rewrite.User.WithValue(ctx, "ann") }, []string{"user=ann"}},
		"whom a proxy speaks for": {func(ctx context.Context) {
			rewrite.Client.WithValue(ctx, netip.MustParseAddr("2001:db8::1"))
		}, []string{"client=2001:db8::1"}},
		"a context further in": {func(ctx context.Context) {
			inner, cancel := context.WithCancel(secret.WithValue(ctx, "x"))
			cancel()
			rewrite.Note(inner, slog.Int("a", 1))
		}, []string{"a=1"}},
	} {
		t.Run(name, func(t *testing.T) {
			r, notes := rewrite.TakeNotes(httptest.NewRequest("GET", "/", nil), 10)
			c.note(r.Context())
			if got := written(notes); !slices.Equal(got, c.want) {
				t.Errorf("noted %q, want %q", got, c.want)
			}
		})
	}
}

func TestNotesAreBounded(t *testing.T) {
	r, notes := rewrite.TakeNotes(httptest.NewRequest("GET", "/", nil), 2)
	for i := range 5 {
		rewrite.Note(r.Context(), slog.Int(fmt.Sprint(i), i))
	}
	rewrite.Note(r.Context(), slog.Int("1", 100)) // this one has its place
	attrs, dropped := notes.Close()
	if len(attrs) != 2 || attrs[1].Value.Int64() != 100 || dropped != 3 {
		t.Errorf("noted %v, and %d dropped", attrs, dropped)
	}
}

// That a user was noted is known further out and further in, whatever else is noted.
func TestUserNoted(t *testing.T) {
	set := func(user string) func(context.Context) {
		return func(ctx context.Context) { rewrite.User.WithValue(ctx, user) }
	}
	note := func(attrs ...slog.Attr) func(context.Context) {
		return func(ctx context.Context) { rewrite.Note(ctx, attrs...) }
	}
	for name, c := range map[string]struct {
		notes []func(context.Context)
		want  bool
	}{
		"nobody":                        {nil, false},
		"the empty string":              {[]func(context.Context){set(""), note(slog.String("user", ""))}, false},
		"somebody":                      {[]func(context.Context){set("ann")}, true},
		"somebody, and then nobody":     {[]func(context.Context){set("ann"), set("")}, true},
		"by the application":            {[]func(context.Context){note(slog.Int("a", 1), slog.String("user", "ann"))}, true},
		"a value that is not looked at": {[]func(context.Context){note(slog.Any("user", alarm{t}))}, true},
		"in a group without a name":     {[]func(context.Context){note(slog.Group("", slog.Group("", slog.String("user", "ann"))))}, true},
		"in one with a name":            {[]func(context.Context){note(slog.Group("a", slog.String("user", "ann")))}, false},
		"another name":                  {[]func(context.Context){note(slog.String("User", "ann"))}, false},
	} {
		t.Run(name, func(t *testing.T) {
			outer, _ := rewrite.TakeNotes(httptest.NewRequest("GET", "/", nil), 0)
			inner, notes := rewrite.TakeNotes(outer, 0)
			notes.Close()
			for _, f := range c.notes {
				f(inner.Context())
			}
			if got := [...]bool{rewrite.UserNoted(outer.Context()), rewrite.UserNoted(inner.Context())}; got != [...]bool{c.want, c.want} {
				t.Errorf("outside and inside: %v", got)
			}
		})
	}
	bare := httptest.NewRequest("GET", "/", nil).Context()
	if set("ann")(bare); rewrite.UserNoted(bare) || rewrite.NotesTaken(bare) {
		t.Error("there is a note where nobody takes any")
	}
	if r, _ := rewrite.TakeNotes(httptest.NewRequest("GET", "/", nil), 0); !rewrite.NotesTaken(r.Context()) {
		t.Error("nobody takes notes where somebody does")
	}
}

// alarm is a value that must not be looked at.
type alarm struct{ t *testing.T }

func (a alarm) LogValue() slog.Value {
	a.t.Error("the application's code runs")
	return slog.Value{}
}

func TestWhatAKeyNotesFindsAPlaceAlways(t *testing.T) {
	id := &rewrite.Key[string]{Name: "id", Noted: true}
	r, notes := rewrite.TakeNotes(httptest.NewRequest("GET", "/", nil), 2)
	rewrite.Note(r.Context(), slog.Int("a", 1), slog.Int("b", 2), slog.Int("c", 3))
	id.WithValue(r.Context(), "x1")
	rewrite.Note(r.Context(), slog.String("user", "ann"), slog.String("client", "here"), slog.Int("d", 4))
	id.WithValue(r.Context(), "x2")
	attrs, dropped := notes.Close()
	if got, want := fmt.Sprint(attrs), "[a=1 b=2 id=x2 user=ann client=here]"; got != want || dropped != 2 {
		t.Errorf("noted %s, and %d dropped; want %s, and 2", got, dropped, want)
	}

	r, notes = rewrite.TakeNotes(httptest.NewRequest("GET", "/", nil), 1)
	id.WithValue(r.Context(), "x1") // takes nobody's place
	rewrite.Note(r.Context(), slog.Int("a", 1))
	if got := written(notes); !slices.Equal(got, []string{"id=x1", "a=1"}) {
		t.Errorf("noted %q", got)
	}
}

func TestNotesReachAllWhoStandFurtherOut(t *testing.T) {
	outer, far := rewrite.TakeNotes(httptest.NewRequest("GET", "/", nil), 10)
	rewrite.Note(outer.Context(), slog.Int("before", 1))
	inner, near := rewrite.TakeNotes(outer, 10)
	rewrite.Note(inner.Context(), slog.Int("both", 2))
	if got := written(near); !slices.Equal(got, []string{"both=2"}) {
		t.Errorf("the inner one has %q", got)
	}
	rewrite.Note(inner.Context(), slog.Int("after", 3))
	if got := written(far); !slices.Equal(got, []string{"before=1", "both=2", "after=3"}) {
		t.Errorf("the outer one has %q", got)
	}
}

func TestLateNotesAreDropped(t *testing.T) {
	r, notes := rewrite.TakeNotes(httptest.NewRequest("GET", "/", nil), 10)
	rewrite.Note(r.Context(), slog.Int("a", 1))
	attrs, _ := notes.Close()
	rewrite.Note(r.Context(), slog.Int("a", 2), slog.Int("late", 3))
	if len(attrs) != 1 || attrs[0].Value.Int64() != 1 {
		t.Errorf("the record that was written has %v", attrs)
	}
	if got := written(notes); !slices.Equal(got, []string{"a=1"}) {
		t.Errorf("noted %q", got)
	}
}

func TestNotesOfManyGoroutines(t *testing.T) {
	r, notes := rewrite.TakeNotes(httptest.NewRequest("GET", "/", nil), 50)
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() { rewrite.Note(r.Context(), slog.Int(fmt.Sprint(i), i)) })
	}
	attrs, _ := notes.Close() // some are late
	before := slices.Clone(attrs)
	all.Wait()
	if len(attrs) > 50 || !slices.EqualFunc(attrs, before, slog.Attr.Equal) {
		t.Errorf("what was closed became %v", attrs)
	}
}

// What the copy is, is the original in all but its context, which ends with that of the original.
func TestTakeNotesKeepsTheRequest(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	r := httptest.NewRequest("POST", "/a?b", http.NoBody).WithContext(rewrite.User.WithValue(ctx, "ann"))
	copied, _ := rewrite.TakeNotes(r, 1)
	if copied.URL != r.URL || copied.Body != r.Body || copied.Method != "POST" || copied.RequestURI != r.RequestURI {
		t.Errorf("the copy is %+v", copied)
	}
	if user, _ := rewrite.User.Value(copied.Context()); user != "ann" {
		t.Errorf("its user is %q", user)
	}
	_, deadline := copied.Context().Deadline()
	inner, stop := context.WithCancel(copied.Context())
	defer stop()
	cancel()
	<-inner.Done()
	if !deadline || context.Cause(inner) != context.Canceled {
		t.Errorf("deadline %v, cause %v", deadline, context.Cause(inner))
	}
}

func ExampleNote() {
	// Whoever knows something of a request notes it; who writes the record takes the notes.
	orders := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rewrite.Note(r.Context(), slog.String("tenant", "acme"), slog.Int("orders", 3))
	})
	log := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		edited, notes := rewrite.TakeNotes(r, 10)
		rewrite.Serve(w, r, edited, orders)
		attrs, _ := notes.Close()
		fmt.Println(r.URL, attrs)
	})
	log.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/orders/", nil))
	// Output: /orders/ [tenant=acme orders=3]
}
