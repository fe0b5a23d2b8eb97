package filter_test

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/filtertest"
	"github.com/weirhttp/weir/rewrite"
)

func mustURL(s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil {
		panic(err)
	}
	return u
}

// location asks h for a target by a scheme and a host and returns the Location with its status, or "passes".
func location(h func(http.Handler) http.Handler, method, scheme, host, target string, edits ...func(*http.Request)) string {
	r := httptest.NewRequest(method, "/", nil)
	u, err := url.ParseRequestURI(target)
	if err != nil {
		return "no request"
	}
	r.URL, r.Host, r.RequestURI = u, host, target
	if scheme == "https" {
		r.TLS = &tls.ConnectionState{}
	}
	for _, edit := range edits {
		edit(r)
	}
	passed := false
	w := httptest.NewRecorder()
	h(http.HandlerFunc(func(_ http.ResponseWriter, inner *http.Request) { passed = inner == r })).ServeHTTP(w, r)
	if passed {
		return "passes"
	}
	return strings.TrimSpace(fmt.Sprint(w.Code, " ", w.Header().Get("Location")))
}

// mounted moves a prefix from the path to the script name.
func mounted(prefix string) func(*http.Request) {
	return func(r *http.Request) {
		below, _ := rewrite.Shift(r, prefix)
		*r = *below
	}
}

