package deploy

import (
	"path/filepath"
	"strings"
)

// pasteName returns a name of PasteDeploy as one of ours: "config:other.ini#app" is "other.ini#app".
func (r reading) pasteName(at span, text string, want kind) (string, bool) {
	if !r.file.paste {
		return text, true
	}
	name, isConfig := strings.CutPrefix(text, "config:")
	switch {
	case isPythonURI(text) && want == filterKind:
		r.pythonFilter(at, text)
		return "", false
	case isPythonURI(text):
		r.fail(at, "write a section [app:NAME] with use = "+text+", and name it here", "an application of Python needs a section")
		return "", false
	case isConfig && !strings.Contains(name, "#"):
		return name + "#main", true
	}
	return name, true
}

// instead is what to write for filters of Python that many files have.
var instead = map[string]string{
	"egg:paste#gzip":           `use "compress"`,
	"egg:paste#translogger":    `use "access-log"`,
	"egg:paste#evalexception":  `use "recover"`,
	"egg:paste#error_catcher":  `use "recover"`,
	"egg:paste#httpexceptions": "leave it out",
	"egg:pastedeploy#prefix":   "leave it out: an app that is mounted knows its prefix",
}

// pythonFilter reports a filter of Python around something else.
func (r reading) pythonFilter(at span, name string) {
	hint := instead[strings.ToLower(name)]
	if hint == "" {
		hint = "write a pipeline of filters and applications of Python alone, and name that"
	}
	r.fail(at, hint, "%s is a filter of Python, which can only be around applications of Python", name)
}

// isPython says whether PasteDeploy itself makes all that a section consists of.
func (c *checker) isPython(s *section) bool {
	if !s.file.paste {
		return false
	}
	known, ok := c.python[s]
	if ok {
		return known
	}
	c.python[s] = s.python // also what a cycle finds
	c.python[s] = s.python || c.areAllPython(s)
	if c.python[s] {
		for _, e := range s.shadowed {
			c.warnings.add(e.at, s.label(), "PasteDeploy drops this key, as [DEFAULT] has it, too", "give one of the two another name")
		}
	}
	return c.python[s]
}

func (c *checker) areAllPython(s *section) bool {
	r := reading{checker: c, section: s.label(), file: s.file}
	if s.kind != pipelineKind {
		use := s.table.get("use")
		return use != nil && r.namesPython(use.value, s.kind)
	}
	e := s.table.get("stack")
	if e == nil || len(e.value.list) == 0 {
		return false
	}
	last := len(e.value.list) - 1
	for i, v := range e.value.list {
		want := filterKind
		if i == last {
			want = appKind
		}
		if !r.namesPython(v, want) {
			return false
		}
	}
	return true
}

// namesPython says whether a name is that of something in Python.
func (r reading) namesPython(v *value, want kind) bool {
	if isPythonURI(v.text) {
		return true
	}
	name, _ := r.pasteName(v.at, v.text, want)
	s := r.lookup(v.at, name, want)
	return s != nil && r.isPython(s)
}

// wsgi fills the node of an app that PasteDeploy makes, in processes of mount.WSGI.
func (c *checker) wsgi(n *node, s *section) {
	part, ok := c.set["wsgi"]
	if !ok {
		c.add(s.at, s.label(), `an application of Python needs the part "wsgi", which this program does not have`, "")
		return
	}
	text := func(s string) *value { return &value{at: n.at, form: textForm, text: s, loose: true} }
	folder := text(s.file.dir)
	folder.moved = true
	n.part, n.use = &part, "wsgi"
	c.fillNode(n, []*entry{
		{key: "app", at: s.at, value: text("config:" + filepath.Base(s.file.name) + "#" + s.name), file: s.file},
		{key: "dir", at: s.at, value: folder, file: s.file},
	}, s.file, "")
}
