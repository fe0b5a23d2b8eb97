package filter_test

import (
	"io"
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
	for rest := c.text; rest != "" && r.Method != http.MethodHead; rest = rest[min(size, len(rest)):] {
		_, _ = io.WriteString(w, rest[:min(size, len(rest))])
	}
}

const entityTag = `(W/)?"[^\x00-\x20"\x7f]*"`

var (
	tagList   = regexp.MustCompile(`^[\t ,]*` + entityTag + `([\t ]*,[\t ,]*` + entityTag + `)*[\t ,]*$`)
	someThing = regexp.MustCompile(`[^\t ]`)
)

// asRead is what a header says in the reading of RFC 9110, in words that http.ServeContent reads likewise. It differs in
// fields that are malformed, which ServeContent reads as far as it can, and in those of several lines, of which it
// reads the first.
func asRead(h http.Header) http.Header {
	h = h.Clone()
	for name, malformed := range map[string]string{"If-Match": "*", "If-None-Match": `"never"`} {
		list := strings.Join(h[name], ", ")
		switch lines := len(h[name]); {
		case !someThing.MatchString(strings.Join(h[name], "")):
			h.Del(name)
		case lines == 1 && strings.Trim(list, " \t") == "*", tagList.MatchString(list):
			h.Set(name, list)
		default:
			h.Set(name, malformed)
		}
	}
	for _, name := range []string{"If-Modified-Since", "If-Unmodified-Since"} {
		if len(h[name]) > 1 {
			h.Del(name)
		}
	}
	return h
}

// answered is what a handler makes of a request.
func answered(h http.HandlerFunc, method string, header http.Header) (*http.Response, string) {
	r := httptest.NewRequest(method, "/", nil)
	r.Header = header
	w := httptest.NewRecorder()
	h(w, r)
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
		want, body := answered(c.served, method, asRead(header))
		got, text := answered(filter.Conditional()(http.HandlerFunc(c.plain)).ServeHTTP, method, header)
		want.Header.Del("Accept-Ranges")
		want.Header.Del("Content-Length") // for a server to say
		if got.StatusCode != want.StatusCode || text != body || !reflect.DeepEqual(got.Header, want.Header) {
			t.Errorf("%s %q with %v of the ETag %q: %d %v, http.ServeContent says %d %v", method, text, header, c.etag, got.StatusCode, got.Header, want.StatusCode, want.Header)
		}
	})
}
