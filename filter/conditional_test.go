package filter_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/filtertest"
)

const (
	before   = "Wed, 14 Nov 2018 10:00:00 GMT"
	modified = "Thu, 15 Nov 2018 10:00:00 GMT"
	after    = "Fri, 16 Nov 2018 10:00:00 GMT"
)

func TestConditional(t *testing.T) {
	filtertest.Run(t, filter.Conditional())

	tagged := []string{"Etag", `"a"`}
	dated := []string{"Last-Modified", modified}
	both := []string{"Etag", `"a"`, "Last-Modified", modified}
	for _, c := range []struct {
		name    string
		request []string
		fields  []string
		status  int
	}{
		{"a request without conditions gets the answer", nil, both, 200},
		{"the ETag that the client has needs no body", []string{"If-None-Match", `"a"`}, tagged, 304},
		{"another does", []string{"If-None-Match", `"b"`}, tagged, 200},
		{"one of several", []string{"If-None-Match", `"b", "a"`}, tagged, 304},
		{"in several lines", []string{"If-None-Match", `"b"`, "If-None-Match", `"c" , "a"`}, tagged, 304},
		{"with empty elements between", []string{"If-None-Match", `,, "b",,"a" ,`}, tagged, 304},
		{"a weak one is as good", []string{"If-None-Match", `W/"a"`}, tagged, 304},
		{"so it is where the answer's is weak", []string{"If-None-Match", `"a"`}, []string{"Etag", `W/"a"`}, 304},
		{"a comma may be in a tag", []string{"If-None-Match", `"a,b"`}, []string{"Etag", `"a,b"`}, 304},
		{"anything is what the star asks for", []string{"If-None-Match", "*"}, tagged, 304},
		{"also where there is nothing to compare", []string{"If-None-Match", "*"}, nil, 304},
		{"an answer without ETag is another", []string{"If-None-Match", `"a"`}, dated, 200},
		{"so is one whose ETag is none", []string{"If-None-Match", `"a"`}, []string{"Etag", "a"}, 200},

		{"a list without quotes is as good as none", []string{"If-None-Match", `a`}, tagged, 200},
		{"one that ends in the middle", []string{"If-None-Match", `"a", "b`}, tagged, 200},
		{"one without commas", []string{"If-None-Match", `"a" "a"`}, tagged, 200},
		{"a star in a list", []string{"If-None-Match", `"a", *`}, tagged, 200},
		{"a space in a tag", []string{"If-None-Match", `"a", "b c"`}, tagged, 200},
		{"the weak mark in small letters", []string{"If-None-Match", `w/"a"`}, tagged, 200},
		{"a list of nothing", []string{"If-None-Match", `, ,`}, tagged, 200},

		{"a date of then needs no body", []string{"If-Modified-Since", modified}, dated, 304},
		{"a later one neither", []string{"If-Modified-Since", after}, dated, 304},
		{"an earlier one does", []string{"If-Modified-Since", before}, dated, 200},
		{"a date in the form of RFC 850", []string{"If-Modified-Since", "Thursday, 15-Nov-18 10:00:00 GMT"}, dated, 304},
		{"a date in the form of asctime", []string{"If-Modified-Since", "Thu Nov 15 10:00:00 2018"}, dated, 304},
		{"what is no date is as good as none", []string{"If-Modified-Since", "2018-11-16"}, dated, 200},
		{"two dates are", []string{"If-Modified-Since", after, "If-Modified-Since", after}, dated, 200},
		{"an answer without a date is new", []string{"If-Modified-Since", after}, tagged, 200},
		{"so is one whose date is none", []string{"If-Modified-Since", after}, []string{"Last-Modified", "yesterday"}, 200},
		{"tags have precedence over dates", []string{"If-None-Match", `"b"`, "If-Modified-Since", after}, both, 200},
		{"also where dates would say otherwise", []string{"If-None-Match", `"a"`, "If-Modified-Since", before}, both, 304},
		{"also tags that are none", []string{"If-None-Match", "b", "If-Modified-Since", after}, both, 200},
		{"an empty field has none", []string{"If-None-Match", "", "If-Modified-Since", after}, both, 304},

		{"the ETag that the client insists on", []string{"If-Match", `"a"`}, tagged, 200},
		{"another fails", []string{"If-Match", `"b", "c"`}, tagged, 412},
		{"one of several does not", []string{"If-Match", `"b", "a"`}, tagged, 200},
		{"a weak one fails", []string{"If-Match", `W/"a"`}, tagged, 412},
		{"so it does where the answer's is weak", []string{"If-Match", `W/"a"`}, []string{"Etag", `W/"a"`}, 412},
		{"anything will do", []string{"If-Match", "*"}, nil, 200},
		{"an answer without ETag will not", []string{"If-Match", `"a"`}, nil, 412},
		{"a malformed list fails, since it was meant to", []string{"If-Match", `b`}, tagged, 412},
		{"also where a part of it matches", []string{"If-Match", `"a", b`}, tagged, 412},
		{"a date of then", []string{"If-Unmodified-Since", modified}, dated, 200},
		{"an earlier one fails", []string{"If-Unmodified-Since", before}, dated, 412},
		{"not where the answer has none", []string{"If-Unmodified-Since", before}, tagged, 200},
		{"nor where it is none", []string{"If-Unmodified-Since", "0"}, dated, 200},
		{"nor where there are tags", []string{"If-Match", `"a"`, "If-Unmodified-Since", before}, both, 200},
		{"what is insisted on comes first", []string{"If-Match", `"b"`, "If-None-Match", `"a"`}, tagged, 412},
		{"then the rest", []string{"If-Match", `"a"`, "If-None-Match", `"a"`}, tagged, 304},
		{"dates likewise", []string{"If-Unmodified-Since", after, "If-Modified-Since", after}, dated, 304},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := filter.Conditional()(answering(200, page(5000), c.fields...))
			protocols(t, h, func(t *testing.T, fetch func(string, string, ...string) *http.Response) {
				for _, method := range []string{"GET", "HEAD"} {
					res := fetch(method, "/", c.request...)
					body, err := io.ReadAll(res.Body)
					want := ""
					if c.status == 200 && method == "GET" {
						want = page(5000)
					}
					if err != nil || res.StatusCode != c.status || string(body) != want {
						t.Errorf("%s: %d with %d bytes, error %v, want %d with %d bytes", method, res.StatusCode, len(body), err, c.status, len(want))
					}
				}
			})
		})
	}
}

