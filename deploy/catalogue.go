package deploy

import (
	"cmp"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// PartInfo says what a part is, and which keys a section that uses it may have.
type PartInfo struct {
	Name string    // as use has it
	Kind string    // "app" or "filter"
	Keys []KeyInfo // but for use, and the filters of an app
	Rest *KeyInfo  // what any key is that is not among Keys, its name being an example in TOML; nil: there is no other
	Go   string    // the constructor or type, such as "github.com/weirhttp/weir/filter.Compress"
}

// KeyInfo says what a key of a section or table is.
type KeyInfo struct {
	Name     string
	Required bool
	Default  string     // in TOML; empty: what the constructor makes of nothing
	Value    *ValueInfo // how it is written
	Go       string     // the struct and field that it sets, such as "…/filter.CompressOptions.MinSize"; empty: a parameter
	Param    int        // the number of the parameter, from 0, if Go is empty
}

// ValueInfo says how a value is written in TOML. It may lead back to itself: which requests are meant can be said by
// which are not.
type ValueInfo struct {
	Name    string     // what it is, such as "duration", "path of a file" or "list of strings"
	Forms   []string   // some of "string", "integer", "float", "boolean", "array" and "table"
	Secret  bool       // in place of a string, { env = "NAME" } and { file = "path" } will do
	Pattern string     // a regular expression that every string matches, but those that have ${name} in them; empty: any string
	Words   []string   // some of the strings
	Example string     // in TOML
	Elem    *ValueInfo // what is in an array, or in a table of free keys
	Keys    []KeyInfo  // of a table whose keys are not free
	One     bool       // such a table has exactly one of Keys
}

// Describe returns what the parts of the set are, filters first, each kind in the order of names. It says of keys
// what Load reads, for both go by the same table; those that no file can set are left out.
func (s Set) Describe() []PartInfo {
	var list []PartInfo
	for name, p := range s {
		list = append(list, p.describe(name))
	}
	slices.SortFunc(list, func(a, b PartInfo) int {
		return cmp.Or(cmp.Compare(b.Kind, a.Kind), cmp.Compare(a.Name, b.Name))
	})
	return list
}

func (p Part) describe(name string) PartInfo {
	x := PartInfo{Name: name, Kind: string(p.kind)}
	owner := p.options
	if p.make.Kind() == reflect.Pointer {
		owner = p.make.Type().Elem()
		x.Go = goName(owner)
	} else {
		x.Go = runtime.FuncForPC(p.make.Pointer()).Name()
	}
	for _, k := range p.keys {
		if p.rest >= 0 && k.param == p.rest {
			x.Rest = &KeyInfo{Name: freeKey(k.typ.Key()), Value: describe(k.typ.Elem(), k.note, nil), Param: k.param}
		} else if info, ok := k.describe(owner, nil); ok {
			info.Default = p.defaultOf(k)
			x.Keys = append(x.Keys, info)
		}
	}
	return x
}

// freeKey returns an example for the keys of a map.
func freeKey(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[place]():
		return `"/blog/"`
	case reflect.TypeFor[pattern]():
		return `"/blog/{path_info...}"`
	}
	return "NAME"
}

// goName returns the full name of a type.
func goName(t reflect.Type) string {
	return t.PkgPath() + "." + t.Name()
}

// describe returns what a key is; false: no file can set it.
func (k key) describe(owner reflect.Type, known map[reflect.Type]*ValueInfo) (KeyInfo, bool) {
	if !writable(k.typ, map[reflect.Type]bool{}) {
		return KeyInfo{}, false
	}
	x := KeyInfo{Name: k.name, Required: k.required, Value: describe(k.typ, k.note, known), Param: k.param}
	if k.param < 0 {
		x.Go, x.Param = goName(owner)+"."+k.goName, 0
	}
	return x, true
}

// defaultOf returns what the handler that is copied has for a key.
func (p Part) defaultOf(k key) string {
	if p.make.Kind() != reflect.Pointer {
		return ""
	}
	return k.inTOML(p.make.Elem().Field(k.field))
}

// inTOML returns how a file would write a value of a key.
func (k key) inTOML(v reflect.Value) string {
	if k.note == sizeNote && v.CanInt() && v.Int() > 0 && v.Int()%1024 == 0 {
		return strconv.Quote(strconv.FormatInt(v.Int()/1024, 10) + "KiB")
	}
	return inTOML(v)
}

