package deploy

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// checker reads files, and makes a graph of nodes of the sections that the site is made of.
type checker struct {
	report
	warnings report
	set      Set
	files    map[string]*file      // by absolute path; nil: cannot be read
	nodes    map[any]*node         // by section, or by name of a part that needs none
	python   map[*section]bool     // of sections of PasteDeploy that were looked at
	path     []*node               // from the root to the node that is being made
	partial  bool                  // something was not read: what is missing may be there
	read     reads                 // what was read
	secrets  map[string]secretText // what files have that strings come from, read once
	lenient  bool                  // sections may miss keys: they may be there to be inherited from
}

// node is an app or a filter to be built, once.
type node struct {
	kind    kind
	label   string
	at      span
	use     string // the name of the part
	part    *Part
	args    map[int]plan // by parameter
	fields  map[int]plan // by field of the options or of the handler
	keys    map[string]span
	filters []*node  // around the app, outermost first
	refs    []refTo  // what the keys name
	inner   *node    // what the filters are around, in place of a part: the last of a pipeline
	name    string   // of the section, or of the part
	entries []*entry // its keys, inherited ones too
}

// refTo is a node that a key names.
type refTo struct {
	key  string
	when *value // the requests for which it is named; nil: all
	node *node
}

// ref is the key of a node without a section.
type ref struct {
	file *file
	kind kind
	name string
}

// named returns the node that a value names. It returns nil after an error.
func (r reading) named(v *value, want kind) *node {
	text, ok := "", false
	if v.form == textForm {
		text, ok = r.expand(v)
	} else {
		r.fail(v.at, "", "the name of %s is needed here, not %s", want.an(), v.form)
	}
	if ok {
		text, ok = r.pasteName(v.at, text, want)
	}
	if !ok {
		return nil
	}
	if s := r.lookup(v.at, text, want); s != nil {
		if want == filterKind && r.isPython(s) {
			r.pythonFilter(v.at, text)
			return nil
		}
		s.used = true
		return r.node(s, v.at)
	}
	if part, ok := r.set[text]; ok && part.kind == want {
		return r.plain(v.at, text, part)
	}
	r.unknown(v.at, text, want)
	return nil
}

// lookup returns the section of a name, or of file#name; nil: there is none.
func (r reading) lookup(at span, text string, want kind) *section {
	f, name := r.target(at, text)
	if f == nil {
		return nil
	}
	if want == appKind {
		return f.find(name, appKind, pipelineKind)
	}
	return f.find(name, want)
}

// target returns the file and the name that a reference has; no file after an error.
func (r reading) target(at span, text string) (*file, string) {
	path, name, foreign := strings.Cut(text, "#")
	if !foreign {
		return r.file, text
	}
	if path == "" {
		return r.file, name
	}
	return r.load(joined(r.file.name, path), at, r.section), name
}

// unknown reports a reference to what is not there.
func (r reading) unknown(at span, text string, want kind) {
	f, name := r.target(at, text)
	if f == nil {
		return // reported
	}
	need := fmt.Sprintf("%s is needed here", want.an())
	other := filterKind
	if want == filterKind {
		other = appKind
	}
	if s := (reading{checker: r.checker, file: f}).lookup(at, name, other); s != nil {
		r.fail(at, "", "%s is %s, %s", text, s.kind.an(), need)
		return
	}
	part, ok := r.set[name]
	if ok && f == r.file && part.kind == other {
		r.fail(at, "", "%s is %s, %s", text, other.an(), need)
		return
	}
	if f.partial {
		return
	}
	hint := choose(name, r.known(f, want))
	if strings.HasSuffix(text, ".toml") {
		hint = fmt.Sprintf("write %q for the section main of that file", text+"#main")
	}
	where := ""
	if f != r.file {
		where = " in " + f.name
	}
	r.fail(at, hint, "there is no %s %q%s", want, name, where)
}

// known returns the names that a reference in f may have.
func (r reading) known(f *file, want kind) []string {
	var names []string
	for _, s := range f.sections {
		if s.kind == want || want == appKind && s.kind == pipelineKind {
			names = append(names, s.name)
		}
	}
	if f == r.file {
		names = append(names, r.set.names(want)...)
	}
	return names
}

// names returns the names of the parts of a kind.
func (s Set) names(want kind) []string {
	var names []string
	for name, part := range s {
		if part.kind == want {
			names = append(names, name)
		}
	}
	return names
}

