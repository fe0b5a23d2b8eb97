package weir_test

import (
	"go/parser"
	"go/token"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/weirhttp/weir/filtertest"
	"github.com/weirhttp/weir/internal/allfilters"
)

// place is a filter's place in a stack, and why it is there.
type place struct{ filter, why string }

// documentedOrder reads the places of filters, outermost first, from the comment of package filter.
func documentedOrder(t *testing.T) (order []place) {
	t.Helper()
	_, list, _ := strings.Cut(filterComment(t), "# Order\n")
	for line := range strings.Lines(list) {
		line, ok := strings.CutPrefix(line, "\t")
		if !ok {
			continue
		}
		if name, why, _ := strings.Cut(strings.TrimSpace(line), " "); line[0] != ' ' {
			order = append(order, place{name, strings.TrimSpace(why)})
		} else {
			last := &order[len(order)-1]
			last.why = strings.TrimSpace(last.why + " " + strings.TrimSpace(line))
		}
	}
	return order
}

// filterComment is the comment of package filter.
func filterComment(t *testing.T) string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "filter/doc.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return file.Doc.Text()
}

var inBrackets = regexp.MustCompile(`\[([A-Z]\w*)\]`)

// TestEveryFilterHasItsPlace holds that the comment of package filter has every filter in its catalogue, once, and in its
// order, and that the README has the same order.
func TestEveryFilterHasItsPlace(t *testing.T) {
	var all, ordered, listed []string
	for name := range maps.Keys(filters) {
		if name, ok := strings.CutPrefix(name, "filter."); ok {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	table := "| filter | its place, outermost first |\n|---|---|\n"
	for _, p := range documentedOrder(t) {
		ordered = append(ordered, p.filter)
		table += "| `" + p.filter + "` | " + p.why + " |\n"
	}
	if got := slices.Sorted(slices.Values(ordered)); !slices.Equal(got, all) {
		t.Errorf("the order in filter/doc.go has %v, want each of %v once", got, all)
	}
	_, catalogue, _ := strings.Cut(filterComment(t), "# Catalogue\n")
	catalogue, _, _ = strings.Cut(catalogue, "# Order\n")
	for _, name := range inBrackets.FindAllStringSubmatch(catalogue, -1) {
		listed = append(listed, name[1])
	}
	if got := slices.Sorted(slices.Values(listed)); !slices.Equal(got, all) {
		t.Errorf("the catalogue in filter/doc.go has %v, want each of %v once", got, all)
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme), "\n"+table+"\n") {
		t.Errorf("the README does not have the order of filter/doc.go, which is\n%s", table)
	}
}

// TestTheDocumentedOrder stacks all filters as the comment of package filter says.
func TestTheDocumentedOrder(t *testing.T) {
	var names []string
	for _, p := range documentedOrder(t) {
		names = append(names, "filter."+p.filter)
	}
	stack, o := allfilters.Stack(filters, names)
	filtertest.Run(t, stack, o)
}
