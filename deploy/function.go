package deploy

import (
	"html/template"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"reflect"

	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/filter"
)

// functionOf returns the way of a type that Go code would give as a function or an object, and whether it is
// such a type.
func functionOf(t reflect.Type) (way, bool) {
	switch t {
	case reflect.TypeFor[fs.FS]():
		return way{*textInfo("path of a folder", "static"), reading.folder, false}, true
	case reflect.TypeFor[*template.Template]():
		return way{*textInfo("path of a template of HTML", "error.html"), reading.template, false}, true
	case reflect.TypeFor[filter.Encoding]():
		return way{*encodingInfo(), reading.encoding, false}, true
	case reflect.TypeFor[*slog.Logger]():
		return way{*textInfo("name of a logger", "web"), reading.logger, false}, true
	case reflect.TypeFor[func(capture.Sent) slog.Level]():
		w, _ := wordsOf(reflect.TypeFor[slog.Level]())
		return way{*w.info(), reading.level, false}, true
	case reflect.TypeFor[func(*http.Request) []slog.Attr]():
		return way{*listInfo(aspectInfo()), reading.attrs, false}, true
	case reflect.TypeFor[func(*http.Request) string]():
		return way{*aspectInfo(), reading.requestText, false}, true
	case reflect.TypeFor[io.Writer]():
		return way{*outputInfo(), reading.output, false}, true
	case reflect.TypeFor[func(*http.Request) int]():
		return way{*costInfo(), reading.cost, false}, true
	case reflect.TypeFor[func(*http.Request) bool]():
		return way{*requestsInfo(), reading.requestMatch, false}, true
	case reflect.TypeFor[func(*capture.Head) bool]():
		return way{*listInfo(textInfo("media type", "text/*")), reading.headMatch, false}, true
	}
	return way{}, false
}

// folder reads the path of a folder as an fs.FS.
func (r reading) folder(v *value, _ reflect.Type) plan {
	s, ok := r.text(v)
	if !ok {
		return nil
	}
	r.note = folderNote
	files := os.DirFS(r.path(v.at, s))
	return func(*building) reflect.Value { return reflect.ValueOf(&files).Elem() }
}
