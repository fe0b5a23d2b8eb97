package weir_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/weirhttp/weir"

// mayImport is who may import whom, beside the standard library. A package
// that is not named may import the standard library alone. Imports go down
// only; a new edge is a decision, not a convenience.
var mayImport = map[string][]string{
	".":          {"github.com/justinas/alice"},
	"capture":    {},
	"filtertest": {},
	"negotiate":  {"internal/token"},
	"rewrite":    {"capture", "internal/token"},
	"mount":      {"capture", "rewrite", "internal/fcgi", "internal/forwarded", "internal/late", "internal/setcookie", "internal/tempfile", "internal/token"},
	"filter": {"capture", "rewrite", "negotiate", "internal/forwarded", "internal/setcookie", "internal/tempfile", "internal/token", "github.com/klauspost/compress",
		"golang.org/x/time/rate", "golang.org/x/crypto/bcrypt"},
	"deploy": {".", "capture", "rewrite", "filter", "mount", "internal/late", "internal/token", "github.com/pelletier/go-toml/v2", "golang.org/x/time/rate"},
	"cmd/weir": {".", "capture", "rewrite", "filter", "mount", "deploy", "cmd/weir/internal/catalogue",
		"cmd/weir/internal/explain", "cmd/weir/internal/guest", "cmd/weir/internal/server", "internal/token",
		"github.com/fsnotify/fsnotify", "github.com/spf13/cobra", "github.com/spf13/pflag", "golang.org/x/term"},
	"cmd/weir/internal/explain": {
		"capture", "rewrite", "filter", "deploy"},
	"cmd/weir/internal/comments": {"deploy", "cmd/weir/internal/catalogue"},
	"cmd/weir/internal/server": {
		"deploy", "capture", "github.com/prometheus/client_golang", "golang.org/x/crypto/acme"},
	"redislimit":          {"github.com/redis/go-redis", "golang.org/x/time/rate"},
	"internal/allfilters": {".", "capture", "filter", "filtertest", "rewrite"}, // for tests
	"examples/site":       {"mount", "rewrite"},
	"examples/trac":       {"mount", "rewrite"},
}

// mayImportFile narrows that for the files of a package: what has a
// dependency is in files of its own, so that the rest stands on the standard
// library.
var mayImportFile = map[string][]string{
	"github.com/fsnotify/fsnotify":    {"cmd/weir/watch"},
	"github.com/klauspost/compress":   {"filter/compress", "filter/decompressrequest"},
	"github.com/pelletier/go-toml/v2": {"deploy/toml"},
	"golang.org/x/crypto/bcrypt":      {"filter/basicauth_bcrypt"},
	"golang.org/x/time/rate":          {"filter/ratelimit", "deploy/", "redislimit/"},
	"github.com/redis/go-redis":       {"redislimit/"},
	"github.com/prometheus/":          {"cmd/weir/internal/server/metrics", "cmd/weir/internal/server/admin"},
	"golang.org/x/crypto/acme":        {"cmd/weir/internal/server/acme"},
}

func TestWhoMayImportWhom(t *testing.T) {
	eachFile(t, func(name string, file *ast.File) {
		for _, spec := range file.Imports {
			imported, _ := strconv.Unquote(spec.Path.Value)
			first, _, _ := strings.Cut(imported, "/")
			if !strings.Contains(first, ".") {
				continue
			}
			local := strings.TrimPrefix(strings.TrimPrefix(imported, module), "/")
			if imported == module {
				local = "."
			}
			allowed := slices.ContainsFunc(mayImport[path.Dir(name)], func(p string) bool {
				return p == local || strings.Contains(p, ".") && p != "." && strings.HasPrefix(imported+"/", p+"/")
			})
			if !allowed {
				t.Errorf("%s imports %s, which its package may not", name, imported)
			}
			for dependency, prefixes := range mayImportFile {
				may := func(prefix string) bool { return strings.HasPrefix(name, prefix) }
				if strings.HasPrefix(imported, dependency) && !slices.ContainsFunc(prefixes, may) {
					t.Errorf("%s imports %s, which only files %s*.go may", name, imported, strings.Join(prefixes, "*.go, "))
				}
			}
		}
	})
}

func TestShapeOfPackageFilter(t *testing.T) {
	eachFile(t, func(name string, file *ast.File) {
		if path.Dir(name) != "filter" {
			return
		}
		for _, decl := range file.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil && d.Name.IsExported() && !isFilter(d.Type.Results) {
					t.Errorf("%s: %s is exported and does not return a filter", name, d.Name)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					checkShape(t, name, spec)
				}
			}
		}
	})
}

func checkShape(t *testing.T, name string, spec ast.Spec) {
	switch s := spec.(type) {
	case *ast.TypeSpec:
		if s.Name.IsExported() && !strings.HasSuffix(s.Name.Name, "Options") && !partOfOptions(t, s.Name.Name) {
			t.Errorf("%s: type %s is exported and neither options nor a part of them", name, s.Name)
		}
	case *ast.ValueSpec:
		for i, n := range s.Names {
			if n.IsExported() && (i >= len(s.Values) || !isKey(s.Values[i])) {
				t.Errorf("%s: %s is exported and no context key", name, n)
			}
		}
	}
}

// isFilter says whether a function returns one func(http.Handler)
// http.Handler, and nothing else.
func isFilter(results *ast.FieldList) bool {
	if results.NumFields() != 1 {
		return false
	}
	f, ok := results.List[0].Type.(*ast.FuncType)
	return ok && f.Params.NumFields() == 1 && f.Results.NumFields() == 1 &&
		isHandler(f.Params.List[0].Type) && isHandler(f.Results.List[0].Type)
}

func isHandler(e ast.Expr) bool {
	s, ok := e.(*ast.SelectorExpr)
	return ok && s.Sel.Name == "Handler"
}

// isKey says whether a value is &rewrite.Key[T]{…}.
func isKey(e ast.Expr) bool {
	address, ok := e.(*ast.UnaryExpr)
	if !ok {
		return false
	}
	literal, ok := address.X.(*ast.CompositeLit)
	if !ok {
		return false
	}
	generic, ok := literal.Type.(*ast.IndexExpr)
	if !ok {
		return false
	}
	s, ok := generic.X.(*ast.SelectorExpr)
	return ok && s.Sel.Name == "Key"
}

// partOfOptions says whether a field of some options is of the type.
func partOfOptions(t *testing.T, name string) bool {
	found := false
	eachFile(t, func(file string, f *ast.File) {
		if path.Dir(file) != "filter" {
			return
		}
		ast.Inspect(f, func(n ast.Node) bool {
			s, ok := n.(*ast.TypeSpec)
			if !ok || !strings.HasSuffix(s.Name.Name, "Options") {
				return true
			}
			ast.Inspect(s.Type, func(n ast.Node) bool {
				id, ok := n.(*ast.Ident)
				found = found || ok && id.Name == name
				return true
			})
			return false
		})
	})
	return found
}

// eachFile parses the Go files that are no tests, the command's among them.
func eachFile(t *testing.T, visit func(name string, file *ast.File)) {
	t.Helper()
	fset := token.NewFileSet()
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			base := d.Name()
			if name != "." && (base[0] == '.' || base == "testdata") {
				return fs.SkipDir
			}
			if name == "bench" {
				return fs.SkipDir // it imports everything
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		visit(filepath.ToSlash(name), file)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
