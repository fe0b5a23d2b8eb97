package rewrite_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/rewrite"
)

func TestTypeOnTheWayIn(t *testing.T) {
	for types, uses := range map[string]struct{ yes, no string }{
		"text/html":          {"document iframe frame embed object empty anything", "image font audio video track style script worker sharedworker serviceworker audioworklet manifest json"},
		"text/css":           {"document style empty", "image font script"},
		"text/*":             {"document style script track worker json", "image font audio video"},
		"image/svg+xml":      {"document image object", "font video style script"},
		"image/*":            {"image document", "font style"},
		"font/woff":          {"font empty", "image style"},
		"application/json":   {"json manifest document empty font video", "image style script"},
		"text/javascript":    {"script worker", "style image"},
		"text/html TEXT/CSS": {"document style", "image script"},
	} {
		match := rewrite.Type(strings.Fields(types)...)
		for want, list := range map[bool]string{true: uses.yes, false: uses.no} {
			for _, use := range strings.Fields(list) {
				r := httptest.NewRequest("GET", "/", nil)
				r.Header.Set("Sec-Fetch-Dest", use)
				if match(&capture.Head{Request: r}) != want {
					t.Errorf("Type(%s) for %s is not %v", types, use, want)
				}
			}
		}
	}
	match := rewrite.Type("text/html")
	for connection, want := range map[string]bool{"": true, "close": true, "Upgrade": false, "keep-alive, upgrade": false, "upgraded": true} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Connection", connection)
		if match(&capture.Head{Request: r}) != want {
			t.Errorf("Connection: %s is not %v", connection, want)
		}
	}
}

func TestTypeOfTheAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		types  string
		header http.Header
		peek   string
		want   bool
	}{
		"the type":                 {"text/html", http.Header{"Content-Type": {"text/html"}}, "", true},
		"with parameters":          {"text/html", http.Header{"Content-Type": {" Text/HTML ; charset=x"}}, "", true},
		"with bad parameters":      {"text/html", http.Header{"Content-Type": {"text/html; charset"}}, "", true},
		"one of two":               {"text/css text/html", http.Header{"Content-Type": {"text/html"}}, "", true},
		"one of a kind":            {"text/*", http.Header{"Content-Type": {"text/x"}}, "", true},
		"another":                  {"text/html", http.Header{"Content-Type": {"text/htmlx"}}, "", false},
		"another kind":             {"text/*", http.Header{"Content-Type": {"textual/x"}}, "", false},
		"one with a suffix":        {"application/xml", http.Header{"Content-Type": {"application/atom+xml"}}, "", false},
		"a guess":                  {"text/html", http.Header{}, "<!DOCTYPE html>", true},
		"a guess that is another":  {"text/html", http.Header{}, "plain", false},
		"no guess where it is off": {"text/html", http.Header{"Content-Type": nil}, "<html>", false},
		"nothing to guess from":    {"text/html", http.Header{}, "", false},
		"an empty field":           {"text/html", http.Header{"Content-Type": {""}}, "<html>", false},
	} {
		h := &capture.Head{Request: httptest.NewRequest("GET", "/", nil), Status: 200, Header: c.header, Peek: []byte(c.peek)}
		if got := rewrite.Type(strings.Fields(c.types)...)(h); got != c.want {
			t.Errorf("%s is %v", name, got)
		}
	}
}

func TestTypeRefuses(t *testing.T) {
	if got := panics(func() { rewrite.Type() }); got != "rewrite.Type: types is empty" {
		t.Errorf("panics with %q", got)
	}
	for _, bad := range []string{"", "html", "text/", "/html", "*/*", "*/html", "text/html; charset=utf-8", "text/html,text/css"} {
		if got := panics(func() { rewrite.Type("text/css", bad) }); !strings.HasPrefix(got, "rewrite.Type: types[1] is ") {
			t.Errorf("Type(%q) panics with %q", bad, got)
		}
	}
}
