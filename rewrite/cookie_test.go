package rewrite_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/weirhttp/weir/rewrite"
)

func TestCookieEdits(t *testing.T) {
	for name, c := range map[string]struct {
		lines []string
		edit  func(*http.Request)
		want  []string
	}{
		"Set replaces in place":             {[]string{"a=1; b=2; c=3"}, rewrite.SetCookie("b", "9"), []string{"a=1; b=9; c=3"}},
		"Set leaves one":                    {[]string{"a=1; b=2; a=3"}, rewrite.SetCookie("a", "9"), []string{"a=9; b=2"}},
		"Set leaves one of several lines":   {[]string{"b=2", "a=1; c=3", "a=4"}, rewrite.SetCookie("a", "9"), []string{"b=2", "a=9; c=3"}},
		"Set adds at the end":               {[]string{"b=2"}, rewrite.SetCookie("a", "9"), []string{"b=2; a=9"}},
		"Set adds to the last line":         {[]string{"b=2", "c=3;"}, rewrite.SetCookie("a", "9"), []string{"b=2", "c=3; a=9"}},
		"Set adds to a blank line":          {[]string{" "}, rewrite.SetCookie("a", "9"), []string{"a=9"}},
		"Set adds to nothing":               {nil, rewrite.SetCookie("a", "9"), []string{"a=9"}},
		"Set quotes a space":                {nil, rewrite.SetCookie("a", " 9,"), []string{`a=" 9,"`}},
		"Set knows case":                    {[]string{"A=1"}, rewrite.SetCookie("a", "9"), []string{"A=1; a=9"}},
		"Set replaces what nobody can read": {[]string{"a=\"; b=2; a"}, rewrite.SetCookie("a", "9"), []string{"a=9; b=2"}},
		"Del removes all of a name":         {[]string{"a=1; b=2; a=3;a=4"}, rewrite.DelCookie("a"), []string{"b=2"}},
		"Del removes several":               {[]string{"a=1; b=2; c=3"}, rewrite.DelCookie("a", "c"), []string{"b=2"}},
		"Del removes the last":              {[]string{"a=1"}, rewrite.DelCookie("a"), nil},
		"Del removes a line":                {[]string{"a=1", "b=2"}, rewrite.DelCookie("a"), []string{"b=2"}},
		"Del minds spaces about the name":   {[]string{"b=2; a =1;\ta=3"}, rewrite.DelCookie("a"), []string{"b=2"}},
		"Del keeps what is malformed":       {[]string{"a=1;;b;=c; d=\"e;f=\xff"}, rewrite.DelCookie("a"), []string{";b;=c; d=\"e;f=\xff"}},
		"Del of what is not there":          {[]string{" ;b=2;; "}, rewrite.DelCookie("a"), []string{" ;b=2;; "}},
	} {
		t.Run(name, func(t *testing.T) {
			for range 2 { // an edit holds no state
				r := ask("/")
				if c.lines != nil {
					r.Header["Cookie"] = slices.Clone(c.lines)
				}
				lines := r.Header["Cookie"]
				c.edit(r)
				if got := r.Header["Cookie"]; !slices.Equal(got, c.want) {
					t.Errorf("%q becomes %q, want %q", c.lines, got, c.want)
				}
				if !slices.Equal(lines, c.lines) {
					t.Errorf("the lines were edited: %q", lines)
				}
			}
		})
	}
}

func TestCookieEditsRefuse(t *testing.T) {
	for _, value := range []string{"a;b", "a\r\nb", `a"`, `a\b`, "é", "\x00", "\x7f"} {
		if got := panics(func() { rewrite.SetCookie("a", value) }); !strings.HasPrefix(got, "rewrite.SetCookie: the value of a has ") {
			t.Errorf("%q: panics with %q", value, got)
		}
	}
	for _, name := range []string{"", "a=b", "a b", "a;", "é"} {
		if got := panics(func() { rewrite.SetCookie(name, "") }); !strings.HasPrefix(got, "rewrite.SetCookie: name ") {
			t.Errorf("%q: panics with %q", name, got)
		}
		if got := panics(func() { rewrite.DelCookie("b", name) }); !strings.HasPrefix(got, "rewrite.DelCookie: name ") {
			t.Errorf("%q: panics with %q", name, got)
		}
	}
}

func FuzzCookieEdits(f *testing.F) {
	f.Add("a=1; b=2; a=3", "c", "a", "9")
	f.Add(`;;a ="x y"`, " \t;", "a", " ,")
	f.Fuzz(func(t *testing.T, first, second, name, value string) {
		var set, del func(*http.Request)
		if panics(func() { set, del = rewrite.SetCookie(name, value), rewrite.DelCookie(name) }) != "" {
			return
		}
		r := ask("/")
		r.Header["Cookie"] = []string{first, second}
		var others []string
		for cookie := range strings.SplitSeq(first+";"+second, ";") {
			cookie = strings.Trim(cookie, " \t")
			before, _, _ := strings.Cut(cookie, "=")
			if cookie != "" && strings.Trim(before, " \t") != name {
				others = append(others, cookie)
			}
		}
		set(r)
		if got := r.CookiesNamed(name); len(got) != 1 || got[0].Value != value {
			t.Fatalf("%q, %q with %q: %q", first, second, r.Header["Cookie"], got)
		}
		del(r)
		if got := r.CookiesNamed(name); len(got) != 0 {
			t.Fatalf("%q, %q without it: %q", first, second, got)
		}
		var left []string
		for cookie := range strings.SplitSeq(strings.Join(r.Header["Cookie"], ";"), ";") {
			if cookie = strings.Trim(cookie, " \t"); cookie != "" {
				left = append(left, cookie)
			}
		}
		if !slices.Equal(left, others) {
			t.Fatalf("%q, %q: %q are left, want %q", first, second, left, others)
		}
	})
}

func ExampleSetCookie() {
	filter := rewrite.Request(rewrite.SetCookie("theme", "dark"), rewrite.DelCookie("_ga"))
	filter(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Header.Get("Cookie"))
	})).ServeHTTP(httptest.NewRecorder(), &http.Request{Header: http.Header{"Cookie": {"theme=light; _ga=GA1.2; sid=7"}}})
	// Output: theme=dark; sid=7
}

// AddCookie of net/http adds: the one that was there comes first, and is the one that is read.
func ExampleSetCookie_wrong() {
	wrong := httptest.NewRequest("GET", "/", nil)
	wrong.Header.Set("Cookie", "theme=light")
	right := wrong.Clone(wrong.Context())
	wrong.AddCookie(&http.Cookie{Name: "theme", Value: "dark"})
	rewrite.SetCookie("theme", "dark")(right)
	for _, r := range []*http.Request{wrong, right} {
		theme, _ := r.Cookie("theme")
		fmt.Println(theme.Value, "of", r.Header.Get("Cookie"))
	}
	// Output:
	// light of theme=light; theme=dark
	// dark of theme=dark
}
