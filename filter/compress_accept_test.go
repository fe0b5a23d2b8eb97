package filter_test

import (
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/weirhttp/weir/filter"
)

// passThrough is a coding that changes nothing, for tests of the choice.
type passThrough struct{ io.Writer }

func (passThrough) Close() error { return nil }

func offering(names ...string) http.Handler {
	o := filter.CompressOptions{MinSize: 1, Encodings: []filter.Encoding{}}
	for _, name := range names {
		o.Encodings = append(o.Encodings, filter.Encoding{
			Name:   name,
			Writer: func(dst io.Writer) io.WriteCloser { return passThrough{dst} },
		})
	}
	return filter.Compress(o)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, "body")
	}))
}

// chosen is the coding that a handler answers with, "" for the plain body.
func chosen(h http.Handler, lines ...string) string {
	r := httptest.NewRequest("GET", "/", nil)
	r.Header["Accept-Encoding"] = lines
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Header().Get("Content-Encoding")
}

func TestCompressChoice(t *testing.T) {
	h := offering("zstd", "br", "gzip")
	for _, c := range []struct {
		name  string
		lines []string
		want  string
	}{
		{"no field: the plain body", nil, ""},
		{"an empty field: the plain body", []string{""}, ""},
		{"one that we have", []string{"gzip"}, "gzip"},
		{"none that we have", []string{"compress, deflate"}, ""},
		{"what browsers send: our order", []string{"gzip, deflate, br, zstd"}, "zstd"},
		{"the client's weights come before our order", []string{"zstd;q=0.5, br;q=0.8, gzip;q=0.9"}, "gzip"},
		{"refused", []string{"gzip;q=0"}, ""},
		{"refused with decimals", []string{"gzip;q=0.000"}, ""},
		{"the least weight will do", []string{"gzip;q=0.001"}, "gzip"},
		{"names in any case", []string{"GZip"}, "gzip"},
		{"q in any case", []string{"gzip;Q=0"}, ""},
		{"spaces and tabs around", []string{" \tgzip \t; \tq=1.000\t, br;q=0.2"}, "gzip"},
		{"x-gzip is gzip", []string{"x-gzip"}, "gzip"},
		{"x-gzip refuses gzip", []string{"x-gzip;q=0, gzip"}, ""},
		{"the first mention counts", []string{"gzip;q=0, gzip"}, ""},
		{"several field lines are one list", []string{"deflate", "br;q=0.3", "gzip;q=0.2"}, "br"},
		{"anything", []string{"*"}, "zstd"},
		{"anything but what is refused", []string{"zstd;q=0, *"}, "br"},
		{"anything else is liked less", []string{"gzip, *;q=0.1"}, "gzip"},
		{"anything else is liked more", []string{"zstd;q=0.1, *;q=0.5"}, "br"},
		{"nothing else", []string{"br, *;q=0"}, "br"},
		{"nothing at all", []string{"*;q=0"}, ""},
		{"identity is liked more", []string{"identity, gzip;q=0.5"}, ""},
		{"identity is liked as much", []string{"identity;q=0.5, gzip;q=0.5"}, "gzip"},
		{"identity is liked less", []string{"identity;q=0.2, gzip;q=0.5"}, "gzip"},
		{"identity counts as anything else", []string{"zstd;q=0.1, br;q=0.1, gzip;q=0.1, *"}, ""},
		{"no identity, but a coding", []string{"identity;q=0, gzip"}, "gzip"},
		{"no identity, and no coding that we have: the plain body all the same", []string{"identity;q=0, deflate"}, ""},
		{"no identity, anything else", []string{"identity;q=0, *"}, "zstd"},
		{"a part of a name is not the name", []string{"x-gzipfoo, gzi, gzipp, x-br"}, ""},
		{"empty members", []string{",, ,gzip,,"}, "gzip"},
		{"a malformed member spoils the field: the plain body", []string{"zstd;q=, br;q=2, gzip"}, ""},
		{"a malformed member spoils what is refused, too", []string{"gzip;q=0, identity;q=0, ;"}, ""},
		{"weights that are none", []string{"gzip;q=0.0001, br;q=1.1, zstd;q=-1"}, ""},
		{"more weights that are none", []string{"gzip;q=.5, br;q=0,5, zstd;q=1e0"}, ""},
		{"other parameters are malformed", []string{"gzip;level=9, br;q=1;x=2"}, ""},
		{"a name that is no token", []string{"gz ip, b\"r\", zst\x00d, \xffzstd"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := chosen(h, c.lines...); got != c.want {
				t.Errorf("Accept-Encoding %q: coded %q, want %q", c.lines, got, c.want)
			}
		})
	}
}

