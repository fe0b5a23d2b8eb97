package filter_test

import (
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/filtertest"
)

func TestRange(t *testing.T) {
	filtertest.Run(t, filter.Range(filter.RangeOptions{}), filtertest.Options{ResponseFields: []string{"Accept-Ranges"}})

	text := page(1000)
	with := func(fields ...string) http.HandlerFunc { return answering(200, text, fields...) }
	long := func(fields ...string) http.HandlerFunc {
		return answering(200, page(5000), append(fields, "Content-Length", "5000")...)
	}
	for _, c := range []struct {
		name   string
		method string
		ask    string
		h      http.HandlerFunc
		status int
		offers string // Accept-Ranges
	}{
		{"a part of a text that does not say how long it is", "GET", "bytes=1-2", with(), 206, "bytes"},
		{"a part of one that does", "GET", "bytes=1-2", with("Content-Length", "1000"), 206, "bytes"},
		{"the whole of one says that there are parts", "GET", "", with("Content-Length", "1000"), 200, "bytes"},
		{"so does one by which a client could tell that it is the same", "GET", "", with("Etag", `"a"`), 200, "bytes"},
		{"one of which nothing is known says nothing", "GET", "", with(), 200, ""},
		{"a part that is not there", "GET", "bytes=1000-", with(), 416, ""},
		{"HEAD has no parts", "HEAD", "bytes=1-2", with("Content-Length", "1000"), 200, "bytes"},
		{"nor has POST", "POST", "bytes=1-2", with("Content-Length", "1000"), 200, ""},
		{"a text past the limit that does not say so", "GET", "bytes=1-2", answering(200, page(5000), "Etag", `"a"`), 200, "bytes"},
		{"one that does, with nothing to tell its parts by", "GET", "bytes=1-2", long(), 200, "bytes"},
		{"with a strong ETag", "GET", "bytes=1-2", long("Etag", `"a"`), 206, "bytes"},
		{"with a weak one", "GET", "bytes=1-2", long("Etag", `W/"a"`, "Last-Modified", modified), 200, "bytes"},
		{"with a date", "GET", "bytes=1-2", long("Last-Modified", modified), 206, "bytes"},
		{"and no such part", "GET", "bytes=5000-", long("Last-Modified", modified), 416, ""},
		{"several parts in order", "GET", "bytes=1-2,4-5", long("Etag", `"a"`), 206, "bytes"},
		{"not in order", "GET", "bytes=4-5,1-2", long("Etag", `"a"`, "Content-Type", "text/plain"), 200, "bytes"},
		{"a text that is coded, who knows how", "GET", "bytes=1-2", with("Content-Encoding", "gzip", "Last-Modified", modified), 200, ""},
		{"a text that is coded under a strong ETag", "GET", "bytes=1-2", with("Content-Encoding", "gzip", "Etag", `"a"`), 206, "bytes"},
		{"a weak one", "GET", "bytes=1-2", with("Content-Encoding", "gzip", "Etag", `W/"a"`), 200, ""},
		{"a handler that wants no parts of it", "GET", "bytes=1-2", with("Accept-Ranges", "none"), 200, "none"},
		{"an event stream has no parts", "GET", "bytes=1-2", with("Content-Type", "text/event-stream", "Content-Length", "1000"), 200, ""},
		{"nor has what is not there", "GET", "bytes=1-2", answering(404, text, "Content-Length", "1000"), 404, ""},
		{"a handler's own part", "GET", "bytes=1-2", answering(206, "ab", "Content-Range", "bytes 1-2/1000"), 206, ""},
		{"a handler's own refusal", "GET", "bytes=1-2", answering(416, "", "Content-Range", "bytes */1000"), 416, ""},
		{"a whole that says that it is a part", "GET", "bytes=1-2", with("Content-Range", "bytes 0-999/2000"), 200, ""},
		{"16 ranges", "GET", "bytes=" + strings.Repeat("0-0,", 16), with(), 206, "bytes"},
		{"17 are too many", "GET", "bytes=" + strings.Repeat("0-0,", 17), with("Content-Length", "1000"), 200, "bytes"},
		{"so are more bytes than there are", "GET", "bytes=0-,0-,0-", with(), 200, "bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := filter.Range(filter.RangeOptions{Limit: 1000})(c.h)
			protocols(t, h, func(t *testing.T, fetch func(string, string, ...string) *http.Response) {
				var ask []string
				if c.ask != "" {
					ask = []string{"Range", c.ask}
				}
				res := fetch(c.method, "/", ask...)
				body, err := io.ReadAll(res.Body)
				if err != nil || res.StatusCode != c.status || res.Header.Get("Accept-Ranges") != c.offers {
					t.Errorf("%d %v, error %v, want %d with Accept-Ranges: %s", res.StatusCode, res.Header, err, c.status, c.offers)
				}
				bare := httptest.NewRecorder()
				c.h(bare, httptest.NewRequest(c.method, "/", nil))
				if want := bare.Body.String(); c.status == bare.Code && c.method != "HEAD" && string(body) != want {
					t.Errorf("body of %d bytes, want %d as the handler wrote them", len(body), len(want))
				}
			})
		})
	}
}

