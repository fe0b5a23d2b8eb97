package filter_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"strings"
	"testing"

	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/filtertest"
)

func TestCleanPath(t *testing.T) {
	filtertest.Run(t, filter.CleanPath(), filtertest.Options{Answers: true})

	below := []func(*http.Request){mounted("/app")}
	for name, c := range map[string]struct {
		method, target, want string
		edits                []func(*http.Request)
	}{
		"a clean path passes":                          {"GET", "/a/b", "passes", nil},
		"with a slash at its end, too":                 {"GET", "/a/b/", "passes", nil},
		"the root passes":                              {"GET", "/", "passes", nil},
		"names that begin with dots pass":              {"GET", "/.well-known/...x/..a/a..", "passes", nil},
		"three dots are a name":                        {"GET", "/.../x", "passes", nil},
		"two slashes become one":                       {"GET", "/a//b", "308 /a/b", nil},
		"at the end, too":                              {"GET", "/a/b//", "308 /a/b/", nil},
		"so do many":                                   {"GET", "/a////b", "308 /a/b", nil},
		"a dot goes":                                   {"GET", "/a/./b", "308 /a/b", nil},
		"a dot at the end leaves its slash":            {"GET", "/a/.", "308 /a/", nil},
		"two dots take a segment":                      {"GET", "/a/b/../c", "308 /a/c", nil},
		"two dots at the end leave their slash":        {"GET", "/a/b/..", "308 /a/", nil},
		"the example of RFC 3986 §5.2.4":               {"GET", "/a/b/c/./../../g", "308 /a/g", nil},
		"slashes count as one before dots do":          {"GET", "/a//../b", "308 /b", nil},
		"dots do not lead above the root":              {"GET", "/../../a", "308 /a", nil},
		"to the root":                                  {"GET", "/a/..", "308 /", nil},
		"escaped dots are dots":                        {"GET", "/a/%2e%2E/b", "308 /b", nil},
		"half escaped ones, too":                       {"GET", "/a/.%2e/b", "308 /b", nil},
		"dots that are escaped twice are a name":       {"GET", "/a/%252e%252e/b", "passes", nil},
		"two dots with a parameter are a name":         {"GET", "/a/..;x/b", "passes", nil},
		"all else stays as it is written":              {"GET", "/%61//b%20c;d=%C3%a4'(x)", "308 /%61/b%20c;d=%C3%a4'(x)", nil},
		"the query stays":                              {"GET", "/a//b?x=//y/../z&%2e", "308 /a/b?x=//y/../z&%2e", nil},
		"an empty query, too":                          {"GET", "/a//b?", "308 /a/b?", nil},
		"HEAD is redirected":                           {"HEAD", "/a//b", "308 /a/b", nil},
		"POST passes":                                  {"POST", "/a//b", "passes", nil},
		"an asterisk passes":                           {"OPTIONS", "*", "passes", nil},
		"an escaped slash passes":                      {"GET", "/a%2Fb//c", "passes", nil},
		"in lower case, too":                           {"GET", "/a/..%2f../b", "passes", nil},
		"a backslash passes":                           {"GET", `/a\..//b`, "passes", nil},
		"an escaped backslash passes":                  {"GET", "/a%5c..//b", "passes", nil},
		"two slashes are no host":                      {"GET", "//evil.example", "308 /evil.example", nil},
		"nor are many":                                 {"GET", "////evil.example//", "308 /evil.example/", nil},
		"nor are they behind dots":                     {"GET", "/.//evil.example", "308 /evil.example", nil},
		"nor behind what dots take":                    {"GET", "/a/..//evil.example/", "308 /evil.example/", nil},
		"CVE-2022-40083 Echo: a path that is a host":   {"GET", "//evil.example/..", "308 /", nil},
		"CVE-2022-28923 Caddy: with escaped dots":      {"GET", "//evil.example/%2e%2e/", "308 /", nil},
		"GHSA-mqqf-5wvp-8fh8 chi: a backslash":         {"GET", `/\evil.example/../`, "passes", nil},
		"a tab behind the slash stays escaped":         {"GET", "/%09//evil.example/", "308 /%09/evil.example/", nil},
		"below a mount the prefix is in it":            {"GET", "/app//x", "308 /app/x", below},
		"as the client wrote it":                       {"GET", "/%61pp//x", "308 /%61pp/x", below},
		"dots do not lead out of a mount":              {"GET", "/app/../../x", "308 /app/x", below},
		"the bare mount passes":                        {"GET", "/app", "passes", below},
		"a clean path below it passes":                 {"GET", "/app/x", "passes", below},
		"a mount at two slashes is no host":            {"GET", "//evil.example//x", "308 /.//evil.example/x", []func(*http.Request){mounted("//evil.example")}},
		"the prefix that a proxy took off is in it":    {"GET", "//x", "308 /front/x", []func(*http.Request){prepended("/front")}},
		"a target in absolute form keeps its own host": {"GET", "http://evil.example//x", "308 /x", nil},
	} {
		t.Run(name, func(t *testing.T) {
			if got := location(filter.CleanPath(), c.method, "http", "example.org", c.target, c.edits...); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// FuzzCleanPath compares with path.Clean, and follows each redirect as a browser does: there is never a second one.
func FuzzCleanPath(f *testing.F) {
	for _, s := range []string{"/a//b", "//e/..", "/%2e%2e/", "/a/./", "/..", "/a%2f..", `/\e//`, "/%", "/?//", "/\xff//", "/a/.%2e"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, target string) {
		got := location(filter.CleanPath(), "GET", "http", "example.org", target)
		if got == "passes" || got == "no request" {
			return
		}
		asked, _ := url.ParseRequestURI(target)
		want := path.Clean(asked.Path)
		if end := path.Base("x" + asked.Path[strings.LastIndexByte(asked.Path, '/'):]); want != "/" && (end == "." || end == ".." || strings.HasSuffix(asked.Path, "/")) {
			want += "/"
		}
		to := strings.TrimPrefix(got, "308 ")
		base := &url.URL{Scheme: "http", Host: "example.org", Path: "/"}
		u, err := base.Parse(to)
		if err != nil || u.Host != "example.org" || u.Scheme != "http" || u.Path != want || strings.HasPrefix(to, "//") {
			t.Fatalf("%q leads to %q, which is %v, want %q", target, to, u, want)
		}
		if again := location(filter.CleanPath(), "GET", "http", "example.org", u.RequestURI()); again != "passes" {
			t.Errorf("%q leads to %q, and that to %q", target, to, again)
		}
	})
}

func TestCleanPath_nonsense(t *testing.T) {
	mustPanic(t, "filter.CleanPath: next is nil", func() { filter.CleanPath()(nil) })
}

func ExampleCleanPath() {
	w := httptest.NewRecorder()
	filter.CleanPath()(nothing).ServeHTTP(w, httptest.NewRequest("GET", "/a//b/../c?q=1", nil))
	fmt.Println(w.Code, w.Header().Get("Location"))
	// Output: 308 /a/c?q=1
}
