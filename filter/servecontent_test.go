package filter_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"mime"
	"net/http"
	"net/http/httptest"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weirhttp/weir/filter"
)

// content is a text with validators, served by http.ServeContent or by a handler that knows nothing of conditions and
// ranges and stands below the filters that do.
type content struct {
	text, etag string
	modified   time.Time
	pieces     int // that the handler writes the text in
	declared   bool
}

func (c content) fields(h http.Header) {
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Cache-Control", "max-age=60")
	h.Set("Vary", "Cookie")
	h.Set("X-Site", "kit")
	if c.etag != "" {
		h.Set("Etag", c.etag)
	}
}

func (c content) served(w http.ResponseWriter, r *http.Request) {
	c.fields(w.Header())
	http.ServeContent(w, r, "", c.modified, strings.NewReader(c.text))
}

func (c content) plain(w http.ResponseWriter, r *http.Request) {
	c.fields(w.Header())
	if !c.modified.IsZero() {
		w.Header().Set("Last-Modified", c.modified.UTC().Format(http.TimeFormat))
	}
	if c.declared {
		w.Header()["Content-Length"] = []string{strconv.Itoa(len(c.text))}
	}
	size := len(c.text)/max(c.pieces, 1) + 1
	for rest := c.text; rest != ""; rest = rest[min(size, len(rest)):] {
		_, _ = io.WriteString(w, rest[:min(size, len(rest))])
	}
}

const entityTag = `(W/)?"[^\x00-\x20"\x7f]*"`

var (
	tagList   = regexp.MustCompile(`^[\t ,]*` + entityTag + `([\t ]*,[\t ,]*` + entityTag + `)*[\t ,]*$`)
	oneTag    = regexp.MustCompile(`^[\t ]*` + entityTag + `[\t ]*$`)
	someThing = regexp.MustCompile(`[^\t ]`)
	oneRange  = regexp.MustCompile(`^([0-9]+)-([0-9]*)$|^-([0-9]+)$`)
)

// asRead is what a header says in the reading of RFC 9110, in words that http.ServeContent reads likewise. ServeContent
// reads malformed fields as far as it can, answers a malformed Range and a number that is too large with 416, gives
// ranges to HEAD, sends the last 0 bytes, and the last ones of nothing, and reads the first of several lines.
func asRead(method string, h http.Header, size int) http.Header {
	h = h.Clone()
	for _, name := range []string{"If-Match", "If-None-Match"} {
		list := strings.Join(h[name], ", ")
		switch lines := len(h[name]); {
		case !someThing.MatchString(strings.Join(h[name], "")):
			h.Del(name)
		case lines == 1 && strings.Trim(list, " \t") == "*", tagList.MatchString(list):
			h.Set(name, list)
		default:
			h.Set(name, `"never"`)
		}
	}
	for _, name := range []string{"If-Modified-Since", "If-Unmodified-Since"} {
		if len(h[name]) > 1 {
			h.Del(name)
		}
	}
	if !someThing.MatchString(strings.Join(h["If-Range"], "")) {
		h.Del("If-Range")
	} else {
		_, err := http.ParseTime(h.Get("If-Range"))
		if len(h["If-Range"]) > 1 || err != nil && !oneTag.MatchString(h.Get("If-Range")) {
			h.Set("If-Range", `"never"`)
		}
	}
	ranges := rangesAsRead(h["Range"], size)
	if h.Del("Range"); ranges != "" && method == http.MethodGet {
		h.Set("Range", ranges)
	}
	return h
}

