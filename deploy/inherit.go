package deploy

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// inherit returns the keys that a section has, its own and those of the sections that it uses, and the part
// at the end of the chain.
func (c *checker) inherit(s *section) ([]*entry, *partRef, bool) {
	var entries []*entry
	for chain := []*section{s}; ; chain = append(chain, s) {
		for _, e := range s.table.entries {
			same := func(other *entry) bool { return other.key == e.key }
			if e.key != "use" && !slices.ContainsFunc(entries, same) {
				entries = append(entries, e)
			}
		}
		next, part, ok := c.use(s)
		if next == nil {
			return entries, part, ok
		}
		next.used = true
		if i := slices.Index(chain, next); i >= 0 {
			var labels []string
			for _, one := range append(chain[i:], next) {
				labels = append(labels, one.label())
			}
			c.add(s.table.get("use").value.at, s.label(), "this leads back to where it comes from: "+strings.Join(labels, " → "), "")
			return nil, nil, false
		}
		s = next
	}
}

// partRef is a part and its name in the set.
type partRef struct {
	name string
	part *Part
}

// use returns the section that a section uses, or the part. The name of a section wins over that of
// a part, but a section does not use itself.
func (c *checker) use(s *section) (*section, *partRef, bool) {
	r := reading{checker: c, section: s.label(), file: s.file}
	e := s.table.get("use")
	if e == nil {
		if part, ok := c.set[s.name]; ok && part.kind == s.kind {
			return nil, &partRef{s.name, &part}, true
		}
		if !s.file.partial {
			r.fail(s.at, c.useHint(s), `"use" is missing, and %q is no %s of this program`, s.name, s.kind)
		}
		return nil, nil, false
	}
	if e.value.form != textForm {
		r.fail(e.value.at, "", "the name of %s is needed here, not %s", s.kind.an(), e.value.form)
		return nil, nil, false
	}
	name, ok := r.expand(e.value)
	if !ok {
		return nil, nil, false
	}
	if name, ok = r.pasteName(e.value.at, name, s.kind); !ok {
		return nil, nil, false
	}
	part, isPart := c.set[name]
	isPart = isPart && part.kind == s.kind
	next := r.lookup(e.value.at, name, s.kind)
	switch {
	case next == s && isPart, next == nil && isPart:
		return nil, &partRef{name, &part}, true
	case next == nil:
		r.unknown(e.value.at, name, s.kind)
		return nil, nil, false
	case next.kind == pipelineKind:
		r.fail(e.value.at, "", "%s is a pipeline, which has no keys to inherit: use the app at its end, or name the pipeline where this one is named", name)
		return nil, nil, false
	}
	return next, nil, true
}

// joined returns the name of a file that another one names.
func joined(from, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return path.Join(filepath.ToSlash(filepath.Dir(from)), name)
}

// root returns the node of the site.
func (c *checker) root(f *file, name string) *node {
	s := f.find(name, appKind, pipelineKind)
	if s != nil {
		s.used = true
		return c.node(s, s.at)
	}
	if !f.partial {
		r := reading{checker: c, file: f}
		c.errors = append(c.errors, &Error{Pos: Pos{File: f.name},
			Message: fmt.Sprintf("there is no app or pipeline %q, which is the site", name), Hint: suggest(name, r.known(f, appKind))})
	}
	return nil
}

// unreached warns of the sections of a file that nothing refers to, and checks them, too: often it is
// another mistake for which nothing does. They may miss keys, as a section to be inherited from does.
func (c *checker) unreached(f *file) {
	var list []*section
	for _, s := range f.sections {
		if !s.used && !c.isPython(s) {
			list = append(list, s)
			if !c.partial {
				c.warnings.add(s.at, s.label(), "nothing refers to this section", "")
			}
		}
	}
	c.lenient = true
	for _, s := range list {
		if s.kind != pipelineKind {
			c.inherit(s) // marks what is used by others
		}
	}
	for _, s := range list {
		if !s.used {
			c.node(s, s.at)
		}
	}
}

// useHint says what a section without use may mean to be: with keys that are places, it has to be mounts.
func (c *checker) useHint(s *section) string {
	isPlace := func(e *entry) bool { return strings.Contains(e.key, "/") }
	if _, ok := c.set["mounts"]; ok && s.kind == appKind && slices.ContainsFunc(s.table.entries, isPlace) {
		return `write use = "mounts"`
	}
	return choose(s.name, c.set.names(s.kind))
}
