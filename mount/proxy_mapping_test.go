package mount_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/weirhttp/weir/mount"
)

// proxyAnswer is a RoundTripper that answers with the fields it is given.
type proxyAnswer struct {
	fields http.Header
	saw    http.Header
}

func (a *proxyAnswer) RoundTrip(r *http.Request) (*http.Response, error) {
	a.saw = r.Header
	return &http.Response{StatusCode: 200, Header: a.fields.Clone(), Body: http.NoBody, ProtoMajor: 1, ProtoMinor: 1, Request: r}, nil
}

// TestProxyMapsAnswers asks https://public.example for an answer of http://inner.example:3000, which sees "app.example"
// where it says so.
func TestProxyMapsAnswers(t *testing.T) {
	for name, c := range map[string]struct{ host, field, value, want string }{
		"its own address":              {"", "Location", "http://inner.example:3000/x?y#z", "https://public.example/x?y#z"},
		"its own address, bare":        {"", "Location", "http://inner.example:3000", "https://public.example/"},
		"its own address, no scheme":   {"", "Location", "//inner.example:3000/x", "//public.example/x"},
		"its own address, in letters":  {"", "Location", "HTTP://INNER.example:3000/x%2Fy//z", "https://public.example/x%2Fy//z"},
		"another port":                 {"", "Location", "http://inner.example/x", "http://inner.example/x"},
		"another host":                 {"", "Location", "http://other.example/x", "http://other.example/x"},
		"a host that begins like it":   {"", "Location", "http://inner.example:3000.evil/x", "http://inner.example:3000.evil/x"},
		"it as a user":                 {"", "Location", "http://inner.example:3000@evil/x", "http://inner.example:3000@evil/x"},
		"it in a query":                {"", "Location", "/x?to=http://inner.example:3000/", "/x?to=http://inner.example:3000/"},
		"a path":                       {"", "Location", "/x/../y", "/x/../y"},
		"what a browser takes for odd": {"", "Location", "http:", "http:"},
		"another host, oddly":          {"", "Location", `/\evil.example`, `/\evil.example`},
		"a relative path":              {"", "Location", "../x", "../x"},
		"the public address":           {"", "Location", "https://public.example/x", "https://public.example/x"},
		"the Host it sees":             {"app.example", "Location", "http://app.example/x", "https://public.example/x"},
		"its address, not its Host":    {"app.example", "Location", "http://inner.example:3000/x", "https://public.example/x"},
		"a Host that it does not see":  {"", "Location", "http://app.example/x", "http://app.example/x"},
		"where it is":                  {"", "Content-Location", "http://inner.example:3000/x", "https://public.example/x"},
		"a refresh":                    {"", "Refresh", "5; url=http://inner.example:3000/x", "5; url=https://public.example/x"},
		"links":                        {"", "Link", "<http://inner.example:3000/x>; rel=next, <http://o/x>", "<https://public.example/x>; rel=next, <http://o/x>"},
		"an origin":                    {"app.example", "Access-Control-Allow-Origin", "http://app.example", "https://public.example"},
		"any origin":                   {"app.example", "Access-Control-Allow-Origin", "*", "*"},
		"another origin":               {"app.example", "Access-Control-Allow-Origin", "http://o.example", "http://o.example"},
		"a cookie of its host":         {"app.example", "Set-Cookie", "a=1; Domain=app.example; Path=/; Secure", "a=1; Path=/; Secure"},
		"a cookie of a host above":     {"app.inner.test", "Set-Cookie", "a=1; Path=/; domain=.inner.test", "a=1; Path=/"},
		"a cookie of both":             {"app.example", "Set-Cookie", "a=1; Domain=example", "a=1; Domain=example"},
		"a cookie of another host":     {"app.example", "Set-Cookie", "a=1; Domain=other.example", "a=1; Domain=other.example"},
		"a cookie of its address":      {"", "Set-Cookie", "a=1; Domain=inner.example", "a=1"},
		"a cookie that says it inside": {"", "Set-Cookie", "a=Domain=inner.example; Path=/", "a=Domain=inner.example; Path=/"},
		"another field":                {"", "X-Location", "http://inner.example:3000/x", "http://inner.example:3000/x"},
	} {
		app := &proxyAnswer{fields: http.Header{c.field: {c.value}}}
		p := &mount.Proxy{URL: &url.URL{Scheme: "http", Host: "inner.example:3000"}, Host: c.host, Transport: app}
		w := httptest.NewRecorder()
		p.ServeHTTP(w, httptest.NewRequest("GET", "https://public.example/", nil))
		if got := w.Header().Get(c.field); got != c.want {
			t.Errorf("%s: %q is %q, want %q", name, c.value, got, c.want)
		}
	}
}

