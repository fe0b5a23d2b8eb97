package deploy

import (
	"fmt"
	"reflect"
	"strings"
	"unicode"
)

// key is a setting of a part: a parameter of its constructor, or a field of its options.
type key struct {
	name     string // as a file writes it
	goName   string // as the code does, in messages of constructors
	typ      reflect.Type
	note     note
	required bool
	param    int // the parameter's number; -1: a field
	field    int // the field's number in the options
}

// note says what a text or a number stands for, where its type does not.
type note string

const (
	plainNote   note = ""
	sizeNote    note = "size"    // bytes, such as "10MiB"
	fileNote    note = "file"    // a path, relative to the folder of the deploy file
	folderNote  note = "folder"  // the same, of a folder
	commandNote note = "command" // a path if it has a slash, else a name for PATH
	addressNote note = "address" // a path if it has a slash, else host:port
	environNote note = "environ" // NAME=value, also as a table
)

// fits says whether a t can be what the note says.
func (n note) fits(t reflect.Type) bool {
	switch n {
	case plainNote:
		return true
	case environNote:
		return t == reflect.TypeFor[[]string]()
	case sizeNote:
		return reflect.Int <= t.Kind() && t.Kind() <= reflect.Uint64
	}
	return t.Kind() == reflect.String || t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.String
}

// parseKey reads the words of Filter and App: NAME, NAME:NOTE, with ! for what is required.
func parseKey(s string) (name string, n note, required bool) {
	s, required = strings.CutSuffix(s, "!")
	name, text, _ := strings.Cut(s, ":")
	switch n = note(text); n {
	case plainNote, sizeNote, fileNote, folderNote, commandNote, addressNote, environNote:
		return name, n, required
	}
	panic(fmt.Sprintf("deploy: key %q says %q of its value, which means nothing", name, text))
}

// kebab returns the key for a field: MaxKeys is max-keys, UserID is user-id, URL is url, H2C is h2c.
func kebab(field string) string {
	var b strings.Builder
	runes := []rune(field)
	for i, c := range runes {
		if unicode.IsUpper(c) && i > 0 &&
			(unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])) {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(c))
	}
	return b.String()
}

// fieldKeys returns the keys for the exported fields of a struct.
func fieldKeys(t reflect.Type) []key {
	var keys []key
	for i := range t.NumField() {
		if f := t.Field(i); f.IsExported() && f.Type != siteType {
			keys = append(keys, key{name: kebab(f.Name), goName: f.Name, typ: f.Type, param: -1, field: i})
		}
	}
	return keys
}
