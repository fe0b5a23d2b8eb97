package negotiate_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/weirhttp/weir/negotiate"
)

func TestEncoding(t *testing.T) {
	all := []string{"br", "gzip", "identity"}
	coded := []string{"br", "gzip"}
	for _, c := range []struct {
		name   string
		lines  []string
		offers []string
		want   string // "" for none
	}{
		{"no field: identity, though anything is acceptable", nil, all, "identity"},
		{"no field, and no identity: anything", nil, coded, "br"},
		{"no field and no offers", nil, nil, ""},
		{"an empty field: no coding", []string{""}, all, "identity"},
		{"an empty field, and no identity", []string{""}, coded, ""},
		{"empty elements are as good as none", []string{",\t, "}, coded, ""},
		{"no offers", []string{"gzip"}, nil, ""},
		{"one that is named", []string{"gzip"}, all, "gzip"},
		{"none that is named: identity", []string{"deflate"}, all, "identity"},
		{"none that is named, and no identity", []string{"deflate"}, coded, ""},
		{"what browsers send", []string{"gzip, deflate, br, zstd"}, all, "br"},
		{"weights come before the server's order", []string{"br;q=0.5, gzip;q=0.6"}, all, "gzip"},
		{"identity that is not named comes last, also where it is the first offer", []string{"gzip;q=0.1"}, []string{"identity", "gzip"}, "gzip"},
		{"identity that is named counts", []string{"identity, gzip;q=0.5"}, all, "identity"},
		{"identity that is liked as much: the server's order", []string{"identity;q=0.5, gzip;q=0.5"}, all, "gzip"},
		{"identity by the star", []string{"gzip;q=0.5, br;q=0.5, *"}, all, "identity"},
		{"the star is for what is not named", []string{"br;q=0.1, *;q=0.5"}, all, "gzip"},
		{"anything", []string{"*"}, all, "br"},
		{"a coding refused", []string{"br;q=0, gzip;q=0.000"}, all, "identity"},
		{"all refused but identity", []string{"*;q=0, identity;q=0.1"}, all, "identity"},
		{"all refused", []string{"*;q=0"}, all, ""},
		{"identity refused", []string{"identity;q=0"}, all, ""},
		{"identity refused, but a coding", []string{"identity;q=0, gzip;q=0.001"}, all, "gzip"},
		{"identity and all else refused", []string{"identity;q=0, *;q=0"}, all, ""},
		{"identity refused, anything else", []string{"identity;q=0, *"}, all, "br"},
		{"all but gzip refused", []string{"gzip, *;q=0"}, all, "gzip"},
		{"identity in any case", []string{"IDENTITY;Q=0"}, []string{"Identity"}, ""},
		{"names in any case", []string{"GZip"}, []string{"gzIP"}, "gzIP"},
		{"x-gzip is gzip", []string{"X-GZip"}, all, "gzip"},
		{"gzip is not x-gzip, which nobody should send", []string{"gzip"}, []string{"x-gzip"}, ""},
		{"x-compress is compress", []string{"x-compress"}, []string{"compress"}, "compress"},
		{"x-br is not br", []string{"x-br, x-gzipp, gzi, x-"}, coded, ""},
		{"of a coding named twice the first counts", []string{"x-gzip;q=0, gzip"}, []string{"gzip"}, ""},
		{"of two stars the first counts", []string{"*;q=0, *"}, []string{"gzip"}, ""},
		{"several lines are one list", []string{"br;q=0.1", "deflate", "gzip;q=0.2"}, all, "gzip"},
		{"spaces and tabs", []string{"\t gzip\t ; \tq=0.5 ,br;q=0.2 "}, all, "gzip"},

		{"a weight with a comma is well formed: 5 is a name", []string{"br;q=0,5, gzip"}, all, "gzip"},
		{"malformed: without identity it is as absent", []string{"gzip;q=2"}, coded, "br"},
		{"malformed: too many decimals", []string{"gzip;q=0.0001"}, all, "identity"},
		{"malformed: another parameter", []string{"gzip;level=9"}, all, "identity"},
		{"malformed: something behind the weight", []string{"gzip;q=1;level=9"}, all, "identity"},
		{"malformed: an empty weight", []string{"gzip;"}, all, "identity"},
		{"malformed: a name that is no token", []string{"gzip, b\"r\""}, all, "identity"},
		{"malformed: no name", []string{"gzip, ;q=1"}, all, "identity"},
		{"malformed: no comma", []string{"gzip br"}, all, "identity"},
		{"malformed: refusals do not count either", []string{"*;q=0, ;"}, all, "identity"},
		{"malformed: one line spoils the others", []string{"gzip", "="}, all, "identity"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok := negotiate.Encoding(http.Header{"Accept-Encoding": c.lines}, c.offers...)
			if got != c.want || ok != (c.want != "") {
				t.Errorf("Accept-Encoding %q of %q: %q, %v, want %q", c.lines, c.offers, got, ok, c.want)
			}
		})
	}
}

// The examples of RFC 9110 §12.5.3.
func TestEncodingRanksAsInTheRFC(t *testing.T) {
	for field, want := range map[string][]string{
		"compress, gzip":                      {"gzip", "compress", "identity"},
		"":                                    {"identity"},
		"*":                                   {"br", "gzip", "compress", "identity"},
		"compress;q=0.5, gzip;q=1.0":          {"gzip", "compress", "identity"},
		"gzip;q=1.0, identity; q=0.5, *;q=0":  {"gzip", "identity"},
		"gzip;q=1.0, identity;q=0.5, *;q=0.1": {"gzip", "identity", "br", "compress"},
	} {
		h := http.Header{"Accept-Encoding": {field}}
		got := ranking(func(offers ...string) (string, bool) { return negotiate.Encoding(h, offers...) },
			"br", "gzip", "compress", "identity")
		if !slices.Equal(got, want) {
			t.Errorf("Accept-Encoding %q: %q, want %q", field, got, want)
		}
	}
}
