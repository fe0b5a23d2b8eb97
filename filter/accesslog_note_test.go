package filter_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"testing"

	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/rewrite"
)

func TestAccessLogHasWhatIsNotedFurtherIn(t *testing.T) {
	noting := func(attrs ...slog.Attr) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { rewrite.Note(r.Context(), attrs...) })
	}
	for _, c := range []struct {
		name    string
		handler http.Handler
		want    map[string]any
	}{
		{"a note", noting(slog.String("tenant", "acme")), map[string]any{"tenant": "acme", "notes_dropped": nil}},
		{"a user who is found out further in", rewrite.Request(rewrite.User.Set("ann"))(noting()), map[string]any{"user": "ann"}},
		{"the user who was found out last", rewrite.Request(rewrite.User.Set("ann"), rewrite.User.Set("bob"))(noting()), map[string]any{"user": "bob"}},
		{"a user whom the application signs in by itself", noting(slog.String("user", "ann")), map[string]any{"user": "ann"}},
		{"nobody", rewrite.Request(rewrite.User.Set("ann"), rewrite.User.Set(""))(noting()), map[string]any{"user": nil}},
		{"a client that is found out further in", rewrite.Request(rewrite.Client.Set(netip.MustParseAddr("2001:db8::1")))(noting()),
			map[string]any{"client": "2001:db8::1"}},
		{"an id of a filter further in", rewrite.Request(filter.ID.Set("x1"))(noting()), map[string]any{"id": "x1"}},
		{"more than there is room for", noting(slog.Int("a", 1), slog.Int("b", 2), slog.Int("c", 3), slog.Int("d", 4)),
			map[string]any{"a": 1.0, "b": 2.0, "c": 3.0, "d": nil, "notes_dropped": 1.0}},
		{"who sent the request, after more than there is room for", noting(slog.Int("a", 1), slog.Int("b", 2), slog.Int("c", 3), slog.Int("d", 4),
			slog.String("user", "ann")), map[string]any{"user": "ann", "c": 3.0, "d": nil, "notes_dropped": 1.0}},
		{"what is set after more than there is room for", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rewrite.Note(r.Context(), slog.Int("a", 1), slog.Int("b", 2), slog.Int("c", 3))
			rewrite.User.WithValue(r.Context(), "bob")
			rewrite.Client.WithValue(r.Context(), netip.MustParseAddr("2001:db8::2"))
			filter.ID.WithValue(r.Context(), "x2")
		}), map[string]any{"user": "bob", "client": "2001:db8::2", "id": "x2", "c": 3.0, "notes_dropped": nil}},
		{"a client whom nobody knows, as is found out further in", rewrite.Request(rewrite.Client.Set(netip.Addr{}))(noting()),
			map[string]any{"client": "unknown"}},
		{"a note before a panic", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rewrite.Note(r.Context(), slog.String("step", "second"))
			panic(http.ErrAbortHandler)
		}), map[string]any{"step": "second", "cut": true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var book logbook
			h := filter.AccessLog(filter.AccessLogOptions{Logger: book.logger(), MaxNotes: 3})(c.handler)
			func() {
				defer func() { _ = recover() }()
				h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
			}()
			record := book.records(t)[0]
			for name, want := range c.want {
				if record[name] != want {
					t.Errorf("%s is %v, want %v", name, record[name], want)
				}
			}
		})
	}
}

func TestAccessLogCanDoWithoutNotes(t *testing.T) {
	var book logbook
	h := rewrite.Request(rewrite.User.Set("ann"))(filter.AccessLog(filter.AccessLogOptions{Logger: book.logger(), MaxNotes: -1})(
		rewrite.Request(rewrite.User.Set("bob"))(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rewrite.Note(r.Context(), slog.Int("a", 1))
		}))))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	if record := book.records(t)[0]; record["user"] != "ann" || record["a"] != nil {
		t.Errorf("log: %s", book.String())
	}
}

// A handler's goroutine that outlives its request notes something while the next one is served.
func TestAccessLogDropsLateNotes(t *testing.T) {
	var book logbook
	var first context.Context
	h := filter.AccessLog(filter.AccessLogOptions{Logger: book.logger()})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if first == nil {
			first = r.Context()
			return
		}
		rewrite.Note(first, slog.String("late", "yes"))
		rewrite.User.WithValue(first, "mallory")
	}))
	for range 2 {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	}
	for i, record := range book.records(t) {
		if record["late"] != nil || record["user"] != nil {
			t.Errorf("record %d: %v", i+1, record)
		}
	}
}

func TestAccessLogKeepsNotesApart(t *testing.T) {
	var book logbook
	h := filter.AccessLog(filter.AccessLogOptions{Logger: book.logger()})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		done := make(chan bool)
		go func() {
			rewrite.Note(r.Context(), slog.String("own", r.URL.Path))
			close(done)
		}()
		<-done
	}))
	s := httptest.NewServer(h)
	got := make(chan error)
	for i := range 50 {
		go func() {
			res, err := s.Client().Get(fmt.Sprint(s.URL, "/", i))
			if err == nil {
				err = res.Body.Close()
			}
			got <- err
		}()
	}
	for range 50 {
		if err := <-got; err != nil {
			t.Error(err)
		}
	}
	s.Close()
	records := book.records(t)
	for _, record := range records {
		if record["own"] != record["path"] {
			t.Errorf("%v has the note %v", record["path"], record["own"])
		}
	}
	if len(records) != 50 {
		t.Errorf("%d records", len(records))
	}
}

func ExampleAccessLog_note() {
	log := filter.AccessLog(filter.AccessLogOptions{
		Logger: slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
			ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
				if a.Key == slog.TimeKey || a.Key == "duration" {
					return slog.Attr{} // not the same each time
				}
				return a
			},
		})),
	})
	signOn := rewrite.Request(rewrite.User.Set("ann")) // further in than the log, which knows her all the same
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rewrite.Note(r.Context(), slog.Int("rows", 12))
	})
	log(signOn(app)).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/report", nil))
	// Output:
	// level=INFO msg=request method=GET path=/report status=200 bytes=0 client=192.0.2.1 protocol=HTTP/1.1 user=ann rows=12
}
