package deploy

import (
	"fmt"
	"path/filepath"
	"strings"
)

// load returns the file of a name that at refers to, read once; nil: it cannot be read.
func (c *checker) load(name string, at span, section string) *file {
	absolute, err := filepath.Abs(name)
	if err != nil {
		c.add(at, section, err.Error(), "")
		return nil
	}
	if f, ok := c.files[absolute]; ok {
		return f
	}
	text, err := c.read.file(name)
	if err != nil {
		c.add(at, section, fmt.Sprintf("%s: %s", name, plainError(err)), "")
		c.partial = true
		c.files[absolute] = nil
		return nil
	}
	return c.parse(name, absolute, text)
}

// parse makes the sections of a text.
func (c *checker) parse(name, absolute string, text []byte) *file {
	src := &source{name: name, dir: filepath.Dir(absolute), text: text}
	f := &file{source: src}
	c.files[absolute] = f
	c.order[name] = len(c.order)
	if ext := filepath.Ext(name); ext == ".ini" || ext == ".cfg" || ext == ".conf" {
		f.partial = !c.pasteFile(f)
		c.partial = c.partial || f.partial
		return f
	}
	tree, complete := readTOML(src, &c.report)
	f.partial = !complete
	c.partial = c.partial || f.partial
	for _, e := range tree.entries {
		c.group(f, e)
	}
	return f
}

// group reads what stands at the top of a file.
func (c *checker) group(f *file, e *entry) {
	switch k := kind(e.key); k {
	case appKind, filterKind, pipelineKind:
		if e.value.form != tableForm {
			c.add(e.at, "", fmt.Sprintf("%q is no section: write [%s.NAME]", e.key, e.key), "")
			return
		}
		for _, named := range e.value.table.entries {
			c.section(f, k, named)
		}
	case "globals":
		if e.value.form != tableForm {
			c.add(e.at, "", `"globals" is no section: write [globals]`, "")
			return
		}
		f.globals = e.value.table
	case "server":
		if c.order[f.name] > 0 {
			c.warnings.add(e.at, "server", "this does nothing here: only [server] of the file that is served counts", "")
			return
		}
		f.server = e.value
	default:
		c.add(e.at, "", fmt.Sprintf("there is no kind of section %q", e.key),
			suggest(e.key, []string{"app", "filter", "pipeline", "globals", "server"}))
	}
}

func (c *checker) section(f *file, k kind, e *entry) {
	s := &section{kind: k, name: e.key, at: e.at, file: f, table: e.value.table}
	switch {
	case e.value.form != tableForm:
		c.add(e.at, "", fmt.Sprintf("%q is no section: write [%s.%s] before its keys", e.key, k, e.key), "")
		return
	case e.key == "" || strings.Contains(e.key, "#"):
		c.add(e.at, "", fmt.Sprintf("%q is no name of a section: no reference could name it", e.key), "")
		return
	case k == appKind && f.find(e.key, pipelineKind) != nil, k == pipelineKind && f.find(e.key, appKind) != nil:
		c.add(e.at, s.label(), fmt.Sprintf("there is an app and a pipeline %q: no reference could tell them apart", e.key), "")
		return
	}
	for _, inner := range s.table.entries {
		inner.file = f
	}
	f.sections = append(f.sections, s)
}
