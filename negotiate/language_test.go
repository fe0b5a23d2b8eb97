package negotiate_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/weirhttp/weir/negotiate"
)

func TestLanguage(t *testing.T) {
	site := []string{"en", "de", "fr"}
	for _, c := range []struct {
		name   string
		lines  []string
		offers []string
		want   string // "" for none
	}{
		{"no field: the server's own preference", nil, site, "en"},
		{"an empty field says as little", []string{", "}, site, "en"},
		{"no offers", []string{"de"}, nil, ""},
		{"no offers and a star", []string{"*"}, nil, ""},
		{"no field and no offers", nil, nil, ""},
		{"one that is named", []string{"de"}, site, "de"},
		{"in any case", []string{"DE"}, []string{"en", "dE"}, "dE"},
		{"none that is named", []string{"da, nl;q=0.5"}, site, ""},
		{"the example of RFC 9110 §12.5.4", []string{"da, en-gb;q=0.8, en;q=0.7"}, []string{"en", "en-GB"}, "en-GB"},
		{"the same, where there is Danish", []string{"da, en-gb;q=0.8, en;q=0.7"}, []string{"en", "en-GB", "da"}, "da"},
		{"what a browser sends", []string{"de-CH,de;q=0.9,en-US;q=0.8,en;q=0.7"}, site, "de"},
		{"Breton, then French: the client's order, not the server's (RFC 4647 §2.3)", []string{"br, fr, en"}, site, "fr"},
		{"weights come before the order", []string{"fr;q=0.5, en;q=0.4, de;q=0.6"}, site, "de"},
		{"the country is dropped", []string{"de-CH"}, site, "de"},
		{"a country is dropped before the next language", []string{"de-CH, en;q=0.9"}, site, "de"},
		{"but only when its turn has come", []string{"de-CH;q=0.8, en;q=0.9"}, site, "en"},
		{"the longest that is left", []string{"zh-Hant-TW"}, []string{"zh", "zh-Hant", "zh-TW"}, "zh-Hant"},
		{"a letter at the end is dropped only from what is longer", []string{"zh-x, en;q=0.5"}, []string{"en", "zh-x"}, "zh-x"},
		{"a part of a subtag is no subtag", []string{"den, d, frx"}, site, ""},
		{"only a longer one", []string{"de"}, []string{"en", "de-AT", "de-CH"}, "de-AT"},
		{"a longer one is what remains, after all that the client names", []string{"de, en;q=0.1"}, []string{"en", "de-AT"}, "en"},
		{"of longer ones, by weight", []string{"de;q=0.1, fr;q=0.2"}, []string{"en", "de-AT", "fr-CA"}, "fr-CA"},
		{"of longer ones, by the client's order", []string{"fr, de"}, []string{"en", "de-AT", "fr-CA"}, "fr-CA"},
		{"a sister is not acceptable", []string{"en-GB"}, []string{"en-US"}, ""},

		{"anything", []string{"*"}, site, "en"},
		{"anything, refused", []string{"*;q=0"}, site, ""},
		{"anything else, when nothing is found", []string{"nl, *;q=0.1"}, site, "en"},
		{"the star is skipped for what is named (RFC 4647 §3.4)", []string{"*, de;q=0.1"}, site, "de"},
		{"anything but", []string{"*, en;q=0"}, site, "de"},
		{"anything but, with its countries", []string{"en;q=0, *;q=0.5"}, []string{"en-US", "en", "fr"}, "fr"},
		{"a country refused, the language not", []string{"en-US;q=0, en"}, []string{"en-US", "en-GB"}, "en-GB"},
		{"the language refused, a country not", []string{"en-US, en;q=0"}, []string{"en", "en-US"}, "en-US"},
		{"what is refused is not found for a country", []string{"en-US, en;q=0"}, []string{"en"}, ""},
		{"a refusal of all else does not forbid the lookup", []string{"en-US, *;q=0"}, []string{"fr", "en"}, "en"},
		{"of a language named twice the first counts", []string{"de;q=0, de, fr;q=0.1"}, site, "fr"},

		{"several lines are one list", []string{"de;q=0.2", "fr;q=0.3"}, site, "fr"},
		{"empty elements, spaces and tabs", []string{",, \tde ; q=0.5\t,,"}, site, "de"},
		{"q in any case", []string{"en;Q=0.1, de"}, site, "de"},
		{"malformed: an underscore", []string{"de, de_DE;q=0.5"}, site, "en"},
		{"malformed: a weight with a comma", []string{"de, fr;q=0,4"}, site, "en"},
		{"malformed: a weight with four decimals", []string{"de;q=0.1234"}, site, "en"},
		{"malformed: nine letters", []string{"de, abcdefghi"}, site, "en"},
		{"malformed: a digit first", []string{"de, 1x"}, site, "en"},
		{"malformed: an empty subtag", []string{"de, de--CH"}, site, "en"},
		{"malformed: an empty subtag at the end", []string{"de, de-"}, site, "en"},
		{"malformed: an extended range", []string{"de, de-*-DE"}, site, "en"},
		{"malformed: a point", []string{"de, de_DE.UTF-8"}, site, "en"},
		{"malformed: a parameter", []string{"de;level=1"}, site, "en"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok := negotiate.Language(http.Header{"Accept-Language": c.lines}, c.offers...)
			if got != c.want || ok != (c.want != "") {
				t.Errorf("Accept-Language %q of %q: %q, %v, want %q", c.lines, c.offers, got, ok, c.want)
			}
		})
	}
}

