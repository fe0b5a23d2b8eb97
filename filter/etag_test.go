package filter_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/filtertest"
)

func TestETag(t *testing.T) {
	tags := filtertest.Options{ResponseFields: []string{"Etag"}}
	t.Run("a limit that most bodies are past", func(t *testing.T) { filtertest.Run(t, filter.ETag(filter.ETagOptions{Limit: 100}), tags) })
	tags.Except = map[string]string{"X63": "what is held is not written, and so not too late"}
	filtertest.Run(t, filter.ETag(filter.ETagOptions{}), tags)

	of := func(body string) string {
		sum := sha256.Sum256([]byte(body))
		return `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`
	}
	none := filter.ETagOptions{}
	small := filter.ETagOptions{Limit: 1000}
	pieces := func(flush bool) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			for range 10 {
				_, _ = io.WriteString(w, page(100))
				if flush {
					_ = http.NewResponseController(w).Flush()
				}
			}
		}
	}
	thousand := strings.Repeat(page(100), 10)
	for _, c := range []struct {
		name   string
		o      filter.ETagOptions
		method string
		h      http.HandlerFunc
		want   string
	}{
		{"a page gets the hash of its body", none, "GET", answering(200, page(5000)), of(page(5000))},
		{"a weak one if one is asked for", filter.ETagOptions{Weak: true}, "GET", answering(200, page(5000)), "W/" + of(page(5000))},
		{"so does an empty one", none, "GET", answering(200, ""), of("")},
		{"one that is written in pieces", small, "GET", pieces(false), of(thousand)},
		{"one that is as long as the limit", small, "GET", answering(200, page(1000)), of(page(1000))},
		{"and says so", small, "GET", answering(200, page(1000), "Content-Length", "1000"), of(page(1000))},
		{"a longer one does not", small, "GET", answering(200, page(1001)), ""},
		{"nor if it says so", small, "GET", answering(200, page(1001), "Content-Length", "1001"), ""},
		{"nor what is flushed", none, "GET", pieces(true), ""},
		{"unless that was all", none, "GET", func(w http.ResponseWriter, r *http.Request) {
			answering(200, page(10), "Content-Length", "10")(w, r)
			_ = http.NewResponseController(w).Flush()
		}, of(page(10))},
		{"one that has an ETag keeps it", none, "GET", answering(200, page(5000), "Etag", `"a"`), `"a"`},
		{"one that wants none gets none", none, "GET", func(w http.ResponseWriter, r *http.Request) {
			w.Header()["Etag"] = nil
			answering(200, page(5000))(w, r)
		}, ""},
		{"one that nobody may keep gets none", none, "GET", answering(200, page(5000), "Cache-Control", "private, No-Store"), ""},
		{"one that has to be asked about gets one", none, "GET", answering(200, page(5000), "Cache-Control", "no-cache"), of(page(5000))},
		{"an event stream gets none", none, "GET", answering(200, page(5000), "Content-Type", "text/event-stream"), ""},
		{"what is not there gets none", none, "GET", answering(404, page(5000)), ""},
		{"nor does a part", none, "GET", answering(206, page(5000), "Content-Range", "bytes 0-4999/6000"), ""},
		{"nor what is empty", none, "GET", answering(204, ""), ""},
		{"nor the answer to a POST", none, "POST", answering(200, page(5000)), ""},

		{"the head of a page has that of the page", none, "HEAD", answering(200, page(5000)), of(page(5000))},
		{"if it says how long that is, too", none, "HEAD", answering(200, page(5000), "Content-Length", "5000"), of(page(5000))},
		{"a head without the page has none", none, "HEAD", answering(200, ""), ""},
		{"nor if it says how long that is", none, "HEAD", answering(200, "", "Content-Length", "5000"), ""},
		{"nor with a part of it", none, "HEAD", answering(200, page(500), "Content-Length", "5000"), ""},
		{"nor past the limit", small, "HEAD", answering(200, page(1001)), ""},
		{"an empty page that says so has one", none, "HEAD", answering(200, "", "Content-Length", "0"), of("")},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := filter.ETag(c.o)(c.h)
			bare := httptest.NewRecorder()
			c.h(bare, httptest.NewRequest(c.method, "/", nil))
			protocols(t, h, func(t *testing.T, fetch func(string, string, ...string) *http.Response) {
				res := fetch(c.method, "/")
				if got := res.Header.Get("Etag"); got != c.want {
					t.Errorf("ETag %s, want %s", got, c.want)
				}
				body, err := io.ReadAll(res.Body)
				if want := bare.Body.String(); err != nil || c.method != "HEAD" && string(body) != want {
					t.Errorf("%d bytes, error %v, want %d", len(body), err, len(want))
				}
			})
		})
	}
}