func TestRangeFields(t *testing.T) {
	fields := []string{"Etag", `"a"`, "Cache-Control", "max-age=60", "Expires", after, "CDN-Cache-Control", "max-age=60", "Content-Type", "text/plain", "Set-Cookie", "a=1",
		"Content-Digest", "sha-256=:YQ==:", "Content-Md5", "YQ==", "Repr-Digest", "sha-256=:YQ==:"}
	h := filter.Range(filter.RangeOptions{})(answering(200, page(1000), fields...))
	protocols(t, h, func(t *testing.T, fetch func(string, string, ...string) *http.Response) {
		part := fetch("GET", "/", "Range", "bytes=1-2")
		for name, want := range map[string]string{"Etag": `"a"`, "Cache-Control": "max-age=60", "Content-Type": "text/plain", "Set-Cookie": "a=1",
			"Repr-Digest": "sha-256=:YQ==:", "Content-Digest": "", "Content-Md5": "", "Content-Length": "2", "Content-Range": "bytes 1-2/1000"} {
			if got := part.Header.Get(name); got != want {
				t.Errorf("206: %s is %q, want %q", name, got, want)
			}
		}
		none := fetch("GET", "/", "Range", "bytes=1000-")
		for name, want := range map[string]string{"Etag": "", "Cache-Control": "", "Content-Type": "text/plain; charset=utf-8", "Set-Cookie": "a=1", "Expires": "", "Cdn-Cache-Control": "",
			"Repr-Digest": "", "Content-Range": "bytes */1000"} {
			if got := none.Header.Get(name); got != want {
				t.Errorf("416: %s is %q, want %q", name, got, want)
			}
		}
	})
}

// A type that nobody set is guessed from the beginning of the whole, never from that of a part.
func TestRangeGuessesTheTypeOfTheWhole(t *testing.T) {
	text := "<!DOCTYPE html>" + page(3000)
	for name, fields := range map[string][]string{
		"held": nil, "as it comes": {"Content-Length", strconv.Itoa(len(text))},
	} {
		t.Run(name, func(t *testing.T) {
			h := filter.Range(filter.RangeOptions{})(answering(200, text, fields...))
			protocols(t, h, func(t *testing.T, fetch func(string, string, ...string) *http.Response) {
				if res := fetch("GET", "/", "Range", "bytes=2000-2009"); res.StatusCode != 206 || res.Header.Get("Content-Type") != "text/html; charset=utf-8" {
					t.Errorf("%d %v", res.StatusCode, res.Header)
				}
				res := fetch("GET", "/", "Range", "bytes=2000-2009,-2")
				_, params, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
				part, err := multipart.NewReader(res.Body, params["boundary"]).NextPart()
				if err != nil || part.Header.Get("Content-Type") != "text/html; charset=utf-8" {
					t.Errorf("part %v, error %v", part, err)
				}
			})
		})
	}
}

