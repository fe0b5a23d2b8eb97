// Package comments makes the texts of package catalogue: it takes what the comments of Go code say of the functions and
// structs that parts are made of, and says it in the terms of a file, MaxKeys being max-keys.
package comments

import (
	"errors"
	"fmt"
	"strings"

	"github.com/weirhttp/weir/cmd/weir/internal/catalogue"
	"github.com/weirhttp/weir/deploy"
)

// Read returns what the code of a module, in the folder root, says of parts and of [server]. The error has all that
// has no comment.
func Read(root, module string, parts []deploy.PartInfo, server *deploy.ValueInfo) (catalogue.Docs, error) {
	r := &reader{sources: sources{root, module, map[string]map[string]*declared{}}, names: map[string]string{}}
	for _, p := range parts {
		r.names[capital(lastWord(p.Go))] = p.Name
	}
	docs := catalogue.Docs{}
	for _, p := range parts {
		docs[p.Name] = r.part(p)
	}
	if server != nil {
		docs["[server]"] = r.server(server)
	}
	return docs, errors.Join(r.errors...)
}

// reader collects texts, and what is wrong.
type reader struct {
	sources
	names  map[string]string // of parts, by those of their functions and structs, with a capital
	errors []error
}

func (r *reader) fail(format string, args ...any) {
	r.errors = append(r.errors, fmt.Errorf(format, args...))
}

// part returns what is said of a part and its keys.
func (r *reader) part(p deploy.PartInfo) catalogue.Part {
	d, name, err := r.find(p.Go)
	if err != nil {
		r.fail("%s: %w", p.Name, err)
		return catalogue.Part{}
	}
	if d.doc == "" {
		r.fail("%s: %s has no comment", p.Name, p.Go)
	}
	t := terms{parts: r.names, own: name, part: p.Name, keys: map[string]string{}}
	for _, k := range p.Keys {
		if k.Go != "" {
			t.keys[lastWord(k.Go)] = k.Name
		}
	}
	x := catalogue.Part{Doc: t.whole(d.doc), Keys: map[string]catalogue.Key{}}
	r.keys(p.Name, x.Keys, p.Keys, t, "", 0)
	params := p.Keys
	if p.Rest != nil {
		params = append([]deploy.KeyInfo{*p.Rest}, params...)
	}
	for _, k := range params {
		if k.Go == "" {
			r.param(&x, p, k, d)
		}
	}
	return x
}

// param says of a parameter the first sentence of the function's comment that speaks of it.
func (r *reader) param(x *catalogue.Part, p deploy.PartInfo, k deploy.KeyInfo, d *declared) {
	words := []string{k.Name}
	if k.Param < len(d.params) {
		words = append(words, d.params[k.Param])
	}
	s := sentenceWith(x.Doc, words)
	if s == "" {
		r.fail("%s: no sentence in the comment of %s says what its parameter %s is", p.Name, p.Go, words[len(words)-1])
	}
	name := k.Name
	if p.Rest != nil && k.Param == p.Rest.Param {
		name = "*"
	}
	x.Keys[name] = catalogue.Key{Doc: s, Example: exampleIn(s, k.Value)}
}

// keys adds what is said of keys that are fields, and of those in them. A struct in a list is a table, too.
func (r *reader) keys(part string, into map[string]catalogue.Key, keys []deploy.KeyInfo, t terms, path string, depth int) {
	for _, k := range keys {
		if k.Go == "" {
			continue
		}
		table, own := tableOf(k.Value), t
		d, field, err := r.find(k.Go)
		if err == nil && d.fields[field] == "" && len(table) > 0 {
			d, field, err = r.structOf(table[0])
			own = t.with(table)
		}
		switch {
		case err != nil:
			r.fail("%s: %s: %w", part, path+k.Name, err)
		case d.fields[field] == "":
			r.fail("%s: %s: %s has no comment", part, path+k.Name, k.Go)
		default:
			into[path+k.Name] = own.key(field, d.fields[field], k.Value)
		}
		if depth < 3 { // one that leads back to itself is said as often as that
			r.keys(part, into, table, t.with(table), path+k.Name+".", depth+1)
		}
	}
}

// structOf returns what is said of the struct that a key is a field of, as if it were a field itself.
func (r *reader) structOf(k deploy.KeyInfo) (*declared, string, error) {
	full := strings.TrimSuffix(k.Go, "."+lastWord(k.Go))
	d, _, err := r.find(k.Go)
	if err != nil {
		return nil, "", err
	}
	name := lastWord(full)
	return &declared{fields: map[string]string{name: d.doc}}, name, nil
}

// tableOf returns the keys of a table, or of the tables in a list.
func tableOf(v *deploy.ValueInfo) []deploy.KeyInfo {
	for v.Elem != nil {
		v = v.Elem
	}
	return v.Keys
}

// server returns what is said of [server].
func (r *reader) server(v *deploy.ValueInfo) catalogue.Part {
	d, _, err := r.find(r.module + "/deploy.Server")
	if err != nil {
		r.fail("[server]: %w", err)
		return catalogue.Part{}
	}
	t := terms{parts: r.names, own: "Server", part: "[server]"}.with(v.Keys)
	x := catalogue.Part{Doc: t.whole(d.doc), Keys: map[string]catalogue.Key{}}
	r.keys("[server]", x.Keys, v.Keys, t, "", 0)
	return x
}
