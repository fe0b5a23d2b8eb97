package deploy

import (
	"fmt"
	"net/http"
	"reflect"
)

// Set is the parts that files may use, by name. It is an ordinary map: take what Builtin returns,
// and add to it, or make one that has only what your files may do.
type Set map[string]Part

// Part makes the filters or the applications of sections that use it. Filter and App return parts.
type Part struct {
	kind    kind
	make    reflect.Value // the constructor, or the handler to be copied
	keys    []key
	rest    int          // the parameter that gets all keys that nothing else has; -1: none
	options reflect.Type // of the constructor's last parameter; nil: none
}

var (
	handlerType = reflect.TypeFor[http.Handler]()
	filterType  = reflect.TypeFor[func(http.Handler) http.Handler]()
	matchType   = reflect.TypeFor[func(*http.Request) bool]()
	errorType   = reflect.TypeFor[error]()
	siteType    = reflect.TypeFor[*Site]()
)

// Filter returns the part that is made by a constructor of filters, such as filter.Compress or
// filter.RateLimit: a function that returns a func(http.Handler) http.Handler, and may return an error
// besides.
//
// A last parameter that is a struct is its options: each exported field is a key of the file, MaxKeys being
// max-keys. Keys names the parameters before it, in their order: the file has to set them, except for
// the last one of a variadic function.
//
//	deploy.Filter(filter.RateLimit, "limit", "burst")
//
// What a string or number of that name stands for is said after a colon: "limit:size" for a number of bytes
// that may be written as "10MiB"; "dir:folder" and "path:file" for a path that is relative to the file that
// names it; "python:command" for one if it has a slash, and "server:address" for that of a socket if it has
// one; "env:environ" for a list of "NAME=value" that may be written as a table. An exclamation mark at the
// end says that the key is required. After the names of all parameters, keys says the same of options:
//
//	deploy.Filter(filter.Compress, "min-size:size")
//
// The name "*" stands for a map that gets all keys of the section that nothing else has.
//
// A parameter or option may be a string, a truth value, a number, a time.Duration, a netip.Prefix or
// netip.Addr, a *url.URL, a rate.Limit or *rate.Limiter, a *regexp.Regexp, a slog.Level, an http.SameSite, an fs.FS,
// a *slog.Logger, an http.Handler or a filter, which are names of other sections, and a list, a map or a
// struct of them; so may be the functions that the package comment names. Other options cannot be set in a
// file. Filter panics when constructor is no such function, or keys do not fit it.
func Filter(constructor any, keys ...string) Part {
	return partOf("Filter", filterKind, filterType, constructor, keys)
}

// App returns the part that makes applications by copying handler, a pointer to a struct such as
// &mount.CGI{}: each exported field is a key of the file, and what is set in handler is the default. Keys
// is as for Filter. A field of type *Site, as in options, is no key: it gets the site that is built, to be
// shown. Instead of a handler there may be a function that returns an http.Handler and has
// parameters as Filter says. An application with a method Close() error is closed with the site.
//
//	deploy.App(&mount.CGI{}, "path:file!", "dir:folder")
func App(handler any, keys ...string) Part {
	v := reflect.ValueOf(handler)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return partOf("App", appKind, handlerType, handler, keys)
	}
	if !v.Type().Implements(handlerType) {
		panic(fmt.Sprintf("deploy.App: %s is no http.Handler", v.Type()))
	}
	p := Part{kind: appKind, make: v, rest: -1, keys: fieldKeys(v.Type().Elem())}
	p.annotate("App", keys)
	return p
}

func partOf(caller string, k kind, result reflect.Type, constructor any, names []string) Part {
	v := reflect.ValueOf(constructor)
	if v.Kind() != reflect.Func || v.IsNil() {
		panic(fmt.Sprintf("deploy.%s: %T is no function", caller, constructor))
	}
	t := v.Type()
	if n := t.NumOut(); n < 1 || n > 2 || !t.Out(0).ConvertibleTo(result) || n == 2 && t.Out(1) != errorType {
		panic(fmt.Sprintf("deploy.%s: %s does not return %s, or that and an error", caller, t, result))
	}
	p := Part{kind: k, make: v, rest: -1}
	params := t.NumIn()
	if params > 0 && !t.IsVariadic() && isOptions(t.In(params-1)) {
		params--
		p.options = t.In(params)
	}
	if len(names) < params {
		panic(fmt.Sprintf("deploy.%s: %s has %d parameters to be named, not %d", caller, t, params, len(names)))
	}
	for i, s := range names[:params] {
		name, n, _ := parseKey(s)
		if !writable(t.In(i), map[reflect.Type]bool{}) {
			panic(fmt.Sprintf("deploy.%s: parameter %q of type %s cannot be set in a file", caller, name, t.In(i)))
		}
		if name == "*" && t.In(i).Kind() == reflect.Map {
			p.rest = i
		}
		p.keys = append(p.keys, key{name: name, goName: name, typ: t.In(i), note: n, param: i,
			required: p.rest != i && !(t.IsVariadic() && i == params-1)})
	}
	if p.options != nil {
		p.keys = append(p.keys, fieldKeys(p.options)...)
	}
	p.annotate(caller, names[params:])
	return p
}

// isOptions says whether a parameter is a struct whose fields are keys.
func isOptions(t reflect.Type) bool {
	_, text := wordsOf(t)
	return t.Kind() == reflect.Struct && !text
}

// annotate adds to the keys what words say of them, and checks that no two have one name.
func (p *Part) annotate(caller string, words []string) {
	for _, s := range words {
		name, n, required := parseKey(s)
		k := p.key(name)
		if k == nil || k.param >= 0 {
			panic(fmt.Sprintf("deploy.%s: there is no option %q", caller, name))
		}
		k.note, k.required = n, required
	}
	for _, k := range p.keys {
		if !k.note.fits(k.typ) {
			panic(fmt.Sprintf("deploy.%s: key %q of type %s cannot be %q", caller, k.name, k.typ, k.note))
		}
	}
	seen := map[string]bool{"use": true, "filters": p.kind == appKind}
	for _, k := range p.keys {
		if seen[k.name] {
			panic(fmt.Sprintf("deploy.%s: there are two keys %q", caller, k.name))
		}
		seen[k.name] = true
	}
}

// key returns the key of a name, or nil.
func (p *Part) key(name string) *key {
	for i := range p.keys {
		if p.keys[i].name == name {
			return &p.keys[i]
		}
	}
	return nil
}

// names returns the names of keys that a file can set, for hints.
func (p *Part) names() []string {
	names := []string{"use"}
	if p.kind == appKind {
		names = append(names, "filters")
	}
	for _, k := range p.keys {
		if k.name != "*" && writable(k.typ, map[reflect.Type]bool{}) {
			names = append(names, k.name)
		}
	}
	return names
}