// What says how long it is goes out as it comes, and the client has its part before the handler is done.
func TestRangeHoldsNothingOfAKnownLength(t *testing.T) {
	got := make(chan struct{})
	h := filter.Range(filter.RangeOptions{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Etag", `"a"`)
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Content-Length", "2000000")
		_, _ = io.WriteString(w, page(10_000))
		_ = http.NewResponseController(w).Flush()
		if r.Header.Get("Range") == "bytes=5-14" {
			<-got
		}
		for range 199 {
			_, _ = io.WriteString(w, page(10_000))
		}
	}))
	protocols(t, h, func(t *testing.T, fetch func(string, string, ...string) *http.Response) {
		res := fetch("GET", "/", "Range", "bytes=5-14")
		part := make([]byte, 10)
		if _, err := io.ReadFull(res.Body, part); err != nil || string(part) != page(100)[5:15] {
			t.Errorf("%q, error %v", part, err)
		}
		got <- struct{}{}
		res = fetch("GET", "/", "Range", "bytes=1999990-")
		if b, err := io.ReadAll(res.Body); err != nil || string(b) != page(10_000)[9990:] {
			t.Errorf("%q, error %v", b, err)
		}
	})
}

func TestRangeKeepsTrailers(t *testing.T) {
	h := filter.Range(filter.RangeOptions{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "X-Sum")
		_, _ = io.WriteString(w, page(5000))
		w.Header().Set("X-Sum", "1")
	}))
	protocols(t, h, func(t *testing.T, fetch func(string, string, ...string) *http.Response) {
		for ask, want := range map[string]int{"bytes=0-9": 206, "bytes=5000-": 416} {
			res := fetch("GET", "/", "Range", ask)
			b, err := io.ReadAll(res.Body)
			if err != nil || res.StatusCode != want || want == 206 && (len(b) != 10 || res.Trailer.Get("X-Sum") != "1") {
				t.Errorf("%d %q, trailers %v, error %v", res.StatusCode, b, res.Trailer, err)
			}
		}
	})
}

// A handler that gives parts itself is kept from giving too many, and is not asked twice.
func TestRangeOutsideOfServeContent(t *testing.T) {
	var seen []string
	h := filter.Range(filter.RangeOptions{MaxRanges: 3})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header["Range"]
		w.Header().Set("Etag", `"a"`)
		http.ServeContent(w, r, "a.txt", time.Time{}, strings.NewReader(page(5000)))
	}))
	for _, c := range []struct {
		ask    []string
		passes bool
		status int
	}{
		{[]string{"bytes=0-0,1-1,2-2"}, true, 206},
		{[]string{"bytes=0-0,1-1,2-2,3-3"}, false, 200},
		{[]string{"bytes=+0-0,+1-1,+2-2,+3-3"}, false, 200},
		{[]string{"bytes=" + strings.Repeat("0-0,", 10_000)}, false, 200},
		{[]string{"bytes=0-0", "bytes=1-1"}, false, 200},
		{[]string{"bytes=x"}, true, 416},
		{[]string{"items=1,2,3,4"}, true, 416},
	} {
		protocols(t, h, func(t *testing.T, fetch func(string, string, ...string) *http.Response) {
			var fields []string
			for _, line := range c.ask {
				fields = append(fields, "Range", line)
			}
			res := fetch("GET", "/", append(fields, "If-Range", `"a"`)...)
			if res.StatusCode != c.status || (len(seen) > 0) != c.passes {
				t.Errorf("%.40q: %d, the handler saw %.40q", c.ask, res.StatusCode, seen)
			}
		})
	}
}

