package rewrite_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/weirhttp/weir/rewrite"
)

func TestHeaderEdits(t *testing.T) {
	for name, c := range map[string]struct {
		edit         func(http.Header)
		before, want http.Header
	}{
		"Set replaces all values":               {rewrite.Set("x-a", "n"), http.Header{"X-A": {"1", "2"}}, http.Header{"X-A": {"n"}}},
		"Set adds a missing field":              {rewrite.Set("X-A", ""), http.Header{}, http.Header{"X-A": {""}}},
		"Add adds a line":                       {rewrite.Add("x-A", "n"), http.Header{"X-A": {"1"}}, http.Header{"X-A": {"1", "n"}}},
		"Add adds a missing field":              {rewrite.Add("X-A", "n"), http.Header{}, http.Header{"X-A": {"n"}}},
		"Default leaves a field":                {rewrite.Default("x-a", "n"), http.Header{"X-A": {"1"}}, http.Header{"X-A": {"1"}}},
		"Default leaves an empty field":         {rewrite.Default("X-A", "n"), http.Header{"X-A": {""}}, http.Header{"X-A": {""}}},
		"Default leaves a suppressed field":     {rewrite.Default("Date", "n"), http.Header{"Date": nil}, http.Header{"Date": nil}},
		"Default adds a missing field":          {rewrite.Default("X-A", "n"), http.Header{}, http.Header{"X-A": {"n"}}},
		"Del removes":                           {rewrite.Del("x-a", "X-B"), http.Header{"X-A": {"1"}, "X-B": nil, "X-C": {"3"}}, http.Header{"X-C": {"3"}}},
		"Del leaves other spellings":            {rewrite.Del("X-A"), http.Header{"X_a": {"1"}}, http.Header{"X_a": {"1"}}},
		"Del of nothing":                        {rewrite.Del(), http.Header{"X-A": {"1"}}, http.Header{"X-A": {"1"}}},
		"Set takes tabs and bytes beyond ASCII": {rewrite.Set("X-A", "a\té"), http.Header{}, http.Header{"X-A": {"a\té"}}},
	} {
		t.Run(name, func(t *testing.T) {
			got := c.before.Clone()
			for range 2 { // an edit holds no state
				got = c.before.Clone()
				c.edit(got)
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("%v becomes %v, want %v", c.before, got, c.want)
			}
		})
	}
}

func TestHeaderEditsShareNothing(t *testing.T) {
	for name, edit := range map[string]func(http.Header){
		"Set": rewrite.Set("X-A", "1"), "Add": rewrite.Add("X-A", "1"), "Default": rewrite.Default("X-A", "1"),
	} {
		a, b := http.Header{}, http.Header{}
		edit(a)
		edit(b)
		a["X-A"][0] = "changed"
		if b.Get("X-A") != "1" {
			t.Errorf("%s shares its slice", name)
		}
	}
	roomy := append(make([]string, 0, 4), "1")
	h := http.Header{"X-A": roomy}
	rewrite.Add("X-A", "2")(h)
	if roomy[:2][1] != "" {
		t.Error("Add writes into a slice that it was given")
	}
}

func TestHeaderEditsRefuse(t *testing.T) {
	edits := map[string]func(name, value string){
		"Set":     func(n, v string) { rewrite.Set(n, v) },
		"Add":     func(n, v string) { rewrite.Add(n, v) },
		"Default": func(n, v string) { rewrite.Default(n, v) },
		"Del":     func(n, _ string) { rewrite.Del("X-Fine", n) },
	}
	for function, edit := range edits {
		for _, name := range []string{"", "a b", "a:", "a\r\nb", "é", "a\x00", `a"`, "a/b", "a\x7f"} {
			message := panics(func() { edit(name, "v") })
			if want := fmt.Sprintf("rewrite.%s: name %q is not a field name", function, name); message != want {
				t.Errorf("panics with %q, want %q", message, want)
			}
		}
		if function == "Del" {
			continue
		}
		for _, value := range []string{"a\r", "\nb", "a\x00b", "a\r\nSet-Cookie: b"} {
			message := panics(func() { edit("X-A", value) })
			if want := fmt.Sprintf("rewrite.%s: value %q of X-A holds a CR, LF or NUL", function, value); message != want {
				t.Errorf("panics with %q, want %q", message, want)
			}
		}
	}
}

// panics returns what f panics with, empty when it does not.
func panics(f func()) (message string) {
	defer func() { message, _ = recover().(string) }()
	f()
	return ""
}

func FuzzSet(f *testing.F) {
	f.Add("X-A", "b")
	f.Add("a b", "c\r\nd")
	f.Fuzz(func(t *testing.T, name, value string) {
		h := http.Header{}
		if panics(func() { rewrite.Set(name, value)(h) }) != "" {
			return
		}
		var wire strings.Builder
		if err := h.Write(&wire); err != nil {
			t.Fatal(err)
		}
		if strings.Count(wire.String(), "\n") != 1 || strings.ContainsRune(wire.String(), 0) {
			t.Fatalf("Set(%q, %q) makes %q", name, value, wire.String())
		}
	})
}

func ExampleDefault() {
	frames := rewrite.ResponseHeader(rewrite.Default("X-Frame-Options", "DENY"))
	for _, own := range []string{"", "SAMEORIGIN"} {
		w := httptest.NewRecorder()
		frames(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if own != "" {
				w.Header().Set("X-Frame-Options", own)
			}
		})).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		fmt.Println(w.Header().Get("X-Frame-Options"))
	}
	// Output:
	// DENY
	// SAMEORIGIN
}
