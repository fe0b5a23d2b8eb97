package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/weirhttp/weir/cmd/weir/internal/catalogue"
	"github.com/weirhttp/weir/deploy"
)

// theSchema is what weir schema prints, compiled.
func theSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"schema"}, &out, &errs); code != 0 {
		t.Fatalf("exit code %d: %s", code, &errs)
	}
	return compile(t, &out)
}

// compile makes a schema of a text, and holds that it is one.
func compile(t *testing.T, text io.Reader) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("site.schema.json", document); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("site.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// validate says what a schema finds wrong in a text of TOML.
func validate(s *jsonschema.Schema, text string) error {
	var document map[string]any
	if err := toml.Unmarshal([]byte(text), &document); err != nil {
		return err
	}
	return s.Validate(document)
}

// filesBy returns the texts of files by pattern.
func filesBy(t *testing.T, pattern string) map[string]string {
	names, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		texts[name] = string(b)
	}
	return texts
}

// TestTheSchemaTakesTheFilesOfTheRepository holds that what is served here is valid.
func TestTheSchemaTakesTheFilesOfTheRepository(t *testing.T) {
	s := theSchema(t)
	for _, pattern := range []string{"testdata/site.toml", "init.toml", "../../examples/*/site.toml"} {
		t.Run(pattern, func(t *testing.T) {
			texts := filesBy(t, pattern)
			if len(texts) == 0 {
				t.Skipf("there is no %s", pattern)
			}
			for name, text := range texts {
				if err := validate(s, text); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
	for name, text := range filesBy(t, "../../README.md") {
		for i, part := range strings.Split(text, "```toml\n") {
			file, _, _ := strings.Cut(part, "```\n")
			if err := validate(s, file); i > 0 && err != nil {
				t.Errorf("%s: %v in\n%s", name, err, file)
			}
		}
	}
}

// echo is an app of the tests of deploy.
type echo struct{ Text string }

func (*echo) ServeHTTP(http.ResponseWriter, *http.Request) {}

// TestTheSchemaTakesWhatLoadTakes holds that no file is valid to weir check and not to the schema: of those in the tests
// of deploy, and of those that have an example for each key.
func TestTheSchemaTakesWhatLoadTakes(t *testing.T) {
	set := parts()
	set["echo"] = deploy.App(&echo{}) // the parts of the tests of deploy
	set["tag"] = deploy.Filter(func(string) func(http.Handler) http.Handler { return nil }, "name")
	b, err := json.Marshal(schemaOf(set.Describe(), catalogue.Read()))
	if err != nil {
		t.Fatal(err)
	}
	s := compile(t, bytes.NewReader(b))
	texts := filesForKeys()
	own := len(texts)
	for name, text := range filesBy(t, "../../deploy/*_test.go") {
		texts = append(texts, literals(t, name, text)...)
	}
	taken := map[bool]int{}
	for i, text := range texts {
		if _, err := deploy.Parse("site.toml", []byte(text), set); err != nil {
			continue
		}
		taken[i < own]++
		if err := validate(s, text); err != nil {
			t.Errorf("%v in\n%s", err, text)
		}
	}
	if taken[true] < 200 || taken[false] < 20 {
		t.Errorf("only %v of %d files are good ones", taken, len(texts))
	}
}

// literals returns the strings in a Go file that may be files of ours, as they stand and as parts of a site.
func literals(t *testing.T, name, text string) []string {
	f, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	ast.Inspect(f, func(n ast.Node) bool {
		if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
			if s, err := strconv.Unquote(l.Value); err == nil && (strings.Contains(s, "[app.") || strings.Contains(s, "[filter.") || strings.Contains(s, "[server")) {
				found = append(found, s, s+"\n[app.main]\nuse = 'demo'\n")
			}
		}
		return true
	})
	return found
}

// filesForKeys returns a file for each key and the ways to write its value.
func filesForKeys() []string {
	var texts []string
	for _, p := range parts().Describe() {
		keys := p.Keys
		if p.Rest != nil {
			keys = append(keys, *p.Rest)
		}
		for _, k := range keys {
			for _, value := range []string{k.Value.Example, "7", "-7", "7.5", "true", "[]", `""`, `"x"`, `{ env = "PATH" }`, `"${here}"`,
				`["blog"]`, `["log"]`, `{}`, `{ "/a/" = "blog" }`, "1979-05-27", `[["x"]]`, `{ not = ["/a/"] }`} {
				texts = append(texts, fileWith(p, k.Name+" = "+value))
			}
		}
	}
	return texts
}

// fileWith returns a file with a part that has a key, and the others that it requires.
func fileWith(p deploy.PartInfo, line string) string {
	text := fmt.Sprintf("[%s.it]\nuse = %q\n%s\n", p.Kind, p.Name, line)
	for _, k := range p.Keys {
		if k.Required && !strings.HasPrefix(line, k.Name+" ") {
			text += k.Name + " = " + k.Value.Example + "\n"
		}
	}
	site := "[pipeline.main]\nstack = ['it', 'blog']\n"
	if p.Kind == "app" {
		site = "[pipeline.main]\nstack = ['log', 'it']\n"
	}
	return text + site + "[filter.log]\nuse = 'access-log'\n[app.blog]\nuse = 'demo'\n"
}

// TestTheSchemaRefuses holds that mistakes of each kind are found.
func TestTheSchemaRefuses(t *testing.T) {
	s := theSchema(t)
	const main = "[app.main]\nuse = 'demo'\n"
	for name, text := range map[string]string{
		"a kind of section that there is not":      main + "[apps.x]\nuse = 'demo'",
		"a name that no reference could have":      main + "[app.'a#b']\nuse = 'demo'",
		"no use":                                   "[app.main]\npath = 'x'",
		"a use that is no string":                  "[app.main]\nuse = 1",
		"a key that there is not":                  main + "[filter.z]\nuse = 'compress'\nmin-siz = 1",
		"a key of a section that is a part":        main + "[filter.compress]\nmin-siz = 1",
		"the same with its use":                    main + "[filter.compress]\nuse = 'compress'\nmin-siz = 1",
		"a key that Go alone can set":              "[app.main]\nuse = 'proxy'\nurl = 'http://x'\ntransport = 'x'",
		"filters of a filter":                      main + "[filter.compress]\nfilters = ['log']",
		"filters that are a string":                main + "filters = 'log'",
		"a size with a unit that there is not":     main + "[filter.compress]\nmin-size = '1KB'",
		"a size in quotes without a unit":          main + "[filter.compress]\nmin-size = '1'",
		"a duration that is a number":              "[app.main]\nuse = 'cgi'\npath = 'x'\ntimeout = 10",
		"a duration without a unit":                "[app.main]\nuse = 'cgi'\npath = 'x'\ntimeout = '10'",
		"a rate without a time":                    main + "[filter.rate-limit]\nlimit = '10'\nburst = 1",
		"a number in quotes":                       main + "[filter.rate-limit]\nlimit = '10/s'\nburst = '1'",
		"a fraction in place of a number":          main + "[filter.rate-limit]\nlimit = '10/s'\nburst = 1.5",
		"a level that there is not":                main + "[filter.access-log]\nlevel = 'loud'",
		"a list with a number":                     "[app.main]\nuse = 'cgi'\npath = 'x'\nargs = [1]",
		"a truth value in quotes":                  "[app.main]\nuse = 'dir'\nfs = '.'\nlisting = 'true'",
		"a string from nowhere":                    "[app.main]\nuse = 'wsgi'\napp = { enw = 'X' }",
		"a string from two places":                 "[app.main]\nuse = 'wsgi'\napp = { env = 'X', file = 'y' }",
		"a coding that there is not":               main + "[filter.compress]\nencodings = ['br']",
		"requests that are meant by nothing":       main + "[filter.when]\nfilters = []\nmatch = { form = ['/'] }",
		"requests that are meant by two":           main + "[filter.when]\nfilters = []\nmatch = { from = ['::1'], pattern = ['/'] }",
		"requests that are not those of a number":  main + "[filter.when]\nfilters = []\nmatch = { not = 1 }",
		"a part of a request that there is not":    main + "[filter.rate-limit]\nlimit = '1/s'\nburst = 1\nkey = 'ip'",
		"a key of a table":                         main + "[filter.guest]\nfields = { cookies = 'x' }",
		"a mount of a number":                      "[app.main]\nuse = 'mounts'\n'/' = 1",
		"a key that is missing":                    main + "filters = ['slow']\n[filter.slow]\nuse = 'rate-limit'\nlimit = '1/s'",
		"a key that is missing in its own section": main + "filters = ['rate-limit']\n[filter.rate-limit]\nlimit = '1/s'",
		"a key that an app is missing":             "[app.main]\nuse = 'cgi'",
		"a pipeline without a stack":               "[pipeline.main]",
		"a pipeline with a key":                    main + "[pipeline.x]\nstack = ['main']\nuse = 'demo'",
		"an empty stack":                           main + "[pipeline.x]\nstack = []",
		"a server with a key that there is not":    main + "[server]\nlisen = [':80']",
		"a server that listens at a string":        main + "[server]\nlisten = ':80'",
		"a timeout that is a number":               main + "[server]\nidle-timeout = 10",
		"TLS without a key":                        main + "[server.tls]\ncert = 'x'",
	} {
		var wrong *jsonschema.ValidationError
		if err := validate(s, text); !errors.As(err, &wrong) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := deploy.Parse("site.toml", []byte(text), parts()); err == nil {
			t.Errorf("%s: weir check finds nothing wrong", name)
		}
	}
}

// TestTheSchemaSaysWhatKeysAre holds that an editor finds each key, also where it does not see what a section uses.
func TestTheSchemaSaysWhatKeysAre(t *testing.T) {
	s := theSchema(t)
	for _, p := range parts().Describe() {
		section := s.Properties[p.Kind].AdditionalProperties.(*jsonschema.Schema).Ref
		for _, k := range p.Keys {
			if x := section.Properties[k.Name]; x == nil || !strings.Contains(x.Description, p.Name+": ") {
				t.Errorf("%s: there is nothing of %s", p.Name, k.Name)
			}
			if x := s.Properties[p.Kind].Properties[p.Name].AnyOf[0].Ref.Properties[k.Name]; x == nil || x.Description == "" {
				t.Errorf("%s: in a section of that name there is nothing of %s", p.Name, k.Name)
			}
		}
	}
}

// TestTheSchemaKnowsWhatItCannotSee holds that sections which inherit are left alone.
func TestTheSchemaKnowsWhatItCannotSee(t *testing.T) {
	s := theSchema(t)
	for name, text := range map[string]string{
		"a section that inherits from another":        "[app.main]\nuse = 'a'\npath = 'x'\n[app.a]\nuse = 'cgi'",
		"a section that inherits from one of a part":  "[app.main]\nuse = 'demo'\nfilters = ['x']\n[filter.x]\nuse = 'rate-limit'\nburst = 2\n[filter.rate-limit]\nlimit = '1/s'",
		"a section of a part's name that is another":  "[app.main]\nuse = 'cgi'\nlisting = true\n[app.cgi]\nuse = 'dir'\nfs = '.'",
		"a section of another file":                   "[app.main]\nuse = 'base.toml#x'\nanything = 1",
		"sections for other files to inherit from":    "[app.x]\nuse = 'cgi'",
		"a value that is known when the site is made": "[globals]\nn = '10'\n[app.main]\nuse = 'cgi'\npath = 'x'\ntimeout = '${n}s'",
	} {
		if err := validate(s, text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
