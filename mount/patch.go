package mount

// patch is a text of which parts are replaced, from left to right. All other bytes stay,
// and a text of which no part is replaced is not copied.
type patch struct {
	text string
	done int // how much of text is in out, or was left out
	out  []byte
}

// put replaces text[from:to].
func (p *patch) put(from, to int, with string) {
	if p.text[from:to] == with {
		return
	}
	p.out = append(append(p.out, p.text[p.done:from]...), with...)
	p.done = to
}

func (p *patch) String() string {
	if p.done == 0 && len(p.out) == 0 {
		return p.text
	}
	return string(append(p.out, p.text[p.done:]...))
}
