package deploy

import (
	"net/url"
	"reflect"
	"slices"
	"strings"
)

// place returns where mounts puts the app of a key; empty: the node is no mounts, or the key is no place.
func (n *node) place(key string) string {
	if n.part == nil || n.part.rest < 0 || n.part.key(key) != nil || key == "filters" {
		return ""
	}
	t := n.part.make.Type().In(n.part.rest).Key()
	if t != reflect.TypeFor[place]() {
		return ""
	}
	p, err := keyOf(key, t)
	if err != nil {
		return ""
	}
	host, prefix := p.(place).split()
	return host + prefix + "/"
}

// matching returns for which requests a table names the node; empty: it does not say so, or it may be a secret.
func (r refTo) matching() string {
	if r.when == nil {
		return ""
	}
	return shown(r.when, &key{typ: matchType}, false)
}

// settings returns the keys of a node that name no other one.
func (n *node) settings() []Setting {
	var list []Setting
	for _, e := range n.entries {
		isRef := slices.ContainsFunc(n.refs, func(r refTo) bool { return r.key == e.key })
		if isRef && !n.hasCases(e.key) || e.key == "filters" && n.kind == appKind {
			continue
		}
		one := Setting{Key: e.key}
		if k := n.part.key(e.key); k != nil {
			one.Value = shown(e.value, k, n.kind == appKind && k.required)
		}
		list = append(list, one)
	}
	return list
}

// hasCases says whether a key has a list of tables that say for which requests they are.
func (n *node) hasCases(key string) bool {
	k := n.part.key(key)
	return k != nil && k.typ.Kind() == reflect.Slice && matchOf(k.typ.Elem()) != nil
}

// matchOf returns the key of a table that says for which requests it is; nil: there is none.
func matchOf(t reflect.Type) *key {
	if t.Kind() == reflect.Struct {
		for _, k := range fieldKeys(t) {
			if k.typ == matchType {
				return &k
			}
		}
	}
	return nil
}

// shown returns a value as it may be shown, in one line; empty: it may be a secret. Named says that it names what
// the section is about, whatever text it is.
func shown(v *value, k *key, named bool) string {
	t := k.typ
	switch {
	case v.moved:
		return ""
	case v.form == tableForm:
		return shownTable(v, t)
	case v.loose:
		v = v.as(t)
	}
	free := t.Kind() == reflect.String || t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.String
	if free && !named && k.note == plainNote || k.note == environNote {
		return ""
	}
	if v.form != listForm {
		return shownText(v, t)
	}
	var words []string
	for _, one := range v.list {
		elem := key{typ: t, note: k.note}
		if t.Kind() == reflect.Slice {
			elem.typ = t.Elem()
		}
		s := shown(one, &elem, named)
		if s == "" {
			return ""
		}
		words = append(words, s)
	}
	if t.Kind() == reflect.Slice && matchOf(t.Elem()) != nil {
		return strings.Join(words, "; ")
	}
	return strings.Join(words, ", ")
}

// shownTable returns the keys of a table, or which requests it means.
func shownTable(v *value, t reflect.Type) string {
	switch {
	case matchOf(t) != nil:
		k := matchOf(t)
		if e := v.table.get(k.name); e != nil {
			return shown(e.value, k, false)
		}
	case t == matchType && len(v.table.entries) == 1:
		e := v.table.entries[0]
		s := shown(e.value, &key{typ: t}, false)
		if s == "" || e.key == "pattern" {
			return s
		}
		return e.key + " " + s
	case t.Kind() == reflect.Map, t == reflect.TypeFor[[]string]():
		return strings.Join(v.table.tops(), ", ")
	}
	return ""
}

// tops returns the keys of a table in their order.
func (t *table) tops() []string {
	var keys []string
	for _, e := range t.entries {
		keys = append(keys, e.key)
	}
	return keys
}

// shownText returns a text or a number; empty: some of it stands elsewhere.
func shownText(v *value, t reflect.Type) string {
	if v.form == textForm && strings.Contains(v.text, "${") {
		return ""
	}
	if t == reflect.TypeFor[*url.URL]() {
		u, err := parseURL(v.text)
		if err != nil {
			return ""
		}
		public := u.(*url.URL)
		return (&url.URL{Scheme: public.Scheme, Host: public.Host, Path: public.Path, RawPath: public.RawPath}).String()
	}
	return strings.Join(strings.Fields(v.text), " ")
}
