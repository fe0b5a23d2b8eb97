package negotiate_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/weirhttp/weir/negotiate"
)

// choosers are the functions of the package that choose, with offers for each.
var choosers = []struct {
	field  string
	choose func(h http.Header, offers ...string) (string, bool)
	offers []string
}{
	{"Accept", negotiate.Type, []string{"text/html", "application/json;version=2", "text/plain; charset=utf-8"}},
	{"Accept-Encoding", negotiate.Encoding, []string{"zstd", "br", "gzip", "identity"}},
	{"Accept-Language", negotiate.Language, []string{"en", "de-CH", "zh-Hant"}},
	{"Accept-Charset", negotiate.Charset, []string{"utf-8", "iso-8859-1"}},
}

// hostile are pieces of which a long field is made.
var hostile = map[string]string{
	"commas":              ",",
	"semicolons":          ";",
	"spaces":              " ",
	"one name":            "a",
	"one long language":   "a-",
	"slashes":             "/",
	"quotes":              `"`,
	"backslashes":         `\`,
	"stars":               "*;q=0.1,",
	"all types":           "*/*;q=0.1,",
	"names":               "gzip;q=0,",
	"languages":           "zh-Hant-CN-x-a-b-c-d-e;q=0.1,",
	"weights":             "q=0.",
	"empty parameters":    "a/b" + strings.Repeat(";", 1000) + ",",
	"parameters":          "application/json" + strings.Repeat(";version=1", 1000) + ",",
	"matching parameters": "application/json" + strings.Repeat(";version=2", 1000) + ",",
	"escapes":             `application/json;version="` + strings.Repeat(`\2`, 1000) + `",`,
	"open quotes":         `a/b;c="d,`,
	"control characters":  "\x00,",
}

// A quadratic parser would not come back from these within the time that a test has.
func TestTheTimeIsLinear(t *testing.T) {
	const size = 1 << 20
	for _, c := range choosers {
		for name, piece := range hostile {
			t.Run(c.field+" of "+name, func(t *testing.T) {
				long := strings.Repeat(piece, size/len(piece))
				c.choose(http.Header{c.field: {long}}, c.offers...)
				c.choose(http.Header{c.field: {"x/x;x=", long}}, c.offers...)
			})
		}
		t.Run(c.field+" of many lines", func(t *testing.T) {
			c.choose(http.Header{c.field: make([]string, size)}, c.offers...)
		})
	}
}

func TestNothingIsAllocated(t *testing.T) {
	for _, c := range choosers {
		fields := map[string]string{"nothing": "", "the offers": strings.Join(c.offers, ", "), "stars": "*, */*"}
		for name, piece := range hostile {
			fields[name] = strings.Repeat(piece, 64<<10/len(piece))
		}
		for name, value := range fields {
			h := http.Header{c.field: {value}}
			if n := testing.AllocsPerRun(2, func() { c.choose(h, c.offers...) }); n != 0 {
				t.Errorf("%s of %s: %v allocations", c.field, name, n)
			}
		}
		many := make([]string, 40)
		for i := range many {
			many[i] = c.offers[i%len(c.offers)]
		}
		h := http.Header{c.field: {strings.Join(many, ", ")}}
		if n := testing.AllocsPerRun(10, func() { c.choose(h, many[:16]...) }); n != 0 {
			t.Errorf("%s with 16 offers: %v allocations", c.field, n)
		}
		if n := testing.AllocsPerRun(10, func() { c.choose(h, many...) }); n > 1 {
			t.Errorf("%s with 40 offers: %v allocations", c.field, n)
		}
	}
	h := http.Header{"Accept-Language": {"de, en;q=0.5, *;q=0.1"}}
	if n := testing.AllocsPerRun(10, func() { negotiate.Languages(h, "en", "de", "fr") }); n > 1 {
		t.Errorf("Languages: %v allocations, want that of its result", n)
	}
}