// TestProxyMapsRequests asks by https, or by http with a port, an application that sees another Host.
func TestProxyMapsRequests(t *testing.T) {
	for name, c := range map[string]struct{ public, host, field, value, want string }{
		"the origin":                    {"https://public.example", "app.example", "Origin", "https://public.example", "https://app.example"},
		"the origin, with its port":     {"https://public.example:443", "app.example", "Origin", "https://public.example", "https://app.example"},
		"the origin, in letters":        {"https://public.example", "app.example", "Origin", "HTTPS://Public.Example", "https://app.example"},
		"the origin at a port":          {"http://public.example:81", "app.example:3000", "Origin", "http://public.example:81", "http://app.example:3000"},
		"the origin by another scheme":  {"https://public.example", "app.example", "Origin", "http://public.example", "http://public.example"},
		"the origin by another port":    {"https://public.example", "app.example", "Origin", "https://public.example:80", "https://public.example:80"},
		"another origin":                {"https://public.example", "app.example", "Origin", "https://evil.example", "https://evil.example"},
		"an origin with its name":       {"https://public.example", "app.example", "Origin", "https://public.example.evil", "https://public.example.evil"},
		"no origin":                     {"https://public.example", "app.example", "Origin", "null", "null"},
		"the application's own origin":  {"https://public.example", "app.example", "Origin", "https://app.example", "https://app.example"},
		"the page before":               {"https://public.example", "app.example", "Referer", "https://public.example/x?y", "https://app.example/x?y"},
		"the page before, on a user":    {"https://public.example", "app.example", "Referer", "https://public.example@evil/x", "https://public.example@evil/x"},
		"the page before, elsewhere":    {"https://public.example", "app.example", "Referer", "https://o.example/x", "https://o.example/x"},
		"a destination":                 {"https://public.example", "app.example", "Destination", "https://public.example/x%2Fy", "http://app.example/x%2Fy"},
		"a destination that is a path":  {"https://public.example", "app.example", "Destination", "/x", "/x"},
		"tags":                          {"https://public.example", "app.example", "If", "<https://public.example/x> (<urn:a> [\"b\"]) <https://o/x> (<https://public.example/y>)", "<http://app.example/x> (<urn:a> [\"b\"]) <https://o/x> (<https://public.example/y>)"},
		"nothing, where Host is theirs": {"https://public.example", "", "Origin", "https://public.example", "https://public.example"},
	} {
		app := &proxyAnswer{}
		p := &mount.Proxy{URL: &url.URL{Scheme: "http", Host: "inner.example:3000"}, Host: c.host, Transport: app}
		r := httptest.NewRequest("MOVE", c.public+"/", nil)
		r.Header[c.field] = []string{c.value}
		p.ServeHTTP(httptest.NewRecorder(), r)
		if got := app.saw.Get(c.field); got != c.want || r.Header.Get(c.field) != c.value {
			t.Errorf("%s: %q is %q, want %q", name, c.value, got, c.want)
		}
	}
}

var proxyLineless = strings.NewReplacer("\t", "", "\r", "", "\n", "") // as browsers read references

