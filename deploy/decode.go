package deploy

import (
	"fmt"
	"math"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"golang.org/x/time/rate"
)

// plan makes a value when the site is built; false: something in it could not be made, which is
// reported already. The nil plan is that of a value with an error.
type plan func(*building) (reflect.Value, bool)

// fixed is the plan of a value that needs nothing of the build.
func fixed(x any, t reflect.Type) plan {
	v := reflect.ValueOf(x).Convert(t)
	return func(*building) (reflect.Value, bool) { return v, true }
}

// reading is a value's surroundings: whose it is and what it may refer to.
type reading struct {
	*checker
	section string // its label
	file    *file  // the one that the value is in
	note    note
}

func (r reading) fail(at span, hint, format string, args ...any) {
	r.add(at, r.section, fmt.Sprintf(format, args...), hint)
}

// plan reads v as a t.
func (r reading) plan(v *value, t reflect.Type) plan {
	if w, ok := wordsOf(t); ok {
		return r.words(v, t, w)
	}
	if read := functionOf(t); read != nil {
		return read(r, v)
	}
	switch {
	case t == handlerType:
		return r.app(v)
	case t.ConvertibleTo(filterType):
		return r.filter(v, t)
	}
	switch t.Kind() {
	case reflect.Bool:
		if v.form == truthForm {
			return fixed(v.text == "true", t)
		}
		r.fail(v.at, "write true or false", "a truth value is needed here, not %s", v.form)
		return nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return r.whole(v, t)
	case reflect.Float32, reflect.Float64:
		return r.float(v, t)
	case reflect.String:
		return r.string(v, t)
	case reflect.Slice:
		return r.slice(v, t)
	case reflect.Map:
		return r.mapping(v, t)
	case reflect.Struct:
		return r.structure(v, t)
	}
	r.fail(v.at, "", "this cannot be set in a file")
	return nil
}

// writable says whether plan has a way to read a t. Seen are the types that contain it.
func writable(t reflect.Type, seen map[reflect.Type]bool) bool {
	if _, ok := wordsOf(t); ok || functionOf(t) != nil || t == handlerType || t.ConvertibleTo(filterType) {
		return true
	}
	if seen[t] {
		return false
	}
	seen[t] = true
	defer delete(seen, t)
	switch t.Kind() {
	case reflect.Slice:
		return writable(t.Elem(), seen)
	case reflect.Map:
		return t.Key().Kind() == reflect.String && writable(t.Elem(), seen)
	case reflect.Struct:
		return t.NumField() > 0 // of those that cannot be set, the keys are unknown
	case reflect.Uintptr, reflect.Complex64, reflect.Complex128:
		return false
	}
	return t.Kind() <= reflect.Float64 || t.Kind() == reflect.String
}

// words reads a type that is written as text.
func (r reading) words(v *value, t reflect.Type, w words) plan {
	hint := "write one such as " + strconv.Quote(w.example)
	if v.form != textForm && v.form != tableForm {
		r.fail(v.at, hint, "%s is needed here, not %s", w.what, v.form)
		return nil
	}
	s, ok := r.text(v)
	if !ok {
		return nil
	}
	x, err := w.parse(s)
	if err != nil {
		if v.form == tableForm { // a secret, perhaps
			r.fail(v.at, hint, "what this names is not %s", w.what)
		} else {
			r.fail(v.at, hint, "%q is not %s: %s", s, w.what, reason(err, s))
		}
		return nil
	}
	if limit, ok := x.(rate.Limit); ok && t == reflect.TypeFor[*rate.Limiter]() {
		burst := math.MaxInt32 // of rate.Inf it means nothing
		if limit < math.MaxInt32 {
			burst = int(math.Ceil(float64(limit)))
		}
		return func(*building) (reflect.Value, bool) { return reflect.ValueOf(rate.NewLimiter(limit, burst)), true }
	}
	return fixed(x, t)
}

// reason returns what a parser of the standard library says, without what the message has already.
func reason(err error, text string) string {
	s := err.Error()
	for _, quoted := range []string{strconv.Quote(text), "(" + strconv.Quote(text) + ")"} {
		s = strings.TrimSuffix(s, " "+quoted)
		s = strings.ReplaceAll(s, quoted+": ", "")
	}
	for _, prefix := range []string{"time: ", "error parsing regexp: ", "ParseAddr", "netip.ParsePrefix", "slog: level string ", ": "} {
		s = strings.TrimPrefix(s, prefix)
	}
	return s
}

// whole reads a whole number, which with sizeNote may also be a size.
func (r reading) whole(v *value, t reflect.Type) plan {
	if r.note == sizeNote && v.form == textForm {
		w, _ := wordsOf(reflect.TypeFor[size]())
		p := r.words(v, reflect.TypeFor[size](), w)
		if p == nil {
			return nil
		}
		n, _ := p(nil)
		return r.number(v, n.Int(), t)
	}
	what := "a whole number"
	if r.note == sizeNote {
		what = "a number of bytes, or a size such as \"10MiB\","
	}
	if v.form != wholeForm {
		r.fail(v.at, "", "%s is needed here, not %s", what, v.form)
		return nil
	}
	n, err := strconv.ParseInt(strings.ReplaceAll(v.text, "_", ""), 0, 64)
	if err != nil {
		r.fail(v.at, "", "%s is not a whole number of 64 bits", v.text)
		return nil
	}
	return r.number(v, n, t)
}

