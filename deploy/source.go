package deploy

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// source is the text of a file.
type source struct {
	name string // as it was named
	dir  string // the folder that it is in, an absolute path
	text []byte
}

// span is a part of a file: a key, a value, a name. Without a text it is the file as a whole.
type span struct {
	src      *source
	from, to int // in bytes
}

func (s span) pos() Pos {
	if len(s.src.text) == 0 {
		return Pos{File: s.src.name}
	}
	before := s.src.text[:s.start()]
	line := before[bytes.LastIndexByte(before, '\n')+1:]
	return Pos{s.src.name, bytes.Count(before, []byte{'\n'}) + 1, utf8.RuneCount(line) + 1}
}

// start returns where the place begins, which is never in the middle of a character.
func (s span) start() int {
	for i := s.from; i > 0 && i > s.from-utf8.UTFMax; i-- {
		if i == len(s.src.text) || utf8.RuneStart(s.src.text[i]) {
			return i
		}
	}
	return s.from
}

// How much of a long line an excerpt shows, in characters: before the place, and in all.
const (
	excerptBefore = 60
	excerptWidth  = 100
)

// excerpt returns the line of the place, and below it a line that marks it.
func (s span) excerpt() string {
	if len(s.src.text) == 0 {
		return ""
	}
	s.from = s.start()
	start := bytes.LastIndexByte(s.src.text[:s.from], '\n') + 1
	end := len(s.src.text)
	if i := bytes.IndexByte(s.src.text[s.from:], '\n'); i >= 0 {
		end = s.from + i
	}
	before := []rune(string(s.src.text[start:s.from]))
	marked := []rune(string(s.src.text[s.from:max(s.from, min(s.to, end))]))
	after := []rune(strings.TrimSuffix(string(s.src.text[min(max(s.from, s.to), end):end]), "\r"))
	cut := ""
	if over := len(before) - excerptBefore; over > 0 && len(before)+len(marked)+len(after) > excerptWidth {
		before, cut = before[over:], "…"
	}
	line := append(append(append([]rune(cut), before...), marked...), after...)
	if len(line) > excerptWidth {
		line = append(line[:excerptWidth:excerptWidth], '…')
	}
	width := max(1, min(len(marked), excerptWidth-len(before)))
	blank := strings.Map(func(c rune) rune {
		if c == '\t' {
			return c
		}
		return ' '
	}, cut+string(before))
	number := fmt.Sprintf("%5d", s.pos().Line)
	return number + " | " + clean(string(line)) + "\n" + strings.Repeat(" ", len(number)) + " | " + blank + strings.Repeat("^", width)
}

// clean replaces what would move the cursor of a terminal.
func clean(s string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' && c != '\t' || c == 0x7f {
			return '\uFFFD'
		}
		return c
	}, s)
}
