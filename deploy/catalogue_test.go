package deploy_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weirhttp/weir/deploy"
	"github.com/weirhttp/weir/mount"
	"golang.org/x/time/rate"
)

// recursive has values that contain their own kind.
type recursive struct {
	Size     int64
	Pattern  *regexp.Regexp
	Addr     netip.Addr
	URL      *url.URL
	Share    float64
	Children []recursive
	Never    chan int
}

// all are Builtin's parts, and one with what none of these has.
func all() deploy.Set {
	set := deploy.Builtin()
	set["recursive"] = deploy.Filter(func(r recursive) func(http.Handler) http.Handler {
		return func(next http.Handler) http.Handler { return next }
	}, "size:size")
	return set
}

// refused returns what Load finds wrong with one key of a part, but for keys that are missing.
func refused(p deploy.PartInfo, key, value string) error {
	text := fmt.Sprintf("[%s.it]\nuse = %q\n%s = %s\n[filter.log]\nuse = 'access-log'\n[app.blog]\nuse = 'dir'\nfs = '.'\n[pipeline.main]\nstack = ['log', 'blog']\n",
		p.Kind, p.Name, key, value)
	_, err := deploy.Parse("site.toml", []byte(text), all())
	return err
}

func TestWhatIsDescribedIsRead(t *testing.T) {
	for _, p := range all().Describe() {
		for _, k := range p.Keys {
			if err := refused(p, k.Name, k.Value.Example); err != nil {
				t.Errorf("%s: the example of %s is refused: %v", p.Name, k.Name, err)
			}
			for form, value := range map[string]string{"integer": "7", "float": "7.5", "boolean": "true", "array": "[]", "string": `""`} {
				said := slices.Contains(k.Value.Forms, form)
				err := refused(p, k.Name, value)
				ofForm := err != nil && (strings.Contains(err.Error(), "needed here, not") || strings.Contains(err.Error(), "does not say which"))
				if said && ofForm || !said && err == nil {
					t.Errorf("%s: %s is %q, by %v, but of %s Load says %v", p.Name, k.Name, k.Value.Name, k.Value.Forms, value, err)
				}
			}
		}
		free := `{ env = "PATH" }`
		for _, k := range p.Keys {
			if slices.Contains(k.Value.Forms, "string") && k.Value.Pattern == "" && (refused(p, k.Name, free) == nil) != k.Value.Secret {
				t.Errorf("%s: whether %s may come from the environment is %v, but Load says %v", p.Name, k.Name, k.Value.Secret, refused(p, k.Name, free))
			}
		}
		if err := refused(p, `"/other/"`, `"blog"`); (err == nil) == (p.Rest == nil) {
			t.Errorf("%s: other keys: described %v, and Load says %v", p.Name, p.Rest != nil, err)
		}
	}
}

func TestDescribe(t *testing.T) {
	set := deploy.Set{
		"a-filter": deploy.Filter(func(limit rate.Limit, apps []http.Handler, r recursive) func(http.Handler) http.Handler { return nil }, "limit", "apps", "size:size"),
		"an-app":   deploy.App(&mount.WSGI{Dir: ".", Threads: 3, Grace: time.Minute}, "app!", "dir:folder", "env:environ"),
		"others":   deploy.App(func(map[string]http.Handler) http.Handler { return nil }, "*"),
	}
	var got []string
	for _, p := range set.Describe() {
		got = append(got, p.Kind+" "+p.Name+" "+p.Go)
		for _, k := range p.Keys {
			line := "  " + k.Name + ": " + k.Value.Name + ", as " + k.Value.Example
			if k.Required {
				line += ", required"
			}
			if k.Default != "" {
				line += ", else " + k.Default
			}
			got = append(got, line+" "+k.Go)
		}
		if p.Rest != nil {
			got = append(got, "  others: "+p.Rest.Value.Name)
		}
	}
	want := `filter a-filter github.com/weirhttp/weir/deploy_test.TestDescribe.func1
  limit: rate, as "100/s", required 
  apps: list of apps, as ["blog"], required 
  size: size, as "10MiB" T.Size
  pattern: regular expression, as "^/static/" T.Pattern
  addr: address, as "192.0.2.1" T.Addr
  url: URL, as "http://localhost:3000" T.URL
  share: number, as 0.5 T.Share
  children: list of tables, as [{ size = 10 }] T.Children
app an-app github.com/weirhttp/weir/mount.WSGI
  app: string, as "value", required W.App
  python: string, as "value" W.Python
  dir: path of a folder, as "static", else "." W.Dir
  env: list of NAME=value, or a table, as { NAME = "value" } W.Env
  processes: whole number, as 10 W.Processes
  threads: whole number, as 10, else 3 W.Threads
  queue: whole number, as 10 W.Queue
  grace: duration, as "10s", else "1m" W.Grace
  logger: name of a logger, as "web" W.Logger
app others github.com/weirhttp/weir/deploy_test.TestDescribe.func2
  others: app`
	want = strings.NewReplacer("T.", "github.com/weirhttp/weir/deploy_test.recursive.", "W.", "github.com/weirhttp/weir/mount.WSGI.").Replace(want)
	if s := strings.Join(got, "\n"); s != want {
		t.Errorf("got\n%s\nwant\n%s", s, want)
	}
}

