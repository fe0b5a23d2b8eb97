package rewrite_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/weirhttp/weir/rewrite"
)

// TestTheViewTakesLinearTime reads fields and queries of 128 KiB. What is quadratic would not
// come back within the time that a test has.
func TestTheViewTakesLinearTime(t *testing.T) {
	const size = 1 << 17
	set, del := rewrite.SetCookie("a", "9"), rewrite.DelCookie("a")
	setQuery, delQuery := rewrite.SetQuery("a", "9"), rewrite.DelQuery("a")
	for _, piece := range []string{"a", "a=", "a=1;", "a=1&", "&", "%", "%2", "%61=&", ";", ",", " ", "\t", `"`, `\`, `"a"`, `"a",`, `W/"`,
		`a="`, `a="\"`, `a="b,`, `a="b",`, `a="b"c,`, `private="a,`, `private="a",`, "max-age=1,", "no-store ,", "a=b,", "a.", "[", ":", "/", "/a", "%2F/", "*,"} {
		t.Run(piece, func(t *testing.T) {
			for _, before := range []string{"", "a ", `a="`, `private="`, `"`, "text/html;", "/"} {
				long := before + strings.Repeat(piece, size/len(piece))
				h := http.Header{"Authorization": {long}, "Cache-Control": {long}, "Content-Type": {long}, "Cookie": {long, "b"},
					"If-Match": {long}, "If-None-Match": {"*", long}, "If-Modified-Since": {long}, "If-Range": {long}}
				r := ask("/")
				r.URL.Path, r.URL.RawQuery, r.Host, r.RemoteAddr, r.Header = long, long, long, long, h
				rewrite.Authorization(r)
				rewrite.RequestCacheControl(h)
				rewrite.ResponseCacheControl(h).Set(http.Header{})
				rewrite.Charset(h)
				c := rewrite.ConditionsOf(r)
				c.Status("GET", `"b"`, time.Time{})
				c.Range(`"b"`, time.Time{})
				rewrite.ClientOf(r)
				_ = rewrite.Domain(r) + rewrite.Port(r) + rewrite.FullURL(r).String()
				rewrite.Pop(r)
				for range rewrite.Query(r) {
				}
				setQuery(r)
				delQuery(r)
				set(r)
				del(r)
			}
		})
	}
}

func TestCostsOfTheView(t *testing.T) {
	r := below("https://example.com/app/%61/b?q=1&r=%61")
	r.RemoteAddr = "192.0.2.1:7"
	r.Header = http.Header{"If-None-Match": {`"a", W/"b", "c"`}, "Cookie": {"b=2"}, "Content-Type": {"text/html"}, "Authorization": {"bearer a"}}
	del, delQuery := rewrite.DelCookie("a"), rewrite.SetQuery("q", "1")
	for name, c := range map[string]struct {
		budget float64
		f      func()
	}{
		"SchemeOf":               {0, func() { rewrite.SchemeOf(r) }},
		"HostOf":                 {0, func() { rewrite.HostOf(r) }},
		"Domain":                 {0, func() { rewrite.Domain(r) }},
		"Port":                   {0, func() { rewrite.Port(r) }},
		"ClientOf":               {0, func() { rewrite.ClientOf(r) }},
		"Peek":                   {0, func() { rewrite.Peek(r) }},
		"Pop":                    {2, func() { rewrite.Pop(r) }},
		"FullURL":                {4, func() { rewrite.FullURL(r) }},
		"ContentType":            {1, func() { rewrite.ContentType(r.Header) }},
		"ConditionsOf":           {0, func() { rewrite.ConditionsOf(r).Status("GET", `"c"`, time.Time{}) }},
		"Authorization":          {0, func() { rewrite.Authorization(r) }},
		"DelCookie of none":      {2, func() { del(r) }},
		"SetQuery to what it is": {4, func() { delQuery(r) }},
	} {
		if got := testing.AllocsPerRun(100, c.f); got > c.budget {
			t.Errorf("%s: %v allocations, the budget is %v", name, got, c.budget)
		}
	}
}
