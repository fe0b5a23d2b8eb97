package main

import "github.com/weirhttp/weir/deploy"

// spot is an app in a place of the picture: the filters before it on a card, its box, and what it hands requests to.
// A spot has a band of the picture for itself, from top over its height, in which all of its boxes are.
type spot struct {
	node        *deploy.Node
	label       string // on the way to it
	again       bool   // it is shown in full elsewhere
	rows        []filterRow
	kids        []*spot
	lane        *lane // that of all who are below the same app
	top, height int
	mid         int // the line that a request comes along
}

// filterRow is a filter on a card.
type filterRow struct {
	node   *deploy.Node
	indent int  // below how many other filters it is
	again  bool // it is shown in full elsewhere
}

func (r filterRow) height() int {
	if !r.again && len(r.node.Settings) > 0 {
		return tallRowH
	}
	return rowH
}

func (s *spot) isLeaf() bool { return len(s.kids) == 0 }

// isFolded says whether a spot has no box: the card of a pipeline bears its name.
func (s *spot) isFolded() bool { return s.node.Use == "" && len(s.rows) > 0 && len(s.kids) == 1 }

// cardHeight returns the height of the card of filters; 0: there are none.
func (s *spot) cardHeight() int {
	if len(s.rows) == 0 {
		return 0
	}
	h := 2 * cardPad
	if s.isFolded() {
		h += rowH
	}
	for _, r := range s.rows {
		h += r.height()
	}
	return h
}

func (s *spot) boxHeight() int {
	switch {
	case s.isLeaf():
		return appH
	case s.isFolded():
		return 0
	}
	return hubH
}

// lane is the columns of what is below one app: labels, cards, and boxes that are not at the end of a way.
type lane struct {
	labelW, cardW, hubW int
	cardX, hubX         int
}

// spot makes the spot of an app and of what is below it. An app that has one already gets another one that refers to
// it, so that the picture is no larger than the file.
func (l *layout) spot(n *deploy.Node, label string, in *lane) *spot {
	s := &spot{node: n, label: label, lane: in, again: l.seen[n]}
	l.number(n)
	l.seen[n] = true
	if !s.again {
		for _, f := range n.Filters {
			s.rows = l.filter(s.rows, f, 0)
		}
		for _, r := range n.Refs {
			if isFilter(r) {
				s.rows = l.filter(s.rows, r.Node, 0)
			}
		}
		below := &lane{}
		for i, r := range n.Refs {
			if !isFilter(r) {
				s.kids = append(s.kids, l.spot(r.Node, edge(n, i), below))
			}
		}
	}
	l.measure(s)
	return s
}

// filter adds the rows of a filter and those that it names.
func (l *layout) filter(rows []filterRow, n *deploy.Node, indent int) []filterRow {
	r := filterRow{n, indent, l.seen[n]}
	l.number(n)
	l.seen[n] = true
	rows = append(rows, r)
	if r.again {
		return rows
	}
	for _, f := range n.Filters {
		rows = l.filter(rows, f, indent+1)
	}
	for _, ref := range n.Refs {
		rows = l.filter(rows, ref.Node, indent+1)
	}
	return rows
}

// number gives a section that stands in several places a number. A part that is named without one needs no settings:
// that it is one instance tells nothing.
func (l *layout) number(n *deploy.Node) {
	if l.shared(n) && l.part(n) != "" && l.badges[n] == 0 {
		l.badges[n] = len(l.badges) + 1
	}
}

// measure has the columns of a spot be wide enough for it.
func (l *layout) measure(s *spot) {
	at := s.lane
	if s.label != "" {
		at.labelW = max(at.labelW, labelWidth(s.label))
	}
	for _, r := range s.rows {
		at.cardW = max(at.cardW, l.rowWidth(r))
	}
	part := l.kindOf(s.node)
	name := heavyWidth(plain(s.node.Name), 14) + 28
	if l.badges[s.node] > 0 {
		name += 24
	}
	if s.isLeaf() {
		_, value := target(s.node)
		l.leafW = max(l.leafW, leastApp, min(mostApp, max(name+heavyWidth(part, 11)+26, monoWidth(value, 12)+34)))
		return
	}
	if s.isFolded() {
		at.cardW = max(at.cardW, min(mostName+44, name+textWidth(part, 11)+16))
		return
	}
	at.hubW = max(at.hubW, min(mostName, max(name, textWidth(part, 11)+28, 84)))
}

// labelWidth returns how wide a label is; its letters are heavy ones.
func labelWidth(label string) int { return min(mostLabel, heavyWidth(label, 12)+18) }

// rowWidth returns how wide the row of a filter wants to be.
func (l *layout) rowWidth(r filterRow) int {
	w := textWidth(plain(r.node.Name), 13)
	if r.height() == tallRowH {
		w = max(w, textWidth(l.rowNote(r), 11))
	}
	w = min(max(w, leastName), mostName)
	if l.badges[r.node] > 0 {
		w += 22
	}
	return r.indent*indentW + 44 + w
}

// rowNote returns the second line of a filter: its part and its settings.
func (l *layout) rowNote(r filterRow) string {
	note := summary(r.node)
	if part := l.part(r.node); part != "" && part != plain(r.node.Name) {
		note = part + " · " + note
	}
	return note
}

// kindOf returns what the second line of a box says that it is.
func (l *layout) kindOf(n *deploy.Node) string {
	if part := l.part(n); part != "" {
		return part
	}
	return plain(n.Use)
}
