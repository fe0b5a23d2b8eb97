package deploy

import (
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"reflect"

	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/filter"
)

// functionOf returns how a type is read that Go code would give as a function or an object; nil: not
// such a type.
func functionOf(t reflect.Type) func(reading, *value) plan {
	switch t {
	case reflect.TypeFor[fs.FS]():
		return reading.folder
	case reflect.TypeFor[filter.Encoding]():
		return reading.encoding
	case reflect.TypeFor[*slog.Logger]():
		return reading.logger
	case reflect.TypeFor[func(capture.Sent) slog.Level]():
		return reading.level
	case reflect.TypeFor[func(*http.Request) []slog.Attr]():
		return reading.attrs
	case reflect.TypeFor[func(*http.Request) string]():
		return reading.requestText
	case reflect.TypeFor[func(*http.Request) bool]():
		return reading.requestMatch
	case reflect.TypeFor[func(*capture.Head) bool]():
		return reading.headMatch
	}
	return nil
}

// folder reads the path of a folder as an fs.FS.
func (r reading) folder(v *value) plan {
	s, ok := r.text(v)
	if !ok {
		return nil
	}
	r.note = folderNote
	files := os.DirFS(r.path(v.at, s))
	return func(*building) reflect.Value { return reflect.ValueOf(&files).Elem() }
}
