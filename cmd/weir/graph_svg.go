package main

import (
	_ "embed"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/weirhttp/weir/deploy"
)

//go:embed graph.css
var pictureStyle string

// writeSVG writes a site as a picture that needs nothing else: no script, no font, no other file. It is of the light or
// the dark kind as the reader prefers.
func writeSVG(w io.Writer, v *overview, title string) error {
	l := newLayout(v)
	d := &drawing{layout: l}
	d.add(`<svg class="weir" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%[1]d" height="%[2]d" role="img" aria-labelledby="weir-title weir-desc">`,
		l.w, l.h)
	d.add(`<title id="weir-title">%s</title>`, "The site of "+plain(title))
	d.add(`<desc id="weir-desc">%s</desc>`, l.words())
	d.b.WriteString("<style>\n" + pictureStyle + "</style>\n")
	d.add(`<rect class="page" x="0.5" y="0.5" width="%d" height="%d" rx="14"/>`, l.w-1, l.h-1)
	d.head(plain(title))
	for _, one := range l.wires {
		d.wire(one)
	}
	for _, one := range l.boxes {
		d.box(one)
	}
	d.foot()
	d.add(`</svg>`)
	_, err := io.WriteString(w, d.b.String())
	return err
}

// drawing is a picture on its way to a text.
type drawing struct {
	*layout
	b strings.Builder
}

// add adds a line of markup. Texts among the arguments are escaped.
func (d *drawing) add(format string, args ...any) {
	for i, a := range args {
		if s, ok := a.(string); ok {
			args[i] = escaped(s)
		}
	}
	fmt.Fprintf(&d.b, format+"\n", args...)
}

func escaped(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a strings.Builder takes all
	return b.String()
}

// words says in sentences what the picture shows.
func (l *layout) words() string {
	var list []string
	for _, b := range l.boxes {
		s := b.spot
		if b.shape != appBox && b.shape != hubBox && (b.shape != cardBox || !s.isFolded()) {
			continue
		}
		words := plain(s.node.Name) + " (" + l.kindOf(s.node) + ")"
		if s.label != "" {
			words = s.label + " leads to " + words
		}
		var filters []string
		for _, r := range s.rows {
			filters = append(filters, plain(r.node.Name))
		}
		if len(filters) > 0 {
			words += " behind " + strings.Join(filters, ", ")
		}
		list = append(list, words+".")
	}
	return strings.Join(list, " ")
}

// head writes the title and how much there is.
func (d *drawing) head(title string) {
	apps, filters := 0, 0
	for n := range d.uses {
		switch {
		case n.Kind == "filter":
			filters++
		case len(n.Refs) == 0:
			apps++
		}
	}
	d.add(`<text class="title" x="%d" y="38">%s</text>`, margin, fit(title, d.w-2*margin, 17, heavyGlyph))
	d.add(`<text class="note" x="%d" y="57">%s</text>`, margin, counted(apps, "application")+" · "+counted(filters, "filter"))
}

// foot says what the numbers mean, if there are any, and the dashes.
func (d *drawing) foot() {
	if len(d.badges) == 0 {
		return
	}
	note := "One number is one instance: it counts, and keeps its state, for all of its places together."
	if slices.ContainsFunc(d.boxes, func(b box) bool { return b.shape == appBox && b.spot.again }) {
		note += " What is dashed is shown in full above."
	}
	d.add(`<text class="note" x="%d" y="%d">%s</text>`, margin, d.h-18, fit(note, d.w-2*margin, 11, glyph))
}