func TestConditionalLeavesAlone(t *testing.T) {
	for _, c := range []struct {
		name   string
		method string
		status int
	}{
		{"what a method that changes something has done", "PUT", 200},
		{"the answer to a POST", "POST", 200},
		{"a method that selects nothing", "OPTIONS", 200},
		{"what is not there", "GET", 404},
		{"a redirect", "GET", 302},
		{"what was created", "GET", 201},
		{"what is empty", "GET", 204},
		{"a failure", "GET", 500},
		{"a handler that says 304 itself", "GET", 304},
		{"a handler that says 412 itself", "GET", 412},
		{"a part that is none", "GET", 416},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := filter.Conditional()(answering(c.status, "", "Etag", `"a"`, "Last-Modified", modified))
			protocols(t, h, func(t *testing.T, fetch func(string, string, ...string) *http.Response) {
				for _, name := range []string{"If-None-Match", "If-Match"} {
					res := fetch(c.method, "/", name, map[string]string{"If-None-Match": "*", "If-Match": `"b"`}[name])
					if res.StatusCode != c.status || res.Header.Get("Etag") != `"a"` || res.Header.Get("Last-Modified") != modified {
						t.Errorf("%s: %d %v, want %d", name, res.StatusCode, res.Header, c.status)
					}
				}
			})
		})
	}
}

