package deploy

import (
	"bytes"
	"errors"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// tableState is how a table came to be, which decides whether it may be written to again.
type tableState int

const (
	implied tableState = iota // by a longer name: [a.b] implies a
	headed                    // by a header of its own
	dotted                    // by a dotted key
	inline                    // by { … }: complete
)

// tomlReader makes a tree of a TOML document (version 1.0), each key and value with its place.
type tomlReader struct {
	*report
	src    *source
	parser unstable.Parser
	base   int // where in the text the parser began
	cursor int // all before it was read
	root   *table
	into   *table // of the last header; nil: it was wrong, its keys are dropped
}

// readTOML returns the tree of a document and whether it is complete: after an error it goes on with the
// next header, so that one run finds several.
func readTOML(src *source, r *report) (*table, bool) {
	before := len(r.errors)
	t := &tomlReader{report: r, src: src, root: &table{}}
	t.into = t.root
	for t.base < len(src.text) {
		t.parser.Reset(src.text[t.base:])
		for t.parser.NextExpression() {
			t.expression(t.parser.Expression())
		}
		if t.parser.Error() == nil {
			break
		}
		t.recover(t.parser.Error())
	}
	if len(r.errors) == before {
		t.checkRest()
	}
	return t.root, len(r.errors) == before
}

// recover reports a fault of the syntax and moves on to the next header.
func (t *tomlReader) recover(err error) {
	at := t.base + t.offsetOf(err)
	line := bytes.LastIndexByte(t.src.text[:min(at, len(t.src.text))], '\n') + 1
	if t.isHeader(line) && t.isOpen(line) {
		t.add(span{t.src, line, line + 1}, "", "the list before this line has no ] at its end", "")
		t.base, t.cursor = line, line
		return
	}
	to := at + 1
	if at >= len(t.src.text) {
		at = max(0, len(t.src.text)-1)
		to = at
	}
	message := err.Error()
	switch message {
	case "basic strings cannot have new lines", "literal strings cannot have new lines",
		"unterminated basic string", "unterminated literal string":
		message = "this string has no quote at its end"
	}
	hint := ""
	for _, start := range []string{"expected newline", "unexpected character", "expected keyword"} {
		if strings.HasPrefix(message, start) {
			hint = "a string stands in quotes"
		}
	}
	if strings.HasPrefix(message, "invalid character at start of key") {
		hint = "a key of other characters than letters, digits, - and _ stands in quotes"
	}
	t.add(span{t.src, at, to}, "", message, hint)
	for {
		i := bytes.IndexByte(t.src.text[at:], '\n')
		if i < 0 {
			t.base = len(t.src.text)
			return
		}
		if at += i + 1; t.isHeader(at) {
			t.base, t.cursor = at, at
			return
		}
	}
}

// isHeader says whether a line begins with a bracket.
func (t *tomlReader) isHeader(line int) bool {
	return bytes.HasPrefix(bytes.TrimLeft(t.src.text[line:], " \t"), []byte("["))
}

// isOpen says whether the line before this one, blank lines and comments aside, goes on in it.
func (t *tomlReader) isOpen(line int) bool {
	for line > t.base {
		end := line - 1
		line = bytes.LastIndexByte(t.src.text[:end], '\n') + 1
		text, _, _ := bytes.Cut(t.src.text[line:end], []byte("#"))
		if text = bytes.TrimSpace(text); len(text) > 0 {
			return text[len(text)-1] == ',' || text[len(text)-1] == '['
		}
	}
	return false
}

// offsetOf returns where the parser stopped, from t.base.
func (t *tomlReader) offsetOf(err error) (at int) {
	var e *unstable.ParserError
	if !errors.As(err, &e) {
		return t.cursor - t.base
	}
	defer func() {
		if recover() != nil { // the highlight is no part of the text
			at = max(0, t.cursor-t.base)
		}
	}()
	return int(t.parser.Range(e.Highlight).Offset)
}

// checkRest has go-toml read the document, for what its grammar alone does not say: numbers that are too
// large, days that are in no calendar.
func (t *tomlReader) checkRest() {
	var all map[string]any
	var e *toml.DecodeError
	if err := toml.Unmarshal(t.src.text, &all); errors.As(err, &e) {
		line, column := e.Position()
		at := 0
		for ; line > 1; line-- {
			at += bytes.IndexByte(t.src.text[at:], '\n') + 1
		}
		at = min(max(0, at+column-1), len(t.src.text))
		t.add(span{t.src, at, at + 1}, "", strings.TrimPrefix(e.Error(), "toml: "), "")
	} else if err != nil {
		t.add(span{src: t.src}, "", err.Error(), "")
	}
}

func (t *tomlReader) expression(n *unstable.Node) {
	switch n.Kind {
	case unstable.KeyValue:
		t.keyValue(t.into, n, dotted)
	case unstable.Table, unstable.ArrayTable:
		t.header(n)
	}
}

// spanOf returns the place of a node that has one.
func (t *tomlReader) spanOf(n *unstable.Node) span {
	from := t.base + int(n.Raw.Offset)
	return span{t.src, from, from + int(n.Raw.Length)}
}

// header begins the table that [a.b] or [[a.b]] names.
func (t *tomlReader) header(n *unstable.Node) {
	into := t.root
	t.into = nil
	for it := n.Key(); it.Next(); {
		key := it.Node()
		at := t.spanOf(key)
		t.cursor = at.to
		e := into.get(string(key.Data))
		last := it.IsLast()
		switch {
		case e == nil:
			e = t.newTable(into, string(key.Data), at, implied)
			if last && n.Kind == unstable.ArrayTable {
				e.value = &value{at: at, form: listForm, list: []*value{e.value}}
			}
		case last && !t.again(e, at, n.Kind):
			return
		}
		if into = e.value.innermost(); into == nil || into.state == inline || into.state == dotted && last {
			t.add(at, "", "\""+e.key+"\" is set already", "")
			return
		}
	}
	into.state = headed
	t.into = into
}

// again says whether a header may name what is there already, and adds to a list of tables.
func (t *tomlReader) again(e *entry, at span, k unstable.Kind) bool {
	switch v := e.value; {
	case k == unstable.ArrayTable && v.form == listForm && v.innermost() != nil && v.innermost().state != inline:
		v.list = append(v.list, &value{at: at, form: tableForm, table: &table{}})
		return true
	case k == unstable.Table && v.form == tableForm && v.table.state == implied:
		v.at, e.at = at, at
		return true
	}
	t.add(at, "", "\""+e.key+"\" is there already, at "+e.at.pos().String(), "")
	return false
}

// innermost returns the table that v is, or the last of the tables of a list; nil: neither.
func (v *value) innermost() *table {
	if v.form == listForm && len(v.list) > 0 {
		v = v.list[len(v.list)-1]
	}
	return v.table
}

func (t *tomlReader) newTable(into *table, key string, at span, state tableState) *entry {
	e := &entry{key: key, at: at, value: &value{at: at, form: tableForm, table: &table{state: state}}}
	into.entries = append(into.entries, e)
	return e
}

// keyValue adds a key, which may be a dotted one, to a table.
func (t *tomlReader) keyValue(into *table, n *unstable.Node, state tableState) {
	var keys []*unstable.Node
	for it := n.Key(); it.Next(); {
		keys = append(keys, it.Node())
	}
	last := len(keys) - 1
	for _, key := range keys[:last] {
		if into == nil {
			break
		}
		e := into.get(string(key.Data))
		if e == nil {
			e = t.newTable(into, string(key.Data), t.spanOf(key), state)
		}
		if e.value.form != tableForm || e.value.table.state != state {
			t.add(t.spanOf(key), "", "\""+e.key+"\" is set already, at "+e.at.pos().String(), "")
			into = nil
			break
		}
		into = e.value.table
	}
	at := t.spanOf(keys[last])
	t.cursor = at.to
	v := t.valueOf(n.Value())
	if v.form == listForm || v.form == tableForm {
		v.at.to = t.spanOf(n).to
	}
	if into == nil {
		return
	}
	key := string(keys[last].Data)
	if e := into.get(key); e != nil {
		t.add(at, "", "\""+key+"\" is there already, at "+e.at.pos().String(), "")
		return
	}
	into.entries = append(into.entries, &entry{key: key, at: at, value: v})
}
