package bench_test

import (
	"fmt"
	"net/http"
	"testing"
)

// TestNegotiateFaults logs what the libraries make of fields that RFC 9110 and RFC 4647 are
// clear about. Weir's own answers have to be the right ones.
func TestNegotiateFaults(t *testing.T) {
	for _, c := range []struct {
		field, name string
		lines       []string
		offers      []string
		want        string
	}{
		{"Accept", "a weight of 0 refuses", []string{"text/html;q=0"}, []string{"text/html"}, ""},
		{"Accept", "a weight of 0.000 refuses", []string{"text/html;q=0.000"}, []string{"text/html"}, ""},
		{"Accept", "everything is refused", []string{"*/*;q=0"}, []string{"text/html"}, ""},
		{"Accept", "a type refused, its kind not", []string{"text/*, text/html;q=0"}, []string{"text/html", "text/plain"}, "text/plain"},
		{"Accept", "a type refused, anything else not", []string{"*/*, text/html;q=0"}, []string{"text/html", "text/plain"}, "text/plain"},
		{"Accept", "weights come before the server's order", []string{"text/html;q=0.1, text/plain;q=0.2"}, []string{"text/html", "text/plain"}, "text/plain"},
		{"Accept", "the specific range counts, not the liked one", []string{"text/*;q=0.9, text/html;q=0.1"}, []string{"text/html", "text/plain"}, "text/plain"},
		{"Accept", "RFC 9110's table 5: jpeg before html", []string{"text/*;q=0.3, text/plain;q=0.7, text/plain;format=flowed, text/plain;format=fixed;q=0.4, */*;q=0.5"},
			[]string{"text/html", "image/jpeg"}, "image/jpeg"},
		{"Accept", "a parameter that the offer has not", []string{"text/html;level=1"}, []string{"text/html"}, ""},
		{"Accept", "a parameter that one offer has", []string{"text/html;level=1"}, []string{"text/html", "text/html;level=1"}, "text/html;level=1"},
		{"Accept", "a parameter is more specific", []string{"text/html;level=1;q=0.1, text/html"}, []string{"text/html;level=1", "text/html"}, "text/html"},
		{"Accept", "parameters in another order", []string{"a/b;x=1;y=2"}, []string{"a/b;y=2;x=1"}, "a/b;y=2;x=1"},
		{"Accept", "a comma in quotes", []string{`text/html;a=",text/plain,";q=0.1`}, []string{"text/plain"}, ""},
		{"Accept", "a semicolon in quotes", []string{`text/html;a=";q=0;"`}, []string{`text/html;a=";q=0;"`}, `text/html;a=";q=0;"`},
		{"Accept", "types in any case", []string{"TEXT/Html"}, []string{"text/html"}, "text/html"},
		{"Accept", "Q in upper case", []string{"text/html;Q=0"}, []string{"text/html"}, ""},
		{"Accept", "tabs and spaces", []string{"text/html\t;\tq=0.1 , text/plain ; q=0.2"}, []string{"text/html", "text/plain"}, "text/plain"},
		{"Accept", "empty elements", []string{",, ,text/html,"}, []string{"text/html"}, "text/html"},
		{"Accept", "two lines are one list", []string{"image/png", "text/html"}, []string{"text/html"}, "text/html"},
		{"Accept", "a part of a name is not the name", []string{"text/htm"}, []string{"text/html"}, ""},
		{"Accept", "a star inside of a name is no wildcard", []string{"text/h*"}, []string{"text/html"}, ""},

		{"Accept-Encoding", "a weight of 0 refuses", []string{"gzip;q=0"}, []string{"gzip", "identity"}, "identity"},
		{"Accept-Encoding", "the star is not for what is named", []string{"br;q=0, *"}, []string{"br", "gzip", "identity"}, "gzip"},
		{"Accept-Encoding", "all else refused", []string{"gzip, *;q=0"}, []string{"br", "gzip", "identity"}, "gzip"},
		{"Accept-Encoding", "identity refused: a coding", []string{"identity;q=0, gzip;q=0.5"}, []string{"identity", "gzip"}, "gzip"},
		{"Accept-Encoding", "all refused", []string{"identity;q=0, *;q=0"}, []string{"gzip", "identity"}, ""},
		{"Accept-Encoding", "identity is liked more", []string{"identity, gzip;q=0.5"}, []string{"gzip", "identity"}, "identity"},
		{"Accept-Encoding", "codings in any case", []string{"GZip"}, []string{"gzip", "identity"}, "gzip"},
		{"Accept-Encoding", "x-gzip is gzip", []string{"x-gzip"}, []string{"gzip", "identity"}, "gzip"},
		{"Accept-Encoding", "an empty field: no coding", []string{""}, []string{"gzip", "identity"}, "identity"},

		{"Accept-Language", "the country is dropped", []string{"de-CH"}, []string{"en", "de"}, "de"},
		{"Accept-Language", "RFC 9110's example", []string{"da, en-gb;q=0.8, en;q=0.7"}, []string{"en", "en-GB"}, "en-GB"},
		{"Accept-Language", "a language refused", []string{"*, en;q=0"}, []string{"en", "de"}, "de"},
		{"Accept-Language", "a country refused", []string{"en, en-US;q=0"}, []string{"en-US", "en-GB"}, "en-GB"},
		{"Accept-Language", "weights come before the order", []string{"de;q=0.1, fr;q=0.2"}, []string{"de", "fr"}, "fr"},
		{"Accept-Language", "two lines are one list", []string{"da", "de"}, []string{"en", "de"}, "de"},
	} {
		for _, n := range negotiators[c.field] {
			r := get("/")
			r.Header[c.field] = c.lines
			if c.lines == nil {
				delete(r.Header, c.field)
			}
			got := outcome(n.make, r, c.offers)
			switch {
			case got == c.want:
			case n.lib == "weir":
				t.Errorf("%s: %s: %q of %q: weir chooses %q, not %q", c.field, c.name, c.lines, c.offers, got, c.want)
			default:
				t.Logf("| %s | %s | `%s` | %s | `%s` | `%s` |", c.field, c.name, c.lines, n.lib, got, c.want)
			}
		}
	}
}

// outcome is what a library chooses, or how it panics.
func outcome(make func(...string) negotiator, r *http.Request, offers []string) (got string) {
	defer func() {
		if v := recover(); v != nil {
			got = fmt.Sprint("panic: ", v)
		}
	}()
	return make(offers...)(r)
}
