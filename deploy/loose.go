package deploy

import (
	"log/slog"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/weirhttp/weir/capture"
)

// as returns a loose value in the form that t has in TOML, as far as there is one.
func (v *value) as(t reflect.Type) *value {
	x := *v
	x.loose = false
	if _, ok := wordsOf(t); ok || t == handlerType || t.ConvertibleTo(filterType) {
		return v
	}
	switch t {
	case reflect.TypeFor[func(*http.Request) []slog.Attr](), reflect.TypeFor[func(*http.Request) bool](),
		reflect.TypeFor[func(*capture.Head) bool]():
		x.form, x.list = listForm, v.words()
		return &x
	}
	switch k := t.Kind(); {
	case k == reflect.Bool:
		if word, ok := truth(v.text); ok {
			x.form, x.text = truthForm, strconv.FormatBool(word)
			return &x
		}
	case k >= reflect.Int && k <= reflect.Uint64:
		if _, err := strconv.ParseInt(v.text, 0, 64); err == nil {
			x.form = wholeForm
			return &x
		}
	case k == reflect.Float32 || k == reflect.Float64:
		if _, err := strconv.ParseFloat(v.text, 64); err == nil {
			x.form = floatForm
			return &x
		}
	case k == reflect.Slice:
		x.form, x.list = listForm, v.words()
		return &x
	}
	return v
}

// truth reads what asbool of PasteDeploy reads.
func truth(text string) (word, ok bool) {
	switch strings.ToLower(text) {
	case "true", "yes", "on", "y", "t", "1":
		return true, true
	case "false", "no", "off", "n", "f", "0":
		return false, true
	}
	return false, false
}