// FuzzProxyMaps holds that fields of clients and applications stay text of one line, that what names no host of ours
// stays, and that nobody's origin becomes the application's but the public one.
func FuzzProxyMaps(f *testing.F) {
	for _, s := range []string{"https://public.example/x", "http://app.example", "<https://public.example/x> (<a>)", "a=1; Domain=.app.example; Path=/", `5; url="http://app.example/"`, `</>, <//app.example>`} {
		f.Add(s)
	}
	inward, outward := []string{"Origin", "Referer", "Destination", "If"}, []string{"Location", "Refresh", "Link", "Access-Control-Allow-Origin", "Set-Cookie"}
	f.Fuzz(func(t *testing.T, value string) {
		app := &proxyAnswer{fields: http.Header{}}
		p := &mount.Proxy{URL: &url.URL{Scheme: "http", Host: "inner.test"}, Host: "app.example", Transport: app}
		r := httptest.NewRequest("GET", "https://public.example/", nil)
		r.TLS = &tls.ConnectionState{}
		for _, name := range inward {
			r.Header[name] = []string{value}
		}
		for _, name := range outward {
			app.fields[name] = []string{value}
		}
		w := httptest.NewRecorder()
		p.ServeHTTP(w, r)
		for _, name := range inward {
			if got := app.saw.Get(name); got != value && !strings.Contains(strings.ToLower(value), "https://public.example") {
				t.Errorf("%s: %q became %q", name, value, got)
			}
		}
		if got := app.saw.Get("Origin"); strings.HasPrefix(got, "https://app.example") && !strings.HasPrefix(value, "https://app.example") {
			u, err := url.Parse(value)
			if err == nil && (u.Scheme != "https" || !strings.EqualFold(strings.TrimSuffix(u.Host, ":443"), "public.example")) {
				t.Errorf("the origin %q became %q", value, got)
			}
		}
		for _, name := range outward {
			text := proxyLineless.Replace(strings.ToLower(value))
			named := strings.Contains(text, "app.example") || strings.Contains(text, "inner.test") || name == "Set-Cookie" && strings.Contains(text, "domain")
			if got := w.Header().Get(name); got != value && !named || strings.Count(got, "\n") > strings.Count(value, "\n") {
				t.Errorf("%s: %q became %q", name, value, got)
			}
		}
	})
}

// FuzzProxyTargets holds that what a client sends for a target arrives as an equal one of one line and no space.
func FuzzProxyTargets(f *testing.F) {
	for _, s := range []string{"/a b", "/a|b%2F", "/x?a b", "//x", "/%61?", "/\x80%2f", "/x?\"#"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, target string) {
		u, err := url.ParseRequestURI(target)
		if err != nil || !strings.HasPrefix(target, "/") {
			return
		}
		var saw *url.URL
		p := &mount.Proxy{URL: &url.URL{Scheme: "http", Host: "inner.test"}, Transport: proxyWatch(func(r *http.Request) { saw = r.URL })}
		p.ServeHTTP(httptest.NewRecorder(), &http.Request{Method: "GET", URL: u, Header: http.Header{}, Host: "h", ProtoMajor: 1, ProtoMinor: 1})
		got := saw.RequestURI()
		again, err := url.ParseRequestURI(got)
		switch {
		case err != nil, strings.ContainsAny(got, " \r\n"):
			t.Errorf("%q goes on as %q: %v", target, got, err)
		case again.Path != u.Path || again.RawQuery != strings.ReplaceAll(u.RawQuery, " ", "%20") || again.ForceQuery != u.ForceQuery:
			t.Errorf("%q goes on as %q", target, got)
		case strings.Count(strings.ToLower(got), "%2f") != strings.Count(strings.ToLower(target), "%2f"):
			t.Errorf("%q goes on as %q", target, got)
		}
	})
}

type proxyWatch func(*http.Request)

func (f proxyWatch) RoundTrip(r *http.Request) (*http.Response, error) {
	f(r)
	return &http.Response{StatusCode: 204, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
}