// A date tells versions apart only when its second is over (RFC 9110 §8.8.2.2).
func TestRangeOfADateInItsSecond(t *testing.T) {
	const second, next = "Thu, 15 Nov 2018 10:00:01 GMT", "Thu, 15 Nov 2018 10:00:02 GMT"
	for name, c := range map[string]struct {
		date, lastModified string
		size               int
		want               int
	}{
		"a second before the Date it is one":       {next, second, 1000, 206},
		"in the second of the Date it is none":     {second, second, 1000, 200},
		"nor is one that is after the Date":        {modified, second, 1000, 200},
		"the Date is now where the handler is mum": {"", second, 1000, 206},
		"so that the future is none":               {"", "Fri, 15 Nov 2999 10:00:01 GMT", 1000, 200},
		"the same is so of long texts, be it old":  {next, second, 5000, 206},
		"or new": {second, second, 5000, 200},
	} {
		t.Run(name, func(t *testing.T) {
			fields := []string{"Last-Modified", c.lastModified, "Content-Length", strconv.Itoa(c.size), "Content-Type", "text/plain"}
			if c.date != "" {
				fields = append(fields, "Date", c.date)
			}
			h := filter.Range(filter.RangeOptions{Limit: 1000})(answering(200, page(c.size), fields...))
			ask := []string{"Range", "bytes=1-2"}
			if c.size <= 1000 {
				ask = append(ask, "If-Range", c.lastModified)
			}
			protocols(t, h, func(t *testing.T, fetch func(string, string, ...string) *http.Response) {
				if res := fetch("GET", "/", ask...); res.StatusCode != c.want {
					t.Errorf("%d %v, want %d", res.StatusCode, res.Header, c.want)
				}
			})
		})
	}
}

// Compress outside leaves parts alone, and a client that has a coded text gets none of the plain one.
func TestRangeInsideOfCompress(t *testing.T) {
	h := filter.Compress(filter.CompressOptions{})(validated(answering(200, page(5000), "Content-Type", "text/html")))
	protocols(t, h, func(t *testing.T, fetch func(string, string, ...string) *http.Response) {
		whole := fetch("GET", "/", "Accept-Encoding", "gzip")
		if whole.Header.Get("Content-Encoding") != "gzip" || whole.Header.Get("Accept-Ranges") != "" {
			t.Errorf("the whole: %v", whole.Header)
		}
		plain := fetch("GET", "/", "Accept-Encoding", "gzip", "Range", "bytes=0-9")
		if plain.StatusCode != 206 || plain.Header.Get("Content-Encoding") != "" || plain.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("a part: %d %v", plain.StatusCode, plain.Header)
		}
		for etag, want := range map[string]int{whole.Header.Get("Etag"): 200, plain.Header.Get("Etag"): 206} {
			if res := fetch("GET", "/", "Accept-Encoding", "gzip", "Range", "bytes=0-9", "If-Range", etag); res.StatusCode != want {
				t.Errorf("If-Range: %s gets %d, want %d", etag, res.StatusCode, want)
			}
		}
	})
}

// Whatever is asked for, no answer is longer than the whole and a few heads (CVE-2011-3192, CVE-2024-26141).
func TestRangeDoesNotMultiply(t *testing.T) {
	const size = 50_000
	h := filter.Range(filter.RangeOptions{})(answering(200, page(size)))
	for _, ranges := range []string{
		strings.Repeat("0-,", 20_000), strings.Repeat("0-0,", 16_000), strings.Repeat("0-,", 16), strings.Repeat("-50000,", 16),
		"0-49998," + strings.Repeat("0-0,", 15), "0-," + strings.Repeat("99999-,", 15), strings.Repeat(",", 60_000) + "0-0",
	} {
		r, w := httptest.NewRequest("GET", "/", nil), httptest.NewRecorder()
		r.Header.Set("Range", "bytes="+ranges)
		h.ServeHTTP(w, r)
		if n := w.Body.Len(); n > size+16*200 {
			t.Errorf("%.40s: %d with %d bytes", ranges, w.Code, n)
		}
	}
}

