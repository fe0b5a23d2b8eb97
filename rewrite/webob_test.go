package rewrite_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/weirhttp/weir/rewrite"
)

// TestLikeWebOb compares with what WebOb 1.8.6 says of the same request, as it was seen to.
// Where the two differ, why says what is right about it.
func TestLikeWebOb(t *testing.T) {
	for name, c := range map[string]struct {
		see         func() string
		webob, ours string
		why         string
	}{
		"host_url drops the port of http":  {urls("http://example.com:80/", host), "http://example.com", "http://example.com", ""},
		"host_url drops the port of https": {urls("https://example.com:443/", host), "https://example.com", "https://example.com", ""},
		"host_url keeps another port":      {urls("http://example.com:443/", host), "http://example.com:443", "http://example.com:443", ""},
		"host_url of IPv6":                 {urls("http://[::1]:8080/", host), "http://[::1]:8080", "http://[::1]:8080", ""},
		"domain of IPv6":                   {urls("http://[::1]:8080/", rewrite.Domain), "[::1]", "[::1]", ""},
		"host_port":                        {urls("https://example.com/", rewrite.Port), "443", "443", ""},
		"domain in another spelling": {urls("http://EXAMPLE.com./", rewrite.Domain), "EXAMPLE.com.", "example.com",
			"a name that is compared has one spelling"},
		"host_url of what is no host": {hosted("a@b", host), "http://a@b", "http://localhost",
			"b is where a browser goes"},
		"host_url without a host": {hosted("", host), "http://", "http://localhost", "a URL has a host"},

		"application_url": {urls("http://h/app/list?page=2", application), "http://h/app", "http://h/app", ""},
		"path_url":        {urls("http://h/app/list?page=2", path), "http://h/app/list", "http://h/app/list", ""},
		"url":             {urls("http://h/app/list?page=2", full), "http://h/app/list?page=2", "http://h/app/list?page=2", ""},
		"path_url of escapes": {urls("http://h/app/%28a%29%2Fb", path), "http://h/app/(a)/b", "http://h/app/%28a%29%2Fb",
			"WSGI has no escaped path; the client's stays as it was written"},

		"relative_url of a name":              {relative("x"), "http://h/app/x http://h/app/x", "http://h/app/x http://h/app/x", ""},
		"relative_url of a path":              {relative("/x"), "http://h/x http://h/x", "http://h/x http://h/x", ""},
		"relative_url of a query":             {relative("?p=3"), "http://h/app/list?p=3 http://h/app/?p=3", "http://h/app/list?p=3 http://h/app/?p=3", ""},
		"relative_url of another host":        {relative("//e/x"), "http://e/x http://e/x", "http://e/x http://e/x", ""},
		"relative_url out of the application": {relative("../x"), "http://h/x http://h/x", "http://h/x http://h/x", ""},
		"relative_url of a fragment": {relative("#f"), "http://h/app/list#f http://h/app/#f", "http://h/app/list?page=2#f http://h/app/#f",
			"a fragment of this page is of the page with its query (RFC 3986 section 5.2.2)"},

		"path_info_pop":                       {popped("/a/b"), "a /a /b", "a /a /b", ""},
		"path_info_pop of the last segment":   {popped("/a"), "a /a ", "a /a ", ""},
		"path_info_pop keeps doubled slashes": {popped("/a//b"), "a /a //b", "a /a //b", ""},
		"path_info_pop of doubled slashes": {popped("//a/b"), "a //a /b", "  //a/b",
			"who looked for /a let //a pass, and it is not taken for /a behind it"},
		"path_info_pop of a slash": {popped("/"), " / ", "  /", "no script name ends with a slash (RFC 3875 section 4.1.13)"},

		"client_addr": {addressed("10.0.0.1:7", "6.6.6.6, 10.0.0.1"), "6.6.6.6", "10.0.0.1",
			"the leftmost address of X-Forwarded-For is what the client likes"},

		"GET is in order":                {read("a=1&b=2&a=3"), "a:1 b:2 a:3", "a:1 b:2 a:3", ""},
		"GET of malformed escapes":       {read("a=%zz&b=1"), "a:%zz b:1", "a:%zz b:1", ""},
		"GET without a value":            {read("a"), "a:", "a:", ""},
		"GET of empty parts":             {read("&&a=1"), "a:1", "a:1", ""},
		"GET of an escaped name":         {read("%61=1"), "a:1", "a:1", ""},
		"GET of a semicolon":             {read("a=1;b=2"), "a:1 b:2", "a:1;b=2", "only & separates parameters (WHATWG URL section 5.1)"},
		"GET[a] = 9 replaces all of a":   {asked("a=1&a=3", rewrite.SetQuery("a", "9")), "a=9", "a=9", ""},
		"GET[a] = 9 adds a":              {asked("b=2", rewrite.SetQuery("a", "9")), "b=2&a=9", "b=2&a=9", ""},
		"GET[a] = 9 keeps the order":     {asked("a=1&b=2&a=3", rewrite.SetQuery("a", "9")), "b=2&a=9", "a=9&b=2", "a parameter stays in its place"},
		"GET[a] = 9 keeps other escapes": {asked("a=1&b=x%2fy", rewrite.SetQuery("a", "9")), "b=x%2Fy&a=9", "a=9&b=x%2fy", "what is not set stays as it was written: a signature may be over it"},

		"cookies[a] = 9":              {cookies("a=1; b=2", rewrite.SetCookie("a", "9")), "a=9; b=2", "a=9; b=2", ""},
		"cookies[a] = 9 keeps junk":   {cookies("junk; a=1", rewrite.SetCookie("a", "9")), "junk; a=9", "junk; a=9", ""},
		"cookies[a] = 9 replaces all": {cookies("a=1; b=2; a=3", rewrite.SetCookie("a", "9")), "a=9; b=2; a=3", "a=9; b=2", "another reader takes the other one"},
		"del cookies[a]":              {cookies("b=2; a=1; c=3", rewrite.DelCookie("a")), "b=2; c=3", "b=2; c=3", ""},
		"del cookies[a], the first":   {cookies("a=1; b=2", rewrite.DelCookie("a")), "; b=2", "b=2", "no separator without a cookie"},
		"del cookies[a] deletes all":  {cookies("b=2; a=1; a=3", rewrite.DelCookie("a")), "b=2; a=3", "b=2", "what was deleted is gone"},
		"cookies[a] = 9 with a comma": {cookies("a=1,b=2", rewrite.SetCookie("a", "9")), "a=9,b=2", "a=9", "only ; separates cookies (RFC 6265 section 5.4)"},

		"authorization of a token":       {authorized("Basic YTpi"), "Basic YTpi", "basic YTpi", "schemes have no case: lower case compares with =="},
		"authorization of parameters":    {authorized(`Digest realm="a", qop=auth`), "Digest realm=a", "digest realm=a", "schemes have no case"},
		"authorization, parameter twice": {authorized("Digest realm=b, realm=c"), "Digest realm=c", "no", "a parameter is there once (RFC 9110 section 11.2)"},
		"authorization with a quote":     {authorized(`Digest realm="x,\"y"`), "Digest realm=", `digest realm=x,"y`, "a quoted string is read as RFC 9110 section 5.6.4 has it"},

		"cache_control.max_age":           {aged("max-age=0, no-cache"), "0s", "0s", ""},
		"cache_control.max_age, capitals": {aged("MAX-AGE=3"), "no", "3s", "directives have no case"},
		"cache_control.max_age twice":     {aged("max-age=1, max-age=2"), "2s", "1s", "the first counts (RFC 9111 section 4.2.1)"},
		"cache_control.max_age of a word": {aged("max-age=abc"), "abc", "0s", "who cannot read it asks (RFC 9111 section 4.2.1)"},

		"if_none_match of a list":         {tagged(`"a", W/"b"`), "a b", "a b", ""},
		"if_none_match of the asterisk":   {tagged("*"), "a b", "a b", ""},
		"if_none_match of what is no tag": {tagged("a"), "a", "", "a tag has quotes"},

		"content_type":         {typed("text/html; charset=a"), "text/html a", "text/html a", ""},
		"content_type's case":  {typed("Text/HTML; charset=UTF-8"), "Text/HTML UTF-8", "text/html utf-8", "both have no case"},
		"charset of a nothing": {typed("text/html"), "text/html UTF-8", "text/html ", "RFC 9110 has no default: the format has one"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.see(); got != c.ours {
				t.Errorf("%q, want %q", got, c.ours)
			}
			if (c.webob == c.ours) != (c.why == "") {
				t.Errorf("WebOb says %q, we say %q, because %q", c.webob, c.ours, c.why)
			}
		})
	}
}

