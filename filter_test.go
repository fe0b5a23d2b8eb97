package weir_test

import (
	"cmp"
	"flag"
	"go/ast"
	"go/format"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/weirhttp/weir"
	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/filtertest"
	"github.com/weirhttp/weir/internal/allfilters"
	"github.com/weirhttp/weir/mount"
	"github.com/weirhttp/weir/rewrite"
)

// filters are those of package filter and of package rewrite.
var filters = allfilters.New("testdata/users")

var silent = slog.New(slog.DiscardHandler)

func Example() {
	user := rewrite.Request(rewrite.User.Set("alice"))                         // your own sign-on
	app := mount.At("/code", &mount.CGI{Path: "/usr/share/gitweb/gitweb.cgi"}) // a program in Perl
	http.ListenAndServe("localhost:8080", weir.Stack(user, filter.Compress(filter.CompressOptions{})).Then(app))
}

// The README's program is the example above, and short.
func TestReadmeProgram(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("filter_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, program, _ := strings.Cut(string(readme), "```go\n")
	program, _, _ = strings.Cut(program, "```\n")
	if n := strings.Count(program, "\n"); n > 15 {
		t.Errorf("%d lines, want at most 15", n)
	}
	_, example, _ := strings.Cut(string(source), "\nfunc Example() {\n")
	example, _, _ = strings.Cut(example, "\n}\n")
	if _, body, _ := strings.Cut(program, "func main() {\n"); body != example+"\n}\n" {
		t.Errorf("main is not Example:\n%s", body)
	}
	formatted, err := format.Source([]byte(program))
	if err != nil || string(formatted) != program {
		t.Errorf("not gofmt'ed, or no program: %v", err)
	}
}

// TestReadmeShowsTheExamples holds that the README has the examples as they are compiled and run.
func TestReadmeShowsTheExamples(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"examples/site/main.go", "examples/trac/main.go", "bench/example_outside_test.go"} {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		_, site, _ := strings.Cut(string(source), "\nfunc site() ")
		if site == "" || !strings.Contains(string(readme), "```go\nfunc site() "+site+"```\n") {
			t.Errorf("the README does not have func site of %s", name)
		}
	}
}

func TestEveryFilterIsPaired(t *testing.T) {
	eachFile(t, func(name string, file *ast.File) {
		if dir := path.Dir(name); dir == "filter" || dir == "rewrite" {
			for _, decl := range file.Decls {
				f, ok := decl.(*ast.FuncDecl)
				if !ok || f.Recv != nil || !f.Name.IsExported() || !isFilter(f.Type.Results) {
					continue
				}
				if line := dir + "." + f.Name.Name; filters[line].Filter == nil {
					t.Errorf("%s is not in the table of filters: add its line", line)
				}
			}
		}
	})
}

// alone has every pair of filters tested in a stack of its own: with all that there are, a quarter of an hour.
var alone = flag.Bool("alone", false, "TestEveryPairOfFilters: each pair in a stack of its own")

// TestEveryPairOfFilters puts groups of four around each other and around themselves, so that every filter stands
// outside of every other one, and of itself, in some stack. What a filter declares is allowed to all of its stack: those
// that declare much are together. It takes long under the race detector, which the whole stack, each filter alone and
// the layers themselves do go through: ./check runs it without.
func TestEveryPairOfFilters(t *testing.T) {
	if raceEnabled || testing.Short() {
		t.Skip("the pairs run without the race detector, and not in short runs")
	}
	names := slices.SortedFunc(maps.Keys(filters), func(a, b string) int {
		return cmp.Or(filters[a].Looseness()-filters[b].Looseness(), strings.Compare(a, b))
	})
	size := 4
	if *alone {
		size = 1
	}
	for outer := range slices.Chunk(names, size) {
		for inner := range slices.Chunk(names, size) {
			t.Run(strings.Join(outer, ",")+" around "+strings.Join(inner, ","), func(t *testing.T) {
				t.Parallel()
				stack, declares := allfilters.Stack(filters, slices.Concat(outer, inner))
				filtertest.Run(t, stack, declares)
			})
		}
	}
}

func TestTheWholeStack(t *testing.T) {
	names := slices.Sorted(maps.Keys(filters))
	stack, o := allfilters.Stack(filters, names)
	filtertest.Run(t, stack, o)
	slices.Reverse(names)
	backwards, o := allfilters.Stack(filters, names)
	filtertest.Run(t, func(next http.Handler) http.Handler { return backwards(mount.At("/", next)) }, o)
}
