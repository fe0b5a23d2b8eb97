package main

import (
	"fmt"
	"go/doc/comment"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/weirhttp/weir/cmd/weir/internal/catalogue"
	"github.com/weirhttp/weir/deploy"
)

// manual writes what there is to say of parts.
type manual struct {
	w     io.Writer
	width int
	palette
	parts []deploy.PartInfo
	docs  catalogue.Docs
}

func newManual(w io.Writer) *manual {
	return &manual{w, widthOf(w), colorsOf(w), parts().Describe(), catalogue.Read()}
}

// widthOf returns how many columns a text should have: those of the terminal, but no more than one reads with ease.
func widthOf(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			return max(40, min(width, 100))
		}
	}
	return 80
}

// names completes the name of a part.
func (m *manual) names() []cobra.Completion {
	var names []cobra.Completion
	for _, p := range m.parts {
		names = append(names, cobra.CompletionWithDesc(p.Name, briefly(m.docs[p.Name].Doc)))
	}
	return append(names, cobra.CompletionWithDesc("server", "What may be in the section [server]"))
}

// list writes a line or two of each part.
func (m *manual) list() {
	indent := 0
	for _, p := range m.parts {
		indent = max(indent, len(p.Name)+4)
	}
	kind := ""
	for _, p := range m.parts {
		if p.Kind != kind {
			if kind != "" {
				fmt.Fprintln(m.w)
			}
			kind = p.Kind
			fmt.Fprintln(m.w, m.heading(kind+"s"))
		}
		text := m.text(briefly(m.docs[p.Name].Doc), indent)
		fmt.Fprintln(m.w, "  "+m.name(p.Name)+text[2+len(p.Name):])
	}
	fmt.Fprintf(m.w, "\n%s\n", m.text("weir filters NAME says all of one of them, and weir filters server what may be in [server].", 0))
}

func (m *manual) heading(s string) string { return m.paint("1", strings.ToUpper(s)) }

// briefly returns the first sentence of a text, up to where it goes into detail.
func briefly(doc string) string {
	return strings.TrimRight(firstSentence(doc, ". ", ": "), ".:")
}

// firstSentence returns a text up to the first of some ends.
func firstSentence(doc string, ends ...string) string {
	doc, _, _ = strings.Cut(doc, "\n\n")
	doc = strings.Join(strings.Fields(doc), " ")
	for i := range doc {
		if slices.ContainsFunc(ends, func(end string) bool { return strings.HasPrefix(doc[i:], end) }) {
			return doc[:i] + "."
		}
	}
	return doc
}

// page writes all that there is to say of a part, or of [server].
func (m *manual) page(name string) error {
	if name == "server" {
		m.server()
		return nil
	}
	for _, p := range m.parts {
		if p.Name == name {
			m.part(p)
			return nil
		}
	}
	known := &cobra.Command{SuggestionsMinimumDistance: 2} // cobra knows which names are near
	for _, p := range m.parts {
		known.AddCommand(&cobra.Command{Use: p.Name, Run: func(*cobra.Command, []string) {}})
	}
	return wrong("there is no filter or app %q%s (weir filters says what there is)", name, meant(known.SuggestionsFor(name)))
}

func (m *manual) part(p deploy.PartInfo) {
	d := m.docs[p.Name]
	article := map[string]string{"app": "an app", "filter": "a filter"}[p.Kind]
	fmt.Fprintf(m.w, "%s, %s\n\n%s\n", m.name(p.Name), article, m.text(d.Doc, 4))
	fmt.Fprintf(m.w, "\n%s\n\n%s\n", m.heading("example"), indented(example(p, d), 4))
	keys, said := allKeys(p, d)
	if len(keys) > 0 {
		fmt.Fprintf(m.w, "\n%s\n", m.heading("keys"))
		m.keys(keys, said, "", 4)
	}
}

// allKeys returns the keys of a part, with what others may be, and those that every app has.
func allKeys(p deploy.PartInfo, d catalogue.Part) ([]deploy.KeyInfo, catalogue.Part) {
	keys, said := slices.Clone(p.Keys), catalogue.Part{Keys: map[string]catalogue.Key{}}
	maps.Copy(said.Keys, d.Keys)
	if p.Rest != nil {
		keys = append(keys, *p.Rest)
		said.Keys[p.Rest.Name] = d.Keys["*"]
	}
	if p.Kind == "app" {
		keys = append(keys, deploy.KeyInfo{Name: "filters", Value: &deploy.ValueInfo{Name: "list of filters"}})
		said.Keys["filters"] = catalogue.Key{Doc: "The filters around the app, outermost first."}
	}
	return keys, said
}