func host(r *http.Request) string        { return rewrite.HostURL(r).String() }
func application(r *http.Request) string { return rewrite.ApplicationURL(r).String() }
func path(r *http.Request) string        { return rewrite.PathURL(r).String() }
func full(r *http.Request) string        { return rewrite.FullURL(r).String() }

// urls sees a request for target, whose script name is "/app" where it can be.
func urls(target string, see func(*http.Request) string) func() string {
	return func() string { return see(below(target)) }
}

func hosted(host string, see func(*http.Request) string) func() string {
	return func() string {
		r := ask("/")
		r.Host = host
		return see(r)
	}
}

func relative(ref string) func() string {
	return func() string {
		r := below("http://h/app/list?page=2")
		page, err1 := rewrite.RelativeToPage(r, ref)
		app, err2 := rewrite.RelativeToApplication(r, ref)
		return fmt.Sprint(page, " ", app, said(err1), said(err2))
	}
}

func said(err error) string {
	if err == nil {
		return ""
	}
	return " " + err.Error()
}

func popped(target string) func() string {
	return func() string {
		r, segment := rewrite.Pop(ask(target))
		return segment + " " + rewrite.ScriptName(r) + " " + r.URL.Path
	}
}

func addressed(peer, forwarded string) func() string {
	return func() string {
		r := ask("/")
		r.RemoteAddr, r.Header["X-Forwarded-For"] = peer, []string{forwarded}
		return rewrite.ClientOf(r).String()
	}
}