// The fallback pattern of RFC 4647 §3.4, step by step: what is found when the better ones
// are not offered. zh-Hant-CN-x would be next, but x does not stand alone.
func TestLanguageFallsBackAsInRFC4647(t *testing.T) {
	h := http.Header{"Accept-Language": {"zh-Hant-CN-x-private1-private2"}}
	offers := []string{"en", "zh", "zh-Hant-CN-x", "zh-Hant", "zh-Hant-CN-x-private1-private2", "zh-CN", "zh-Hant-CN", "zh-Hant-CN-x-private1"}
	want := []string{"zh-Hant-CN-x-private1-private2", "zh-Hant-CN-x-private1", "zh-Hant-CN", "zh-Hant", "zh"}
	got := ranking(func(offers ...string) (string, bool) { return negotiate.Language(h, offers...) }, offers...)
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// The example of RFC 4647 §3.4.1: fr-FR, fr, zh-Hant, zh, and then the default.
func TestLanguageGoesThroughThePriorityList(t *testing.T) {
	h := http.Header{"Accept-Language": {"fr-FR, zh-Hant"}}
	got := ranking(func(offers ...string) (string, bool) { return negotiate.Language(h, offers...) },
		"ja-JP", "zh", "zh-Hant", "fr", "fr-FR")
	if want := []string{"fr-FR", "fr", "zh-Hant", "zh"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestLanguages(t *testing.T) {
	for _, c := range []struct{ name, field, offers, want string }{
		{"a range matches itself and what is more specific (RFC 4647 §3.3.1)", "de-de", "de-DE-1996 de-Deva de-Latn-DE de-DE de", "de-DE-1996 de-DE"},
		{"and in any case", "DE", "en dE-at de", "dE-at de"},
		{"not what only begins alike", "d, e", "de en", ""},
		{"not what is less specific", "de-CH", "de de-CH-1996 de-DE", "de-CH-1996"},
		{"by weight", "en;q=0.5, de, fr;q=0.7", "en fr de en-GB", "de fr en en-GB"},
		{"of equal weight, by the client's order, then the server's", "fr, de", "de-AT de fr-CA fr", "fr-CA fr de-AT de"},
		{"the longest range counts", "en;q=0.9, en-GB;q=0.1, de;q=0.5", "en-GB en en-US de", "en en-US de en-GB"},
		{"the star is for the rest", "de, *;q=0.1, fr;q=0", "en fr-CA de-AT nl", "de-AT en nl"},
		{"the star may be liked best", "de;q=0.1, *", "de en", "en de"},
		{"a star refused", "de, *;q=0", "en de", "de"},
		{"refused", "en;q=0, en-GB", "en en-US en-GB", "en-GB"},
		{"anything", "*", "de en", "de en"},
		{"nothing", "*;q=0", "de en", ""},
		{"an empty list says nothing", " , ", "de en", "de en"},
		{"a malformed list says nothing", "en, de_DE", "de en", "de en"},
		{"no offers", "en", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := http.Header{"Accept-Language": {c.field}}
			if got := strings.Join(negotiate.Languages(h, strings.Fields(c.offers)...), " "); got != c.want {
				t.Errorf("Accept-Language %q of %s: %s, want %s", c.field, c.offers, got, c.want)
			}
		})
	}
}

func TestLanguagesAreTheCallersToKeep(t *testing.T) {
	offers := []string{"de", "en"}
	negotiate.Languages(http.Header{}, offers...)[0] = "fr"
	if offers[0] != "de" {
		t.Error("without a field the result is the slice of the offers itself")
	}
}
