package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
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
	Filters     []string
	Mounts      []demoMount
	Index       bool
	Env         []string // names of variables that a CGI program inherits
}

// demoMount is a section of an app and the place where it is mounted.
type demoMount struct{ At, Name, Use, Path string }

// file returns the file of the site that the options ask for.
func (o *options) file() (string, error) {
	if err := o.place(); err != nil {
		return "", err
	}
	s := o.site()
	for _, text := range append([]string{s.User}, o.paths()...) {
		if !utf8.ValidString(text) {
			return "", wrong("%q is not in UTF-8, which a file has to be", text)
		}
	}
	var b bytes.Buffer
	page := template.Must(template.New("demo.toml").Funcs(template.FuncMap{"quote": quote}).Parse(demoFile))
	if err := page.Execute(&b, s); err != nil {
		return "", fmt.Errorf("the file could not be made: %w", err)
	}
	return b.String(), nil
}

// paths returns the paths and places that the options have.
func (o *options) paths() []string {
	list := []string{o.cgi, o.at}
	for _, f := range o.files {
		list = append(list, f.at, f.dir)
	}
	return list
}

// site returns what the file is written of.
func (o *options) site() demoSite {
	s := demoSite{Title: "The demonstration of weir: serve it with weir serve.", User: o.user,
		Filters: []string{"request-id", "access-log", "recover", "rate-limit", "compress", "max-body"}}
	if o.user != "" {
		s.Filters = slices.Insert(s.Filters, 1, "user") // outside of the log that names them
	}
	if o.cgi != "" {
		s.Title = fmt.Sprintf("The site of the CGI program %q: serve it with weir serve.", filepath.Base(o.cgi))
		s.Env = inherited(os.Environ())
		s.add(o.at, "cgi", o.cgi)
	} else {
		s.add(o.at, "demo", "guest")
	}
	for _, f := range o.files {
		s.add(f.at, "dir", f.dir)
	}
	s.Index = !slices.ContainsFunc(s.Mounts, func(m demoMount) bool { return m.At == "/" })
	return s
}

// add mounts one app more, in a section that is called as its program or folder, if it can be.
func (s *demoSite) add(at, use, path string) {
	base := filepath.Base(path)
	name := strings.Map(bareKey, strings.TrimSuffix(base, filepath.Ext(base)))
	taken := func(name string) bool {
		return name == "" || name == "main" || name == "index" ||
			slices.ContainsFunc(s.Mounts, func(m demoMount) bool { return m.Name == name })
	}
	free := name
	for n := 2; taken(free); n++ {
		free = strings.TrimPrefix(fmt.Sprintf("%s-%d", name, n), "-")
	}
	s.Mounts = append(s.Mounts, demoMount{at, free, use, path})
}

// bareKey keeps what a key of TOML may have without quotation marks.
func bareKey(c rune) rune {
	if strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", c) {
		return c
	}
	return -1
}

// quote returns a basic string of TOML, which is one of JSON, but for DEL, for what deploy reads as a variable.
func quote(s string) (string, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(strings.ReplaceAll(s, "${", "$${")); err != nil {
		return "", err
	}
	return strings.ReplaceAll(strings.TrimSuffix(b.String(), "\n"), "\x7f", `\u007f`), nil
}
