package negotiate_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/weirhttp/weir/negotiate"
)

func TestType(t *testing.T) {
	pages := []string{"text/html", "application/json", "text/plain"}
	for _, c := range []struct {
		name   string
		lines  []string
		offers []string
		want   string // "" for none
	}{
		{"no field: the server's own preference", nil, pages, "text/html"},
		{"an empty field says as little", []string{""}, pages, "text/html"},
		{"so does a list of empty elements", []string{" , ,\t,", ""}, pages, "text/html"},
		{"no offers, no answer", []string{"*/*"}, nil, ""},
		{"no offers and no field", nil, nil, ""},
		{"the one that is named", []string{"application/json"}, pages, "application/json"},
		{"none of those that are named", []string{"image/png, audio/basic"}, pages, ""},
		{"equally liked: the server's own preference", []string{"text/plain, application/json, text/html"}, pages, "text/html"},
		{"the client's weights come first", []string{"text/html;q=0.5, text/plain;q=0.7, application/json;q=0.6"}, pages, "text/plain"},
		{"an offer that is there twice is the first one", []string{"text/plain"}, []string{"text/plain", "TEXT/PLAIN"}, "text/plain"},
		{"what a browser sends", []string{"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"}, pages, "text/html"},
		{"what a browser sends, to one that has no pages", []string{"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}, []string{"application/json", "application/xml"}, "application/xml"},
		{"what a script sends: jQuery", []string{"application/json, text/javascript, */*; q=0.01"}, pages, "application/json"},

		{"anything", []string{"*/*"}, pages, "text/html"},
		{"anything, refused", []string{"*/*;q=0"}, pages, ""},
		{"all of a kind", []string{"application/*"}, pages, "application/json"},
		{"a type that is named comes before its kind", []string{"text/*;q=0.9, text/html;q=0.1"}, pages, "text/plain"},
		{"a kind comes before anything", []string{"*/*, text/*;q=0.1"}, pages, "application/json"},
		{"a type refused, the kind not", []string{"text/*, text/html;q=0"}, pages, "text/plain"},
		{"nothing else", []string{"text/plain;q=0.1, */*;q=0"}, pages, "text/plain"},
		{"a part of a name is not the name", []string{"text/htm, text/htmlx, tex/html"}, pages, ""},
		{"a kind is more than how its name begins", []string{"app/*, t/*"}, pages, ""},
		{"a star at the end of a longer name stands for nothing", []string{"text/h*"}, pages, ""},
		{"a type without a subtype is no kind", []string{"text/*"}, []string{"text/", "text"}, ""},
		{"names in any case", []string{"Text/HTML;Q=0.1, APPLICATION/json;q=0.2"}, pages, "application/json"},
		{"offers in any case", []string{"text/html"}, []string{"TEXT/Html"}, "TEXT/Html"},
		{"of a type named twice the first counts", []string{"text/html;q=0, text/html, text/plain;q=0.1"}, pages, "text/plain"},

		{"a parameter that the offer has", []string{"text/html;level=1"}, []string{"text/html", "text/html;level=1"}, "text/html;level=1"},
		{"a parameter that no offer has", []string{"text/html;level=1"}, []string{"text/html", "text/html;level=2"}, ""},
		{"the plain type matches an offer with parameters", []string{"text/html"}, []string{"text/html;level=1"}, "text/html;level=1"},
		{"a parameter comes before none", []string{"text/*;q=0.3, text/html;level=1;q=0.2"}, []string{"text/html;level=1", "text/html"}, "text/html"},
		{"without a weight it is 1", []string{"text/*;q=0.3, text/html;level=1"}, []string{"text/html", "text/html;level=1"}, "text/html;level=1"},
		{"two parameters come before one", []string{"a/b;x=1;q=0.1, a/b;y=2;x=1, a/b;q=0.5"}, []string{"a/b", "a/b;x=1", "a/b;x=1;y=2"}, "a/b;x=1;y=2"},
		{"in whatever order", []string{"a/b;y=2;x=1"}, []string{"a/b;x=1; z=3 ;y=2"}, "a/b;x=1; z=3 ;y=2"},
		{"no number of parameters comes before a type", []string{"text/*;a=1;b=2;c=3, text/html;q=0.1, text/plain;q=0.2"}, []string{"text/html;a=1;b=2;c=3", "text/plain"}, "text/plain"},
		{"kinds may have them, too", []string{"text/*;a=1, */*;q=0.1"}, []string{"text/html", "text/html;a=1"}, "text/html;a=1"},
		{"names of parameters in any case", []string{"a/b;Level=1"}, []string{"a/b;lEVEL=1"}, "a/b;lEVEL=1"},
		{"their values as they are", []string{"a/b;v=X"}, []string{"a/b;v=x"}, ""},
		{"but those of charset in any case", []string{`text/html;charset="UTF-8"`}, []string{"text/html; charset=utf-8"}, "text/html; charset=utf-8"},
		{"a parameter twice is there twice", []string{"a/b;x=1;x=2"}, []string{"a/b;x=1", "a/b;x=1;x=2"}, "a/b;x=1;x=2"},
		{"empty parameters do not count", []string{"text/html;;level=1; ;q=0.5;"}, []string{"text/html", "text/html;level=1"}, "text/html;level=1"},
		{"in offers neither", []string{"a/b;x=1"}, []string{"a/b;; x=1"}, "a/b;; x=1"},
		{"q is the weight wherever it stands", []string{"text/html;q=0.1;level=1, text/plain;q=0.2"}, []string{"text/html;level=1", "text/plain"}, "text/plain"},
		{"what follows q is a parameter all the same", []string{"text/html;q=0.1;level=1"}, pages, ""},
		{"an offer with a parameter that is none has none", []string{"a/b;x=1, a/b;q=0.1"}, []string{`a/b;x="1`, "a/b;x", "a/b;=1;x=1", "a/b"}, `a/b;x="1`},

		{"a comma in quotes", []string{`text/html;a=",text/plain,";q=0.1, application/json;q=0`}, []string{"application/json", `text/html;a=",text/plain,"`}, `text/html;a=",text/plain,"`},
		{"a semicolon in quotes", []string{`text/html;a=";q=0;", text/plain;q=0.1`}, []string{"text/plain", `text/html;a=";q=0;"`}, `text/html;a=";q=0;"`},
		{"a quote in quotes", []string{`text/html;a="\",text/plain;b=\""`}, []string{"text/plain", `text/html;a="\",text/plain;b=\""`}, `text/html;a="\",text/plain;b=\""`},
		{"with quotes or without", []string{`a/b;x="1"`}, []string{"a/b;x=1"}, "a/b;x=1"},
		{"with a backslash or without", []string{`a/b;x=ab`}, []string{`a/b;x="\a\b"`}, `a/b;x="\a\b"`},
		{"the value itself is not cut", []string{`a/b;x="a"`}, []string{`a/b;x=ab`, `a/b;x=""`}, ""},
		{"an empty value", []string{`a/b;x=""`}, []string{`a/b;x=1`, `a/b;x=""`}, `a/b;x=""`},
		{"bytes that are not ASCII in quotes", []string{"a/b;x=\"\xff\""}, []string{"a/b;x=\"\xff\""}, "a/b;x=\"\xff\""},

		{"spaces and tabs", []string{" \ttext/plain \t; \tlevel=1\t;\t q=1.000\t ,\t text/html;q=0.5"}, []string{"text/html", "text/plain; level=1"}, "text/plain; level=1"},
		{"empty elements", []string{",, ,text/plain,,"}, pages, "text/plain"},
		{"several lines are one list", []string{"text/html;q=0.1", "", "text/plain;q=0.3", "application/json;q=0.2"}, pages, "text/plain"},
		{"the least weight will do", []string{"text/plain;q=0.001"}, pages, "text/plain"},
		{"a weight may end with its point", []string{"text/plain;q=0., text/html;q=1."}, pages, "text/html"},
		{"zero in all its forms refuses", []string{"text/html;q=0, text/plain;q=0.0, application/json;q=0.000"}, pages, ""},
		{"three decimals tell apart", []string{"text/html;q=0.122, text/plain;q=0.123"}, pages, "text/plain"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok := negotiate.Type(http.Header{"Accept": c.lines}, c.offers...)
			if got != c.want || ok != (c.want != "") {
				t.Errorf("Accept %q of %q: %q, %v, want %q", c.lines, c.offers, got, ok, c.want)
			}
		})
	}
}

// Each of these would choose, or refuse, something else if a part of it counted.
func TestTypeMalformedIsAbsent(t *testing.T) {
	for _, c := range []struct{ name, field string }{
		{"a weight with a comma", "text/html;q=0,5"},
		{"a weight of more than three decimals", "text/plain;q=0.0001"},
		{"a weight of more than three decimals, whatever they are", "text/plain;q=0.5000"},
		{"a weight above 1", "text/plain;q=1.001"},
		{"a weight far above 1", "text/plain;q=2"},
		{"a weight below 0", "text/html;q=-1"},
		{"a weight without its zero, as old Java sends it", "text/plain, *; q=.2, */*; q=.2"},
		{"a weight with an exponent", "text/plain;q=1e0"},
		{"no weight after q", "text/plain;q="},
		{"q alone", "text/plain;q"},
		{"a weight in quotes", `text/plain;q="1"`},
		{"a weight that is a word", "text/plain;q=high"},
		{"a weight twice", "text/plain;q=1;q=1"},
		{"a space before the weight's =", "text/plain;q =1"},
		{"a space after the weight's =", "text/plain;q= 1"},
		{"a star alone", "text/plain, *"},
		{"all kinds of a subtype", "text/plain, */html"},
		{"no subtype", "text/plain, text"},
		{"an empty subtype", "text/plain, text/"},
		{"an empty type", "text/plain, /html"},
		{"two slashes", "text/plain, text/html/x"},
		{"two types without a comma", "text/plain text/html"},
		{"a space around the slash", "text/plain, text / html"},
		{"a parameter without a value", "text/plain, a/b;x"},
		{"a parameter with an empty value", "text/plain, a/b;x="},
		{"a parameter without a name", "text/plain, a/b;=x"},
		{"quotes that do not end", `text/plain, a/b;x="y, text/html;q=0`},
		{"quotes that end in a backslash", `text/plain, a/b;x="y\`},
		{"something behind quotes", `text/plain, a/b;x="y"z`},
		{"a type in quotes", `text/plain, "text/html"`},
		{"a control character in quotes", "text/plain, a/b;x=\"\x01\""},
		{"a control character behind a backslash", "text/plain, a/b;x=\"\\\x7f\""},
		{"bytes that are not ASCII", "text/plain, text/h\xc3\xa4ml"},
		{"a NUL", "text/plain\x00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, lines := range [][]string{{c.field}, {c.field, "text/plain"}, {"text/plain", c.field}} {
				if got, ok := negotiate.Type(http.Header{"Accept": lines}, "text/html", "text/plain"); got != "text/html" || !ok {
					t.Errorf("Accept %q: %q, %v, want the first offer", lines, got, ok)
				}
			}
		})
	}
}

// ranking asks again and again, each time without what was the best.
func ranking(choose func(offers ...string) (string, bool), offers ...string) []string {
	var ranked []string
	offers = slices.Clone(offers)
	for {
		best, ok := choose(offers...)
		if !ok {
			return ranked
		}
		ranked = append(ranked, best)
		offers = slices.DeleteFunc(offers, func(o string) bool { return o == best })
	}
}

// The examples of RFC 9110 §12.5.1. Of its table 5, text/html;level=3 is as corrected by
// erratum 7138.
func TestTypeRanksAsInTheRFC(t *testing.T) {
	for _, c := range []struct {
		name, field  string
		offers, want []string
	}{
		{"audio/basic, else any audio type after an 80 % markdown in quality", "audio/*; q=0.2, audio/basic",
			[]string{"audio/ogg", "audio/basic", "text/html"},
			[]string{"audio/basic", "audio/ogg"}},
		{"text/html and text/x-c equally, else text/x-dvi, else text/plain",
			"text/plain; q=0.5, text/html, text/x-dvi; q=0.8, text/x-c",
			[]string{"text/plain", "text/x-dvi", "text/x-c", "text/html", "image/png"},
			[]string{"text/x-c", "text/html", "text/x-dvi", "text/plain"}},
		{"table 5", "text/*;q=0.3, text/plain;q=0.7, text/plain;format=flowed, text/plain;format=fixed;q=0.4, */*;q=0.5",
			[]string{"text/html;level=3", "text/html", "text/plain;format=fixed", "image/jpeg", "text/plain", "text/plain;format=flowed"},
			[]string{"text/plain;format=flowed", "text/plain", "image/jpeg", "text/plain;format=fixed", "text/html;level=3", "text/html"}},
		{"the table of RFC 7231, which libraries were made for",
			"text/*;q=0.3, text/html;q=0.7, text/html;level=1, text/html;level=2;q=0.4, */*;q=0.5",
			[]string{"text/plain", "text/html;level=2", "image/jpeg", "text/html;level=3", "text/html", "text/html;level=1"},
			[]string{"text/html;level=1", "text/html;level=3", "text/html", "image/jpeg", "text/html;level=2", "text/plain"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := http.Header{"Accept": {c.field}}
			got := ranking(func(offers ...string) (string, bool) { return negotiate.Type(h, offers...) }, c.offers...)
			if !slices.Equal(got, c.want) {
				t.Errorf("Accept %q:\n got %q\nwant %q", c.field, got, c.want)
			}
		})
	}
}

// The four ranges of RFC 9110 §12.5.1 in their order of precedence, whatever their order in
// the field.
func TestTypePrecedence(t *testing.T) {
	ranges := []string{"text/plain;format=flowed;q=0.1", "text/plain;q=0.2", "text/*;q=0.3", "*/*;q=0.4"}
	want := []string{"image/png", "text/html", "text/plain", "text/plain;format=flowed"}
	permute(ranges, func(lines []string) {
		h := http.Header{"Accept": lines}
		got := ranking(func(offers ...string) (string, bool) { return negotiate.Type(h, offers...) }, want...)
		if !slices.Equal(got, want) {
			t.Errorf("Accept %q: %q, want %q", lines, got, want)
		}
	})
}

// permute calls f with every order of s.
func permute(s []string, f func([]string)) {
	var rest func(n int)
	rest = func(n int) {
		if n == len(s) {
			f(s)
			return
		}
		for i := n; i < len(s); i++ {
			s[n], s[i] = s[i], s[n]
			rest(n + 1)
			s[n], s[i] = s[i], s[n]
		}
	}
	rest(0)
}
