package guest

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// The guest book is the form that posts and redirects. It holds the last bookEntries entries, each cut to a length.
const (
	bookEntries = 20
	nameRunes   = 60
	textRunes   = 500
)

type entry struct {
	Name, Text string
	At         time.Time
}

type book struct {
	mu      sync.Mutex
	entries []entry
}

// add puts an entry into the book and drops the oldest beyond bookEntries.
func (b *book) add(e entry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.entries = append(b.entries, e)
	if over := len(b.entries) - bookEntries; over > 0 {
		b.entries = slices.Delete(b.entries, 0, over)
	}
}

// latest returns the entries, newest first.
func (b *book) latest() []entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	latest := slices.Clone(b.entries)
	slices.Reverse(latest)
	return latest
}

func (a *app) showBook(w http.ResponseWriter, r *http.Request) {
	a.show(w, r, http.StatusOK, "book.html", "Guest book", a.book.latest())
}

// signBook stores an entry and redirects, so that reloading the page does not post again.
func (a *app) signBook(w http.ResponseWriter, r *http.Request) {
	if !readForm(w, r) {
		return
	}
	name, text := field(r, "name", nameRunes), field(r, "text", textRunes)
	if name == "" || text == "" {
		http.Error(w, "a guest book entry needs a name and a text", http.StatusUnprocessableEntity)
		return
	}
	a.book.add(entry{name, text, time.Now()})
	seeOther(w, "book")
}

// readForm reads the form in the request's body. When it cannot, it answers and returns false.
func readForm(w http.ResponseWriter, r *http.Request) bool {
	err := r.ParseForm()
	if err != nil {
		http.Error(w, "the form could not be read: "+err.Error(), refusal(err))
	}
	return err == nil
}

// field returns a field of a form that was read, trimmed and at most so many characters long.
func field(r *http.Request, name string, runes int) string {
	text := []rune(strings.TrimSpace(r.PostForm.Get(name)))
	return string(text[:min(len(text), runes)])
}
