package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/weirhttp/weir/deploy"
)

// strokes are what a tree is drawn with.
type strokes struct {
	branch, last, trunk, filter, leads, more, times string
}

var (
	boxStrokes   = strokes{"├─ ", "└─ ", "│ ", "▸ ", " → ", "…", "×"}
	asciiStrokes = strokes{"|- ", "`- ", "| ", "> ", " -> ", "...", "x"}
)

// row is a line of a tree: a node in a place.
type row struct {
	lead   string // the drawing before it
	label  string // the way to it, such as a place
	node   *deploy.Node
	before bool // the node was shown in a row before
}

// tree makes the rows of a site.
type tree struct {
	strokes
	rows []row
	seen map[*deploy.Node]bool
}

// add makes the row of a node and, when it is its first one, those of what is below it: the filters that a request
// passes on its way to it, then what it hands requests to. Below is what is drawn before them.
func (t *tree) add(lead, label, below string, n *deploy.Node) {
	t.rows = append(t.rows, row{lead, label, n, t.seen[n]})
	if t.seen[n] {
		return
	}
	t.seen[n] = true
	inside := below + "  "
	for i := range n.Refs {
		if n.Kind == "app" && !isFilter(n.Refs[i]) {
			inside = below + t.trunk
		}
	}
	for _, f := range n.Filters {
		t.add(inside+t.filter, "", inside, f)
	}
	last := -1
	for i, r := range n.Refs {
		if isFilter(r) {
			t.add(inside+t.filter, branch(n, r), inside, r.Node)
		} else {
			last = i
		}
	}
	for i, r := range n.Refs {
		switch {
		case isFilter(r):
		case i == last:
			t.add(below+t.last, edge(n, i), below+"   ", r.Node)
		default:
			t.add(below+t.branch, edge(n, i), below+t.trunk+" ", r.Node)
		}
	}
}

// writeTree writes a site as a tree in three columns: what is where, the part and its settings, the place in the
// file. The settings are cut where a line would be longer than columns.
func writeTree(w io.Writer, v *overview, s strokes, p palette, columns int) error {
	t := &tree{strokes: s, seen: map[*deploy.Node]bool{}}
	t.add("", "", "", v.root)
	left, middle := t.widths(v, columns)
	var b strings.Builder
	for _, r := range t.rows {
		first := width(t.left(r, palette{}))
		over := max(0, first-left) // a long place moves what follows it
		room := max(middle-over, least)
		second := width(t.middle(v, r, palette{}, room))
		fmt.Fprint(&b, t.left(r, p), strings.Repeat(" ", left+over-first+2), t.middle(v, r, p, room),
			strings.Repeat(" ", max(0, middle-over-second)+2), p.dim(v.where(r.node)), "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// least is how wide the column of settings is at least, in cells.
const least = 16

// widths returns how wide the columns are.
func (t *tree) widths(v *overview, columns int) (left, middle int) {
	right := 0
	for _, r := range t.rows {
		if first := width(t.left(r, palette{})); first <= columns/2 {
			left = max(left, first)
		}
		right = max(right, width(v.where(r.node)))
	}
	room := max(columns-left-right-4, least)
	for _, r := range t.rows {
		middle = max(middle, width(t.middle(v, r, palette{}, room)))
	}
	return left, middle
}

// left returns the first column: the drawing, the way and the name.
func (t *tree) left(r row, p palette) string {
	name := plain(r.node.Name)
	if r.node.Kind == "app" {
		name = p.good(name)
	}
	if r.label == "" {
		return p.dim(r.lead) + name
	}
	return p.dim(r.lead) + p.name(r.label) + p.dim(t.leads) + name
}

// middle returns the second column: what head says, and the settings, cut to the room there is.
func (t *tree) middle(v *overview, r row, p palette, room int) string {
	head, used := t.head(v, r, p), width(t.head(v, r, palette{}))
	rest := strings.ReplaceAll(summary(r.node), "…", t.more)
	if rest == "" || r.before {
		return head
	}
	if used > 0 {
		head, used = head+"  ", used+2
	}
	return head + p.dim(elide(rest, max(room-used, 8), t.more))
}

// head returns the part of a row and whether there are others of it.
func (t *tree) head(v *overview, r row, p palette) string {
	mark := ""
	switch {
	case r.before:
		mark = "(above)"
	case v.shared(r.node):
		mark = fmt.Sprintf("%s%d", t.times, v.uses[r.node])
	}
	part := v.part(r.node)
	if part == "" || mark == "" {
		return part + p.dim(mark)
	}
	return part + " " + p.dim(mark)
}