func read(query string) func() string {
	return func() string {
		var list []string
		for name, value := range rewrite.Query(ask("/?" + query)) {
			list = append(list, name+":"+value)
		}
		return strings.Join(list, " ")
	}
}

func asked(query string, edit func(*http.Request)) func() string {
	return func() string {
		r := ask("/?" + query)
		edit(r)
		return r.URL.RawQuery
	}
}

func cookies(line string, edit func(*http.Request)) func() string {
	return func() string {
		r := ask("/")
		r.Header["Cookie"] = []string{line}
		edit(r)
		return strings.Join(r.Header["Cookie"], "\n")
	}
}

func authorized(line string) func() string {
	return func() string {
		r := ask("/")
		r.Header["Authorization"] = []string{line}
		c, ok := rewrite.Authorization(r)
		switch {
		case !ok:
			return "no"
		case c.Token != "":
			return c.Scheme + " " + c.Token
		}
		return c.Scheme + " realm=" + c.Params["realm"]
	}
}

func aged(line string) func() string {
	return func() string {
		d := rewrite.RequestCacheControl(http.Header{"Cache-Control": {line}})
		if d.MaxAge == nil {
			return "no"
		}
		return d.MaxAge.String()
	}
}

func tagged(line string) func() string {
	return func() string {
		tags := rewrite.ETags{line}
		var list []string
		for _, tag := range []string{"a", "b"} {
			if tags.WeakMatch(rewrite.ETag(`"` + tag + `"`)) {
				list = append(list, tag)
			}
		}
		return strings.Join(list, " ")
	}
}

func typed(line string) func() string {
	return func() string {
		h := http.Header{"Content-Type": {line}}
		return rewrite.ContentType(h) + " " + rewrite.Charset(h)
	}
}
