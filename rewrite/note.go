package rewrite

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"sync"
)

// Note adds attributes to the record that a filter further out, such as filter.AccessLog,
// writes of the request that ctx belongs to, whoever is further in and knows them: the
// tenant, the number of rows, why something was refused.
//
//	rewrite.Note(r.Context(), slog.String("tenant", "acme"))
//
// A note takes the place of an earlier one of the same name. Where nobody takes notes, Note
// does nothing, and after the record was written, a note is not in it. One named "user" is for
// UserNoted, too, by which filter.CacheControl knows whose response nobody else may get.
// Goroutines may call Note at the same time.
func Note(ctx context.Context, attrs ...slog.Attr) {
	for n := notesOf(ctx); n != nil; n = n.outer {
		n.add(attrs, false)
	}
}

// noteAlways is Note for the value of a key, which finds a place where others find none.
func noteAlways(ctx context.Context, attr slog.Attr) {
	for n := notesOf(ctx); n != nil; n = n.outer {
		n.add([]slog.Attr{attr}, true)
	}
}

// Notes are what Note was told of a request. They are of one request and never used for
// another.
type Notes struct {
	outer *Notes // those of the same request further out; nil: none
	limit int

	mu      sync.Mutex
	attrs   []slog.Attr
	dropped int
	beyond  int32 // how many of attrs do not count for the limit
	closed  bool
	user    bool // one was noted, whatever became of it
}

// TakeNotes returns a copy of r for the handlers further in, and the notes that they make
// of it: up to limit, of which those are the first that came. The values of keys that are
// Noted are beyond that limit, as is what is noted by the names of User and Client: a
// program has few of them, and they say whose request it is. TakeNotes takes one allocation
// for all, and a note costs nothing before there is one. The copy's context keeps the copy, so
// that who keeps the context keeps the request.
func TakeNotes(r *http.Request, limit int) (*http.Request, *Notes) {
	n := &noted{Context: r.Context(), notes: Notes{outer: notesOf(r.Context()), limit: limit}}
	n.request = *r.WithContext(n)
	return &n.request, &n.notes
}

// NotesTaken says whether anybody takes notes of the request that ctx belongs to.
func NotesTaken(ctx context.Context) bool {
	return notesOf(ctx) != nil
}

// UserNoted says whether a user was noted who is not the empty string: by User or by its name, at any time so far, by
// anybody whose context comes from ctx or shares the notes of ctx, also where there was no place for the note or the
// record was written before. A value that is no text counts, whatever it holds. What somebody has seen stays seen, so that
// it is a reason to be careful, as with a response that others may keep, and says nothing about who the request is from.
// Where nobody takes notes, it is false.
func UserNoted(ctx context.Context) bool {
	for n := notesOf(ctx); n != nil; n = n.outer {
		if n.knowsUser() {
			return true
		}
	}
	return false
}

func (n *Notes) knowsUser() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.user
}

// Close returns the notes in the order of their names' first use, and how many found no
// place. What is noted from then on is dropped, but for UserNoted.
func (n *Notes) Close() (attrs []slog.Attr, dropped int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.closed = true
	return n.attrs, n.dropped
}

func (n *Notes) add(attrs []slog.Attr, always bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.user = n.user || slices.ContainsFunc(attrs, isUser)
	if n.closed {
		return
	}
	for _, a := range attrs {
		same := func(b slog.Attr) bool { return a.Key != "" && a.Key == b.Key } // without a key it is a group to be inlined
		switch i := slices.IndexFunc(n.attrs, same); {
		case i >= 0:
			n.attrs[i] = a
		case always || a.Key == User.Name || a.Key == Client.Name:
			n.attrs = append(n.attrs, a)
			n.beyond++
		case len(n.attrs)-int(n.beyond) < n.limit:
			n.attrs = append(n.attrs, a)
		default:
			n.dropped++
		}
	}
}

// isUser says whether an attribute names a user, also in a group without a name, which is as good as its attributes. It
// looks into no other value, which would run code of the application.
func isUser(a slog.Attr) bool {
	if a.Key == "" && a.Value.Kind() == slog.KindGroup {
		return slices.ContainsFunc(a.Value.Group(), isUser)
	}
	return a.Key == User.Name && (a.Value.Kind() != slog.KindString || a.Value.String() != "")
}

// noted is the context of a request of which notes are taken, in one piece with them and
// with the request that it is the context of.
type noted struct {
	context.Context
	notes   Notes
	request http.Request
}

// notesKey is what a noted answers with its notes.
type notesKey struct{}

func (n *noted) Value(key any) any {
	if key == (notesKey{}) {
		return &n.notes
	}
	return n.Context.Value(key)
}

func notesOf(ctx context.Context) *Notes {
	n, _ := ctx.Value(notesKey{}).(*Notes)
	return n
}
