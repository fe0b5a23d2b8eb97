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
// A note takes the place of an earlier one of the same name. Where nobody takes notes, and
// after the record was written, Note does nothing. Goroutines may call it at the same time.
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
}

// TakeNotes returns a copy of r for the handlers further in, and the notes that they make
// of it: up to limit, of which those are the first that came. The values of keys that are
// Noted are beyond that limit, as is what is noted by the names of User and Client: a
// program has few of them, and they say whose request it is. TakeNotes takes one allocation
// for all, and a note costs nothing before there is one.
func TakeNotes(r *http.Request, limit int) (*http.Request, *Notes) {
	n := &noted{Context: r.Context(), notes: Notes{outer: notesOf(r.Context()), limit: limit}}
	n.request = *r.WithContext(n)
	return &n.request, &n.notes
}

// NotesTaken says whether anybody takes notes of the request that ctx belongs to.
func NotesTaken(ctx context.Context) bool {
	return notesOf(ctx) != nil
}

// Noted returns what was noted last by a name so far, and whether anything was. It is for a filter that is further out
// than who notes it, as for the User of a response that somebody may keep. Where no notes are taken, nothing was noted.
func Noted(ctx context.Context, name string) (slog.Value, bool) {
	for n := notesOf(ctx); n != nil; n = n.outer {
		if v, found := n.find(name); found {
			return v, true
		}
	}
	return slog.Value{}, false
}

func (n *Notes) find(name string) (slog.Value, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, a := range n.attrs {
		if a.Key == name {
			return a.Value, true
		}
	}
	return slog.Value{}, false
}

// Close returns the notes in the order of their names' first use, and how many found no
// place. What is noted from then on is dropped.
func (n *Notes) Close() (attrs []slog.Attr, dropped int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.closed = true
	return n.attrs, n.dropped
}

func (n *Notes) add(attrs []slog.Attr, always bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
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
