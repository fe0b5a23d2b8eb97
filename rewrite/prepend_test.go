package rewrite_test

import (
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/weirhttp/weir/rewrite"
)

func TestPrepend(t *testing.T) {
	for name, c := range map[string]struct {
		prefix  string
		script  string // decoded
		escaped string
		ok      bool
	}{
		"a segment":                              {"/app", "/app", "/app", true},
		"several":                                {"/a/b", "/a/b", "/a/b", true},
		"a slash at the end does not count":      {"/app/", "/app", "/app", true},
		"nothing puts nothing":                   {"", "", "", true},
		"the root puts nothing":                  {"/", "", "", true},
		"escapes stay as they are written":       {"/caf%c3%a8/%61", "/cafè/a", "/caf%c3%a8/%61", true},
		"so do signs that net/url would escape":  {"/(a)", "/(a)", "/(a)", true},
		"no slash before it":                     {"app", "", "", false},
		"a URL":                                  {"https://evil.example", "", "", false},
		"two slashes are a host":                 {"//evil.example", "", "", false},
		"two slashes alone":                      {"//", "", "", false},
		"two slashes further on":                 {"/a//b", "", "", false},
		"two slashes at the end":                 {"/a//", "", "", false},
		"a backslash":                            {`/\evil.example`, "", "", false},
		"an escaped backslash":                   {"/%5cevil.example", "", "", false},
		"an escaped slash":                       {"/%2Fevil.example", "", "", false},
		"an escape of an escape":                 {"/%252Fevil.example", "", "", false},
		"a dot segment":                          {"/a/../b", "", "", false},
		"an escaped dot segment":                 {"/%2e%2E", "", "", false},
		"a dot":                                  {"/./a", "", "", false},
		"a dot segment with a parameter":         {"/..;/a", "", "", false},
		"an escaped semicolon":                   {"/..%3b/a", "", "", false},
		"a tab":                                  {"/\tevil.example", "", "", false},
		"an escaped line end":                    {"/a%0d%0aSet-Cookie:%20x", "", "", false},
		"a space":                                {"/a b", "", "", false},
		"a query":                                {"/a?b", "", "", false},
		"a fragment":                             {"/a#b", "", "", false},
		"quotes":                                 {`/"><script>`, "", "", false},
		"bytes beyond ASCII":                     {"/cafè", "", "", false},
		"half an escape":                         {"/a%2", "", "", false},
		"no escape":                              {"/a%zz", "", "", false},
		"an overlong dot":                        {"/%c0%ae%c0%ae", "", "", false},
		"an at sign is a letter like any other":  {"/@evil.example", "/@evil.example", "/@evil.example", true},
		"so is a colon":                          {"/https:evil.example", "/https:evil.example", "/https:evil.example", true},
		"three dots are a name":                  {"/...", "/...", "/...", true},
		"a slash too many between two is no one": {"/a///", "", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			r := ask("/x%2Fy/z")
			got, ok := rewrite.Prepend(r, c.prefix)
			if ok != c.ok || rewrite.ScriptName(got) != c.script || rewrite.EscapedScriptName(got) != c.escaped {
				t.Errorf("%q, %q, %v; want %q, %q, %v", rewrite.ScriptName(got), rewrite.EscapedScriptName(got), ok, c.script, c.escaped, c.ok)
			}
			if got.URL != r.URL || rewrite.ScriptName(r) != "" {
				t.Error("the request was edited, or has another path")
			}
		})
	}
}

// What a shift takes off comes after what is put before, whichever came first.
func TestPrepend_shift(t *testing.T) {
	for _, prefix := range []string{"/front", "/fr%6fnt", "/(front)"} {
		for _, target := range []string{"/app/x", "/%61pp/x", "/app/x%2Fy"} {
			for _, first := range []bool{true, false} {
				r := ask(target)
				ok := true
				step := func(f func() bool) { ok = f() && ok }
				put := func() (done bool) { r, done = rewrite.Prepend(r, prefix); return }
				take := func() (done bool) { r, done = rewrite.Shift(r, "/app"); return }
				if first {
					step(put)
				}
				step(take)
				if !first {
					step(put)
				}
				if !ok || rewrite.EscapedScriptName(r)+r.URL.EscapedPath() != prefix+target {
					t.Errorf("%s before %s: %v, %q + %q", prefix, target, ok, rewrite.EscapedScriptName(r), r.URL.EscapedPath())
				}
				again, ok := rewrite.Shift(r, "/x")
				if ok && rewrite.EscapedScriptName(again)+again.URL.EscapedPath() != prefix+target {
					t.Errorf("%s before %s, shifted again: %q + %q", prefix, target, rewrite.EscapedScriptName(again), again.URL.EscapedPath())
				}
			}
		}
	}
}

func FuzzPrepend(f *testing.F) {
	for _, s := range []string{"/app", "/a/b/", "//e", `/\e`, "/%2e", "/%61", "/a%00", "/;", "/é"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, prefix string) {
		r, ok := rewrite.Prepend(ask("/x"), prefix)
		script, escaped := rewrite.ScriptName(r), rewrite.EscapedScriptName(r)
		if !ok || script == "" {
			if script != "" || escaped != "" {
				t.Errorf("%q was refused, and is there: %q", prefix, escaped)
			}
			return
		}
		decoded, err := url.PathUnescape(escaped)
		if err != nil || decoded != script || escaped != strings.TrimSuffix(prefix, "/") {
			t.Errorf("%q came out as %q, %q", prefix, script, escaped)
		}
		base := &url.URL{Scheme: "http", Host: "h.example", Path: "/"}
		if u, err := base.Parse(escaped + "/x"); err != nil || u.Host != base.Host || u.EscapedPath() != escaped+"/x" {
			t.Errorf("%q leads to %v, %v", escaped, u, err)
		}
	})
}

func ExamplePrepend() {
	r := httptest.NewRequest("GET", "/x", nil) // a proxy took "/app" off
	r, _ = rewrite.Prepend(r, "/app")
	fmt.Println(rewrite.ScriptName(r), r.URL.Path)
	_, ok := rewrite.Prepend(r, "//evil.example")
	fmt.Println(ok)
	// Output:
	// /app /x
	// false
}
