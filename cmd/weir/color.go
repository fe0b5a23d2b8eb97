package main

import (
	"io"
	"os"

	"golang.org/x/term"
)

// palette colours words for a terminal. The zero value leaves them as they are.
type palette struct{ on bool }

// colorsOf returns the palette for what is written to w: that of a terminal, and plain for all else, and where the
// environment says so (https://no-color.org).
func colorsOf(w io.Writer) palette {
	f, ok := w.(*os.File)
	return palette{ok && term.IsTerminal(int(f.Fd())) && wantsColor(os.Getenv)}
}

// wantsColor reports whether the environment has nothing against colours.
func wantsColor(getenv func(string) string) bool {
	return getenv("NO_COLOR") == "" && getenv("TERM") != "dumb"
}

// paint puts a text between a rendition of ECMA-48 (SGR) and its end.
func (p palette) paint(rendition, s string) string {
	if !p.on || s == "" {
		return s
	}
	return "\x1b[" + rendition + "m" + s + "\x1b[0m"
}

// bad is for what is wrong, odd for what may be, good for what is right.
func (p palette) bad(s string) string  { return p.paint("1;31", s) }
func (p palette) odd(s string) string  { return p.paint("1;33", s) }
func (p palette) good(s string) string { return p.paint("32", s) }

// name is for what somebody gave a name: a section, a file, a place.
func (p palette) name(s string) string { return p.paint("1;36", s) }

// dim is for what is said beside.
func (p palette) dim(s string) string { return p.paint("2", s) }
