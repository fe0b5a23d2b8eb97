package rewrite_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/weirhttp/weir/rewrite"
)

func TestShiftTo(t *testing.T) {
	for name, c := range map[string]struct {
		target, pathInfo string
		script, info     string // escaped
		ok               bool
	}{
		"leaves a segment":                            {"/app/x", "/x", "/app", "/x", true},
		"leaves several":                              {"/a/b/x/y", "/x/y", "/a/b", "/x/y", true},
		"leaves a slash":                              {"/app/", "/", "/app", "/", true},
		"leaves nothing":                              {"/app", "", "/app", "", true},
		"leaves all":                                  {"/app/x", "/app/x", "", "/app/x", true},
		"leaves all of nothing but a slash":           {"/", "/", "", "/", true},
		"takes no slash at the end":                   {"/app/", "", "", "/app/", false},
		"takes no doubled slash at the end":           {"/app//x", "/x", "", "/app//x", false},
		"takes no escaped slash at the end":           {"/app%2F/x", "/x", "", "/app%2F/x", false},
		"takes no slash alone":                        {"/", "", "", "/", false},
		"leaves a doubled slash":                      {"/app//x", "//x", "/app", "//x", true},
		"does not begin within a segment":             {"/app/xy", "y", "", "/app/xy", false},
		"does not leave what is no end":               {"/app/x", "/y", "", "/app/x", false},
		"does not leave what is a beginning":          {"/app/x", "/app", "", "/app/x", false},
		"does not leave more than there is":           {"/x", "/app/x", "", "/x", false},
		"knows letters by their case":                 {"/app/X", "/x", "", "/app/X", false},
		"takes no escaped slash for a boundary":       {"/app%2Fx", "/x", "", "/app%2Fx", false},
		"nor one that follows another":                {"/a/b%2fx", "/x", "", "/a/b%2fx", false},
		"takes escaped slashes along":                 {"/a%2Fb/x", "/x", "/a%2Fb", "/x", true},
		"leaves escaped slashes":                      {"/app/x%2fy", "/x/y", "/app", "/x%2fy", true},
		"leaves an escaped slash behind a slash":      {"/app/%2Fx", "//x", "/app", "/%2Fx", true},
		"takes escapes as they are written":           {"/%61pp/x", "/x", "/%61pp", "/x", true},
		"leaves escapes as they are written":          {"/app/%78", "/x", "/app", "/%78", true},
		"leaves text beyond ASCII":                    {"/app/caf%c3%a8", "/cafè", "/app", "/caf%c3%a8", true},
		"takes text beyond ASCII":                     {"/caf%C3%A8/x", "/x", "/caf%C3%A8", "/x", true},
		"leaves an escaped percent sign":              {"/app/%2541", "/%41", "/app", "/%2541", true},
		"takes path info for text, not for an escape": {"/app/x", "/%78", "", "/app/x", false},
		"leaves parameters":                           {"/app/a;b=c", "/a;b=c", "/app", "/a;b=c", true},
		"leaves dot segments":                         {"/app/../x", "/../x", "/app", "/../x", true},
		"takes nothing of the asterisk":               {"*", "", "", "*", false},
		"takes the path of an absolute URL":           {"http://h/app/x", "/x", "/app", "/x", true},
	} {
		t.Run(name, func(t *testing.T) {
			r := ask(c.target)
			before := *r.URL
			got, ok := rewrite.ShiftTo(r, c.pathInfo)
			if ok != c.ok {
				t.Fatalf("ShiftTo(%q, %q) is %v", c.target, c.pathInfo, ok)
			}
			if s := rewrite.EscapedScriptName(got); s != c.script {
				t.Errorf("escaped script name is %q, want %q", s, c.script)
			}
			if p := got.URL.EscapedPath(); p != c.info {
				t.Errorf("escaped path info is %q, want %q", p, c.info)
			}
			if *r.URL != before || rewrite.ScriptName(r) != "" {
				t.Error("the original was edited")
			}
			if got.RequestURI != c.target {
				t.Errorf("RequestURI is %q", got.RequestURI)
			}
		})
	}
}

func TestShiftToHidesTheHost(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/{app}/{rest...}", func(_ http.ResponseWriter, r *http.Request) {
		got, ok := rewrite.ShiftTo(r, "/"+r.PathValue("rest"))
		if !ok || got.Pattern != "" || got.PathValue("rest") != "" || got.PathValue("app") != "" {
			t.Errorf("%v: the application sees %q, %q and %q", ok, got.Pattern, got.PathValue("rest"), got.PathValue("app"))
		}
		if got.SetPathValue("app", "guest"); r.PathValue("app") != "app" {
			t.Error("the application changed its host's path values")
		}
	})
	mux.HandleFunc("/{rest...}", func(_ http.ResponseWriter, r *http.Request) {
		if got, ok := rewrite.ShiftTo(r, r.URL.Path); !ok || got.Pattern != "" || got.PathValue("rest") != "" {
			t.Errorf("%v: the application sees %q and %q at the root", ok, got.Pattern, got.PathValue("rest"))
		}
	})
	mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/app/x", nil))
	mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/x", nil))
}