// wire draws a way with round corners, and the head of an arrow at its end.
func (d *drawing) wire(w wire) {
	path := fmt.Sprintf("M%d %dH%d", w.x1, w.y1, w.x2)
	if w.y1 != w.y2 {
		r, down := min(8, abs(w.y2-w.y1)/2), 1
		if w.y2 < w.y1 {
			down = -1
		}
		path = fmt.Sprintf("M%d %dH%dQ%d %d %d %dV%dQ%d %d %d %dH%d", w.x1, w.y1, w.turn-r, w.turn, w.y1, w.turn, w.y1+down*r,
			w.y2-down*r, w.turn, w.y2, w.turn+r, w.y2, w.x2)
	}
	d.add(`<path class="wire" d="%s"/>`, path)
	d.add(`<path class="tip" d="M%d %dl-7 -4v8z"/>`, w.x2, w.y2)
}

func abs(n int) int { return max(n, -n) }

// box draws a box with what stands in it.
func (d *drawing) box(b box) {
	switch b.shape {
	case clientBox:
		d.add(`<rect class="client" x="%d" y="%d" width="%d" height="%d" rx="%d"/>`, b.x, b.y, b.w, b.h, b.h/2)
		d.add(`<text class="client-name" x="%d" y="%d" text-anchor="middle">client</text>`, b.x+b.w/2, b.y+b.h/2+5)
	case labelBox:
		d.label(b)
	case cardBox:
		d.card(b)
	case hubBox:
		d.hub(b)
	case appBox:
		d.app(b)
	}
}

// label draws the place of a mount on the way to it.
func (d *drawing) label(b box) {
	d.add(`<g><title>%s</title>`, b.spot.label)
	d.add(`<rect class="label" x="%d" y="%d" width="%d" height="%d" rx="%d"/>`, b.x, b.y, b.w, b.h, b.h/2)
	d.add(`<text class="place" x="%d" y="%d" text-anchor="middle">%s</text></g>`, b.x+b.w/2, b.y+b.h/2+4,
		fit(b.spot.label, b.w-14, 12, heavyGlyph))
}

// card draws the filters of an app, in the order in which a request passes them.
func (d *drawing) card(b box) {
	d.add(`<rect class="card" x="%d" y="%d" width="%d" height="%d" rx="10"/>`, b.x, b.y, b.w, b.h)
	y, rows := b.y+cardPad, b.spot.rows
	if b.spot.isFolded() {
		d.pipeline(b)
		y += rowH
	}
	d.add(`<path class="thread" d="M%d %dV%d"/>`, b.x+17, y+rows[0].height()/2, b.y+b.h-cardPad-rows[len(rows)-1].height()/2)
	for _, r := range rows {
		d.filter(b, r, y)
		y += r.height()
	}
}

// pipeline draws the name of a pipeline on its card.
func (d *drawing) pipeline(b box) {
	n, right := b.spot.node, b.x+b.w-13
	d.add(`<g><title>%s</title><rect class="row" x="%d" y="%d" width="%d" height="%d"/>`, d.tip(n), b.x+4, b.y+cardPad, b.w-8, rowH)
	if d.badges[n] > 0 {
		d.badge(n, right-5, b.y+cardPad+13)
		right -= 20
	}
	d.add(`<text class="note" x="%d" y="%d" text-anchor="end">pipeline</text>`, right, b.y+cardPad+17)
	d.add(`<text class="name" x="%d" y="%d">%s</text></g>`, b.x+12, b.y+cardPad+17, fit(plain(n.Name), right-60-b.x-12, 14, heavyGlyph))
}

// filter draws a filter on a card.
func (d *drawing) filter(b box, r filterRow, y int) {
	x, mid := b.x+30+r.indent*indentW, y+r.height()/2
	room := b.x + b.w - 12 - x
	d.add(`<g><title>%s</title><rect class="row" x="%d" y="%d" width="%d" height="%d"/>`, d.tip(r.node), b.x+4, y, b.w-8, r.height())
	d.add(`<circle class="stop" cx="%d" cy="%d" r="4"/>`, b.x+17, mid)
	if d.badges[r.node] > 0 {
		d.badge(r.node, b.x+b.w-18, mid)
		room -= 22
	}
	name := fit(plain(r.node.Name), room, 13, glyph)
	if r.height() == rowH {
		d.add(`<text class="filter" x="%d" y="%d">%s</text></g>`, x, mid+4, name)
		return
	}
	d.add(`<text class="filter" x="%d" y="%d">%s</text>`, x, mid-3, name)
	d.add(`<text class="note" x="%d" y="%d">%s</text></g>`, x, mid+12, fit(d.rowNote(r), room, 11, glyph))
}