// inTOML returns how a file would write a value; empty: it is the zero value, or not of a simple kind.
func inTOML(v reflect.Value) string {
	if v.IsZero() {
		return ""
	}
	if s, ok := v.Interface().(fmt.Stringer); ok {
		return strconv.Quote(shorter(s.String()))
	}
	switch {
	case v.Kind() == reflect.String:
		return strconv.Quote(v.String())
	case v.CanInt() || v.CanUint() || v.CanFloat() || v.Kind() == reflect.Bool:
		return fmt.Sprint(v.Interface())
	case v.Kind() == reflect.Slice:
		var list []string
		for i := range v.Len() {
			list = append(list, inTOML(v.Index(i)))
		}
		return "[" + strings.Join(list, ", ") + "]"
	}
	return ""
}

// shorter returns 2m for the duration 2m0s.
func shorter(s string) string {
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// describe returns how a t is written of which a note is made. Known are the structs that contain it.
func describe(t reflect.Type, n note, known map[reflect.Type]*ValueInfo) *ValueInfo {
	if x := known[t]; x != nil {
		return x
	}
	w := wayOf(t)
	x := w.info
	switch {
	case !w.made:
		n.adjust(&x)
	case t.Kind() == reflect.Struct:
		inner := map[reflect.Type]*ValueInfo{t: &x}
		for outer, info := range known {
			inner[outer] = info
		}
		x.Keys = structKeys(t, inner)
		x.Example = tableExample(x.Keys)
	case t.Kind() == reflect.Map:
		x.Elem = describe(t.Elem(), n, known)
		x.Name = "table of " + plural(x.Elem.Name)
		x.Example = "{ " + freeKey(t.Key()) + " = " + x.Elem.Example + " }"
	case n == environNote:
		return environInfo()
	default:
		return listInfo(describe(t.Elem(), n, known))
	}
	return &x
}

func structKeys(t reflect.Type, known map[reflect.Type]*ValueInfo) []KeyInfo {
	var keys []KeyInfo
	for _, k := range fieldKeys(t) {
		if info, ok := k.describe(t, known); ok {
			keys = append(keys, info)
		}
	}
	return keys
}

// tableExample returns a table with the first key that has an example.
func tableExample(keys []KeyInfo) string {
	for _, k := range keys {
		if k.Value.Example != "" {
			return "{ " + k.Name + " = " + k.Value.Example + " }"
		}
	}
	return "{}"
}

// listInfo describes a list.
func listInfo(elem *ValueInfo) *ValueInfo {
	return &ValueInfo{Name: "list of " + plural(elem.Name), Forms: []string{"array"}, Example: "[" + elem.Example + "]", Elem: elem}
}

// environInfo describes what reading.environ reads.
func environInfo() *ValueInfo {
	x := listInfo(textInfo("string", "NAME=value"))
	x.Name, x.Forms, x.Example = "list of NAME=value, or a table", []string{"array", "table"}, `{ NAME = "value" }`
	return x
}

// adjust says what a note adds to the type.
func (n note) adjust(x *ValueInfo) {
	switch n {
	case sizeNote:
		w, _ := wordsOf(reflect.TypeFor[size]())
		*x = *w.info()
		x.Forms, x.Secret = []string{"integer", "string"}, false
	case fileNote:
		x.Name, x.Example = "path of a file", `"site.cgi"`
	case folderNote:
		x.Name, x.Example = "path of a folder", `"static"`
	case commandNote:
		x.Name, x.Example = "command, or path of one", `"python3"`
	case addressNote:
		x.Name, x.Example = "server address", `"127.0.0.1:9000"`
	}
}

// plural returns the name of several values.
func plural(name string) string {
	first, rest, _ := strings.Cut(name, " of ")
	if rest != "" {
		rest = " of " + rest
	}
	if strings.HasSuffix(first, "s") {
		first += "e"
	}
	return first + "s" + rest
}

// DescribeServer returns what may be in [server].
func DescribeServer() *ValueInfo {
	return describeServer(reflect.ValueOf(serverDefaults()), "server")
}

func describeServer(defaults reflect.Value, section string) *ValueInfo {
	p := Part{keys: fieldKeys(defaults.Type()), rest: -1}
	p.annotate("Server", serverKeys(section))
	x := &ValueInfo{Name: "table", Forms: []string{"table"}, Example: "{}"}
	for _, k := range p.keys {
		info, _ := k.describe(defaults.Type(), nil)
		if v := defaults.Field(k.field); isOptions(k.typ) {
			info.Value = describeServer(v, section+"."+k.name)
		} else {
			info.Default = k.inTOML(v)
		}
		x.Keys = append(x.Keys, info)
	}
	return x
}
