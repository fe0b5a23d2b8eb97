package deploy

import (
	"fmt"
	"slices"
	"strings"
)

// pasteFile makes the sections of a file of PasteDeploy.
func (c *checker) pasteFile(f *file) bool {
	f.paste = true
	sections, complete := readINI(f.source, &c.report)
	f.globals = &table{}
	for _, s := range sections {
		if s.name == "DEFAULT" {
			f.globals = s.table
		}
	}
	for _, s := range sections {
		c.pasteSection(f, s)
	}
	return complete && !f.partial
}

// pasteSection adds a section to the file. Those that are not PasteDeploy's are left alone, since
// programs keep their own in such files, such as [loggers].
func (c *checker) pasteSection(f *file, s *iniSection) {
	typ, name, found := strings.Cut(s.name, ":")
	typ, name = strings.TrimSpace(typ), strings.TrimSpace(name)
	p := &paste{reading{checker: c, section: s.name, file: f}, s, 0}
	switch {
	case !found:
		if typ == "app" || typ == "pipeline" || typ == "composite" {
			p.fail(s.at, fmt.Sprintf("write [%s:main]", typ), "this section has no name")
		}
		return
	case name == "":
		p.fail(s.at, "", "this section has no name")
		return
	}
	for _, e := range s.table.entries {
		e.file = f
	}
	switch typ {
	case "app", "application", "composite", "composit":
		p.app(name)
	case "filter":
		p.filter(name)
	case "filter-app":
		p.filterApp(name)
	case "pipeline":
		p.pipeline(name)
	case "server":
		p.server(name)
	default:
		p.fail(s.at, suggest(typ, []string{"app", "composite", "filter", "filter-app", "pipeline", "server"}),
			"there is no kind of section %q", typ)
	}
}

// paste is one section on its way from PasteDeploy's terms to ours.
type paste struct {
	reading
	in       *iniSection
	replaced int // how many replacements there were
}

// result adds a section with the keys of a table.
func (p *paste) result(k kind, name string, t *table) *section {
	s := &section{kind: k, name: name, at: p.in.at, file: p.file, table: t, title: p.in.name}
	if k != pipelineKind {
		s.shadowed = p.shadowed()
	}
	same := []kind{k}
	if k != filterKind {
		same = []kind{appKind, pipelineKind}
	}
	if p.file.find(name, same...) != nil {
		p.fail(p.in.at, "", "there is another section %q: no reference could tell them apart", name)
		return s
	}
	p.file.sections = append(p.file.sections, s)
	return s
}

// shadowed returns the keys of the section that PasteDeploy drops, as [DEFAULT] has them, too.
func (p *paste) shadowed() []*entry {
	var list []*entry
	for _, e := range p.in.table.entries {
		if p.file.globals.get(e.key) != nil {
			list = append(list, e)
		}
	}
	return list
}

// isPython says whether a factory in Python makes the section, by an egg, a call or a protocol.
func (p *paste) isPython() bool {
	for _, e := range p.in.table.entries {
		if strings.HasPrefix(e.key, "paste.") && strings.HasSuffix(e.key, "_factory") {
			return true
		}
	}
	use := p.in.table.get("use")
	return use != nil && isPythonURI(use.value.text) && pasteParts[strings.ToLower(use.value.text)] == ""
}

// isPythonURI says whether a name is one of Python's.
func isPythonURI(name string) bool {
	return strings.HasPrefix(name, "egg:") || strings.HasPrefix(name, "call:")
}

// pasteParts are parts of Paste that there are here, too.
var pasteParts = map[string]string{
	"egg:paste#urlmap":  "mounts",
	"egg:paste#cascade": "cascade",
	"egg:paste#static":  "dir",
}

func (p *paste) app(name string) {
	if p.isPython() {
		p.result(appKind, name, p.in.table).python = true
		return
	}
	use := p.in.table.get("use")
	t := p.settings()
	if use != nil {
		switch pasteParts[strings.ToLower(use.value.text)] {
		case "mounts":
			p.urlmap(t)
		case "cascade":
			p.cascade(t)
		case "dir":
			p.static(t)
		}
	}
	p.result(appKind, name, t)
}

func (p *paste) filter(name string) {
	if p.isPython() {
		p.result(filterKind, name, p.in.table).python = true
		return
	}
	t := p.settings()
	if e := t.get("filters"); e != nil {
		p.fail(e.at, "name both filters where this one is named, the other one first", "filter-with cannot be on a filter here")
		t.entries = slices.DeleteFunc(t.entries, func(e *entry) bool { return e.key == "filters" })
	}
	p.result(filterKind, name, t)
}

// filterApp makes a filter, and a pipeline of it and the next app.
func (p *paste) filterApp(name string) {
	next := p.in.table.get("next")
	if next == nil {
		p.fail(p.in.at, "", `"next" is missing`)
		p.file.partial = true
		return
	}
	python := p.isPython()
	t := p.in.table
	if !python {
		t = p.settings()
	}
	inner := "filter-app:" + name
	t.entries = slices.DeleteFunc(slices.Clone(t.entries), func(e *entry) bool { return e.key == "next" })
	p.result(filterKind, inner, t).python = python
	first := &value{at: p.in.at, form: textForm, text: inner, loose: true}
	p.result(pipelineKind, name, p.stack(p.in.at, append([]*value{first}, next.value.fields()...)))
}

func (p *paste) pipeline(name string) {
	list := p.in.table.get("pipeline")
	if list == nil {
		p.fail(p.in.at, "", `"pipeline" is missing`)
		p.file.partial = true
		return
	}
	words := list.value.fields()
	for _, e := range p.in.table.entries {
		switch {
		case e.key == "filter-with":
			words = append(e.value.fields(), words...)
		case strings.HasPrefix(e.key, "set "):
			p.fail(e.at, "write the key into the sections that use it", "a section sets nothing for others here")
		case e.key != "pipeline":
			p.fail(e.at, suggest(e.key, []string{"pipeline", "filter-with"}), "there is no key %q here", e.key)
		}
	}
	p.result(pipelineKind, name, p.stack(list.value.at, words))
}

// stack returns the table of a pipeline.
func (p *paste) stack(at span, words []*value) *table {
	v := &value{at: at, form: listForm, list: words}
	return &table{entries: []*entry{{key: "stack", at: p.in.at, value: v, file: p.file}}}
}
