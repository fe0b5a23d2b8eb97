package weir_test

import (
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"
	"testing"

	"github.com/weirhttp/weir"
	"github.com/weirhttp/weir/mount"
	"github.com/weirhttp/weir/rewrite"
)

// spellings are ways to write the path of /app/admin/x, and of /secret/x by way
// of /app: dots, separators and names, each in the forms that some server reads
// as the plain one.
func spellings() []string {
	ups := []string{"..", "%2e%2e", ".%2E", "%2e.", "%252e%252e", "..;", "..;a=b", "%2e%2e%3b", "..%00", "..%3f", "..%23", "..%20", "...", "%c0%ae%c0%ae"}
	slashes := []string{"/", "//", "%2f", "%2F", `\`, "%5c", "%5C", "%252f", "/./", "/;/"}
	var all []string
	for _, prefix := range []string{"/app", "/%61pp", "/app/a/.."} {
		for _, slash := range slashes {
			for _, up := range ups {
				all = append(all, prefix+"/"+up+slash+"secret/x", prefix+slash+up+"/admin/x", prefix+"/admin"+slash+up+slash+"admin/x")
			}
			for _, admin := range []string{"admin", "%61dmin", "ADMIN", "admin;a=b", "admin%00", "admin%20", "admin.", "%2561dmin", "./admin"} {
				all = append(all, prefix+slash+admin+"/x", prefix+"/"+admin+slash+"x")
			}
		}
	}
	return all
}

// backends are how applications read an escaped path: what they would serve.
var backends = map[string]func(string) string{
	"as it is":    func(p string) string { return p },
	"decoded":     unescaped,
	"twice":       func(p string) string { return unescaped(unescaped(p)) },
	"clean":       func(p string) string { return path.Clean(unescaped(p)) },
	"clean first": func(p string) string { return path.Clean(unescaped(path.Clean(p))) },
	"twice clean": func(p string) string { return path.Clean(unescaped(unescaped(p))) },
	"backslash":   func(p string) string { return path.Clean(strings.ReplaceAll(unescaped(p), `\`, "/")) },
	"parameters":  func(p string) string { return path.Clean(unescaped(bereft(p))) },
	"later":       func(p string) string { return path.Clean(bereft(unescaped(p))) },
	"until NUL": func(p string) string {
		p, _, _ = strings.Cut(unescaped(p), "\x00")
		return path.Clean(p)
	},
	"trimmed": func(p string) string {
		segments := strings.Split(unescaped(p), "/")
		for i, s := range segments {
			if trimmed := strings.TrimRight(s, " "); trimmed == ".." || trimmed == "." {
				segments[i] = trimmed
			}
		}
		return path.Clean(strings.Join(segments, "/"))
	},
}

func unescaped(p string) string {
	if s, err := url.PathUnescape(p); err == nil {
		return s
	}
	return p
}

// bereft takes the parameters off each segment.
func bereft(p string) string {
	segments := strings.Split(p, "/")
	for i, s := range segments {
		segments[i], _, _ = strings.Cut(s, ";")
	}
	return strings.Join(segments, "/")
}

// TestSpellingsOfPaths sends every spelling to an application behind every
// stack. What reaches it is byte for byte what the client wrote, in two parts
// that agree with their decoded forms; and however it reads its own part, it is
// not led out of its mount.
func TestSpellingsOfPaths(t *testing.T) {
	var saw *http.Request
	app := func(w http.ResponseWriter, r *http.Request) { saw = r }
	all := spellings()
	faulty(t, app, func(t *testing.T, s *faultSite) {
		passed := 0
		for _, target := range all {
			saw = nil
			res, err := s.client.Do(s.request("GET", target+"?q=/../;", nil))
			if err != nil {
				t.Fatalf("%s: %v", target, err)
			}
			res.Body.Close()
			if saw == nil {
				if res.StatusCode != 400 && res.StatusCode != 404 {
					t.Errorf("%s is answered %d", target, res.StatusCode)
				}
				continue
			}
			passed++
			if err := placed(saw, target); err != nil {
				t.Errorf("%s: %v", target, err)
			}
		}
		if passed < len(all)/10 || passed > len(all)*9/10 {
			t.Errorf("%d of %d spellings pass: is this still a test?", passed, len(all))
		}
	})
}

// placed says what is wrong with the place that a request has reached.
func placed(r *http.Request, target string) error {
	info := r.URL.EscapedPath()
	sent, err := url.ParseRequestURI(target)
	if err != nil {
		return err
	}
	if got := rewrite.EscapedScriptName(r) + info; got != sent.EscapedPath() || r.RequestURI != target+"?q=/../;" || r.URL.RawQuery != "q=/../;" {
		return fmt.Errorf("the application sees %s of %s?%s", got, r.RequestURI, r.URL.RawQuery)
	}
	if got := rewrite.ScriptName(r) + r.URL.Path; unescaped(info) != r.URL.Path || got != sent.Path {
		return fmt.Errorf("%q is decoded to %q, %q", info, r.URL.Path, got)
	}
	for name, read := range backends {
		if p := path.Clean("/app" + read(info)); p != "/app" && !strings.HasPrefix(p, "/app/") {
			return fmt.Errorf("it passes, and is %q to a server that reads it %s", p, name)
		}
	}
	return nil
}

// TestGuardsAgree has a guard outside of the mount and one inside of it decide
// about the same requests: both know the same ones for theirs.
func TestGuardsAgree(t *testing.T) {
	for name, patterns := range map[string][2]string{
		"a subtree":  {"/app/admin/", "/admin/"},
		"a page":     {"/app/admin/x", "/admin/x"},
		"a wildcard": {"GET /app/{area}/x", "GET /{area}/x"},
		"all of it":  {"/app/", "/"},
	} {
		var decided []string
		guard := func(place, pattern string) weir.Filter {
			note := func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					decided = append(decided, place)
					next.ServeHTTP(w, r)
				})
			}
			return weir.When(weir.Pattern(pattern), note)
		}
		reached := false
		app := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true })
		t.Run(name, func(t *testing.T) {
			overBoth(t, guard("outside", patterns[0])(mount.At("/app", guard("inside", patterns[1])(app))), func(t *testing.T, s *faultSite) {
				both := 0
				for _, target := range spellings() {
					decided, reached = nil, false
					res, err := s.client.Do(s.request("GET", target, nil))
					if err != nil {
						t.Fatal(err)
					}
					res.Body.Close()
					if len(decided) == 1 && reached {
						t.Errorf("%s: only the guard %s knows it", target, decided)
					}
					both += len(decided) / 2
				}
				if both == 0 {
					t.Error("no guard knows anything")
				}
			})
		})
	}
}