func TestConditionalFields(t *testing.T) {
	all := []string{"Etag", `"a"`, "Last-Modified", modified, "Cache-Control", "max-age=60", "Expires", after, "Vary", "Cookie",
		"Content-Location", "/a.en", "Set-Cookie", "a=1", "Content-Type", "text/html", "Content-Language", "en", "Content-Encoding", "br",
		"Content-Length", "5000", "Content-Digest", "sha-256=:YQ==:", "Repr-Digest", "sha-256=:YQ==:", "Accept-Ranges", "bytes",
		"Content-Range", "bytes 0-4999/6000"}
	h := filter.Conditional()(answering(206, page(5000), all...))
	protocols(t, h, func(t *testing.T, fetch func(string, string, ...string) *http.Response) {
		for name, want := range map[string][]string{
			"If-None-Match": {"Cache-Control", "Content-Location", "Date", "Etag", "Expires", "Set-Cookie", "Vary"},
			"If-Match":      {"Content-Language", "Content-Length", "Content-Location", "Content-Type", "Date", "Etag", "Last-Modified", "Set-Cookie", "Vary"},
		} {
			res := fetch("GET", "/", name, map[string]string{"If-None-Match": `"a"`, "If-Match": `"b"`}[name])
			var got []string
			for field := range res.Header {
				got = append(got, field)
			}
			if slices.Sort(got); !slices.Equal(got, want) {
				t.Errorf("%s: %d with %v, want %v", name, res.StatusCode, got, want)
			}
		}
	})
}

// A date is what is left to compare by when there is no ETag, so it stays.
func TestConditionalKeepsADate(t *testing.T) {
	h := filter.Conditional()(answering(200, page(5000), "Last-Modified", modified))
	protocols(t, h, func(t *testing.T, fetch func(string, string, ...string) *http.Response) {
		if res := fetch("GET", "/", "If-Modified-Since", modified); res.StatusCode != 304 || res.Header.Get("Last-Modified") != modified {
			t.Errorf("%d %v", res.StatusCode, res.Header)
		}
	})
}

func TestConditionalOfAStream(t *testing.T) {
	h := filter.Conditional()(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Etag", `"a"`)
		w.Header().Set("Trailer", "X-Sum")
		for range 10 {
			_, _ = io.WriteString(w, page(5000))
			_ = http.NewResponseController(w).Flush()
		}
		w.Header().Set("X-Sum", "1")
	}))
	protocols(t, h, func(t *testing.T, fetch func(string, string, ...string) *http.Response) {
		for name, want := range map[string]int{"If-None-Match": 304, "If-Match": 412} {
			res := fetch("GET", "/", name, map[string]string{"If-None-Match": `"a"`, "If-Match": `"b"`}[name])
			body, err := io.ReadAll(res.Body)
			if err != nil || len(body) > 0 || res.StatusCode != want || len(res.Trailer) > 0 {
				t.Errorf("%d with %d bytes, trailers %v, error %v, want an empty %d", res.StatusCode, len(body), res.Trailer, err, want)
			}
		}
		res := fetch("GET", "/", "If-None-Match", `"b"`)
		if body, err := io.ReadAll(res.Body); err != nil || len(body) != 50_000 || res.Trailer.Get("X-Sum") != "1" {
			t.Errorf("%d bytes, trailers %v, error %v", len(body), res.Trailer, err)
		}
	})
}

// Compress outside shows the handler's own tags on the way in, and marks that of a 304 on the way out.
func TestConditionalInsideOfCompress(t *testing.T) {
	h := filter.Compress(filter.CompressOptions{})(filter.Conditional()(answering(200, page(5000), "Etag", `"a"`, "Content-Type", "text/html")))
	protocols(t, h, func(t *testing.T, fetch func(string, string, ...string) *http.Response) {
		for _, coding := range []string{"gzip", "zstd", "identity"} {
			etag := fetch("GET", "/", "Accept-Encoding", coding).Header.Get("Etag")
			again := fetch("GET", "/", "Accept-Encoding", coding, "If-None-Match", etag)
			if again.StatusCode != 304 || again.Header.Get("Etag") != etag || again.Header.Get("Vary") != "Accept-Encoding" {
				t.Errorf("%s: If-None-Match: %s gets %d %v", coding, etag, again.StatusCode, again.Header)
			}
			if res := fetch("GET", "/", "Accept-Encoding", coding, "If-Match", etag); res.StatusCode != 200 {
				t.Errorf("%s: If-Match: %s gets %d", coding, etag, res.StatusCode)
			}
		}
	})
}