func TestCanonicalHost(t *testing.T) {
	filtertest.Run(t, filter.CanonicalHost(mustURL("https://example.com"), filter.CanonicalHostOptions{Only: []string{"www.example.com"}}), filtertest.Options{})

	type options = filter.CanonicalHostOptions
	const org = "https://example.org"
	for name, c := range map[string]struct {
		canonical                    string
		o                            options
		method, scheme, host, target string
		want                         string
		edits                        []func(*http.Request)
	}{
		"the canonical host passes":                  {org, options{}, "GET", "https", "example.org", "/x", "passes", nil},
		"in another case":                            {org, options{}, "GET", "https", "EXAMPLE.ORG", "/x", "passes", nil},
		"with the port of the scheme":                {org, options{}, "GET", "https", "example.org:443", "/x", "passes", nil},
		"where that is named in the URL":             {org + ":443/", options{}, "GET", "https", "example.org", "/x", "passes", nil},
		"another host is redirected":                 {org, options{}, "GET", "https", "www.example.org", "/x", "308 https://example.org/x", nil},
		"so is another scheme":                       {org, options{}, "GET", "http", "example.org", "/x", "308 https://example.org/x", nil},
		"both at once":                               {org, options{}, "GET", "http", "www.example.org:8080", "/x", "308 https://example.org/x", nil},
		"another port":                               {org, options{}, "GET", "https", "example.org:8443", "/x", "308 https://example.org/x", nil},
		"no port where there is one":                 {org + ":8443", options{}, "GET", "https", "example.org", "/x", "308 https://example.org:8443/x", nil},
		"that port passes":                           {org + ":8443", options{}, "GET", "https", "example.org:8443", "/x", "passes", nil},
		"the port of http is not that of https":      {org, options{}, "GET", "https", "example.org:80", "/x", "308 https://example.org/x", nil},
		"from https to http":                         {"http://example.org", options{}, "GET", "https", "example.org", "/x", "308 http://example.org/x", nil},
		"an IPv6 address":                            {"http://[::1]:8080", options{}, "GET", "http", "localhost:8080", "/x", "308 http://[::1]:8080/x", nil},
		"the dot of the root":                        {org, options{}, "GET", "https", "example.org.", "/x", "308 https://example.org/x", nil},
		"the dot with a port":                        {org, options{}, "GET", "https", "example.org.:443", "/x", "308 https://example.org/x", nil},
		"a POST, too":                                {org, options{}, "POST", "https", "www.example.org", "/x", "308 https://example.org/x", nil},
		"for a try":                                  {org, options{Temporary: true}, "GET", "https", "www.example.org", "/x", "307 https://example.org/x", nil},
		"no host":                                    {org, options{}, "GET", "https", "", "/x", "308 https://example.org/x", nil},
		"a host that is none":                        {org, options{}, "GET", "https", "evil.example/\r\n", "/x", "308 https://example.org/x", nil},
		"the query stays as it is":                   {org, options{}, "GET", "http", "example.org", "/x?b=%2F&a=1;c=%zz&b", "308 https://example.org/x?b=%2F&a=1;c=%zz&b", nil},
		"an empty query, too":                        {org, options{}, "GET", "http", "example.org", "/x?", "308 https://example.org/x?", nil},
		"bytes beyond ASCII in it are escaped":       {org, options{}, "GET", "http", "example.org", "/x?ä b", "308 https://example.org/x?%C3%A4%20b", nil},
		"the path stays as it is":                    {org, options{}, "GET", "http", "example.org", "/a//%2f/..;x/%61/", "308 https://example.org/a//%2f/..;x/%61/", nil},
		"two slashes are a path and no host":         {org, options{}, "GET", "http", "example.org", "//evil.example/", "308 https://example.org//evil.example/", nil},
		"a backslash is a path":                      {org, options{}, "GET", "http", "example.org", `/\evil.example/`, "308 https://example.org/%5Cevil.example/", nil},
		"an at sign is a path":                       {org, options{}, "GET", "http", "example.org", "/@evil.example", "308 https://example.org/@evil.example", nil},
		"the target in absolute form":                {org, options{}, "GET", "http", "evil.example", "http://evil.example/x", "308 https://example.org/x", nil},
		"in absolute form with no path":              {org, options{}, "GET", "http", "evil.example", "http://evil.example", "308 https://example.org/", nil},
		"an asterisk passes":                         {org, options{}, "OPTIONS", "http", "evil.example", "*", "passes", nil},
		"a path without a slash, of another filter":  {org, options{}, "GET", "http", "www.example.org", "/", "passes", []func(*http.Request){func(r *http.Request) { r.URL.Path = ".evil.example" }}},
		"also below a script name":                   {org, options{}, "OPTIONS", "http", "evil.example", "*", "passes", []func(*http.Request){prepended("/front")}},
		"so does CONNECT":                            {org, options{}, "CONNECT", "http", "evil.example:443", "http://evil.example:443", "passes", nil},
		"also CONNECT below a script name":           {org, options{}, "CONNECT", "http", "evil.example:443", "http://evil.example:443", "passes", []func(*http.Request){prepended("/front")}},
		"and a target that is no path":               {org, options{}, "GET", "http", "evil.example", "urn:x", "passes", []func(*http.Request){prepended("/front")}},
		"no path below a script name is its end":     {org, options{}, "GET", "http", "example.org", "http://example.org?q", "308 https://example.org/front?q", []func(*http.Request){prepended("/front")}},
		"below a mount the path is the client's":     {org, options{}, "GET", "http", "example.org", "/%61pp/x%2Fy?q", "308 https://example.org/%61pp/x%2Fy?q", []func(*http.Request){mounted("/app")}},
		"at the end of a mount":                      {org, options{}, "GET", "http", "example.org", "/app", "308 https://example.org/app", []func(*http.Request){mounted("/app")}},
		"the scheme that was found out counts":       {org, options{}, "GET", "http", "example.org", "/x", "passes", []func(*http.Request){rewrite.Scheme.Set("https")}},
		"so does the host":                           {org, options{}, "GET", "https", "10.0.0.1:8080", "/x", "passes", []func(*http.Request){rewrite.Host.Set("example.org")}},
		"and not the request's":                      {org, options{}, "GET", "https", "example.org", "/x", "308 https://example.org/x", []func(*http.Request){rewrite.Host.Set("www.example.org")}},
		"with Only, one of them is redirected":       {org, options{Only: []string{"www.example.org", "*.example.net"}}, "GET", "https", "a.example.net", "/x", "308 https://example.org/x", nil},
		"with Only, what names no host passes":       {org, options{Only: []string{"www.example.org"}}, "GET", "http", "", "/x", "passes", nil},
		"and what names one that is none":            {org, options{Only: []string{"www.example.org"}}, "GET", "http", "a@b", "/x", "passes", nil},
		"and the canonical one by another port not":  {org, options{Only: []string{"www.example.org"}}, "GET", "https", "example.org:8443", "/x", "308 https://example.org/x", nil},
		"and others pass":                            {org, options{Only: []string{"www.example.org"}}, "GET", "http", "10.0.0.1", "/x", "passes", nil},
		"and the canonical one by http does not":     {org, options{Only: []string{"www.example.org"}}, "GET", "http", "example.org", "/x", "308 https://example.org/x", nil},
		"a challenge of ACME passes":                 {org, options{}, "GET", "http", "www.example.org", "/.well-known/acme-challenge/aB3-_x", "passes", nil},
		"unless it is asked for":                     {org, options{Challenges: true}, "GET", "http", "www.example.org", "/.well-known/acme-challenge/aB3", "308 https://example.org/.well-known/acme-challenge/aB3", nil},
		"nothing above it passes":                    {org, options{}, "GET", "http", "example.org", "/.well-known/acme-challenge/", "308 https://example.org/.well-known/acme-challenge/", nil},
		"nor what climbs out of it":                  {org, options{}, "GET", "http", "example.org", "/.well-known/acme-challenge/../../admin", "308 https://example.org/.well-known/acme-challenge/../../admin", nil},
		"nor with an escape":                         {org, options{}, "GET", "http", "example.org", "/.well-known/acme-challenge/%2e%2e", "308 https://example.org/.well-known/acme-challenge/%2e%2e", nil},
		"nor a POST":                                 {org, options{}, "POST", "http", "example.org", "/.well-known/acme-challenge/aB3", "308 https://example.org/.well-known/acme-challenge/aB3", nil},
		"nor one below a mount, which is not its":    {org, options{}, "GET", "http", "example.org", "/app/.well-known/acme-challenge/aB3", "308 https://example.org/app/.well-known/acme-challenge/aB3", []func(*http.Request){mounted("/app")}},
		"GHSA-vrw8-fxc6-2r93 chi: the Host decides":  {org, options{}, "GET", "https", "evil.example", "/x/", "308 https://example.org/x/", nil},
		"CVE-2022-28923 Caddy: the path is a host":   {org, options{}, "GET", "http", "example.org", "//evil.example/%2e%2e/", "308 https://example.org//evil.example/%2e%2e/", nil},
		"CVE-2024-52003 Traefik: a prefix is a host": {org, options{}, "GET", "http", "example.org", "//evil.example/x", "308 https://example.org//evil.example/x", []func(*http.Request){mounted("//evil.example")}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := location(filter.CanonicalHost(mustURL(c.canonical), c.o), c.method, c.scheme, c.host, c.target, c.edits...); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestCanonicalHost_nonsense(t *testing.T) {
	mustPanic(t, "filter.CanonicalHost: canonical is nil", func() { filter.CanonicalHost(nil, filter.CanonicalHostOptions{}) })
	mustPanic(t, "filter.CanonicalHost: next is nil", func() { filter.CanonicalHost(mustURL("http://a"), filter.CanonicalHostOptions{})(nil) })
	mustPanic(t, "filter.CanonicalHost: Only is empty: no host would be in it", func() {
		filter.CanonicalHost(mustURL("http://a"), filter.CanonicalHostOptions{Only: []string{}})
	})
	for _, s := range []string{"example.org", "//example.org", "ftp://example.org", "https://", "https://example.org/x", "https://example.org?q", "https://example.org?",
		"https://example.org#f", "https://u@example.org", "https:example.org", "https://b%C3%BCcher.example"} {
		mustPanic(t, fmt.Sprintf("filter.CanonicalHost: canonical is %q: write scheme and host alone, such as https://example.org", mustURL(s).Redacted()),
			func() { filter.CanonicalHost(mustURL(s), filter.CanonicalHostOptions{}) })
	}
}

// FuzzCanonicalHost holds that no request is led to another host, and that all that a client asked for comes back.
func FuzzCanonicalHost(f *testing.F) {
	for _, s := range []string{"/x?y", "//evil.example", `/\evil`, "/%2f", "http://evil.example", "/?\x80", "*", "/@e", "/.well-known/acme-challenge/x"} {
		f.Add("www.example.org", s, "")
		f.Add("\u212Aelvin.example", s, "/front")
	}
	h := filter.CanonicalHost(mustURL("https://example.org"), filter.CanonicalHostOptions{})
	f.Fuzz(func(t *testing.T, host, target, prefix string) {
		script := ""
		got := location(h, "GET", "http", host, target, prepended(prefix), func(r *http.Request) { script = rewrite.ScriptName(r) })
		if got == "passes" || got == "no request" {
			return
		}
		u, err := url.Parse(strings.TrimPrefix(got, "308 "))
		if err != nil || u.Scheme != "https" || u.Host != "example.org" || u.User != nil || strings.ContainsAny(got, "\r\n\x00\t\\") && !strings.Contains(target, `\`) {
			t.Fatalf("%q leads to %q, %v", target, got, err)
		}
		asked, _ := url.ParseRequestURI(target)
		if asked.Path != "" && (asked.Path[0] != '/' || script+asked.Path != u.Path) {
			t.Errorf("%q came back as %q", target, got)
		}
	})
}

func ExampleCanonicalHost() {
	canonical := &url.URL{Scheme: "https", Host: "example.org"}
	h := filter.CanonicalHost(canonical, filter.CanonicalHostOptions{})(nothing)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "http://www.example.org/page?q=1", nil))
	fmt.Println(w.Code, w.Header().Get("Location"))
	// Output: 308 https://example.org/page?q=1
}
