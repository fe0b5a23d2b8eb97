package deploy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/weirhttp/weir/deploy"
)

// The tree of a site, as a program may show it.
func ExampleSite_Root() {
	site, err := deploy.Parse("site.toml", []byte(`
[app.main]
use = "mounts"
filters = ["recover"]
"/wiki/" = "wiki"
"example.org/" = "public"

[app.wiki]
use = "proxy"
url = "http://localhost:3000"
filters = ["limit"]

[pipeline.public]
stack = ["limit", "wiki"]

[filter.limit]
use = "rate-limit"
limit = "10/s"
burst = 20
`), deploy.Builtin())
	if err != nil {
		fmt.Println(err)
		return
	}
	var show func(n *deploy.Node, key string, depth int)
	show = func(n *deploy.Node, key string, depth int) {
		fmt.Printf("%s%s %s (%s) at %s", strings.Repeat("  ", depth), key, n.Section, n.Use, n.Pos)
		for _, f := range n.Filters {
			fmt.Printf(", %s", f.Section)
		}
		fmt.Println()
		for _, r := range n.Refs {
			show(r.Node, r.Key, depth+1)
		}
	}
	show(site.Root(), "/", 0)
	// Output:
	// / app.main (mounts) at site.toml:2:6, filter recover
	//   /wiki/ app.wiki (proxy) at site.toml:8:6, filter.limit
	//   example.org/ pipeline.public () at site.toml:13:11, filter.limit
	//     stack app.wiki (proxy) at site.toml:8:6, filter.limit
}

func ExampleSite_Files() {
	site, err := deploy.Parse("site.toml", []byte("[app.main]\nuse = 'mounts'\n"), deploy.Builtin())
	fmt.Println(site.Files(), err)
	// Output: [site.toml] <nil>
}

func TestFilesAreThoseThatWereRead(t *testing.T) {
	dir := write(t,
		"site.toml", "[app.main]\nuse = 'mounts'\n'/a' = 'b/b.toml#main'\n'/c' = 'c.ini#main'",
		"b/b.toml", "[pipeline.main]\nstack = ['../c.ini#f', 'dir']\n[app.dir]\nfs = '.'",
		"c.ini", "[app:main]\nuse = mounts\n[filter:f]\nuse = recover\n")
	site, _ := open(t, dir+"/site.toml")
	if got, want := site.Files(), []string{dir + "/site.toml", dir + "/b/b.toml", dir + "/c.ini"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	a, c := site.Root().Refs[0].Node, site.Root().Refs[1].Node
	if a.Filters[0].Section != "filter:f" || a.Refs[0].Node.Use != "dir" || c.Section != "app:main" || c.Pos.File != dir+"/c.ini" {
		t.Errorf("got %+v and %+v", a, c)
	}
}