// Reading a Range allocates for as many ranges as may be asked for, however long it is.
func TestRangeReadsLongFieldsAtOnce(t *testing.T) {
	h := filter.Range(filter.RangeOptions{})(answering(404, ""))
	for _, ranges := range []string{strings.Repeat("0-0,", 16_000), strings.Repeat(",", 64_000), strings.Repeat("9", 64_000) + "-", "-" + strings.Repeat("0", 64_000)} {
		r, w := httptest.NewRequest("GET", "/", nil), discardResponse{make(http.Header)}
		r.Header.Set("Range", "bytes="+ranges)
		if n := testing.AllocsPerRun(20, func() { h.ServeHTTP(w, r) }); n > 16 {
			t.Errorf("%.20s: %v allocations", ranges, n)
		}
	}
}

// A date does not tell coded bytes from plain ones: who may have the former gets none of the latter.
func TestRangeByDateInsideOfCompress(t *testing.T) {
	h := filter.Compress(filter.CompressOptions{})(filter.Range(filter.RangeOptions{})(answering(200, page(5000), "Content-Type", "text/html", "Last-Modified", modified)))
	protocols(t, h, func(t *testing.T, fetch func(string, string, ...string) *http.Response) {
		for coding, want := range map[string]string{"gzip": "200 gzip", "identity": "206 "} {
			res := fetch("GET", "/", "Accept-Encoding", coding, "Range", "bytes=0-9", "If-Range", modified)
			if got := fmt.Sprint(res.StatusCode, " ", res.Header.Get("Content-Encoding")); got != want {
				t.Errorf("%s gets %q, want %q", coding, got, want)
			}
		}
	})
}

// A type that cannot be guessed stays unsaid, whatever stands further out.
func TestRangeOfAFlushedHead(t *testing.T) {
	h := filter.Compress(filter.CompressOptions{})(filter.Range(filter.RangeOptions{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000")
		w.Header().Set("Etag", `"a"`)
		_ = http.NewResponseController(w).Flush()
		_, _ = io.WriteString(w, page(1000))
	})))
	protocols(t, h, func(t *testing.T, fetch func(string, string, ...string) *http.Response) {
		res := fetch("GET", "/", "Range", "bytes=1-2", "Accept-Encoding", "gzip")
		if b, err := io.ReadAll(res.Body); err != nil || res.StatusCode != 206 || string(b) != page(1000)[1:3] {
			t.Errorf("%d %q, error %v", res.StatusCode, b, err)
		}
	})
}

func TestRangeRefusesWrongOptions(t *testing.T) {
	for want, build := range map[string]func(){
		"filter.Range: next is nil":              func() { filter.Range(filter.RangeOptions{})(nil) },
		"filter.Range: Limit is -1, below 0":     func() { filter.Range(filter.RangeOptions{Limit: -1}) },
		"filter.Range: MaxRanges is -1, below 0": func() { filter.Range(filter.RangeOptions{MaxRanges: -1}) },
	} {
		t.Run(want, func(t *testing.T) {
			defer func() {
				if got := recover(); got != want {
					t.Errorf("panic %v, want %q", got, want)
				}
			}()
			build()
		})
	}
}

func ExampleRange() {
	report := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		for i := range 100 {
			fmt.Fprintf(w, "line %d\n", i)
		}
	})
	site := filter.Range(filter.RangeOptions{})(filter.Conditional()(filter.ETag(filter.ETagOptions{})(report)))

	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Range", "bytes=-8")
	w := httptest.NewRecorder()
	site.ServeHTTP(w, r)
	fmt.Printf("%d %s %q\n", w.Code, w.Header().Get("Content-Range"), w.Body)
	// Output: 206 bytes 782-789/790 "line 99\n"
}

// Outside of Compress, Range would cut coded bytes, which come out otherwise each time that the encoder changes. It gives no
// parts of them.
func ExampleRange_wrong() {
	report := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, strings.Repeat("line\n", 1000))
	})
	site := filter.Range(filter.RangeOptions{})(filter.Compress(filter.CompressOptions{})(report)) // wrong

	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Range", "bytes=-5")
	r.Header.Set("Accept-Encoding", "gzip")
	w := httptest.NewRecorder()
	site.ServeHTTP(w, r)
	fmt.Println(w.Code)
	// Output: 200
}
