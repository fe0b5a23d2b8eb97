package deploy

import (
	"bytes"
	"fmt"
	"strings"
)

// iniSection is a section of an INI file as it stands there.
type iniSection struct {
	name  string
	at    span // the name
	table *table
}

// iniReader reads what ConfigParser of Python reads, with the place of each key and value.
type iniReader struct {
	*report
	src      *source
	sections []*iniSection
	section  *iniSection // nil: before the first one, or after a bad header
	entry    *entry      // the one that an indented line goes on with
}

// readINI returns the sections of a text, and whether it could read all.
func readINI(src *source, r *report) ([]*iniSection, bool) {
	before := len(r.errors)
	i := &iniReader{report: r, src: src}
	for at := 0; at < len(src.text); {
		end := len(src.text)
		if n := bytes.IndexByte(src.text[at:], '\n'); n >= 0 {
			end = at + n + 1
		}
		i.line(at, end)
		at = end
	}
	return i.sections, len(r.errors) == before
}

// trimmed returns the part of the text between two offsets without blanks around it.
func (i *iniReader) trimmed(from, to int) span {
	text := i.src.text[from:to]
	from += len(text) - len(bytes.TrimLeft(text, " \t\r\n\f\v"))
	return span{i.src, from, from + len(bytes.TrimSpace(text))}
}

func (s span) text() string { return string(s.src.text[s.from:s.to]) }

func (i *iniReader) line(from, to int) {
	s := i.trimmed(from, to)
	text := s.text()
	switch {
	case text == "" || text[0] == '#' || text[0] == ';':
	case s.from > from && i.entry != nil:
		v := i.entry.value
		v.list = append(v.list, &value{at: s, form: textForm, text: text, loose: true})
		v.text += "\n" + text
		v.at.to = s.to
	case text[0] == '[':
		i.header(s, text)
	default:
		i.keyValue(s, text)
	}
}

// header begins a section. Two of one name are an error.
func (i *iniReader) header(s span, text string) {
	i.section, i.entry = nil, nil
	end := strings.LastIndexByte(text, ']')
	if end < 0 {
		i.add(s, "", "this header has no ] at its end", "")
		return
	}
	name := i.trimmed(s.from+1, s.from+end)
	for _, other := range i.sections {
		if other.name == name.text() {
			i.add(name, "", fmt.Sprintf("%q is there already, at %s", other.name, other.at.pos()), "")
			return
		}
	}
	i.section = &iniSection{name: name.text(), at: name, table: &table{}}
	i.sections = append(i.sections, i.section)
}

// keyValue reads "key = value" or "key: value". The colon of a URL is part of a key.
func (i *iniReader) keyValue(s span, text string) {
	i.entry = nil
	n := strings.IndexByte(text, '=')
	if c := strings.IndexByte(text, ':'); c >= 0 && (n < 0 || c < n) && (c+1 == len(text) || text[c+1] == ' ' || text[c+1] == '\t') {
		n = c
	}
	if n <= 0 {
		i.add(s, "", "this is no key with a value", `write one such as "name = value"`)
		return
	}
	key, v := i.trimmed(s.from, s.from+n), i.trimmed(s.from+n+1, s.to)
	e := &entry{key: key.text(), at: key, value: &value{at: v, form: textForm, text: v.text(), loose: true}}
	if v.from < v.to {
		e.value.list = []*value{{at: v, form: textForm, text: v.text(), loose: true}}
	}
	i.entry = e // what follows belongs to it also where it goes nowhere
	if i.section == nil {
		return
	}
	if other := i.section.table.get(e.key); other != nil {
		i.add(key, "", fmt.Sprintf("%q is there already, at %s", e.key, other.at.pos()), "")
		return
	}
	i.section.table.entries = append(i.section.table.entries, e)
}

// words returns the parts of a loose value: its lines if there are several, else its words.
func (v *value) words() []*value {
	if len(v.list) > 1 {
		return v.list
	}
	return v.fields()
}

// fields returns the words of a loose value, each with its place, or that of the value where there was
// something in it to be replaced.
func (v *value) fields() []*value {
	lines := v.list
	if lines == nil {
		lines = []*value{v} // it is a line
	}
	var list []*value
	for _, line := range lines {
		at := 0
		for _, word := range strings.Fields(line.text) {
			at += strings.Index(line.text[at:], word)
			one := &value{at: line.at, form: textForm, text: word, loose: true, moved: line.moved}
			if line.text == line.at.text() {
				one.at = span{line.at.src, line.at.from + at, line.at.from + at + len(word)}
			}
			at += len(word)
			list = append(list, one)
		}
	}
	return list
}
