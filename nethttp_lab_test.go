package weir_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// nethttpPackages are those of the standard library whose tests start servers
// and look closely at what comes from them.
var nethttpPackages = []string{
	"net/http", "net/http/cgi", "net/http/fcgi", "net/http/httptest", "net/http/httputil",
}

// nethttpLab is a standard library with a hook in it.
type nethttpLab struct{ goroot, dir string }

func newNetHTTPLab(t *testing.T) nethttpLab {
	t.Helper()
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	l := nethttpLab{goroot: strings.TrimSpace(string(goroot)), dir: t.TempDir()}
	src := filepath.Join(l.goroot, "src")
	if _, err := os.Stat(filepath.Join(src, "net/http/serve_test.go")); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("this toolchain came without its tests: ", err)
		}
		t.Skip("this toolchain came without its tests: ", err)
	}
	files := ownPackages(t)
	files["net/http/server.go"] = renamed(t, readFile(t, filepath.Join(src, "net/http/server.go")))
	files["net/http/weir_hook.go"] = readFile(t, "testdata/nethttp/hook.go")
	hook := readFile(t, "testdata/nethttp/hook_test.go")
	for _, pkg := range nethttpPackages {
		clause := []byte("package " + path.Base(pkg) + "_test")
		files[pkg+"/weir_hook_test.go"] = bytes.Replace(hook, []byte("package http_test"), clause, 1)
	}
	replace := make(map[string]string)
	for name, content := range files {
		file := filepath.Join(l.dir, strconv.Itoa(len(replace))+path.Ext(name))
		replace[filepath.Join(src, name)] = file
		writeFile(t, file, content)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, l.overlay(), overlay)
	return l
}

func (l nethttpLab) overlay() string { return filepath.Join(l.dir, "overlay.json") }

// renamed makes room in server.go for the hook.
func renamed(t *testing.T, server []byte) []byte {
	t.Helper()
	const method = "func (sh serverHandler) %(rw ResponseWriter, req *Request) {"
	from := []byte(strings.Replace(method, "%", "ServeHTTP", 1))
	if bytes.Count(server, from) != 1 {
		t.Fatal("net/http has changed: it has no place for the hook")
	}
	return bytes.Replace(server, from, []byte(strings.Replace(method, "%", "serve", 1)), 1)
}

// nethttpTags keep assembler out, which an overlay cannot hold.
const nethttpTags = "noasm"

// ownPackages returns the files of the stacks and of all that they are made
// of, the modules of others with them. They are to stand below GOROOT, for
// only there do net/http's tests find them: paths and imports are changed.
func ownPackages(t *testing.T) map[string][]byte {
	t.Helper()
	cmd := exec.Command("go", "list", "-tags="+nethttpTags, "-deps", "-json=ImportPath,Dir,Standard,GoFiles,EmbedFiles", "./testdata/nethttp/stacks")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	type listed struct {
		ImportPath, Dir string
		Standard        bool
		GoFiles         []string
		EmbedFiles      []string
	}
	var packages []listed
	for list := json.NewDecoder(bytes.NewReader(out)); list.More(); {
		var p listed
		if err := list.Decode(&p); err != nil {
			t.Fatal(err)
		}
		if !p.Standard {
			packages = append(packages, p)
		}
	}
	files := make(map[string][]byte)
	for _, p := range packages {
		for _, name := range p.GoFiles {
			source := readFile(t, filepath.Join(p.Dir, name))
			for _, q := range packages {
				source = bytes.ReplaceAll(source, strconv.AppendQuote(nil, q.ImportPath), strconv.AppendQuote(nil, "weirtest/"+q.ImportPath))
			}
			files[path.Join("weirtest", p.ImportPath, name)] = source
		}
		for _, name := range p.EmbedFiles {
			files[path.Join("weirtest", p.ImportPath, name)] = readFile(t, filepath.Join(p.Dir, name))
		}
	}
	return files
}

// nethttpResults is what became of the tests of one run, by package and name.
type nethttpResults struct {
	outcomes map[string]string // pass, fail or skip
	outputs  map[string]string
}

// run runs the tests behind a stack. A test that runs several times has passed
// if it always did.
func (l nethttpLab) run(t *testing.T, stack string, args ...string) nethttpResults {
	t.Helper()
	args = slices.Concat([]string{"test", "-overlay=" + l.overlay(), "-tags=" + nethttpTags, "-vet=off", "-count=1", "-timeout=4m", "-json"}, args, nethttpPackages)
	cmd := exec.CommandContext(t.Context(), filepath.Join(l.goroot, "bin", "go"), args...)
	cmd.Dir = l.dir // belongs to no module
	cmd.Env = append(os.Environ(), "WEIR_STACK="+stack, "GOWORK=off")
	out, err := cmd.Output() // an error is most often a failed test
	results := nethttpResults{make(map[string]string), make(map[string]string)}
	for line := range bytes.Lines(out) {
		var e struct{ Action, Package, Test, Output string }
		if json.Unmarshal(line, &e) != nil {
			continue
		}
		test := e.Package + " " + e.Test
		switch e.Action {
		case "output", "build-output":
			results.outputs[test] += e.Output
		case "pass", "fail", "skip":
			if e.Test != "" && results.outcomes[test] != "fail" {
				results.outcomes[test] = e.Action
			}
		}
	}
	if len(results.outcomes) == 0 {
		t.Fatalf("no test ran: %v\n%s", err, strings.Join(slices.Collect(maps.Values(results.outputs)), ""))
	}
	return results
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func writeFile(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