// plain returns the node of a part that is named without a section: one for each file.
func (r reading) plain(at span, name string, part Part) *node {
	id := ref{r.file, part.kind, name}
	if n := r.nodes[id]; n != nil {
		return n
	}
	n := &node{kind: part.kind, name: name, label: string(part.kind) + " " + name, at: at, use: name, part: &part}
	r.nodes[id] = n
	r.fillNode(n, nil, r.file, fmt.Sprintf("write a section [%s.NAME] with use = %q", part.kind, name))
	return n
}

// node returns the node of a section, and makes it if at is the first reference.
func (c *checker) node(s *section, at span) *node {
	if n := c.nodes[s]; n != nil {
		if i := slices.Index(c.path, n); i >= 0 {
			c.cycle(s, c.path[i:], at)
		}
		return n
	}
	n := &node{kind: s.kind, name: s.name, label: s.label(), at: s.at}
	if s.kind == pipelineKind {
		n.kind = appKind
	}
	c.nodes[s] = n
	c.path = append(c.path, n)
	defer func() { c.path = c.path[:len(c.path)-1] }()
	if c.isPython(s) {
		if s.kind != filterKind {
			c.wsgi(n, s)
		}
		return n
	}
	if s.kind == pipelineKind {
		c.pipeline(n, s)
		return n
	}
	entries, part, ok := c.inherit(s)
	if !ok { // of the keys, only this one is known
		for _, e := range entries {
			if n.kind == appKind && e.key == "filters" {
				n.filters = reading{checker: c, section: n.label, file: e.file, owner: n}.filters(e.value)
			}
		}
		return n
	}
	n.part, n.use = part.part, part.name
	c.fillNode(n, entries, s.file, "")
	return n
}

// cycle reports a reference that leads back to where it comes from.
func (c *checker) cycle(s *section, path []*node, at span) {
	var chain []string
	for _, n := range path {
		chain = append(chain, n.label)
	}
	c.add(at, c.path[len(c.path)-1].label, "this leads back to where it comes from: "+strings.Join(append(chain, s.label()), " → "), "")
}

// fillNode reads the keys of a node.
func (c *checker) fillNode(n *node, entries []*entry, f *file, hint string) {
	n.args, n.fields, n.keys = map[int]plan{}, map[int]plan{}, map[string]span{}
	r := reading{checker: c, section: n.label, file: f, owner: n}
	n.entries = entries
	var rest []*entry
	meant := map[string]bool{} // the hints, of which some name a key
	for _, e := range entries {
		r.file = e.file
		k := n.part.key(e.key)
		switch {
		case n.kind == appKind && e.key == "filters":
			n.filters = r.filters(e.value)
		case k == nil && n.part.rest >= 0:
			rest = append(rest, e)
		case k == nil || k.name == "*":
			hint := choose(e.key, n.part.names())
			meant[hint] = true
			r.fail(e.at, hint, "there is no key %q here", e.key)
		case !writable(k.typ, map[reflect.Type]bool{}):
			r.fail(e.at, "", "%q cannot be set in a file", e.key)
		default:
			n.keys[e.key] = e.value.at
			r.note, r.key = k.note, e.key
			n.set(k, r.plan(e.value, k.typ))
			r.note = plainNote
		}
	}
	r.file = f
	for i := range n.part.keys {
		if k := &n.part.keys[i]; !meant[didYouMean(k.name)] {
			r.missing(n, k, hint)
		}
	}
	if i := n.part.rest; i >= 0 {
		n.args[i] = r.mapOf(rest, n.part.make.Type().In(i))
	}
}

func (n *node) set(k *key, p plan) {
	if k.param >= 0 {
		n.args[k.param] = p
	} else {
		n.fields[k.field] = p
	}
}

// missing deals with a key that the section does not have: it may be required, or have a default that is
// a path.
func (r reading) missing(n *node, k *key, hint string) {
	if _, ok := n.keys[k.name]; ok || k.name == "*" {
		return
	}
	if k.required && (r.partial || r.lenient) {
		return
	}
	if k.required {
		r.fail(n.at, hint, "%s is missing", strconv.Quote(k.name))
		return
	}
	if n.part.make.Kind() != reflect.Pointer || k.typ.Kind() != reflect.String || k.note == plainNote {
		return
	}
	if s := n.part.make.Elem().Field(k.field).String(); s != "" {
		r.note = k.note
		n.set(k, fixed(r.path(n.at, s), k.typ))
	}
}