// A quadratic parser would not come back from these within the time that a
// test has.
func TestCompressChoiceTakesOnePass(t *testing.T) {
	h := offering("zstd", "br", "gzip")
	const size = 8 << 20
	for name, piece := range map[string]string{
		"commas":     ",",
		"semicolons": ";",
		"members":    "gzip;q=0,",
		"stars":      "*;q=0.1,",
		"spaces":     " ",
		"a name":     "a",
		"weights":    "gzip;q=0.",
		"no tokens":  "\x00,",
	} {
		t.Run(name, func(t *testing.T) {
			chosen(h, strings.Repeat(piece, size/len(piece)))
		})
	}
	if got := chosen(h, strings.Repeat("deflate;q=0.5, ", 64<<10/15), "gzip"); got != "gzip" {
		t.Errorf("after 64 KiB of other members: coded %q, want gzip", got)
	}
}

func TestCompressChoiceAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes pools forget")
	}
	h := offering("zstd", "br", "gzip")
	allocs := func(line string) float64 {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept-Encoding", line)
		return testing.AllocsPerRun(100, func() { h.ServeHTTP(httptest.NewRecorder(), r) })
	}
	short, long := allocs("gzip;q=0.5"), allocs(strings.Repeat("X-Gzip;q=0.5, deflate;q=1, ", 10<<10/27))
	if long > short {
		t.Errorf("%v allocations for 10 KiB of Accept-Encoding, %v for one member", long, short)
	}
}

// reference is the choice in the words of RFC 9110 §12.5.3, with no regard for
// speed.
func reference(lines, names []string) string {
	member := regexp.MustCompile("(?i)^[ \t]*([!#$%&'*+.^_`|~0-9a-z-]+)[ \t]*(?:;[ \t]*q=(0(?:\\.[0-9]{0,3})?|1(?:\\.0{0,3})?)[ \t]*)?$")
	weights := make(map[string]float64)
	for m := range strings.SplitSeq(strings.Join(lines, ","), ",") {
		if strings.Trim(m, " \t") == "" {
			continue
		}
		parts := member.FindStringSubmatch(m)
		if parts == nil {
			return ""
		}
		name := strings.ToLower(parts[1])
		if name == "x-gzip" {
			name = "gzip"
		}
		q := 1.0
		if parts[2] != "" {
			q, _ = strconv.ParseFloat(parts[2], 64)
		}
		if _, ok := weights[name]; !ok {
			weights[name] = q
		}
	}
	weight := func(name string) float64 {
		if q, ok := weights[name]; ok {
			return q
		}
		return weights["*"]
	}
	best := ""
	for _, name := range names {
		if weight(name) > 0 && (best == "" || weight(name) > weight(best)) {
			best = name
		}
	}
	if best != "" && weight("identity") > weight(best) {
		return ""
	}
	return best
}

func TestCompressChoiceIsThatOfTheRFC(t *testing.T) {
	rng := rand.New(rand.NewPCG(9110, 12))
	names := []string{"zstd", "br", "gzip"}
	h := offering(names...)
	pieces := []string{"gzip", "x-gzip", "br", "zstd", "identity", "*", "deflate", ";", "q", "=", "0", "1", ".", "5", ",", ",", " ",
		";q=0", ";q=1", ";q=0.5", "; q=0.25", "\t", "Q", "GZIP"}
	for range 20_000 {
		lines := make([]string, rng.IntN(3))
		for i := range lines {
			var b strings.Builder
			for range rng.IntN(12) {
				b.WriteString(pieces[rng.IntN(len(pieces))])
			}
			lines[i] = b.String()
		}
		if got, want := chosen(h, lines...), reference(lines, names); got != want {
			t.Fatalf("Accept-Encoding %q: coded %q, want %q", lines, got, want)
		}
	}
}

func FuzzCompressChoice(f *testing.F) {
	for _, seed := range []string{"", "gzip, deflate, br, zstd", "*;q=0", "identity;q=0.5, gzip;q=0.500", "x-gzip;Q=1.000", "gzip;q=1.001,;,=,br;q=0."} {
		f.Add(seed, "")
		f.Add("br;q=0.2", seed)
	}
	names := []string{"zstd", "br", "gzip"}
	h := offering(names...)
	f.Fuzz(func(t *testing.T, first, second string) {
		if got, want := chosen(h, first, second), reference([]string{first, second}, names); got != want {
			t.Errorf("Accept-Encoding %q, %q: coded %q, want %q", first, second, got, want)
		}
	})
}
