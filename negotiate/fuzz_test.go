package negotiate_test

import (
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/weirhttp/weir/negotiate"
)

// law is what a function of the package is held to, whatever a client writes.
type law struct {
	field     string
	choose    func(h http.Header, offers ...string) (string, bool)
	reference func(lines, offers []string) string
	offers    []string
	pieces    string // of which random fields are made, separated by spaces
}

var laws = map[string]law{
	"Type": {"Accept", negotiate.Type, typeByTheBook,
		[]string{"text/html;level=1", "text/html", "application/json; charset=utf-8", `text/plain;a="x,\y;";level=2`, "text/h"},
		`text/html text/* */* text/plain application/json */html text/h* ;level=1 ;level="1" ;charset="UTF-8" ;a="x,y;" ;a="x,\y;" ;LEVEL=2 ;a=x " \ / ;`},
	"Encoding": {"Accept-Encoding", negotiate.Encoding, encodingByTheBook,
		[]string{"br", "gzip", "compress", "identity"},
		"gzip GZIP x-gzip br * deflate identity x-compress compress ; ;level=1"},
	"Encoding without identity": {"Accept-Encoding", negotiate.Encoding, encodingByTheBook,
		[]string{"gzip", "br"},
		"gzip x-gzip br * identity"},
	"Charset": {"Accept-Charset", negotiate.Charset, charsetByTheBook,
		[]string{"utf-8", "iso-8859-1"},
		"utf-8 UTF-8 iso-8859-1 * koi8-r ;"},
	"Language": {"Accept-Language", negotiate.Language, languageByTheBook,
		[]string{"en", "de-CH", "zh-Hant", "zh-Hant-CN-x", "zh", "en-GB", "de-CH-1996"},
		"en EN en-US de de-CH zh-Hant-CN-x-a zh zh-hant en-GB-x fr * -x -1 _ ;"},
}

// check holds a function to its law with these lines.
func (l law) check(t *testing.T, lines []string) {
	t.Helper()
	got, ok := l.choose(http.Header{l.field: lines}, l.offers...)
	if want := l.reference(lines, l.offers); got != want || ok != (want != "") {
		t.Fatalf("%s %q of %q: %q, %v, want %q", l.field, lines, l.offers, got, ok, want)
	}
	if ok != slices.Contains(l.offers, got) {
		t.Fatalf("%s %q: %q, %v is none of %q", l.field, lines, got, ok, l.offers)
	}
	joined := strings.Join(lines, ",")
	if len(lines) == 0 || strings.Contains(joined, `"`) { // which would quote the comma
		return
	}
	if again, _ := l.choose(http.Header{l.field: {joined}}, l.offers...); again != got {
		t.Fatalf("%s %q: %q, but %q as one line", l.field, lines, got, again)
	}
}

func checkLanguages(t *testing.T, lines []string) {
	t.Helper()
	offers := laws["Language"].offers
	got := negotiate.Languages(http.Header{"Accept-Language": lines}, offers...)
	if want := languagesByTheBook(lines, offers); !slices.Equal(got, want) {
		t.Fatalf("Accept-Language %q of %q: %q, want %q", lines, offers, got, want)
	}
}

func TestTheChoiceIsThatOfTheRFC(t *testing.T) {
	common := strings.Split(";q=0|;q=1|;q=0.5|; q=0.25|;Q=1.000|;q=0.001|;q=|;q=2|,|,|,|,|, | |\t", "|")
	for name, l := range laws {
		t.Run(name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(9110, 4647))
			pieces := append(strings.Fields(l.pieces), common...)
			for range 20_000 {
				lines := make([]string, rng.IntN(3))
				for i := range lines {
					var b strings.Builder
					for range rng.IntN(10) {
						b.WriteString(pieces[rng.IntN(len(pieces))])
					}
					lines[i] = b.String()
				}
				l.check(t, lines)
				if name == "Language" {
					checkLanguages(t, lines)
				}
			}
		})
	}
}

// The order of a field says nothing where no element is there twice. In Accept-Language it
// tells apart what is liked equally, so that here all weights differ.
func TestTheOrderOfAFieldSaysNothing(t *testing.T) {
	for name, elements := range map[string][]string{
		"Type":     {"text/*;q=0.3", "text/html;q=0", "text/html;level=1;q=0.2", "*/*;q=0.1", "application/json;q=0.3"},
		"Encoding": {"gzip;q=0.5", "br;q=0.5", "*;q=0.4", "identity;q=0.1", "deflate"},
		"Charset":  {"utf-8;q=0.5", "iso-8859-1;q=0.5", "*;q=0", "koi8-r"},
		"Language": {"en;q=0", "en-GB;q=0.3", "de-CH-1996;q=0.6", "*;q=0.1", "fr"},
	} {
		t.Run(name, func(t *testing.T) {
			l := laws[name]
			h := http.Header{l.field: slices.Clone(elements)}
			rank := func(h http.Header) []string {
				return ranking(func(offers ...string) (string, bool) { return l.choose(h, offers...) }, l.offers...)
			}
			ranked, languages := rank(h), negotiate.Languages(h, l.offers...)
			if len(ranked) < 2 {
				t.Fatalf("%q: no order to speak of: %q", elements, ranked)
			}
			permute(elements, func(lines []string) {
				permuted := http.Header{l.field: lines}
				if got := rank(permuted); !slices.Equal(got, ranked) {
					t.Errorf("%q, but %q for %q", ranked, got, lines)
				}
				if got := negotiate.Languages(permuted, l.offers...); !slices.Equal(got, languages) {
					t.Errorf("Languages: %q, but %q for %q", languages, got, lines)
				}
			})
		})
	}
}

// fuzz fuzzes with two lines of a field, and one offer more.
func fuzz(f *testing.F, name string, seeds ...string) {
	l := laws[name]
	for _, seed := range seeds {
		f.Add(seed, "", "")
		f.Add(l.offers[1]+";q=0.2", seed, l.offers[0])
	}
	f.Fuzz(func(t *testing.T, first, second, offer string) {
		lines := []string{first, second}
		l.check(t, lines)
		if name == "Language" {
			checkLanguages(t, lines)
		}
		offers := append([]string{offer}, l.offers...)
		if got, ok := l.choose(http.Header{l.field: lines}, offers...); ok && !slices.Contains(offers, got) || !ok && got != "" {
			t.Errorf("%s %q of %q: %q, %v", l.field, lines, offers, got, ok)
		}
	})
}

func FuzzType(f *testing.F) {
	fuzz(f, "Type", "", "text/*;q=0.3, text/html;level=1, */*;q=0.01", `text/plain;a="x,\y;";q=0`, "*; q=.2, */*; q=.2",
		`a/b;x="`, `a/b;x="\`, "text/html;q=0.5;level=1", ";;,,")
}

func FuzzEncoding(f *testing.F) {
	fuzz(f, "Encoding", "", "gzip, deflate, br, zstd", "*;q=0", "identity;q=0, *;q=0", "x-gzip;Q=1.000", "gzip;q=1.001,;,=,br;q=0.")
}

func FuzzCharset(f *testing.F) {
	fuzz(f, "Charset", "", "utf-8, iso-8859-1;q=0.5", "*;q=0", "*, utf-8;q=0", ", ,utf-8;q=0.1234")
}

func FuzzLanguage(f *testing.F) {
	fuzz(f, "Language", "", "de-CH,de;q=0.9,en-US;q=0.8,en;q=0.7", "*;q=0.1, en;q=0", "zh-Hant-CN-x-private1-private2", "de_DE, x-, -", "en-GB, en;q=0")
}
