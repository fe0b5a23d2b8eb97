package main

import "github.com/weirhttp/weir/deploy"

// The measures of a picture, in pixels.
const (
	margin     = 28
	headHeight = 64 // the title above the picture
	footHeight = 34 // the note below it
	clientW    = 72
	hubH       = 44
	appH       = 52
	rowH       = 26 // a filter by its name
	tallRowH   = 42 // and its settings
	cardPad    = 7
	indentW    = 14
	laneGap    = 30 // between columns
	trunkGap   = 16 // from a hub to where its ways part
	labelH     = 22
	bandGap    = 16 // between one way and the next
	leastName  = 96
	mostName   = 200 // of a filter or a hub
	mostLabel  = 170
	leastApp   = 190
	mostApp    = 300
)

// shape is what a box of the picture is.
type shape int

const (
	clientBox shape = iota
	cardBox
	hubBox
	appBox
	labelBox
)

// box is a rectangle of the picture. No two overlap.
type box struct {
	shape      shape
	x, y, w, h int
	spot       *spot // nil: the client
}

// wire is a way of requests: from a point to the right, up or down at turn, and on to a point.
type wire struct {
	x1, y1, turn, x2, y2 int
}

// layout is a picture before it is drawn.
type layout struct {
	*overview
	w, h   int
	boxes  []box
	wires  []wire
	badges map[*deploy.Node]int // numbers of what stands in several places
	seen   map[*deploy.Node]bool
	leafX  int // where all applications at the end of a way stand
	leafW  int
}

// newLayout finds a place for all that is in a site: a tree from left to right, in which the applications at its ends
// stand in one column, and what else is below one app in columns of its own.
func newLayout(v *overview) *layout {
	l := &layout{overview: v, badges: map[*deploy.Node]int{}, seen: map[*deploy.Node]bool{}}
	root := l.spot(v.root, "", &lane{})
	l.columns([]*spot{root}, margin+clientW)
	l.stack(root, headHeight+margin/2)
	mid := root.mid
	l.boxes = append(l.boxes, box{clientBox, margin, mid - hubH/2, clientW, hubH, nil})
	l.comeIn(root, margin+clientW, mid, margin+clientW)
	l.w, l.h = l.leafX+l.leafW+margin, root.top+root.height+margin
	if len(l.badges) > 0 {
		l.h += footHeight - margin/2
	}
	return l
}

// columns gives the columns of what is below one app their places, right of x, and those below it theirs.
func (l *layout) columns(group []*spot, x int) {
	at := group[0].lane
	at.cardX = x + laneGap + at.labelW
	at.hubX = at.cardX
	if at.cardW > 0 {
		at.hubX += at.cardW + laneGap
	}
	l.leafX = max(l.leafX, at.hubX)
	for _, s := range group {
		if !s.isLeaf() {
			l.columns(s.kids, s.out()+trunkGap)
		}
	}
}

// out returns where requests leave a spot for those below it.
func (s *spot) out() int {
	if s.isFolded() {
		return s.lane.cardX + s.lane.cardW
	}
	return s.lane.hubX + s.lane.hubW
}

// stack gives a spot and those below it their bands.
func (l *layout) stack(s *spot, top int) {
	s.top = top
	own := max(s.cardHeight(), s.boxHeight())
	y := top
	for _, k := range s.kids {
		l.stack(k, y)
		y += k.height + bandGap
	}
	below := max(0, y-bandGap-top)
	s.height = max(own, below)
	if s.isLeaf() {
		s.mid = top + own/2
		return
	}
	if own > below {
		for _, k := range s.kids {
			k.shift((own - below) / 2)
		}
	}
	mid := (s.kids[0].mid + s.kids[len(s.kids)-1].mid) / 2
	for _, k := range s.kids {
		if abs(k.mid-mid) <= 2 {
			mid = k.mid // a straight way is better than a right middle
		}
	}
	s.mid = min(max(mid, top+own/2), top+s.height-(own+1)/2)
}

// shift moves a spot and those below it down.
func (s *spot) shift(by int) {
	s.top += by
	s.mid += by
	for _, k := range s.kids {
		k.shift(by)
	}
}

// comeIn makes the wire to a spot from x, y, which may turn up or down at turn, and all that it leads to.
func (l *layout) comeIn(s *spot, x, y, turn int) {
	at, shape, boxX, boxW := s.lane, hubBox, s.lane.hubX, s.lane.hubW
	if s.isLeaf() {
		shape, boxX, boxW = appBox, l.leafX, l.leafW
	}
	end := boxX
	if h := s.cardHeight(); h > 0 {
		end = at.cardX
		l.boxes = append(l.boxes, box{cardBox, at.cardX, s.mid - h/2, at.cardW, h, s})
	}
	l.wires = append(l.wires, wire{x, y, turn, end, s.mid})
	if s.label != "" {
		l.boxes = append(l.boxes, box{labelBox, turn + 12, s.mid - labelH/2, labelWidth(s.label), labelH, s})
	}
	if h := s.boxHeight(); h > 0 {
		l.boxes = append(l.boxes, box{shape, boxX, s.mid - h/2, boxW, h, s})
		if end != boxX {
			l.wires = append(l.wires, wire{at.cardX + at.cardW, s.mid, boxX, boxX, s.mid})
		}
	}
	for _, k := range s.kids {
		l.comeIn(k, s.out(), s.mid, s.out()+trunkGap)
	}
}