func (r reading) number(v *value, n int64, t reflect.Type) plan {
	x := reflect.New(t).Elem()
	switch {
	case x.CanInt() && !x.OverflowInt(n):
		x.SetInt(n)
	case x.CanUint() && n >= 0 && !x.OverflowUint(uint64(n)):
		x.SetUint(uint64(n))
	default:
		r.fail(v.at, "", "%d does not fit here", n)
		return nil
	}
	return func(*building) (reflect.Value, bool) { return x, true }
}

func (r reading) float(v *value, t reflect.Type) plan {
	if v.form != floatForm && v.form != wholeForm {
		r.fail(v.at, "", "a number is needed here, not %s", v.form)
		return nil
	}
	n, err := strconv.ParseFloat(strings.ReplaceAll(v.text, "_", ""), 64)
	if err != nil || reflect.Zero(t).OverflowFloat(n) && !math.IsInf(n, 0) {
		r.fail(v.at, "", "%s does not fit here", v.text)
		return nil
	}
	return fixed(n, t)
}

// string reads a text, and makes a path of it where the note says so.
func (r reading) string(v *value, t reflect.Type) plan {
	s, ok := r.text(v)
	if !ok {
		return nil
	}
	return fixed(r.path(v.at, s), t)
}

// slice reads a list. With environNote a table will do, whose keys are names of variables.
func (r reading) slice(v *value, t reflect.Type) plan {
	if r.note == environNote && v.form == tableForm {
		return r.environ(v, t)
	}
	if v.form != listForm {
		r.fail(v.at, "", "a list is needed here, not %s", v.form)
		return nil
	}
	plans := make([]plan, len(v.list))
	for i, one := range v.list {
		plans[i] = r.plan(one, t.Elem())
	}
	return sliceOf(plans, t)
}

func sliceOf(plans []plan, t reflect.Type) plan {
	return func(b *building) (reflect.Value, bool) {
		all := true
		list := reflect.MakeSlice(t, 0, len(plans))
		for _, p := range plans {
			x, ok := p(b)
			if all = all && ok; ok {
				list = reflect.Append(list, x)
			}
		}
		return list, all
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

// mapOf reads keys and values. A key whose type has a method UnmarshalText is read by it.
func (r reading) mapOf(entries []*entry, t reflect.Type) plan {
	keys, plans := make([]reflect.Value, len(entries)), make([]plan, len(entries))
	for i, e := range entries {
		k := reflect.New(t.Key())
		if u, ok := k.Interface().(interface{ UnmarshalText([]byte) error }); ok {
			if err := u.UnmarshalText([]byte(e.key)); err != nil {
				r.fail(e.at, "", "%s", err)
			}
		} else {
			k.Elem().SetString(e.key)
		}
		keys[i] = k.Elem()
		r.file = e.file
		plans[i] = r.plan(e.value, t.Elem())
	}
	return func(b *building) (reflect.Value, bool) {
		all := true
		m := reflect.MakeMapWithSize(t, len(keys))
		for i, p := range plans {
			x, ok := p(b)
			if all = all && ok; ok {
				m.SetMapIndex(keys[i], x)
			}
		}
		return m, all
	}
}

// structure reads a table whose keys are the fields of a struct.
func (r reading) structure(v *value, t reflect.Type) plan {
	if v.form != tableForm {
		r.fail(v.at, "", "a table is needed here, not %s", v.form)
		return nil
	}
	p := Part{keys: fieldKeys(t), rest: -1}
	plans := map[int]plan{}
	for _, e := range v.table.entries {
		if k := p.key(e.key); k == nil || !writable(k.typ, map[reflect.Type]bool{}) {
			r.fail(e.at, suggest(e.key, p.names()[1:]), "there is no key %q here", e.key)
		} else {
			plans[k.field] = r.plan(e.value, k.typ)
		}
	}
	return func(b *building) (reflect.Value, bool) {
		x := reflect.New(t).Elem()
		return x, fill(b, x, plans)
	}
}

// fill sets the fields of a struct.
func fill(b *building, x reflect.Value, plans map[int]plan) bool {
	all := true
	for field, p := range plans {
		v, ok := p(b)
		if all = all && ok; ok {
			x.Field(field).Set(v)
		}
	}
	return all
}

// app reads the name of an app.
func (r reading) app(v *value) plan {
	n := r.named(v, appKind)
	return func(b *building) (reflect.Value, bool) {
		h := b.app(n)
		if h == nil {
			return reflect.Value{}, false
		}
		return reflect.ValueOf(&h).Elem(), true
	}
}

// filter reads the name of a filter.
func (r reading) filter(v *value, t reflect.Type) plan {
	n := r.named(v, filterKind)
	return func(b *building) (reflect.Value, bool) {
		f := b.filter(n)
		if f == nil {
			return reflect.Value{}, false
		}
		bound := func(next http.Handler) http.Handler { return b.bind(n, f, next) }
		return reflect.ValueOf(bound).Convert(t), true
	}
}