// rangesAsRead is a Range field that http.ServeContent reads as it is meant, empty if it is to be ignored.
func rangesAsRead(lines []string, size int) string {
	if len(lines) != 1 || len(lines[0]) < 6 || !strings.EqualFold(lines[0][:6], "bytes=") {
		return ""
	}
	number := func(s string) string {
		if s = strings.TrimLeft(s, "0"); len(s) > 18 {
			return "999999999999999999"
		}
		return s
	}
	const outside = "999999999999999999-"
	var all []string
	for element := range strings.SplitSeq(lines[0][6:], ",") {
		element = strings.Trim(element, " \t")
		m := oneRange.FindStringSubmatch(element)
		switch {
		case element == "":
			continue
		case m == nil:
			return ""
		case m[1] == "" && (number(m[3]) == "" || size == 0):
			all = append(all, outside)
		case m[1] == "":
			all = append(all, "-"+number(m[3]))
		default:
			first, last := number(m[1]), number(m[2])
			if m[2] != "" && (len(first) > len(last) || len(first) == len(last) && first > last) {
				return ""
			}
			if m[2] != "" {
				last = "0" + last
			}
			all = append(all, "0"+first+"-"+last)
		}
	}
	if len(all) == 0 || len(all) > 16 {
		return ""
	}
	return "bytes=" + strings.Join(all, ",")
}

// answered is what a handler makes of a request.
func answered(h http.HandlerFunc, method string, header http.Header) (*http.Response, string) {
	r := httptest.NewRequest(method, "/", nil)
	r.Header = header
	w := httptest.NewRecorder()
	h(w, r)
	if method == http.MethodHead {
		w.Body.Reset() // a server drops it
	}
	return w.Result(), w.Body.String()
}

// FuzzConditional holds that Conditional makes of any handler what http.ServeContent makes of the same text.
func FuzzConditional(f *testing.F) {
	for _, list := range []string{`"a"`, `W/"a"`, `"b", "a"`, `"b" , W/"a",`, `,"a"`, "*", `"a", *`, `"a" "b"`, `"a`, "a", "", " ", ",", `"b c", "a"`, "\"\xff\""} {
		f.Add(list, `"b"`, "", "", byte(0))
		f.Add("", list, modified, "", byte(1))
		f.Add(`"a"`, list, before, after, byte(2))
		f.Add(list, list, after, before, byte(7))
	}
	etags := []string{"", `"a"`, `W/"a"`, `"b"`}
	f.Fuzz(func(t *testing.T, match, noneMatch, modifiedSince, unmodifiedSince string, choice byte) {
		c := content{text: page(100), etag: etags[choice&3]}
		if choice&4 == 0 {
			c.modified = time.Date(2018, 11, 15, 10, 0, 0, 0, time.UTC)
		}
		method := "GET"
		if choice&8 != 0 {
			method = "HEAD"
		}
		header := http.Header{}
		for name, value := range map[string]string{"If-Match": match, "If-None-Match": noneMatch,
			"If-Modified-Since": modifiedSince, "If-Unmodified-Since": unmodifiedSince} {
			for line := range strings.SplitSeq(value, "\n") {
				if value != "" {
					header.Add(name, line)
				}
			}
		}
		want, body := answered(c.served, method, asRead(method, header, len(c.text)))
		got, text := answered(filter.Conditional()(http.HandlerFunc(c.plain)).ServeHTTP, method, header)
		want.Header.Del("Accept-Ranges")
		want.Header.Del("Content-Length") // for a server to say
		if want.StatusCode == 412 {
			want.Header.Del("Cache-Control") // which is for the text
		}
		if got.StatusCode != want.StatusCode || text != body || !reflect.DeepEqual(got.Header, want.Header) {
			t.Errorf("%s %q with %v of the ETag %q: %d %v, http.ServeContent says %d %v", method, text, header, c.etag, got.StatusCode, got.Header, want.StatusCode, want.Header)
		}
	})
}

func validated(h http.Handler) http.Handler {
	return filter.Range(filter.RangeOptions{})(filter.Conditional()(filter.ETag(filter.ETagOptions{})(h)))
}

// whole is the status, the fields and the body of a response, apart from what is of chance.
func whole(res *http.Response, body string) string {
	h := res.Header.Clone()
	h.Del("Date")
	_, params, _ := mime.ParseMediaType(h.Get("Content-Type"))
	fields, boundary := fmt.Sprint(res.StatusCode, h), params["boundary"]
	if boundary == "" {
		return fields + "\n" + body
	}
	return strings.ReplaceAll(fields+"\n"+body, boundary, "boundary")
}