// An endless stream goes out once it is past the limit, and one whose handler flushes at once.
func TestETagOfAnEndlessStream(t *testing.T) {
	for name, flush := range map[string]bool{"that is flushed": true, "that is not": false} {
		t.Run(name, func(t *testing.T) {
			h := filter.ETag(filter.ETagOptions{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				for r.Context().Err() == nil {
					if _, err := io.WriteString(w, page(1000)); err != nil {
						return
					}
					if flush {
						_ = http.NewResponseController(w).Flush()
					}
				}
			}))
			protocols(t, h, func(t *testing.T, fetch func(string, string, ...string) *http.Response) {
				res := fetch("GET", "/")
				if n, err := io.ReadFull(res.Body, make([]byte, 1<<20)); err != nil {
					t.Errorf("%d bytes and %v", n, err)
				}
				_ = res.Body.Close()
			})
		})
	}
}

// Of what will not get an ETag nothing is held, so that a file can go by sendfile.
func TestETagHoldsWhatItNeeds(t *testing.T) {
	for name, held := range map[string]bool{"": true, "Etag": false, "Content-Length": false, "Cache-Control": false} {
		t.Run(name, func(t *testing.T) {
			sent := false
			watch := func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					capture.Transform(w, r, next, 0, func(h *capture.Head, _ io.Writer) io.WriteCloser { sent = true; return nil })
				})
			}
			h := watch(filter.ETag(filter.ETagOptions{Limit: 1000})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if name != "" {
					w.Header().Set(name, map[string]string{"Etag": `"a"`, "Content-Length": "1001", "Cache-Control": "no-store"}[name])
				}
				_, _ = io.WriteString(w, "a")
				if sent == held {
					t.Errorf("sent: %v, want %v", sent, !held)
				}
			})))
			func() {
				defer func() { _ = recover() }() // of a body that is too short
				h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
			}()
		})
	}
}

func TestETagIsThatOfTheClient(t *testing.T) {
	stack := func(h http.Handler) http.Handler {
		return filter.Compress(filter.CompressOptions{})(filter.Conditional()(filter.ETag(filter.ETagOptions{})(h)))
	}
	protocols(t, stack(answering(200, page(5000), "Content-Type", "text/html")), func(t *testing.T, fetch func(string, string, ...string) *http.Response) {
		seen := map[string]bool{}
		for _, coding := range []string{"gzip", "zstd", "identity"} {
			etag := fetch("GET", "/", "Accept-Encoding", coding).Header.Get("Etag")
			if etag == "" || seen[etag] {
				t.Errorf("%s: ETag %q", coding, etag)
			}
			seen[etag] = true
			for _, method := range []string{"GET", "HEAD"} {
				if again := fetch(method, "/", "Accept-Encoding", coding, "If-None-Match", etag); again.StatusCode != 304 || again.Header.Get("Etag") != etag {
					t.Errorf("%s of %s: %d %v", method, coding, again.StatusCode, again.Header)
				}
			}
		}
	})
}

// An ETag costs capture's writer and its layer, the tag and the value of the field.
func TestETagAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes pools forget")
	}
	h := filter.ETag(filter.ETagOptions{})(answering(200, page(5000)))
	r, w := httptest.NewRequest("GET", "/", nil), discardResponse{make(http.Header)}
	if n := testing.AllocsPerRun(50, func() { clear(w.Header()); h.ServeHTTP(w, r) }); n > 3+2 { // two are of page
		t.Errorf("%v allocations", n)
	}
}

func TestETagRefusesWrongOptions(t *testing.T) {
	for want, build := range map[string]func(){
		"filter.ETag: next is nil":          func() { filter.ETag(filter.ETagOptions{})(nil) },
		"filter.ETag: Limit is -1, below 0": func() { filter.ETag(filter.ETagOptions{Limit: -1}) },
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

func ExampleETag() {
	hello := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "Hello!")
	})
	site := filter.Conditional()(filter.ETag(filter.ETagOptions{})(hello))

	r := httptest.NewRequest("GET", "/", nil)
	w := httptest.NewRecorder()
	site.ServeHTTP(w, r)
	fmt.Printf("%d %q %s\n", w.Code, w.Body, w.Header().Get("ETag"))

	r.Header.Set("If-None-Match", w.Header().Get("ETag"))
	w = httptest.NewRecorder()
	site.ServeHTTP(w, r)
	fmt.Printf("%d %q %s\n", w.Code, w.Body, w.Header().Get("ETag"))
	// Output:
	// 200 "Hello!" "M00Bb3Vc1txYxTqG4YOILw"
	// 304 "" "M00Bb3Vc1txYxTqG4YOILw"
}

// ETag is inside of Conditional, which else sees the answer before it has one.
func ExampleETag_wrong() {
	hello := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "Hello!")
	})
	site := filter.ETag(filter.ETagOptions{})(filter.Conditional()(hello)) // wrong

	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/", nil)
	site.ServeHTTP(w, r)
	r.Header.Set("If-None-Match", w.Header().Get("ETag"))
	w = httptest.NewRecorder()
	site.ServeHTTP(w, r)
	fmt.Println(w.Code)
	// Output: 200
}