func TestConditionalCostsNothingWithoutConditions(t *testing.T) {
	h := filter.Conditional()(answering(200, ""))
	r, w := httptest.NewRequest("GET", "/", nil), discardResponse{make(http.Header)}
	if n := testing.AllocsPerRun(50, func() { h.ServeHTTP(w, r) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// A 304 costs capture's writer, for its body has none: the layer stays in use.
func TestConditionalAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes pools forget")
	}
	tag := []string{`"a"`}
	h := filter.Conditional()(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Etag"] = tag
		_, _ = io.WriteString(w, "Hello!")
	}))
	r, w := httptest.NewRequest("GET", "/", nil), discardResponse{make(http.Header)}
	r.Header.Set("If-None-Match", `"a"`)
	if n := testing.AllocsPerRun(50, func() { clear(w.Header()); h.ServeHTTP(w, r) }); n > 1 {
		t.Errorf("%v allocations", n)
	}
}

// Reading a list allocates nothing, however long it is and whatever is in it.
func TestConditionalReadsLongListsAtOnce(t *testing.T) {
	h := filter.Conditional()(answering(200, "", "Etag", `"a"`, "Last-Modified", modified))
	cost := func(list string) float64 {
		r, w := httptest.NewRequest("GET", "/", nil), discardResponse{make(http.Header)}
		r.Header = http.Header{"If-None-Match": {list}, "If-Modified-Since": {list}, "If-Unmodified-Since": {list}, "If-Range": {list}}
		return testing.AllocsPerRun(20, func() { clear(w.Header()); h.ServeHTTP(w, r) })
	}
	short := cost(`"b"`)
	for _, piece := range []string{`"b",`, `W/"b" , `, ",", " ", `"`, `"b`, "W/", "*,", `"b" `} {
		if n := cost(strings.Repeat(piece, 64<<10/len(piece))); n > short+4 {
			t.Errorf("%q: %v allocations, %v for a short one", piece, n, short)
		}
	}
}

func TestConditionalRefusesNil(t *testing.T) {
	defer func() {
		if got := recover(); got != "filter.Conditional: next is nil" {
			t.Errorf("panic %v", got)
		}
	}()
	filter.Conditional()(nil)
}

func ExampleConditional() {
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"edition-1"`)
		_, _ = io.WriteString(w, "Hello!")
	})
	site := filter.Conditional()(page)

	for _, known := range []string{`"edition-0"`, `"edition-1"`} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("If-None-Match", known)
		w := httptest.NewRecorder()
		site.ServeHTTP(w, r)
		fmt.Printf("%d %q\n", w.Code, w.Body)
	}
	// Output:
	// 200 "Hello!"
	// 304 ""
}

// What a PUT does is done when its answer is there. A handler that must not overwrite what somebody else changed in the
// meantime looks at If-Match itself, before it acts.
func ExampleConditional_wrong() {
	text := "first"
	site := filter.Conditional()(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			b, _ := io.ReadAll(r.Body)
			text = string(b) // wrong: nobody has looked at If-Match
		}
		w.Header().Set("ETag", `"`+text+`"`)
	}))

	r := httptest.NewRequest("PUT", "/", strings.NewReader("mine"))
	r.Header.Set("If-Match", `"zeroth"`)
	w := httptest.NewRecorder()
	site.ServeHTTP(w, r)
	fmt.Println(w.Code, text)
	// Output: 200 mine
}