// serverKeys returns the keys of a table, and of those in it, with the headers that they stand below.
func serverKeys(header string, v *deploy.ValueInfo) map[string]deploy.KeyInfo {
	keys := map[string]deploy.KeyInfo{}
	for _, k := range v.Keys {
		if len(k.Value.Keys) == 0 {
			keys["["+header+"]\n"+k.Name] = k
		}
		for name, inner := range serverKeys(header+"."+k.Name, k.Value) {
			keys[name] = inner
		}
	}
	return keys
}

func TestWhatIsDescribedOfTheServerIsRead(t *testing.T) {
	keys := serverKeys("server", deploy.DescribeServer())
	for name, k := range keys {
		for _, value := range []string{k.Default, `"x"`, "7", "true", "[]"} {
			if value == "" {
				continue
			}
			_, err := deploy.Parse("site.toml", []byte("[app.main]\nuse = 'echo'\n"+name+" = "+value), parts())
			said := value == k.Default || slices.Contains(k.Value.Forms, map[byte]string{'"': "string", '7': "integer", 't': "boolean", '[': "array"}[value[0]])
			if wrong := err != nil && strings.Contains(err.Error(), "needed here, not"); said == wrong {
				t.Errorf("%s: it is %q, by %v, but of %s Load says %v", name, k.Value.Name, k.Value.Forms, value, err)
			}
			if value == k.Default && err != nil && !strings.Contains(err.Error(), "is missing") {
				t.Errorf("%s: its default is refused: %v", name, err)
			}
		}
	}
	if k := keys["[server]\nidle-timeout"]; k.Default != `"2m"` || k.Value.Name != "duration" {
		t.Errorf("idle-timeout is %+v", k)
	}
	if k := keys["[server.tls]\ncert"]; !k.Required || k.Value.Name != "path of a file" {
		t.Errorf("cert is %+v", k)
	}
}

func TestADescriptionThatLeadsBackToItself(t *testing.T) {
	for _, p := range all().Describe() {
		for _, k := range p.Keys {
			switch p.Name + " " + k.Name {
			case "recursive children":
				if table := k.Value.Elem; table.Keys[len(table.Keys)-1].Value.Elem != table {
					t.Error("a list of its own kind is something else")
				}
			case "when match":
				if not := k.Value.Keys[3]; not.Name != "not" || not.Value.Keys[3].Value != not.Value {
					t.Errorf("%q is something else", not.Name)
				}
			}
		}
	}
}

// FuzzPatterns looks for strings that Load takes and whose description says that it does not.
func FuzzPatterns(f *testing.F) {
	for _, s := range []string{"1h2.5µs", "-.5s", "0", "1.s", "::1%eth0", "fe80::/10", "10.1.2.3", "a+b://x", "1e3/ h ", "0x1p-2/min",
		"unlimited", "warn-4", "DebuG+1", "7 kB", "007GiB", "header:X_Y", "script-name", "zstd", "^a", "\n", "12"} {
		f.Add(s)
	}
	type described struct {
		part    deploy.PartInfo
		key     string
		pattern *regexp.Regexp
	}
	var keys []described
	for _, p := range all().Describe() {
		for _, k := range p.Keys {
			if k.Value.Pattern != "" {
				keys = append(keys, described{p, k.Name, regexp.MustCompile(k.Value.Pattern)})
			}
		}
	}
	f.Fuzz(func(t *testing.T, s string) {
		if strings.Contains(s, "${") || strings.ContainsAny(s, "'\r\n\x00\x7f") {
			t.Skip()
		}
		for _, d := range keys {
			if err := refused(d.part, d.key, "'"+s+"'"); err == nil && !d.pattern.MatchString(s) {
				t.Errorf("%s: %s takes %q, which does not match %s", d.part.Name, d.key, s, d.pattern)
			}
		}
	})
}
