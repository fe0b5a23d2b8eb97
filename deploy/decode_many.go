package deploy

import (
	"encoding"
	"reflect"
	"slices"
	"strings"
)

// slice reads a list. With environNote a table will do, whose keys are names of variables.
func (r reading) slice(v *value, t reflect.Type) plan {
	if r.note == environNote && v.form == tableForm {
		return r.environ(v, t)
	}
	if v.form != listForm {
		r.fail(v.at, v.inList(), "a list is needed here, not %s", v.form)
		return nil
	}
	plans := make([]plan, len(v.list))
	for i, one := range v.list {
		plans[i] = r.plan(one, t.Elem())
	}
	if slices.ContainsFunc(plans, func(p plan) bool { return p == nil }) {
		return nil
	}
	return sliceOf(plans, t)
}

// inList is the hint that a string in place of a list belongs in one.
func (v *value) inList() string {
	if v.form != textForm {
		return ""
	}
	return "put it in brackets"
}

func sliceOf(plans []plan, t reflect.Type) plan {
	return func(b *building) reflect.Value {
		list := reflect.MakeSlice(t, 0, len(plans))
		for _, p := range plans {
			list = reflect.Append(list, p(b))
		}
		return list
	}
}

func (r reading) environ(v *value, t reflect.Type) plan {
	var list []string
	for _, e := range v.table.entries {
		if e.key == "" || strings.ContainsAny(e.key, "=\x00") {
			r.fail(e.at, "", "%q is no name of a variable", e.key)
		}
		if s, ok := r.text(e.value); ok {
			list = append(list, e.key+"="+s)
		}
	}
	return fixed(list, t)
}

// mapping reads a table whose keys are free.
func (r reading) mapping(v *value, t reflect.Type) plan {
	if v.form != tableForm {
		r.fail(v.at, "", "a table is needed here, not %s", v.form)
		return nil
	}
	return r.mapOf(v.table.entries, t)
}

// mapOf reads keys and values.
func (r reading) mapOf(entries []*entry, t reflect.Type) plan {
	file := r.file
	keys, plans := map[any]*entry{}, map[any]plan{}
	for _, e := range entries {
		k, err := keyOf(e.key, t.Key())
		if err != nil {
			r.fail(e.at, "", "%s", err)
			continue
		}
		if other := keys[k]; other != nil {
			r.fail(e.at, "", "%q is the same as %q, at %s", e.key, other.key, other.at.pos())
		}
		if r.file = e.file; r.file == nil { // in a table of its own
			r.file = file
		}
		r.key = e.key
		keys[k], plans[k] = e, r.plan(e.value, t.Elem())
	}
	return func(b *building) reflect.Value {
		m := reflect.MakeMapWithSize(t, len(plans))
		for k, p := range plans {
			m.SetMapIndex(reflect.ValueOf(k), p(b))
		}
		return m
	}
}

// keyOf makes the key of a map, by its method UnmarshalText, if it has one.
func keyOf(text string, t reflect.Type) (any, error) {
	k := reflect.New(t)
	if u, ok := k.Interface().(encoding.TextUnmarshaler); ok {
		err := u.UnmarshalText([]byte(text))
		return k.Elem().Interface(), err
	}
	k.Elem().SetString(text)
	return k.Elem().Interface(), nil
}

// structure reads a table whose keys are the fields of a struct.
func (r reading) structure(v *value, t reflect.Type) plan {
	if v.form != tableForm {
		r.fail(v.at, "", "a table is needed here, not %s", v.form)
		return nil
	}
	p := Part{keys: fieldKeys(t), rest: -1}
	plans := map[int]plan{}
	if k := matchOf(t); k != nil {
		if e := v.table.get(k.name); e != nil {
			r.when = e.value
		}
	}
	for _, e := range v.table.entries {
		if k := p.key(e.key); k == nil || !writable(k.typ, map[reflect.Type]bool{}) {
			r.fail(e.at, choose(e.key, p.names()[1:]), "there is no key %q here", e.key)
		} else {
			plans[k.field] = r.plan(e.value, k.typ)
		}
	}
	return func(b *building) reflect.Value {
		x := reflect.New(t).Elem()
		fill(b, x, plans)
		return x
	}
}

// fill sets the fields of a struct.
func fill(b *building, x reflect.Value, plans map[int]plan) {
	for field, p := range plans {
		x.Field(field).Set(p(b))
	}
}
