package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/weirhttp/weir/deploy"
)

// overview is a site as its pictures show it: what they say of a node, and which nodes stand in several places.
type overview struct {
	root   *deploy.Node
	folder string               // of the file, to which places in files are relative
	uses   map[*deploy.Node]int // in how many places a node is named
}

// newOverview looks at a site by its root, as it was loaded from the file of a name.
func newOverview(root *deploy.Node, name string) *overview {
	file, _, _ := strings.Cut(name, "#")
	v := &overview{root: root, folder: filepath.Dir(file), uses: map[*deploy.Node]int{}}
	v.count(v.root)
	return v
}

// count goes to each node once, however often it is named.
func (v *overview) count(n *deploy.Node) {
	v.uses[n]++
	if v.uses[n] > 1 {
		return
	}
	for _, f := range n.Filters {
		v.count(f)
	}
	for _, r := range n.Refs {
		v.count(r.Node)
	}
}

// shared reports whether a node is one instance that stands in several places.
func (v *overview) shared(n *deploy.Node) bool { return v.uses[n] > 1 }

// where returns FILE:LINE, the file as seen from that of the site.
func (v *overview) where(n *deploy.Node) string {
	file := n.Pos.File
	if near, err := filepath.Rel(v.folder, file); err == nil && len(near) < len(file) {
		file = near
	}
	if n.Pos.Line == 0 {
		return plain(file)
	}
	return plain(file) + ":" + strconv.Itoa(n.Pos.Line)
}

// part returns the part of a node, or that it is a pipeline; "" for one that is named without a section, whose
// name says it.
func (v *overview) part(n *deploy.Node) string {
	switch {
	case n.Use == "":
		return "pipeline"
	case n.Section == n.Kind+" "+n.Name:
		return ""
	}
	return plain(n.Use)
}

// edge returns what stands on the way from an app to the i-th of those that it names: a place, the number in a
// cascade, a key. Of a pipeline it is empty.
func edge(n *deploy.Node, i int) string {
	r := n.Refs[i]
	switch {
	case r.Place != "":
		return plain(r.Place)
	case n.Use == "":
		return ""
	case n.Use == "cascade":
		return strconv.Itoa(i + 1)
	}
	return plain(r.Key)
}

// branch returns which requests go to one of the filters that a switch names; empty: n is none.
func branch(n *deploy.Node, r deploy.Ref) string {
	if n.Use == "switch" && r.Match == "" {
		return plain(r.Key)
	}
	return plain(r.Match)
}

// targets are the keys that say where an application is, the most telling first.
var targets = []string{"socket", "url", "path", "app", "server", "servers", "fs"}

// target returns the value that says where an application is, and the key that has it; "": there is none to show.
func target(n *deploy.Node) (key, value string) {
	if n.Kind != "app" {
		return "", ""
	}
	for _, t := range targets {
		for _, s := range n.Settings {
			if s.Key == t && s.Value != "" {
				return s.Key, plain(s.Value)
			}
		}
	}
	return "", ""
}

// settings returns the keys of a node and their values, but for one key.
func settings(n *deploy.Node, but string) []string {
	var list []string
	for _, s := range n.Settings {
		switch {
		case s.Key == but:
		case s.Value == "":
			list = append(list, plain(s.Key)+" …")
		case s.Value == "true":
			list = append(list, plain(s.Key))
		default:
			list = append(list, plain(s.Key)+" "+plain(s.Value))
		}
	}
	return list
}

// summary returns the settings of a node in a line: where it is, and the others.
func summary(n *deploy.Node) string {
	key, value := target(n)
	list := settings(n, key)
	if value != "" {
		list = slices.Insert(list, 0, value)
	}
	return strings.Join(list, ", ")
}

// isFilter reports whether a reference is one to a filter.
func isFilter(r deploy.Ref) bool { return r.Node.Kind == "filter" }

// plain replaces what would move the cursor of a terminal or turn the direction of a text: names come from files.
func plain(s string) string {
	return strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return '\uFFFD'
		}
		return c
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// cells returns how wide a character is in a terminal.
func cells(c rune) int {
	switch {
	case unicode.Is(unicode.Mn, c):
		return 0
	case unicode.In(c, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana),
		0x3000 <= c && c <= 0x303f, 0xff01 <= c && c <= 0xff60, 0x1f300 <= c && c <= 0x1faff:
		return 2
	}
	return 1
}

// width returns how wide a text is in a terminal.
func width(s string) int {
	n := 0
	for _, c := range s {
		n += cells(c)
	}
	return n
}

// pad fills a text with blanks.
func pad(s string, to int) string {
	return s + strings.Repeat(" ", max(0, to-width(s)))
}

// elide cuts a text so that it has at most so many cells, the mark at its end included.
func elide(s string, most int, mark string) string {
	if width(s) <= most {
		return s
	}
	room, n := most-width(mark), 0
	for i, c := range s {
		if n += cells(c); n > room {
			return strings.TrimRight(s[:i], " ,") + mark
		}
	}
	return s
}

// counted is for "1 filter", "2 filters".
func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