func TestShiftToNests(t *testing.T) {
	r := ask("/%61/b/%63/x")
	for _, pathInfo := range []string{"/a/b/c/x", "/b/c/x", "/c/x", "/x", ""} {
		var ok bool
		if r, ok = rewrite.ShiftTo(r, pathInfo); !ok || r.URL.Path != pathInfo {
			t.Fatalf("%v: path info %q", ok, r.URL.Path)
		}
	}
	if s, e := rewrite.ScriptName(r), rewrite.EscapedScriptName(r); s != "/a/b/c/x" || e != "/%61/b/%63/x" {
		t.Errorf("script name %q, escaped %q", s, e)
	}
}

// lawfulTo checks ShiftTo against an oracle that cuts the escaped path at each of its slashes.
func lawfulTo(t *testing.T, r *http.Request, pathInfo string) {
	if r == nil {
		return
	}
	escaped, path := r.URL.EscapedPath(), r.URL.Path
	want, found := "", false
	for i := len(escaped); i >= 0; i-- {
		if i < len(escaped) && escaped[i] != '/' {
			continue
		}
		head, _ := url.PathUnescape(escaped[:i])
		rest, err := url.PathUnescape(escaped[i:])
		rooted := head == "" || head[0] == '/' && head[len(head)-1] != '/'
		if err == nil && rest == pathInfo && rooted {
			want, found = escaped[i:], true
		}
	}
	got, ok := rewrite.ShiftTo(r, pathInfo)
	if ok != found {
		t.Fatalf("ShiftTo(%q, %q) is %v, want %v", escaped, pathInfo, ok, found)
	}
	if !ok {
		want = escaped
	}
	if p := got.URL.EscapedPath(); p != want || rewrite.EscapedScriptName(got)+p != escaped {
		t.Fatalf("ShiftTo(%q, %q) leaves %q below %q", escaped, pathInfo, p, rewrite.EscapedScriptName(got))
	}
	if rewrite.ScriptName(got)+got.URL.Path != path {
		t.Fatalf("ShiftTo(%q, %q) makes %q and %q of %q", escaped, pathInfo, rewrite.ScriptName(got), got.URL.Path, path)
	}
}

func TestShiftToLaws(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	pieces := strings.Fields("/ / / / a b %61 %2F %2f .. %5C ; * ( [ %28 é %C3%A9 %c3%a9 %20 %25 %00 + ~ |")
	reached := 0
	for range 100_000 {
		var target strings.Builder
		target.WriteByte('/')
		for range random.IntN(8) {
			target.WriteString(pieces[random.IntN(len(pieces))])
		}
		r := ask(target.String())
		if r == nil {
			continue
		}
		pathInfo := r.URL.Path[random.IntN(len(r.URL.Path)+1):]
		lawfulTo(t, r, pathInfo)
		if got, ok := rewrite.ShiftTo(r, pathInfo); ok != (got != r) {
			t.Fatalf("ShiftTo(%q, %q) is %v: a copy %v", r.URL, pathInfo, ok, got != r)
		} else if ok && rewrite.ScriptName(got) != "" {
			reached++
		}
	}
	if reached < 1000 {
		t.Errorf("only %d paths were shifted", reached)
	}
}

func FuzzShiftTo(f *testing.F) {
	for _, raw := range []string{"", "/%61pp/x", "/app%2Fx", "/app/%2", "/app/%78"} {
		f.Add("/app/x", raw, "/x")
		f.Add("/app/x", raw, "")
	}
	f.Fuzz(func(t *testing.T, path, raw, pathInfo string) {
		if path == "" || path[0] != '/' {
			return
		}
		lawfulTo(t, &http.Request{URL: &url.URL{Path: path, RawPath: raw}}, pathInfo)
	})
}

func ExampleShiftTo() {
	app := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fmt.Println(rewrite.ScriptName(r), r.URL.EscapedPath())
	})
	host := http.NewServeMux()
	host.HandleFunc("/tenants/{tenant}/{rest...}", func(w http.ResponseWriter, r *http.Request) {
		if below, ok := rewrite.ShiftTo(r, "/"+r.PathValue("rest")); ok {
			rewrite.Serve(w, r, below, app)
			return
		}
		http.NotFound(w, r)
	})
	host.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/tenants/acme/a%2Fb", nil))
	// Output: /tenants/acme /a%2Fb
}
