package deploy

import (
	"cmp"
	"maps"
	"slices"
)

// Node is an app or a filter of a site, to be shown: all of it is to be read alone.
type Node struct {
	Kind     string    // "app" or "filter"
	Name     string    // of the section, such as "blog", or of a part that is named without one, such as "recover"
	Section  string    // such as "app.blog", or "filter recover" for a part that is named without a section
	Use      string    // the part, such as "proxy"; empty: a pipeline
	Pos      Pos       // where the section begins, or the part is first named
	Filters  []*Node   // those around it, outermost first
	Refs     []Ref     // what its keys name, in the order of the file; of a pipeline, the app at its end
	Settings []Setting // its other keys, its own first, then those that it inherits
}

// Ref is an app or a filter that a key names.
type Ref struct {
	Key   string // such as "/blog/" of mounts, "apps" or "stack"
	Place string // of mounts, where requests go to the app, in the one way to write it, "/blog/" or "host/blog/"
	Match string // of switch, which requests go to the filter, as a setting has it; empty: what no case is for, or a secret
	Node  *Node
}

// Setting is a key that a section sets, and what may be shown of its value.
type Setting struct {
	Key string

	// Value is the value in one line, as the file has it. Of a table it is the keys, of a URL not the user and
	// the query. It is empty where the value may be a secret: a text that can be anything, other than what an
	// app requires, and all that stands elsewhere, by { env }, { file }, ${name} or %(name)s.
	Value string
}

// Root returns the app that the site is. An instance that is named twice is one Node.
func (s *Site) Root() *Node {
	return s.root.show(map[*node]*Node{})
}

func (n *node) show(shown map[*node]*Node) *Node {
	if x := shown[n]; x != nil {
		return x
	}
	x := &Node{Kind: string(n.kind), Name: n.name, Section: n.label, Use: n.use, Pos: n.at.pos(), Settings: n.settings()}
	shown[n] = x
	for _, f := range n.filters {
		x.Filters = append(x.Filters, f.show(shown))
	}
	if n.inner != nil {
		x.Refs = []Ref{{Key: "stack", Node: n.inner.show(shown)}}
	}
	for _, r := range n.refs {
		x.Refs = append(x.Refs, Ref{r.key, n.place(r.key), r.matching(), r.node.show(shown)})
	}
	return x
}

// Files returns the names of the files that were read, the site's own first. Secrets and what applications
// read are not among them; Live.Files has the former.
func (s *Site) Files() []string {
	return slices.SortedFunc(maps.Keys(s.order), func(a, b string) int { return cmp.Compare(s.order[a], s.order[b]) })
}
