package deploy

import (
	"html/template"
	"path/filepath"
	"reflect"
	"regexp"
)

// inTemplate is what a parser of templates puts before what it has to say.
var inTemplate = regexp.MustCompile(`^template: [^:]*:`)

// template reads the path of a file that is a template of HTML. Where there is none, as on a machine that only checks, it
// is an empty one, which nobody takes who is to use it.
func (r reading) template(v *value, t reflect.Type) plan {
	s, ok := r.text(v)
	if !ok {
		return nil
	}
	name := r.absolute(s)
	text, err := r.read.file(name)
	if err != nil {
		r.warnings.add(v.at, r.section, plainError(err), "")
		return fixed(template.New(filepath.Base(name)), t)
	}
	page, err := template.New(filepath.Base(name)).Parse(string(text))
	if err != nil {
		r.fail(v.at, "", "%s: line %s", name, inTemplate.ReplaceAllString(err.Error(), ""))
		return nil
	}
	return fixed(page, t)
}