// The stack of Range, Conditional and ETag makes of any handler what http.ServeContent makes of the same text.
func TestStackIsServeContent(t *testing.T) {
	date := time.Date(2018, 11, 15, 10, 0, 0, 0, time.UTC)
	large := strings.Repeat(page(1000), 300)
	ranges := []string{"", "", "bytes=0-", "bytes=0-0", "bytes=10-19", "bytes=-5", "bytes=-99999999999999999999", "bytes=5-99999999999999999999",
		"bytes=99-99", "bytes=100-", "bytes=4999-", "bytes=5000-", "bytes=99999999999999999999-", "bytes=-0", "bytes=0-0,-1", "bytes=0-9,20-29,40-",
		"bytes=20-29,0-9", "bytes=0-9,5-14", "bytes=0-,0-", "bytes=1-2, 9999999-, ,3-4", "bytes=0-0,9999999-", "bytes=", "bytes=1", "bytes=2-1",
		"bytes=a-b", "bytes=+1-2", "bytes=1--2", "items=0-5", "BYTES=0-5", "bytes 0-5", "bytes=0-5;", "bytes=" + strings.Repeat("0-0,", 17)}
	tags := []string{"", "", "", "*", "%", "W/%", `"other"`, `"other", %`, `"other", W/"b",%`, "% ,", "x", `"other" %`}
	dates := []string{"", "", before, modified, after, "never"}
	ifRange := []string{"", "", "", "%", "W/%", `"other"`, modified, before, after, "never", "%, %"}
	for name, c := range map[string]content{
		"an empty text":                         {text: "", modified: date, declared: true},
		"an empty text without a date":          {text: "", declared: true},
		"one byte":                              {text: "a", etag: `"a"`},
		"a text":                                {text: page(5000), etag: `"a"`, modified: date, declared: true},
		"a text that does not say how long":     {text: page(5000), etag: `"a"`, modified: date},
		"a text in pieces":                      {text: page(5000), etag: `"a"`, pieces: 7, declared: true},
		"a text in pieces, not saying how long": {text: page(5000), etag: `"a"`, pieces: 7},
		"a text without an ETag":                {text: page(100), modified: date, pieces: 3},
		"a text without either":                 {text: page(5000), declared: true},
		"a text with a weak ETag":               {text: page(5000), etag: `W/"a"`, modified: date, declared: true},
		"a text past the limit":                 {text: large, etag: `"a"`, declared: true, pieces: 300},
		"a text past the limit with a date":     {text: large + "b", modified: date, declared: true, pieces: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(1, uint64(len(name))))
			pick := func(some []string, etag string) string {
				return strings.ReplaceAll(some[random.IntN(len(some))], "%", etag)
			}
			h := validated(http.HandlerFunc(c.plain))
			made, _ := answered(h.ServeHTTP, "GET", http.Header{})
			same := c
			same.etag = made.Header.Get("Etag")
			protocols(t, h, func(t *testing.T, fetch func(string, string, ...string) *http.Response) {
				protocol := fetch("GET", "/").ProtoMajor
				bare := httptest.NewUnstartedServer(http.HandlerFunc(same.served))
				bare.EnableHTTP2 = protocol == 2
				bare.StartTLS()
				defer bare.Close()
				bare.Client().Transport.(*http.Transport).DisableCompression = true
				for range 300 {
					method := []string{"GET", "GET", "GET", "HEAD"}[random.IntN(4)]
					header := http.Header{}
					var asked []string
					for name, value := range map[string]string{
						"Range": pick(ranges, ""), "If-Range": pick(ifRange, same.etag),
						"If-Match": pick(tags, same.etag), "If-None-Match": pick(tags, same.etag),
						"If-Modified-Since": pick(dates, ""), "If-Unmodified-Since": pick(dates, ""),
					} {
						if value != "" {
							header.Set(name, value)
							asked = append(asked, name, value)
						}
					}
					r, _ := http.NewRequestWithContext(t.Context(), method, bare.URL, nil)
					r.Header = asRead(method, header, len(c.text))
					if _, many := header["Range"]; many && len(c.text) > 256<<10 && !increasing(r.Header.Get("Range")) {
						continue // what is not held goes out in order or as a whole
					}
					served, err := bare.Client().Do(r)
					if err != nil {
						t.Fatal(err)
					}
					want, _ := io.ReadAll(served.Body)
					_ = served.Body.Close()
					if served.StatusCode == 412 {
						served.Header.Del("Cache-Control") // which is for the text
					}
					res := fetch(method, "/", asked...)
					got, err := io.ReadAll(res.Body)
					if !c.declared && res.StatusCode == 200 {
						res.Header.Del("Content-Length") // the server's to say
						served.Header.Del("Content-Length")
					}
					if got, want := whole(res, string(got)), whole(served, string(want)); err != nil || got != want {
						t.Errorf("%s %v, error %v: got %.600s, http.ServeContent says %.600s", method, header, err, got, want)
					}
				}
			})
		})
	}
}

