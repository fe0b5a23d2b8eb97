package bench_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/elnormous/contenttype"
	"github.com/gin-gonic/gin"
	"github.com/golang/gddo/httputil"
	"github.com/munnerz/goautoneg"
	"golang.org/x/text/language"

	"github.com/weirhttp/weir/negotiate"
)

// negotiator chooses one of the offers that it was made with, "" for none.
type negotiator func(r *http.Request) string

// negotiators choose by the field of the map. What a library can prepare once for its
// offers is prepared.
var negotiators = map[string][]struct {
	lib  string
	make func(offers ...string) negotiator
}{
	"Accept": {
		{"weir", func(offers ...string) negotiator {
			return func(r *http.Request) string { best, _ := negotiate.Type(r.Header, offers...); return best }
		}},
		{"contenttype", negotiateContenttype},
		{"goautoneg", func(offers ...string) negotiator {
			return func(r *http.Request) string { return goautoneg.Negotiate(r.Header.Get("Accept"), offers) }
		}},
		{"gddo", func(offers ...string) negotiator {
			return func(r *http.Request) string { return httputil.NegotiateContentType(r, offers, "") }
		}},
		{"gin", negotiateGin},
	},
	"Accept-Encoding": {
		{"weir", func(offers ...string) negotiator {
			return func(r *http.Request) string { best, _ := negotiate.Encoding(r.Header, offers...); return best }
		}},
		{"gddo", func(offers ...string) negotiator {
			return func(r *http.Request) string { return httputil.NegotiateContentEncoding(r, offers) }
		}},
	},
	"Accept-Language": {
		{"weir", func(offers ...string) negotiator {
			return func(r *http.Request) string { best, _ := negotiate.Language(r.Header, offers...); return best }
		}},
		{"x-text", negotiateText},
	},
	"Accept-Charset": {
		{"weir", func(offers ...string) negotiator {
			return func(r *http.Request) string { best, _ := negotiate.Charset(r.Header, offers...); return best }
		}},
	},
}

func negotiateContenttype(offers ...string) negotiator {
	var types []contenttype.MediaType
	names := make(map[string]string)
	for _, offer := range offers {
		mt := contenttype.NewMediaType(offer)
		types = append(types, mt)
		names[mt.String()] = offer
	}
	return func(r *http.Request) string {
		mt, _, err := contenttype.GetAcceptableMediaType(r, types)
		if err != nil {
			return ""
		}
		if len(mt.Parameters) == 0 {
			return mt.Type + "/" + mt.Subtype
		}
		return names[mt.String()]
	}
}

func negotiateGin(offers ...string) negotiator {
	c := new(gin.Context)
	return func(r *http.Request) string {
		c.Request, c.Accepted = r, nil
		return c.NegotiateFormat(offers...)
	}
}

func negotiateText(offers ...string) negotiator {
	var tags []language.Tag
	for _, offer := range offers {
		tags = append(tags, language.MustParse(offer))
	}
	m := language.NewMatcher(tags)
	return func(r *http.Request) string {
		_, i := language.MatchStrings(m, r.Header["Accept-Language"]...)
		return offers[i]
	}
}

// BenchmarkNegotiate chooses by what a browser and a program send, and by 32 and 64 KiB of
// what an attacker might. A field that is twice as long may take twice as long.
func BenchmarkNegotiate(b *testing.B) {
	types := []string{"text/html", "application/json", "text/plain"}
	codings := []string{"zstd", "br", "gzip", "identity"}
	languages := []string{"en", "de", "fr"}
	long := func(element string, kib int, last string) string {
		return strings.Repeat(element, kib<<10/len(element)) + last
	}
	for _, c := range []struct {
		field, name, value string
		offers             []string
		want               string
	}{
		{"Accept", "browser", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8," +
			"application/signed-exchange;v=b3;q=0.7", types, "text/html"},
		{"Accept", "program", "application/json", types, "application/json"},
		{"Accept", "32KiB", long("a/b;c=d;q=0.1, ", 32, "application/json"), types, "application/json"},
		{"Accept", "64KiB", long("a/b;c=d;q=0.1, ", 64, "application/json"), types, "application/json"},
		{"Accept-Encoding", "browser", "gzip, deflate, br, zstd", codings, "zstd"},
		{"Accept-Encoding", "program", "gzip", codings, "gzip"},
		{"Accept-Encoding", "32KiB", long("deflate;q=0.1, ", 32, "gzip"), codings, "gzip"},
		{"Accept-Encoding", "64KiB", long("deflate;q=0.1, ", 64, "gzip"), codings, "gzip"},
		{"Accept-Language", "browser", "de-CH,de;q=0.9,en-US;q=0.8,en;q=0.7", languages, "de"},
		{"Accept-Language", "32KiB", long("nl-BE;q=0.1, ", 32, "de"), languages, "de"},
		{"Accept-Language", "64KiB", long("nl-BE;q=0.1, ", 64, "de"), languages, "de"},
		{"Accept-Charset", "browser", "ISO-8859-1,utf-8;q=0.7,*;q=0.7", []string{"utf-8", "utf-16"}, "utf-8"},
	} {
		for _, n := range negotiators[c.field] {
			b.Run("field="+c.field+"/from="+c.name+"/lib="+n.lib, func(b *testing.B) {
				choose, r := n.make(c.offers...), get("/")
				r.Header.Set(c.field, c.value)
				if got := choose(r); got != c.want {
					b.Skipf("it chooses %q, not %q", got, c.want)
				}
				b.ReportAllocs()
				for b.Loop() {
					choose(r)
				}
			})
		}
	}
}
