package deploy

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// text reads a string: as it stands, with what ${name} means in it, or from where a table
// says that it is: { env = "NAME" } or { file = "path" }.
func (r reading) text(v *value) (string, bool) {
	switch v.form {
	case textForm:
		return r.expand(v)
	case tableForm:
		return r.secret(v)
	}
	r.fail(v.at, "", "a string is needed here, not %s", v.form)
	return "", false
}

// secretLimit is how long a file may be that a secret is in.
const secretLimit = 1 << 20

// secret reads a variable of the environment or a file. The line end at the end of a file is no part of it.
func (r reading) secret(v *value) (string, bool) {
	if len(v.table.entries) != 1 {
		r.fail(v.at, "", `a string is needed here, or { env = "NAME" }, or { file = "path" }`)
		return "", false
	}
	e := v.table.entries[0]
	if e.key != "env" && e.key != "file" {
		r.fail(e.at, suggest(e.key, []string{"env", "file"}), "there is no key %q here: a string comes from env or file", e.key)
		return "", false
	}
	if e.value.form != textForm {
		r.fail(e.value.at, "", "a string is needed here, not %s", e.value.form)
		return "", false
	}
	s, ok := r.expand(e.value)
	if !ok {
		return "", false
	}
	if e.key == "env" {
		if s, ok = os.LookupEnv(s); !ok {
			r.fail(e.value.at, "", "the environment has no variable of this name")
		}
		return s, ok
	}
	name := r.absolute(s)
	known, ok := r.secrets[name]
	if !ok {
		known.text, known.err = readSecret(name)
		r.secrets[name] = known
		r.read.note(name, known.text, known.err)
	}
	if known.err != nil {
		r.fail(e.value.at, "", "%s", plainError(known.err))
		return "", false
	}
	s = strings.TrimSuffix(string(known.text), "\n")
	return strings.TrimSuffix(s, "\r"), true
}

// secretText is what a file has that strings come from.
type secretText struct {
	text []byte
	err  error
}

// readSecret reads a file of up to secretLimit.
func readSecret(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err == nil && (!info.Mode().IsRegular() || info.Size() > secretLimit) {
		return nil, errors.New("this is no file of up to 1 MiB")
	}
	return os.ReadFile(name)
}

// expand replaces ${here} and ${name}, once; $${ stands for ${.
func (r reading) expand(v *value) (string, bool) {
	if v.loose { // PasteDeploy's own replacements are made
		return v.text, true
	}
	s, done := v.text, strings.Builder{}
	for {
		before, rest, found := strings.Cut(s, "${")
		done.WriteString(before)
		if !found {
			return done.String(), true
		}
		if strings.HasSuffix(before, "$") {
			done.WriteString("{")
			s = rest
			continue
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			r.fail(v.at, "write $${ for the characters ${ themselves", "${ has no } after it")
			return "", false
		}
		x, ok := r.global(v.at, name)
		if !ok {
			return "", false
		}
		done.WriteString(x)
		s = after
	}
}

// global returns what ${name} means in the file.
func (r reading) global(at span, name string) (string, bool) {
	if name == "here" {
		return r.file.dir, true
	}
	var known []string
	if g := r.file.globals; g != nil {
		if e := g.get(name); e != nil {
			outer := r
			outer.section = "globals"
			outer.file = &file{source: r.file.source} // a global sees no others
			return outer.text(e.value)
		}
		known = g.names()
	}
	r.fail(at, suggest(name, append(known, "here")), "${%s} is not among the [globals] of this file", name)
	return "", false
}

// path makes a path of s where the note says that it is one, and warns where nothing is there.
func (r reading) path(at span, s string) string {
	switch r.note {
	case addressNote, commandNote:
		if strings.Contains(s, "/") {
			s = r.absolute(s)
			if _, err := os.Stat(s); err != nil {
				r.warnings.add(at, r.section, plainError(err), "")
			}
		}
	case fileNote, folderNote:
		if s == "" {
			return ""
		}
		s = r.absolute(s)
		info, err := os.Stat(s)
		switch {
		case err != nil:
			r.warnings.add(at, r.section, plainError(err), "")
		case info.IsDir() != (r.note == folderNote):
			r.warnings.add(at, r.section, "this is no "+string(r.note), "")
		}
	}
	return s
}

// absolute returns a path that is relative to the folder of the file, if it is relative.
func (r reading) absolute(s string) string {
	if filepath.IsAbs(s) {
		return s
	}
	return filepath.Join(r.file.dir, s)
}

// plainError says what the system says of a file, without the path, which stands in the excerpt.
func plainError(err error) string {
	if e, ok := err.(*os.PathError); ok {
		return e.Err.Error()
	}
	return err.Error()
}
