package deploy

import (
	"net/http"
	"reflect"
)

// costCase is one of the cases of a cost.
type costCase struct {
	// Match says which requests are meant. It is required. The first case that matches counts; a request that none
	// matches costs 1.
	Match func(*http.Request) bool

	// Tokens is how many tokens such a request asks for. It is required: 0 lets it through and takes none, and more
	// than the burst refuses it every time.
	Tokens uint32
}

// costInfo describes what cost reads.
func costInfo() *ValueInfo {
	x := describe(reflect.TypeFor[[]costCase](), plainNote, nil)
	x.Name, x.Example = "list of costs", `[{ match = ["/export/"], tokens = 10 }]`
	for i := range x.Elem.Keys {
		x.Elem.Keys[i].Required = true
	}
	return x
}

// cost reads a list of cases, of which the first that matches says what a request costs. All others cost 1.
func (r reading) cost(v *value, _ reflect.Type) plan {
	p := r.plan(v, reflect.TypeFor[[]costCase]())
	for _, one := range v.list {
		for _, key := range []string{"match", "tokens"} {
			if one.form == tableForm && len(one.table.entries) < 2 && one.table.get(key) == nil {
				r.fail(one.at, `write one such as { match = ["/export/"], tokens = 10 }`, "there is no key %q in this", key)
			}
		}
	}
	if p == nil {
		return nil
	}
	return func(b *building) reflect.Value {
		cases := p(b).Interface().([]costCase)
		return reflect.ValueOf(func(req *http.Request) int {
			for _, c := range cases {
				if c.Match(req) {
					return int(c.Tokens)
				}
			}
			return 1
		})
	}
}
