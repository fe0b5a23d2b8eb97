package rewrite_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/weirhttp/weir/rewrite"
)

func TestPop(t *testing.T) {
	for name, c := range map[string]struct {
		target       string
		segment      string
		script, info string // escaped
	}{
		"takes a segment":                       {"/a/b", "a", "/a", "/b"},
		"takes the last segment":                {"/a", "a", "/a", ""},
		"leaves the slash behind it":            {"/a/", "a", "/a", "/"},
		"leaves doubled slashes behind it":      {"/a//b", "a", "/a", "//b"},
		"takes an escaped letter as written":    {"/%61/b", "a", "/%61", "/b"},
		"takes a segment with an escaped slash": {"/a%2fb/c", "a/b", "/a%2fb", "/c"},
		"takes a slash that begins a segment":   {"/%2Fa/c", "/a", "/%2Fa", "/c"},
		"leaves a slash that ends a segment":    {"/a%2F/c", "", "", "/a%2F/c"},
		"leaves an escaped slash alone":         {"/%2F", "", "", "/%2F"},
		"takes parameters":                      {"/a;b=c/d", "a;b=c", "/a;b=c", "/d"},
		"takes what net/url would escape":       {"/(a)/*", "(a)", "/(a)", "/*"},
		"takes dots":                            {"/%2e%2e/x", "..", "/%2e%2e", "/x"},
		"takes text beyond ASCII":               {"/caf%C3%A8/x", "cafè", "/caf%C3%A8", "/x"},
		"takes an escaped percent sign":         {"/%2541/x", "%41", "/%2541", "/x"},
		"leaves the root":                       {"/", "", "", "/"},
		"leaves an empty first segment":         {"//a/b", "", "", "//a/b"},
		"leaves the asterisk":                   {"*", "", "", "*"},
	} {
		t.Run(name, func(t *testing.T) {
			r := ask(c.target)
			before := *r.URL
			if got := rewrite.Peek(r); got != c.segment {
				t.Errorf("Peek is %q, want %q", got, c.segment)
			}
			got, segment := rewrite.Pop(r)
			if script := rewrite.EscapedScriptName(got); segment != c.segment || script != c.script || got.URL.EscapedPath() != c.info {
				t.Errorf("%q, %q and %q; want %q, %q and %q", segment, script, got.URL.EscapedPath(), c.segment, c.script, c.info)
			}
			if (got == r) != (c.segment == "") || *r.URL != before {
				t.Error("the original was edited, or copied for nothing")
			}
		})
	}
}

func TestPopOfNoPath(t *testing.T) {
	for _, path := range []string{"", "a/b", "*"} {
		r := &http.Request{URL: &url.URL{Path: path}}
		if got, segment := rewrite.Pop(r); got != r || segment != "" {
			t.Errorf("%q: %q", path, segment)
		}
	}
}

// FuzzPop pops until nothing is left, and what was popped is the script name.
func FuzzPop(f *testing.F) {
	for _, s := range []string{"/a/b", "//a", "/a%2Fb/%2F/c", "/%61/(x)", "*", "/a%2F/b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, target string) {
		r := ask(target)
		if r == nil {
			return
		}
		var whole strings.Builder
		written := r.URL.EscapedPath()
		for {
			below, segment := rewrite.Pop(r)
			if segment == "" {
				break
			}
			whole.WriteString("/" + segment)
			shifted, ok := rewrite.Shift(r, "/"+segment)
			if ok != !strings.ContainsAny(segment, "/") || ok && shifted.URL.EscapedPath() != below.URL.EscapedPath() {
				t.Fatalf("%s: Pop takes %q, Shift leaves %s", target, segment, shifted.URL.EscapedPath())
			}
			if shifted, ok = rewrite.ShiftTo(r, below.URL.Path); !ok || shifted.URL.Path != below.URL.Path {
				t.Fatalf("%s: ShiftTo does not leave %q", target, below.URL.Path)
			}
			r = below
		}
		if rewrite.ScriptName(r) != whole.String() || rewrite.EscapedScriptName(r)+r.URL.EscapedPath() != written {
			t.Fatalf("%s: %q and %q, %q", target, rewrite.EscapedScriptName(r), r.URL.EscapedPath(), whole.String())
		}
	})
}

// The first segment names a tenant, which the application below finds in the context.
func ExamplePop() {
	tenant := &rewrite.Key[string]{Name: "tenant"} // a package variable, as a rule
	filter := rewrite.Request(func(r *http.Request) {
		below, segment := rewrite.Pop(r)
		*r = *below
		tenant.Set(segment)(r)
	})
	app := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		name, _ := tenant.Value(r.Context())
		fmt.Println(name, rewrite.ScriptName(r), r.URL.Path)
	})
	filter(app).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/acme/orders/7", nil))
	// Output: acme /acme /orders/7
}

func ExamplePeek() {
	r := httptest.NewRequest("GET", "/caf%C3%A9/menu", nil)
	fmt.Println(rewrite.Peek(r), r.URL.EscapedPath())
	// Output: café /caf%C3%A9/menu
}
