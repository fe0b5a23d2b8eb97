package deploy

import (
	"bytes"

	"github.com/pelletier/go-toml/v2/unstable"
)

var formOf = map[unstable.Kind]form{
	unstable.String: textForm, unstable.Integer: wholeForm, unstable.Float: floatForm, unstable.Bool: truthForm,
	unstable.LocalDate: dateForm, unstable.LocalTime: dateForm, unstable.LocalDateTime: dateForm, unstable.DateTime: dateForm,
}

func (t *tomlReader) valueOf(n *unstable.Node) *value {
	v := &value{form: formOf[n.Kind], text: string(n.Data), at: t.spanOf(n)}
	switch n.Kind {
	case unstable.Array:
		v.form, v.at = listForm, t.bracket()
		for it := n.Children(); it.Next(); {
			v.list = append(v.list, t.valueOf(it.Node()))
		}
	case unstable.InlineTable:
		v.form, v.table = tableForm, &table{state: inline}
		t.cursor = v.at.to
		inner := &table{} // open as long as it is read
		for it := n.Children(); it.Next(); {
			t.keyValue(inner, it.Node(), dotted)
		}
		v.table.entries = inner.entries
	default:
		t.cursor = v.at.to
	}
	return v
}

// bracket returns the place of the next opening bracket, which the parser does not tell of a list. Before
// it are brackets that close others, and comments.
func (t *tomlReader) bracket() span {
	for i := t.cursor; i < len(t.src.text); i++ {
		switch t.src.text[i] {
		case '[':
			t.cursor = i + 1
			return span{t.src, i, i + 1}
		case '#':
			i += max(0, bytes.IndexByte(t.src.text[i:], '\n'))
		}
	}
	return span{t.src, t.cursor, t.cursor}
}
