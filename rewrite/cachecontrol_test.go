package rewrite_test

import (
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/rewrite"
)

func TestResponseCacheControl(t *testing.T) {
	type directives = rewrite.ResponseDirectives
	for name, c := range map[string]struct {
		lines   []string
		want    directives
		written string
	}{
		"nothing":                       {nil, directives{}, ""},
		"a time":                        {[]string{"max-age=60"}, directives{MaxAge: new(time.Minute)}, "max-age=60"},
		"zero is not nothing":           {[]string{"max-age=0"}, directives{MaxAge: new(time.Duration(0))}, "max-age=0"},
		"a quoted time":                 {[]string{`max-age="60"`}, directives{MaxAge: new(time.Minute)}, "max-age=60"},
		"a time of no end":              {[]string{"s-maxage=99999999999999999999"}, directives{SMaxAge: new(1 << 31 * time.Second)}, "s-maxage=2147483648"},
		"a time that is a word":         {[]string{"max-age=a, s-maxage=, stale-if-error=b"}, directives{MaxAge: new(time.Duration(0))}, "max-age=0"},
		"a time below zero":             {[]string{"s-maxage=-1"}, directives{SMaxAge: new(time.Duration(0))}, "s-maxage=0"},
		"a time without a number":       {[]string{"max-age"}, directives{MaxAge: new(time.Duration(0))}, "max-age=0"},
		"the first counts":              {[]string{"max-age=1, max-age=2", "max-age=3"}, directives{MaxAge: new(time.Second)}, "max-age=1"},
		"several lines and empty parts": {[]string{" ,No-Store,,", "PUBLIC"}, directives{NoStore: true, Public: true}, "public, no-store"},
		"fields":                        {[]string{`private="Set-Cookie, X-User", no-cache=set-cookie`}, directives{PrivateFields: []string{"Set-Cookie", "X-User"}, NoCacheFields: []string{"set-cookie"}}, `private="Set-Cookie, X-User", no-cache="set-cookie"`},
		"fields and all":                {[]string{`private="a b, C", private`}, directives{Private: true, PrivateFields: []string{"C"}}, `private, private="C"`},
		"others stay as they are":       {[]string{`Foo, max-age=1,x-y = "a, b" , z="a, \"b"`}, directives{MaxAge: new(time.Second), Others: []string{"Foo", `z="a, \"b"`}}, `max-age=1, Foo, z="a, \"b"`},
		"what is malformed is left out": {[]string{"a b, no-store, =, public"}, directives{NoStore: true, Public: true}, "public, no-store"},
		"an open quote hides nothing":   {[]string{`private="a, no-store, x="b`}, directives{NoStore: true}, "no-store"},
		"all of them": {[]string{"immutable, must-understand, proxy-revalidate, must-revalidate, no-transform, stale-while-revalidate=1, stale-if-error=2, no-cache, private"},
			directives{Immutable: true, MustUnderstand: true, ProxyRevalidate: true, MustRevalidate: true, NoTransform: true,
				StaleWhileRevalidate: new(time.Second), StaleIfError: new(2 * time.Second), NoCache: true, Private: true},
			"private, no-cache, no-transform, must-revalidate, proxy-revalidate, must-understand, immutable, stale-while-revalidate=1, stale-if-error=2"},
		"those of requests are others": {[]string{"only-if-cached, max-stale=1"}, directives{Others: []string{"only-if-cached", "max-stale=1"}}, "only-if-cached, max-stale=1"},
	} {
		t.Run(name, func(t *testing.T) {
			h := http.Header{"Cache-Control": c.lines, "Expires": {"0"}}
			got := rewrite.ResponseCacheControl(h)
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("%q is %+v, want %+v", c.lines, got, c.want)
			}
			got.Set(h)
			if h.Get("Cache-Control") != c.written || len(h["Cache-Control"]) > 1 || h.Get("Expires") != "0" {
				t.Errorf("%q becomes %q, want %q", c.lines, h["Cache-Control"], c.written)
			}
			if again := rewrite.ResponseCacheControl(h); !reflect.DeepEqual(again, got) {
				t.Errorf("%q is %+v, was %+v", h["Cache-Control"], again, got)
			}
		})
	}
}

func TestRequestCacheControl(t *testing.T) {
	type directives = rewrite.RequestDirectives
	for name, c := range map[string]struct {
		line    string
		want    directives
		written string
	}{
		"max-stale":           {"max-stale=5", directives{MaxStale: new(5 * time.Second)}, "max-stale=5"},
		"any max-stale":       {"max-stale", directives{MaxStale: new(time.Duration(math.MaxInt64))}, "max-stale"},
		"no max-stale":        {"max-stale=a, min-fresh=b, max-age=c", directives{MaxAge: new(time.Duration(0))}, "max-age=0"},
		"all of them":         {"no-cache, no-store, no-transform, only-if-cached, max-age=1, min-fresh=2, max-stale=3, stale-if-error=4", directives{NoCache: true, NoStore: true, NoTransform: true, OnlyIfCached: true, MaxAge: new(time.Second), MinFresh: new(2 * time.Second), MaxStale: new(3 * time.Second), StaleIfError: new(4 * time.Second)}, "no-cache, no-store, no-transform, only-if-cached, max-age=1, min-fresh=2, max-stale=3, stale-if-error=4"},
		"those of answers":    {"public, s-maxage=1", directives{Others: []string{"public", "s-maxage=1"}}, "public, s-maxage=1"},
		"a value for nothing": {"no-store=x, no-cache=\"y\"", directives{NoStore: true, NoCache: true}, "no-cache, no-store"},
	} {
		t.Run(name, func(t *testing.T) {
			h := http.Header{"Cache-Control": {c.line}}
			got := rewrite.RequestCacheControl(h)
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("%q is %+v, want %+v", c.line, got, c.want)
			}
			got.Set(h)
			if h.Get("Cache-Control") != c.written {
				t.Errorf("%q becomes %q, want %q", c.line, h["Cache-Control"], c.written)
			}
		})
	}
}

