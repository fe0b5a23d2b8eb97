package deploy

import "slices"

// What a file comes to, whatever it is written in: sections of three kinds, each with keys and
// values that know where they stand.

// kind is what a section is, or what a reference needs.
type kind string

const (
	appKind      kind = "app"
	filterKind   kind = "filter"
	pipelineKind kind = "pipeline" // an app, to who refers to it
)

// an returns the kind with its article, for a sentence.
func (k kind) an() string {
	if k == appKind {
		return "an app"
	}
	return "a " + string(k)
}

// file is one file that was read.
type file struct {
	*source
	paste    bool // it is one of PasteDeploy
	partial  bool // not all of it could be read
	globals  *table
	server   *value // of the file that is served
	sections []*section
}

// find returns the section of one of the kinds that has the name, or nil.
func (f *file) find(name string, kinds ...kind) *section {
	for _, s := range f.sections {
		for _, k := range kinds {
			if s.kind == k && s.name == name {
				return s
			}
		}
	}
	return nil
}

// section is a named part of a file.
type section struct {
	kind     kind
	name     string
	at       span // its name
	file     *file
	table    *table
	used     bool
	title    string   // of a file of PasteDeploy
	python   bool     // a factory in Python makes it
	shadowed []*entry // keys that PasteDeploy drops if it makes it
}

// label returns what the section is called in messages.
func (s *section) label() string {
	if s.title != "" {
		return s.title
	}
	return string(s.kind) + "." + s.name
}

// table has keys in the order of the file.
type table struct {
	entries []*entry
	state   tableState // for the reader of TOML
}

func (t *table) get(key string) *entry {
	for _, e := range t.entries {
		if e.key == key {
			return e
		}
	}
	return nil
}

// names returns the keys of a table, for hints.
func (t *table) names() []string {
	var names []string
	for _, e := range t.entries {
		names = append(names, e.key)
	}
	slices.Sort(names)
	return names
}

// entry is a key and its value.
type entry struct {
	key   string
	at    span // the key
	value *value
	file  *file // relative paths in the value are relative to its folder
}

// form is how a value is written.
type form string

const (
	textForm  form = "a string"
	wholeForm form = "a whole number"
	floatForm form = "a decimal fraction"
	truthForm form = "a truth value"
	dateForm  form = "a date"
	listForm  form = "a list"
	tableForm form = "a table"
)

// value is a value as it is written.
type value struct {
	at    span
	form  form
	text  string   // of a string its content, of the other simple ones what stands there
	list  []*value // of a list
	table *table   // of a table
	loose bool     // the file has strings alone: it is what the string says
	moved bool     // it, or some of it, stands elsewhere: it may be a secret
}