// increasing is for the ranges of the test above.
func increasing(field string) bool {
	return field != "bytes=020-029,0-09" && field != "bytes=0-09,05-014"
}

// FuzzRange holds the same of any Range, in however many pieces the text is written.
func FuzzRange(f *testing.F) {
	for i, ranges := range []string{"bytes=0-", "bytes=0-0", "bytes=10-19,-5", "bytes=-99999999999999999999", "bytes=5-99999999999999999999",
		"bytes=99999999999999999999-", "bytes=-0", "bytes=20-29,0-9", "bytes=0-9,5-14", "bytes=0-,0-", "bytes=1-2, 9999999-, ,3-4", "bytes=",
		"bytes=2-1", "bytes=a-b", "bytes=+1-2", "items=0-5", "Bytes=0-5", "bytes=0-5;", "bytes=0-0\nbytes=1-1", "bytes=00000000000000000000000-0",
		"bytes=" + strings.Repeat("0-0,", 17)} {
		f.Add(ranges, "", uint16(5000), byte(7), byte(i))
		f.Add(ranges, `"a"`, uint16(30), byte(i), byte(i))
		f.Add(ranges, modified, uint16(0), byte(1), byte(i))
		f.Add(ranges, "\n", uint16(55), byte(7), byte(i))
	}
	etags := []string{"", `"a"`, `W/"a"`, `"b"`}
	f.Fuzz(func(t *testing.T, ranges, ifRange string, size uint16, pieces, choice byte) {
		c := content{text: page(int(size)), etag: etags[choice&3], pieces: int(pieces), declared: choice&4 != 0}
		if choice&8 != 0 {
			c.modified = time.Date(2018, 11, 15, 10, 0, 0, 0, time.UTC)
		}
		header := http.Header{}
		for name, value := range map[string]string{"Range": ranges, "If-Range": ifRange} {
			if value != "" {
				header[name] = strings.Split(value, "\n")
			}
		}
		want, body := answered(c.served, "GET", asRead("GET", header, len(c.text)))
		got, text := answered(filter.Range(filter.RangeOptions{})(http.HandlerFunc(c.plain)).ServeHTTP, "GET", header)
		if got.StatusCode == 200 && !c.declared {
			want.Header.Del("Content-Length")
			if c.etag == "" && c.modified.IsZero() {
				got.Header.Del("Accept-Ranges")
				want.Header.Del("Accept-Ranges") // it depends on what was asked for
			}
		}
		if want.StatusCode == 416 {
			want.Header.Set("Content-Length", strconv.Itoa(len(body)))
		}
		if got, want := whole(got, text), whole(want, body); got != want {
			t.Errorf("%v of %d bytes: got %.300s, http.ServeContent says %.300s", header, size, got, want)
		}
	})
}
