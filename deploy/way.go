package deploy

import (
	"reflect"
	"strconv"
	"strings"
)

// way is how the values of a type are written, and how they are read. It is all that there is to know: who reads
// a file and who describes what may be in one ask it.
type way struct {
	info ValueInfo
	read func(reading, *value, reflect.Type) plan // nil: the type cannot be set in a file
	made bool                                     // it is read by what it is made of: elements or fields
}

// wayOf returns the way of a type.
func wayOf(t reflect.Type) way {
	if w, ok := wordsOf(t); ok {
		return way{*w.info(), func(r reading, v *value, t reflect.Type) plan { return r.words(v, t, w) }, false}
	}
	if w, ok := functionOf(t); ok {
		return w
	}
	switch {
	case t == handlerType:
		return way{ValueInfo{Name: "app", Forms: []string{"string"}, Example: `"blog"`}, reading.app, false}
	case t.ConvertibleTo(filterType):
		return way{ValueInfo{Name: "filter", Forms: []string{"string"}, Example: `"log"`}, reading.filter, false}
	}
	return wayOfKind(t)
}

// wayOfKind returns the way of a type of which nothing is known but what it is made of.
func wayOfKind(t reflect.Type) way {
	switch t.Kind() {
	case reflect.Bool:
		return way{ValueInfo{Name: "truth value", Forms: []string{"boolean"}, Example: "true"}, reading.truth, false}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return way{ValueInfo{Name: "whole number", Forms: []string{"integer"}, Example: "10"}, reading.whole, false}
	case reflect.Float32, reflect.Float64:
		return way{ValueInfo{Name: "number", Forms: []string{"integer", "float"}, Example: "0.5"}, reading.float, false}
	case reflect.String:
		return way{*textInfo("string", "value"), reading.string, false}
	case reflect.Slice:
		return way{ValueInfo{Forms: []string{"array"}}, reading.slice, true}
	case reflect.Map:
		if t.Key().Kind() == reflect.String {
			return way{ValueInfo{Forms: []string{"table"}}, reading.mapping, true}
		}
	case reflect.Struct:
		if t.NumField() > 0 { // of those that cannot be set, the keys are unknown
			return way{ValueInfo{Name: "table", Forms: []string{"table"}}, reading.structure, true}
		}
	}
	return way{}
}

// textInfo describes what is written as a text.
func textInfo(name, example string) *ValueInfo {
	return &ValueInfo{Name: name, Forms: []string{"string"}, Secret: true, Example: strconv.Quote(example)}
}

// info describes a type that is written as text.
func (w words) info() *ValueInfo {
	_, name, _ := strings.Cut(w.what, " ") // without the article
	x := textInfo(name, w.example)
	x.Pattern = w.pattern
	return x
}

// writable says whether plan has a way to read a t. Seen are the types that contain it.
func writable(t reflect.Type, seen map[reflect.Type]bool) bool {
	w := wayOf(t)
	if !w.made || t.Kind() == reflect.Struct {
		return w.read != nil
	}
	if seen[t] {
		return false
	}
	seen[t] = true
	defer delete(seen, t)
	return writable(t.Elem(), seen)
}
