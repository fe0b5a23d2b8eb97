package rewrite_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/weirhttp/weir/rewrite"
)

func TestQueryEdits(t *testing.T) {
	for name, c := range map[string]struct {
		query string
		edit  func(*http.Request)
		want  string
	}{
		"Set replaces in place":                     {"a=1&b=2&c=3", rewrite.SetQuery("b", "9"), "a=1&b=9&c=3"},
		"Set leaves one":                            {"a=1&b=2&a=3&c", rewrite.SetQuery("a", "9"), "a=9&b=2&c"},
		"Set adds at the end":                       {"b=2", rewrite.SetQuery("a", "9"), "b=2&a=9"},
		"Set adds to nothing":                       {"", rewrite.SetQuery("a", "9"), "a=9"},
		"Set replaces one without a value":          {"a&b", rewrite.SetQuery("a", "9"), "a=9&b"},
		"Set replaces an escaped name":              {"%61=1&b", rewrite.SetQuery("a", "9"), "a=9&b"},
		"Set replaces a value that net/url refuses": {"a=%zz&a=x;y&b", rewrite.SetQuery("a", "9"), "a=9&b"},
		"Set replaces a name with spaces":           {"a+b=1&a%20b=2", rewrite.SetQuery("a b", "9"), "a+b=9"},
		"Set escapes":                               {"", rewrite.SetQuery("a&=", "b&;= +é"), "a%26%3D=b%26%3B%3D+%2B%C3%A9"},
		"Set of an empty name":                      {"=1&a", rewrite.SetQuery("", "9"), "=9&a"},
		"Set leaves the same as it is":              {"%62=2&a=9", rewrite.SetQuery("a", "9"), "%62=2&a=9"},
		"Add keeps those of its name":               {"a=1&b", rewrite.AddQuery("a", "9"), "a=1&b&a=9"},
		"Add adds to nothing":                       {"", rewrite.AddQuery("a", ""), "a="},
		"Del removes all of a name":                 {"a=1&b=2&a&%61=3", rewrite.DelQuery("a"), "b=2"},
		"Del removes several":                       {"a=1&b=2&c=3", rewrite.DelQuery("a", "c"), "b=2"},
		"Del removes the last":                      {"a=1", rewrite.DelQuery("a"), ""},
		"Del of what is not there":                  {"&a=1&&", rewrite.DelQuery("b"), "&a=1&&"},
		"Del of nothing":                            {"&a=1&&", rewrite.DelQuery(), "&a=1&&"},
		"Del keeps empty parts":                     {"&a=1&&b=2&", rewrite.DelQuery("a"), "&&b=2&"},
		"Del keeps what is malformed":               {"a=1&%zz=%&x;y=z&b=%2f", rewrite.DelQuery("a"), "%zz=%&x;y=z&b=%2f"},
		"a semicolon separates nothing":             {"b=1;a=2&c", rewrite.DelQuery("a"), "b=1;a=2&c"},
	} {
		t.Run(name, func(t *testing.T) {
			for range 2 { // an edit holds no state
				if got := asked(c.query, c.edit)(); got != c.want {
					t.Errorf("%q becomes %q, want %q", c.query, got, c.want)
				}
			}
		})
	}
}

// TestQueryEditsReachTheForm edits below a filter that has parsed the form.
func TestQueryEditsReachTheForm(t *testing.T) {
	r := httptest.NewRequest("POST", "/?a=1&b=2", strings.NewReader("c=3"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.ParseForm()
	rewrite.Request(rewrite.SetQuery("a", "9"), rewrite.DelQuery("b"))(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.FormValue("a") != "9" || r.FormValue("b") != "" || r.FormValue("c") != "3" {
			t.Errorf("inside the form is %v", r.Form)
		}
	})).ServeHTTP(httptest.NewRecorder(), r)
	if r.URL.RawQuery != "a=1&b=2" || r.FormValue("a") != "1" || r.FormValue("b") != "2" {
		t.Errorf("outside the query is %s, the form %v", r.URL.RawQuery, r.Form)
	}
}

// queryOf is the query of a request with the names of its parameters, in order, raw and read.
func queryOf(query string) (raw, read []string) {
	for pair := range strings.SplitSeq(query, "&") {
		if pair != "" {
			raw = append(raw, pair)
		}
	}
	for name, value := range rewrite.Query(ask("/?" + query)) {
		read = append(read, name+"\x00"+value)
	}
	return raw, read
}

func FuzzQueryEdits(f *testing.F) {
	f.Add("a=1&b=2&a=3", "a", "9")
	f.Add("%61=%zz&;=&&+=", " ", "&")
	f.Fuzz(func(t *testing.T, query, name, value string) {
		if ask("/?"+query) == nil || strings.Contains(query, "#") {
			return
		}
		raw, read := queryOf(query)
		if len(raw) != len(read) {
			t.Fatalf("%q has %d parameters, read %d", query, len(raw), len(read))
		}
		var others []string
		for i, pair := range read {
			if before, _, _ := strings.Cut(pair, "\x00"); before != name {
				others = append(others, raw[i])
			}
		}
		deleted := asked(query, rewrite.DelQuery(name))()
		if got, _ := queryOf(deleted); !slices.Equal(got, others) && !strings.Contains(name, "\x00") {
			t.Fatalf("%q without %q is %q, want %q", query, name, got, others)
		}
		set := asked(query, rewrite.SetQuery(name, value))()
		values := 0
		for n, v := range rewrite.Query(ask("/?" + set)) {
			if n == name {
				values++
				if v != value {
					t.Fatalf("%q: %q is %q after it was set to %q", query, name, v, value)
				}
			}
		}
		if values != 1 {
			t.Fatalf("%q with %q set has it %d times: %q", query, name, values, set)
		}
		if again := asked(set, rewrite.DelQuery(name))(); again != deleted && !strings.HasSuffix(query, "&") && query != "" {
			t.Fatalf("%q: set and deleted is %q, deleted %q", query, again, deleted)
		}
		if values, err := url.ParseQuery(set); err == nil && !slices.Equal(values[name], []string{value}) {
			t.Fatalf("net/url reads %q of %q", values[name], set)
		}
	})
}

func ExampleQuery() {
	r := httptest.NewRequest("GET", "/?sort=name&filter=a%20b&sort=date", nil)
	for name, value := range rewrite.Query(r) {
		fmt.Println(name, "=", value)
	}
	// Output:
	// sort = name
	// filter = a b
	// sort = date
}

func ExampleSetQuery() {
	filter := rewrite.Request(rewrite.SetQuery("lang", "de"), rewrite.AddQuery("tag", "new"), rewrite.DelQuery("debug"))
	filter(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fmt.Println(r.URL.RawQuery)
	})).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/?lang=en&tag=a%2fb&debug", nil))
	// Output: lang=de&tag=a%2fb&tag=new
}

// Query of net/url returns a copy. What one sets there, nobody sees; and written back it is
// in another order, other escapes, and without what net/url did not like.
func ExampleSetQuery_wrong() {
	r := httptest.NewRequest("GET", "/?z=1&sig=a%2fb;c&lang=en", nil)
	wrong := r.URL.Query()
	wrong.Set("lang", "de")
	fmt.Println("wrong:", wrong.Encode())
	rewrite.SetQuery("lang", "de")(r)
	fmt.Println("right:", r.URL.RawQuery)
	// Output:
	// wrong: lang=de&z=1
	// right: z=1&sig=a%2fb;c&lang=de
}
