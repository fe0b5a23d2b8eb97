package deploy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Pos is a place in a file.
type Pos struct {
	File   string // as the program or the reference to it named it
	Line   int    // from 1; 0: the file as a whole
	Column int    // in characters, from 1
}

// String returns "file:line:column", or the file alone for the file as a whole.
func (p Pos) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Error is one thing that is wrong in a file.
type Error struct {
	Pos     Pos
	Section string // such as "filter.gzip"; empty: none
	Message string // what is wrong
	Hint    string // what to write instead; empty: nothing to say
	Excerpt string // the line with a mark below the place, two lines; empty: no line
}

// Error returns "file:line:column: section: message; hint", one line.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Pos.File != "" {
		b.WriteString(e.Pos.String() + ": ")
	}
	if e.Section != "" {
		b.WriteString(e.Section + ": ")
	}
	b.WriteString(e.Message)
	if e.Hint != "" {
		b.WriteString("; " + e.Hint)
	}
	return b.String()
}

// Errors is all that is wrong in the files of a site, in the order of the files and of their lines.
type Errors []*Error

// Error returns each error on a line of its own, with its excerpt below it.
func (e Errors) Error() string {
	var b strings.Builder
	for i, one := range e {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(one.Error())
		if one.Excerpt != "" {
			b.WriteString("\n" + one.Excerpt)
		}
	}
	return b.String()
}

// Unwrap returns the errors one by one, for errors.As.
func (e Errors) Unwrap() []error {
	list := make([]error, len(e))
	for i, one := range e {
		list[i] = one
	}
	return list
}

// report collects errors, each once.
type report struct {
	errors Errors
	order  map[string]int // of files, as they were first read
}

// add notes an error at a place.
func (r *report) add(at span, section, message, hint string) {
	e := &Error{Pos: at.pos(), Section: clean(section), Message: clean(message), Hint: clean(hint), Excerpt: at.excerpt()}
	same := func(other *Error) bool { return other.Pos == e.Pos && other.Message == e.Message }
	if !slices.ContainsFunc(r.errors, same) {
		r.errors = append(r.errors, e)
	}
}

// sorted returns the errors by file and line, and nil, as an error is nil, when there are none.
func (r *report) sorted() error {
	if len(r.errors) == 0 {
		return nil
	}
	slices.SortStableFunc(r.errors, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(r.order[a.Pos.File], r.order[b.Pos.File]),
			cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Column, b.Pos.Column))
	})
	return r.errors
}