func TestCacheControlIsWrittenInSeconds(t *testing.T) {
	h := http.Header{}
	rewrite.ResponseDirectives{MaxAge: new(1999 * time.Millisecond), SMaxAge: new(-time.Hour), StaleIfError: new(time.Duration(math.MaxInt64))}.Set(h)
	if got := h.Get("Cache-Control"); got != "max-age=1, s-maxage=0, stale-if-error=2147483648" {
		t.Errorf("%q", got)
	}
	rewrite.ResponseDirectives{}.Set(h)
	if _, there := h["Cache-Control"]; there {
		t.Error("there are no directives, and Cache-Control is there")
	}
}

func FuzzCacheControl(f *testing.F) {
	f.Add(`max-age=1, private="a, b", x="\"", no-store`)
	f.Add(`x="a, max-stale, ,=,y=`)
	f.Fuzz(func(t *testing.T, line string) {
		h := http.Header{"Cache-Control": {line}}
		asks, tells := rewrite.RequestCacheControl(h), rewrite.ResponseCacheControl(h)
		asks.Set(h)
		if again := rewrite.RequestCacheControl(h); !reflect.DeepEqual(asks, again) {
			t.Fatalf("%q is %+v, and %q is %+v", line, asks, h["Cache-Control"], again)
		}
		tells.Set(h)
		if again := rewrite.ResponseCacheControl(h); !reflect.DeepEqual(tells, again) {
			t.Fatalf("%q is %+v, and %q is %+v", line, tells, h["Cache-Control"], again)
		}
		if !strings.Contains(line, `"`) && !strings.ContainsAny(line, "=\\") {
			for element := range strings.SplitSeq(line, ",") {
				if strings.EqualFold(strings.Trim(element, " \t"), "no-store") && !asks.NoStore {
					t.Fatalf("%q is %+v", line, asks)
				}
			}
		}
	})
}

// A field that is twice as long costs twice as much, whatever is in it.
func TestLongFieldsCostByTheirLength(t *testing.T) {
	for _, piece := range []string{",", " ", "a,", `"`, `x="a,`, `x="\",`, `x="\"`, `x=\",`, `private="a `, `private="a",`, "max-age=9,", "no-cache=,", `a="";`, ";a*0=b", "upgrade,"} {
		cost := func(n int) float64 {
			h := http.Header{}
			for _, name := range []string{"Cache-Control", "Content-Type", "Connection"} {
				h[name] = []string{"x" + strings.Repeat(piece, n/len(piece))}
			}
			r := httptest.NewRequest("GET", "/", nil)
			r.Header = h
			html := rewrite.Type("text/html")
			return testing.AllocsPerRun(3, func() {
				rewrite.RequestCacheControl(h)
				rewrite.ResponseCacheControl(h)
				rewrite.ContentType(h)
				rewrite.Charset(h)
				html(&capture.Head{Request: r})
				html(&capture.Head{Request: r, Status: 200, Header: h})
			})
		}
		if half, whole := cost(32<<10), cost(64<<10); whole > 2.5*half+20 {
			t.Errorf("%q: %v allocations for 32 KiB, %v for 64", piece, half, whole)
		}
	}
}

func ExampleResponseDirectives() {
	// What the application says is fresh for an hour may be used for a day more while a new
	// one is fetched.
	filter := rewrite.ResponseHeader(func(h http.Header) {
		d := rewrite.ResponseCacheControl(h)
		if d.MaxAge != nil && !d.NoStore {
			d.StaleWhileRevalidate = new(24 * time.Hour)
		}
		d.Set(h)
	})
	w := httptest.NewRecorder()
	filter(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "Max-Age=3600, public, x-cdn=eu")
	})).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	fmt.Println(w.Header().Get("Cache-Control"))
	// Output: public, max-age=3600, stale-while-revalidate=86400, x-cdn=eu
}

func ExampleRequestDirectives() {
	fresh := rewrite.RequestHeader(rewrite.RequestDirectives{NoCache: true, MinFresh: new(time.Minute)}.Set)
	fresh(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Header.Get("Cache-Control"))
		fmt.Println(*rewrite.RequestCacheControl(r.Header).MinFresh)
	})).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	// Output:
	// no-cache, min-fresh=60
	// 1m0s
}
