package bench_test

import (
	"fmt"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strings"

	"github.com/weirhttp/weir/filtertest"
)

const peersCommand = "`go test -run TestPeers -update -timeout 3h .` in bench/"

const peersHead = `# Filters and the contract

What released versions of well-known filters do under [the rules](RULES.md) of the package [filtertest](filtertest), as
found by running it with %s on %s/%s. The file is renewed by %s.

- A cell is the number of rules of a group that the filter keeps, and of those that were asked: a rule that does not
  apply to what the filter declares is not asked. Each filter is run %d times, in processes of its own.
- The last column has the IDs of the rules that it does not keep. Those with a ~ were kept in some of the runs.
- What a filter declares is in the second table. What was seen instead of what a rule wants is printed by
  ` + "`PEER='chi middleware.Logger' go test -run TestOnePeer -v .`" + ` in bench/.
- Settings are the defaults where there are any, and generous where there are none. echo and gin run as a handler with
  one route for everything that leads to the handler of the kit through their own adapters; the rows without a
  middleware's name are the routers alone.

`

// peersText is PEERS.md.
func peersText(rules []verdict, all []peer, found map[string][][]verdict) string {
	var b strings.Builder
	fmt.Fprintf(&b, peersHead, runtime.Version(), runtime.GOOS, runtime.GOARCH, peersCommand, peerRuns)
	groups := groupsOf(rules)
	fmt.Fprintf(&b, "| filter | %s | all | not kept |\n|---|%s---|---|\n", strings.Join(groups, " | "), strings.Repeat("---|", len(groups)))
	for _, p := range all {
		fmt.Fprintf(&b, "| %s | %s |\n", p.name, rowText(groups, found[p.name]))
	}
	fmt.Fprintf(&b, "\n## The filters\n\n%s\n## The rules\n\n%s", declaredText(all), rulesText(rules))
	return b.String()
}

// rowText is what several runs found.
func rowText(groups []string, runs [][]verdict) string {
	kept, asked := make(map[string]int), make(map[string]int)
	failed := make(map[string]int)
	var broken []string
	for _, run := range runs {
		for _, v := range run {
			if v.Outcome == filtertest.Failed {
				failed[v.ID]++
			}
		}
	}
	for _, v := range runs[0] {
		if v.Outcome != filtertest.Passed && failed[v.ID] == 0 {
			continue
		}
		asked[v.Group]++
		switch failed[v.ID] {
		case 0:
			kept[v.Group]++
		case len(runs):
			broken = append(broken, v.ID)
		default:
			broken = append(broken, v.ID+"~")
		}
	}
	var cells []string
	allKept, allAsked := 0, 0
	for _, g := range groups {
		cells = append(cells, fmt.Sprintf("%d/%d", kept[g], asked[g]))
		allKept, allAsked = allKept+kept[g], allAsked+asked[g]
	}
	return fmt.Sprintf("%s | %d/%d | %s", strings.Join(cells, " | "), allKept, allAsked, strings.Join(broken, " "))
}

// groupsOf returns the groups in the order of the rules.
func groupsOf(rules []verdict) (groups []string) {
	for _, v := range rules {
		if !slices.Contains(groups, v.Group) {
			groups = append(groups, v.Group)
		}
	}
	return groups
}

// rulesText lists the rules.
func rulesText(rules []verdict) string {
	var b strings.Builder
	for _, g := range groupsOf(rules) {
		var ids []string
		for _, v := range rules {
			if v.Group == g {
				ids = append(ids, v.ID)
			}
		}
		fmt.Fprintf(&b, "- %s: %s\n", g, strings.Join(ids, " "))
	}
	return b.String()
}

// declaredText lists the filters, where they are from, and what they declare.
func declaredText(all []peer) string {
	versions := modules()
	var b strings.Builder
	b.WriteString("| filter | module | version | declares |\n|---|---|---|---|\n")
	for _, p := range all {
		module := p.module
		if module == "" {
			module = "net/http"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", p.name, module, versions[p.module], optionsText(p.declares))
	}
	return b.String()
}

// modules returns the versions of the modules that the tests are built with. They are those of go.mod: the build info of
// a test has none (golang/go#76926).
func modules() map[string]string {
	versions := map[string]string{"": "of the Go above"}
	for line := range strings.Lines(string(must(os.ReadFile("go.mod")))) {
		if fields := strings.Fields(line); len(fields) > 1 && strings.HasPrefix(fields[1], "v") {
			versions[fields[0]] = fields[1]
		}
	}
	versions[ownModule] = "this repository"
	return versions
}

// optionsText names the options that are set.
func optionsText(o filtertest.Options) string {
	var set []string
	v := reflect.ValueOf(o)
	for i := range v.NumField() {
		name, field := v.Type().Field(i).Name, v.Field(i)
		switch {
		case field.IsZero():
		case field.Kind() == reflect.Bool:
			set = append(set, name)
		default:
			set = append(set, fmt.Sprintf("%s %v", name, field.Interface()))
		}
	}
	return strings.Join(set, ", ")
}
