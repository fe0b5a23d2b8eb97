package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"text/template"
	"unicode/utf8"
)

//go:embed demo.toml
var demoFile string

// demoSite is what the file of a demonstration is written of.
type demoSite struct {
	Title, User string
	Listen      string
	Filters     []string
	Mounts      []demoMount
	Index       bool
	Env         [][]string // names of variables that a CGI program inherits, line by line
}

// demoMount is a section of an app and the place where it is mounted.
type demoMount struct{ At, Name, Use, Path string }

// file returns the file of the site that the options ask for.
func (o *options) file() (string, error) {
	if err := o.place(); err != nil {
		return "", err
	}
	s := o.site()
	texts := []string{s.User}
	for _, m := range s.Mounts {
		texts = append(texts, m.Path)
	}
	for _, text := range texts {
		if !utf8.ValidString(text) {
			return "", wrong("%q is not in UTF-8, which a file has to be", text)
		}
	}
	var b bytes.Buffer
	page := template.Must(template.New("demo.toml").Funcs(template.FuncMap{"quote": quote, "list": list}).Parse(demoFile))
	if err := page.Execute(&b, s); err != nil {
		return "", fmt.Errorf("the file could not be made: %w", err)
	}
	return b.String(), nil
}

// site returns what the file is written of.
func (o *options) site() demoSite {
	s := demoSite{Title: "The demonstration of weir: serve it with weir serve.", User: o.user, Listen: o.listen,
		Filters: []string{"request-id", "access-log", "recover", "rate-limit", "compress", "max-body"}}
	if o.user != "" {
		s.Filters = slices.Insert(s.Filters, 1, "user") // outside of the log that names them
	}
	if o.cgi != "" {
		s.Title = fmt.Sprintf("The site of the CGI program %q: serve it with weir serve.", filepath.Base(o.cgi))
		s.Env = slices.Collect(slices.Chunk(inherited(os.Environ()), 4))
		base := filepath.Base(o.cgi)
		s.add(demoMount{o.at, strings.TrimSuffix(base, filepath.Ext(base)), "cgi", o.cgi})
	} else {
		s.add(demoMount{o.at, "guest", "demo", ""})
	}
	for _, f := range o.files {
		s.add(demoMount{f.at, path.Base(f.at), "dir", f.dir})
	}
	s.Index = !slices.ContainsFunc(s.Mounts, func(m demoMount) bool { return m.At == "/" })
	return s
}

// add mounts one app more. Its section has its name, as far as TOML and the others let it.
func (s *demoSite) add(m demoMount) {
	name := strings.Trim(strings.Map(bareKey, m.Name), "-")
	if name == "" {
		name = "app"
	}
	taken := func(other demoMount) bool { return other.Name == m.Name }
	m.Name = name
	for n := 2; m.Name == "main" || m.Name == "index" || slices.ContainsFunc(s.Mounts, taken); n++ {
		m.Name = fmt.Sprintf("%s-%d", name, n)
	}
	s.Mounts = append(s.Mounts, m)
}

// bareKey keeps what a key of TOML may have without quotation marks, and makes hyphens of the rest.
func bareKey(c rune) rune {
	if strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", c) {
		return c
	}
	return '-'
}

// list returns strings of TOML with commas between them.
func list(texts []string) string {
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = quote(text)
	}
	return strings.Join(quoted, ", ")
}

// quote returns a string of TOML. A basic one is as one of JSON, but for DEL; deploy reads ${ as more than that.
func quote(text string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(strings.ReplaceAll(text, "${", "$${")); err != nil {
		panic(err) // a string can be encoded
	}
	return strings.ReplaceAll(strings.TrimSuffix(b.String(), "\n"), "\x7f", `\u007f`)
}
