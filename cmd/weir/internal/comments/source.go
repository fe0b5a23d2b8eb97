package comments

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
)

// sources are the packages of a module, parsed when somebody asks for them.
type sources struct {
	root, module string
	packages     map[string]map[string]*declared
}

// declared is a function or a struct.
type declared struct {
	doc    string
	params []string
	fields map[string]string // what is said of each
}

// find returns what a full name such as "example.org/module/filter.Compress" or "…/filter.CompressOptions.MinSize"
// stands for, and the last word of it, the field.
func (s *sources) find(name string) (*declared, string, error) {
	slash := strings.LastIndexByte(name, '/') + 1
	words := strings.Split(name[slash:], ".")
	if len(words) < 2 {
		return nil, "", fmt.Errorf("%q is no name in a package", name)
	}
	p, err := s.load(name[:slash] + words[0])
	if err != nil {
		return nil, "", err
	}
	d := p[words[1]]
	if d == nil || len(words) == 3 && d.fields == nil {
		return nil, "", fmt.Errorf("%s has no function or struct of its own, to have a comment: give it a name", name)
	}
	return d, words[len(words)-1], nil
}

// load parses a package of the module.
func (s *sources) load(path string) (map[string]*declared, error) {
	if p := s.packages[path]; p != nil {
		return p, nil
	}
	below, ok := strings.CutPrefix(path, s.module)
	if !ok {
		return nil, fmt.Errorf("%s is no package of %s, whose comments could be read", path, s.module)
	}
	names, err := filepath.Glob(filepath.Join(s.root, filepath.FromSlash(below), "*.go"))
	if err != nil {
		return nil, err
	}
	p := map[string]*declared{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, d := range f.Decls {
			declare(p, d)
		}
	}
	s.packages[path] = p
	return p, nil
}

// declare adds what a declaration says.
func declare(p map[string]*declared, d ast.Decl) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			p[d.Name.Name] = &declared{doc: d.Doc.Text(), params: names(d.Type.Params)}
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			t, ok := spec.(*ast.TypeSpec)
			if !ok {
				continue
			}
			doc := t.Doc.Text()
			if doc == "" {
				doc = d.Doc.Text()
			}
			if s, ok := t.Type.(*ast.StructType); ok {
				p[t.Name.Name] = &declared{doc: doc, fields: fields(s)}
			}
		}
	}
}

func names(list *ast.FieldList) []string {
	var names []string
	for _, f := range list.List {
		for _, name := range f.Names {
			names = append(names, name.Name)
		}
	}
	return names
}

// fields returns what is said of the fields of a struct, before them or behind them.
func fields(s *ast.StructType) map[string]string {
	docs := map[string]string{}
	for _, f := range s.Fields.List {
		doc := f.Doc.Text()
		if doc == "" {
			doc = f.Comment.Text()
		}
		for _, name := range f.Names {
			docs[name.Name] = doc
		}
	}
	return docs
}