func (m *manual) server() {
	d := m.docs["[server]"]
	fmt.Fprintf(m.w, "%s, a section\n\n%s\n\n%s\n", m.name("[server]"), m.text(d.Doc, 4), m.heading("keys"))
	m.keys(deploy.DescribeServer().Keys, d, "", 4)
}

// keys writes of each key what it is. Those of a table follow it.
func (m *manual) keys(keys []deploy.KeyInfo, d catalogue.Part, path string, indent int) {
	for i, k := range keys {
		said := d.Keys[path+k.Name]
		fmt.Fprintln(m.w)
		m.key(k, said, indent)
		if i+1 < len(keys) && d.Keys[path+keys[i+1].Name].Doc == said.Doc && ways(k.Value) == "" {
			continue // one text for both
		}
		fmt.Fprintln(m.w, m.text(said.Doc+ways(k.Value), indent+4))
		if d.Keys[path+k.Name+"."+firstName(k.Value)].Doc != "" {
			m.keys(tableOf(k.Value), d, path+k.Name+".", indent+4)
		}
	}
}

// tableOf returns the keys of a table, or of the tables of a list.
func tableOf(v *deploy.ValueInfo) []deploy.KeyInfo {
	for v.Elem != nil {
		v = v.Elem
	}
	return v.Keys
}

func firstName(v *deploy.ValueInfo) string {
	if keys := tableOf(v); len(keys) > 0 {
		return keys[0].Name
	}
	return ""
}

func (m *manual) key(k deploy.KeyInfo, said catalogue.Key, indent int) {
	facts := []string{k.Value.Name}
	if x := defaultOf(k, said); x != "" {
		facts = append(facts, "default "+x)
	} else if !plainValue(k, said) {
		facts = append(facts, "such as "+exampleOf(k, said))
	}
	if k.Required {
		facts = append(facts, "required")
	}
	fmt.Fprintf(m.w, "%s%s  %s\n", strings.Repeat(" ", indent), m.name(k.Name), m.dim(strings.Join(facts, ", ")))
}

// plainValue says whether anybody knows how a value is written.
func plainValue(k deploy.KeyInfo, said catalogue.Key) bool {
	switch k.Value.Name {
	case "truth value", "whole number", "app", "filter", "table":
		return true
	case "string", "list of strings":
		return said.Example == ""
	}
	return k.Value.Example == ""
}

// ways says how else a value may be written.
func ways(v *deploy.ValueInfo) string {
	var list []string
	if v.One {
		for _, k := range v.Keys {
			list = append(list, fmt.Sprintf("{ %s = %s }", k.Name, k.Value.Example))
		}
		return "\n\nIt may also be written " + either(list) + "."
	}
	for len(v.Words) == 0 && v.Elem != nil {
		v = v.Elem
	}
	if len(v.Words) == 0 {
		return ""
	}
	for _, word := range v.Words {
		list = append(list, strconv.Quote(word))
	}
	if !slices.Contains(list, v.Example) {
		list = append(list, "one such as "+v.Example)
	}
	return "\n\nThere are " + strings.Replace(either(list), " or ", " and ", 1) + "."
}

// either joins words as a sentence does.
func either(list []string) string {
	last := len(list) - 1
	return strings.Join(list[:last], ", ") + " or " + list[last]
}

// defaultOf returns what holds without a key.
func defaultOf(k deploy.KeyInfo, said catalogue.Key) string {
	if k.Default != "" {
		return k.Default
	}
	return said.Default
}

// text lays out a text as of a Go comment, indented by blanks.
func (m *manual) text(s string, indent int) string {
	var parser comment.Parser
	printer := comment.Printer{TextWidth: m.width - indent, TextCodePrefix: "  "}
	return indented(string(printer.Text(parser.Parse(s))), indent)
}

// indented puts blanks before each line that is not empty.
func indented(s string, n int) string {
	blank := strings.Repeat(" ", n)
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	for i, line := range lines {
		if line != "" {
			lines[i] = blank + line
		}
	}
	return strings.Join(lines, "\n")
}