// badge draws the number of what stands in several places.
func (d *drawing) badge(n *deploy.Node, x, y int) {
	number := d.badges[n]
	d.add(`<circle class="badge hue%d" cx="%d" cy="%d" r="8"/>`, number%6, x, y)
	d.add(`<text class="number" x="%d" y="%d" text-anchor="middle">%d</text>`, x, y+4, number)
}

// hub draws an app that hands requests to others.
func (d *drawing) hub(b box) {
	n := b.spot.node
	d.add(`<g><title>%s</title><rect class="hub" x="%d" y="%d" width="%d" height="%d" rx="10"/>`, d.tip(n), b.x, b.y, b.w, b.h)
	room := b.w - 24
	if d.badges[n] > 0 {
		d.badge(n, b.x+b.w-16, b.y+16)
		room -= 20
	}
	d.add(`<text class="name" x="%d" y="%d">%s</text>`, b.x+13, b.y+19, fit(plain(n.Name), room, 14, heavyGlyph))
	d.add(`<text class="note" x="%d" y="%d">%s</text></g>`, b.x+13, b.y+35, fit(d.kindOf(n), b.w-24, 11, glyph))
}

// kinds are the parts that have a colour of their own.
var kinds = []string{"proxy", "wsgi", "cgi", "fastcgi", "scgi", "dir"}

// app draws an application at the end of a way.
func (d *drawing) app(b box) {
	n, class, hue := b.spot.node, "app", "other"
	if slices.Contains(kinds, n.Use) {
		hue = n.Use
	}
	if b.spot.again {
		class = "app again"
	}
	d.add(`<g><title>%s</title><rect class="%s" x="%d" y="%d" width="%d" height="%d" rx="10"/>`, d.tip(n), class, b.x, b.y, b.w, b.h)
	d.add(`<path class="%s" d="M%d %dv%d"/>`, "side "+hue, b.x+9, b.y+10, b.h-20)
	kind := fit(d.kindOf(n), b.w/2, 11, heavyGlyph)
	right := b.x + b.w - 13
	if d.badges[n] > 0 {
		d.badge(n, right-6, b.y+17)
		right -= 22
	}
	d.add(`<text class="%s" x="%d" y="%d" text-anchor="end">%s</text>`, "kind "+hue, right, b.y+21, kind)
	d.add(`<text class="name" x="%d" y="%d">%s</text>`, b.x+20, b.y+21,
		fit(plain(n.Name), right-heavyWidth(kind, 11)-8-b.x-20, 14, heavyGlyph))
	d.add(`<text class="target" x="%d" y="%d">%s</text></g>`, b.x+20, b.y+40, fit(d.note(b.spot), b.w-34, 12, monoGlyph))
}

// note returns the second line of an application: where it is, or what else is known of it.
func (d *drawing) note(s *spot) string {
	_, value := target(s.node)
	switch {
	case s.again && len(s.node.Refs) > 0:
		return "as above"
	case value != "":
		return value
	}
	return summary(s.node)
}

// tip returns what the tooltip of a node says: what it is, where, all of its settings, and whether it is shared.
func (d *drawing) tip(n *deploy.Node) string {
	lines := []string{plain(n.Section)}
	if part := d.part(n); part != "" {
		lines[0] += ": " + part
	}
	lines = append(lines, d.where(n))
	lines = append(lines, settings(n, "")...)
	if d.shared(n) {
		lines = append(lines, fmt.Sprintf("one instance in %d places", d.uses[n]))
	}
	return strings.Join(lines, "\n")
}
