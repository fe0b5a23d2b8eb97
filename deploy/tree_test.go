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

// What a site is set to is shown without what may be a secret.
func TestSettingsHaveNoSecrets(t *testing.T) {
	t.Setenv("TREE_TEST_SECRET", "http://hidden.example:1")
	set := deploy.Builtin()
	set["token"] = deploy.App(&bearer{})
	dir := write(t, "secret", "hidden", "socket", "",
		"site.toml", `
			[globals]
			word = "hidden"
			[app.main]
			use = "mounts"
			"/url" = "url"
			"/env" = "env"
			"/cgi" = "cgi"
			"/token" = "token"
			"/ini" = "site.ini#main"
			filters = ["limit", "trust", "fields", "when", "variables"]
			[app.url]
			use = "proxy"
			url = "http://localhost:3000/a%2Fb?key=hidden"
			host = "hidden"
			[app.env]
			use = "proxy"
			url = { env = "TREE_TEST_SECRET" }
			socket = "${here}/socket"
			passthrough = true
			[app.cgi]
			path = "/bin/true"
			env = ["A=hidden"]
			dir = { file = "secret" }
			[app.token]
			token = "hidden"
			tokens = ["hidden"]
			by-name = { a = "hidden", b = { file = "secret" } }
			[filter.limit]
			use = "rate-limit"
			limit = "10/s"
			burst = 20
			key = "header:X-Key"
			[filter.trust]
			use = "request-id"
			trust = { not = { from = ["10.0.0.0/8", "fe80::1"] } }
			[filter.fields]
			use = "request-header"
			del = ["A"]
			set = { Authorization = "hidden" }
			[filter.when]
			match = ["/a/", "/b/"]
			filters = ["fields"]
			[filter.variables]
			use = "environ"
			PASSWORD = "hidden"`,
		"site.ini", "[DEFAULT]\nword=hidden\n[app:main]\nuse = cgi\npath = /bin/true\nget dir = word\nspool = 1MiB\nenv = A=hidden\n")
	site, err := deploy.Load(dir+"/site.toml", set)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	root := site.Root()
	nodes := slices.Clone(root.Filters)
	for _, r := range root.Refs {
		nodes = append(nodes, r.Node)
	}
	for _, n := range nodes {
		fmt.Fprintf(&got, "%s %s:", n.Kind, n.Name)
		for _, s := range n.Settings {
			fmt.Fprintf(&got, " %s[%s]", s.Key, s.Value)
		}
		fmt.Fprintln(&got)
	}
	const want = `filter limit: limit[10/s] burst[20] key[header:X-Key]
filter trust: trust[not from 10.0.0.0/8, fe80::1]
filter fields: del[] set[Authorization]
filter when: match[/a/, /b/]
filter variables: PASSWORD[]
app url: url[http://localhost:3000/a%2Fb] host[]
app env: url[] socket[] passthrough[true]
app cgi: path[/bin/true] env[] dir[]
app token: token[] tokens[] by-name[a, b]
app main: path[/bin/true] dir[] spool[1MiB] env[]
`
	if got.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &got, want)
	}
}

// bearer is an app with texts that may be anything.
type bearer struct {
	fields
	Token  string
	Tokens []string
	ByName map[string]string
}

func TestPlacesAreWrittenInOneWay(t *testing.T) {
	site, err := deploy.Parse("site.toml", []byte(`
		[app.main]
		use = "mounts"
		"/a" = "dir"
		"/b/" = "dir"
		"Example.org/" = "dir"
		"example.org/c" = "both"
		[app.dir]
		fs = "."
		[app.both]
		use = "cascade"
		limit = "1MiB"
		apps = ["dir", "dir"]`), deploy.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range site.Root().Refs {
		got = append(got, r.Place)
	}
	if want := []string{"/a/", "/b/", "example.org/", "example.org/c/"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if refs := site.Root().Refs[3].Node.Refs; len(refs) != 2 || refs[0].Place != "" || refs[0].Key != "apps" || refs[0].Node != refs[1].Node {
		t.Errorf("of the cascade: %+v", refs)
	}
}
