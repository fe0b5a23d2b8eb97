package filter_test

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/filtertest"
)

var strictPolicy = filter.CSP{
	"script-src":                {"'strict-dynamic'", "'nonce'"},
	"style-src":                 {"'nonce'", "https://example.org/x", "*.example.org:8443", "data:"},
	"object-src":                {"'none'"},
	"upgrade-insecure-requests": nil,
}

func TestSecureHeaders(t *testing.T) {
	filtertest.Run(t, filter.SecureHeaders(filter.SecureHeadersOptions{CSP: strictPolicy}), filtertest.Options{})

	const day = 24 * time.Hour
	for name, c := range map[string]struct {
		o    filter.SecureHeadersOptions
		url  string
		want string // a field and what it is
	}{
		"HTTPS is for a year":                            {filter.SecureHeadersOptions{}, "https://x/", "Strict-Transport-Security: [max-age=31536000]"},
		"over HTTP nothing is said of HTTPS":             {filter.SecureHeadersOptions{}, "http://x/", "Strict-Transport-Security: []"},
		"the time may be another":                        {filter.SecureHeadersOptions{HSTS: day}, "https://x/", "Strict-Transport-Security: [max-age=86400]"},
		"subdomains may be in it":                        {filter.SecureHeadersOptions{HSTSSubdomains: true}, "https://x/", "Strict-Transport-Security: [max-age=31536000; includeSubDomains]"},
		"and a browser's list":                           {filter.SecureHeadersOptions{HSTSSubdomains: true, HSTSPreload: true}, "https://x/", "Strict-Transport-Security: [max-age=31536000; includeSubDomains; preload]"},
		"types are not guessed":                          {filter.SecureHeadersOptions{}, "http://x/", "X-Content-Type-Options: [nosniff]"},
		"frames are the site's own":                      {filter.SecureHeadersOptions{}, "http://x/", "X-Frame-Options: [SAMEORIGIN]"},
		"or none":                                        {filter.SecureHeadersOptions{Frames: "DENY"}, "http://x/", "X-Frame-Options: [DENY]"},
		"others are told the origin":                     {filter.SecureHeadersOptions{}, "http://x/", "Referrer-Policy: [strict-origin-when-cross-origin]"},
		"or what the first of a list says":               {filter.SecureHeadersOptions{Referrer: "no-referrer,same-origin"}, "http://x/", "Referrer-Policy: [no-referrer, same-origin]"},
		"windows that it opens stay with it":             {filter.SecureHeadersOptions{}, "http://x/", "Cross-Origin-Opener-Policy: [same-origin-allow-popups]"},
		"or the others of the site":                      {filter.SecureHeadersOptions{Opener: "same-origin"}, "http://x/", "Cross-Origin-Opener-Policy: [same-origin]"},
		"other sites embed nothing":                      {filter.SecureHeadersOptions{}, "http://x/", "Cross-Origin-Resource-Policy: [same-site]"},
		"or all":                                         {filter.SecureHeadersOptions{Resource: "cross-origin"}, "http://x/", "Cross-Origin-Resource-Policy: [cross-origin]"},
		"the camera stays off":                           {filter.SecureHeadersOptions{}, "http://x/", "Permissions-Policy: [camera=(), geolocation=(), microphone=()]"},
		"or for some, and reported":                      {filter.SecureHeadersOptions{Permissions: `ch-ua=*, camera=self;report-to=a,  usb=( self  "https://*.b.example" )`}, "http://x/", `Permissions-Policy: [ch-ua=*, camera=self;report-to=a,  usb=( self  "https://*.b.example" )]`},
		"or not":                                         {filter.SecureHeadersOptions{Permissions: `camera=(self "https://a.example")`}, "http://x/", `Permissions-Policy: [camera=(self "https://a.example")]`},
		"without a policy there is none":                 {filter.SecureHeadersOptions{}, "http://x/", "Content-Security-Policy: []"},
		"a policy is in order":                           {filter.SecureHeadersOptions{CSP: filter.CSP{"img-src": {"*", "data:"}, "default-src": {"'self'"}}}, "http://x/", "Content-Security-Policy: [default-src 'self'; img-src * data:]"},
		"a directive may have no values":                 {filter.SecureHeadersOptions{CSP: filter.CSP{"sandbox": nil}}, "http://x/", "Content-Security-Policy: [sandbox]"},
		"values that are no sources are as they are":     {filter.SecureHeadersOptions{CSP: filter.CSP{"require-trusted-types-for": {"'script'"}}}, "http://x/", "Content-Security-Policy: [require-trusted-types-for 'script']"},
		"a hash is a word":                               {filter.SecureHeadersOptions{CSP: filter.CSP{"script-src": {"'sha256-x+/='"}}}, "http://x/", "Content-Security-Policy: [script-src 'sha256-x+/=']"},
		"another policy may only be reported":            {filter.SecureHeadersOptions{CSPReportOnly: filter.CSP{"report-uri": {"/csp"}}}, "http://x/", "Content-Security-Policy-Report-Only: [report-uri /csp]"},
		"what is omitted is not there, in any case of x": {filter.SecureHeadersOptions{Omit: []string{"x-frame-options"}}, "http://x/", "X-Frame-Options: []"},
	} {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			filter.SecureHeaders(c.o)(answering(404, "x")).ServeHTTP(w, httptest.NewRequest("GET", c.url, nil))
			field, _, _ := strings.Cut(c.want, ":")
			if got := fmt.Sprintf("%s: %s", field, w.Result().Header[field]); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestSecureHeaders_theHandlerMaySayOtherwise(t *testing.T) {
	secured := filter.SecureHeaders(filter.SecureHeadersOptions{CSP: strictPolicy, CSPReportOnly: filter.CSP{"sandbox": nil}})
	all := httptest.NewRecorder()
	secured(nothing).ServeHTTP(all, httptest.NewRequest("GET", "https://x/", nil))
	names := slices.Sorted(maps.Keys(all.Result().Header))
	if len(names) != 9 {
		t.Error("fields:", names)
	}
	for _, name := range names {
		for _, values := range [][]string{{"mine"}, nil} {
			w := httptest.NewRecorder()
			secured(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Header()[name] = values })).
				ServeHTTP(w, httptest.NewRequest("GET", "https://x/", nil))
			if got := w.Result().Header[name]; !slices.Equal(got, values) {
				t.Errorf("%s is %q, and the handler said %q", name, got, values)
			}
		}
	}
}

func TestSecureHeaders_nonce(t *testing.T) {
	seen := map[string]bool{}
	h := filter.SecureHeaders(filter.SecureHeadersOptions{CSP: strictPolicy})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		nonce, _ := filter.Nonce.Value(r.Context())
		w.Header().Set("X-Nonce", nonce)
		if r.URL.Path == "/304" {
			w.WriteHeader(304)
		}
		io.WriteString(w, nonce)
	}))
	protocols(t, h, func(t *testing.T, fetch func(method, path string, fields ...string) *http.Response) {
		for range 10 {
			res := fetch("GET", "/")
			nonce := res.Header.Get("X-Nonce")
			want := "object-src 'none'; script-src 'strict-dynamic' 'nonce-" + nonce +
				"'; style-src 'nonce-" + nonce + "' https://example.org/x *.example.org:8443 data:; upgrade-insecure-requests"
			if got := res.Header["Content-Security-Policy"]; len(got) != 1 || got[0] != want {
				t.Errorf("the policy is %q, want %q", got, want)
			}
			if len(nonce) < 22 || seen[nonce] || strings.Trim(nonce, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" {
				t.Errorf("nonce %q", nonce)
			}
			seen[nonce] = true
		}
		if res := fetch("GET", "/304"); res.StatusCode != 304 || res.Header["Content-Security-Policy"] != nil || res.Header.Get("X-Frame-Options") == "" {
			t.Error("the page that the client has gets another nonce:", res.Status, res.Header)
		}
	})
	for name, o := range map[string]filter.SecureHeadersOptions{
		"a policy without one":     {CSP: filter.CSP{"script-src": {"'self'"}}},
		"one that is not sent":     {CSP: strictPolicy, Omit: []string{"Content-Security-Policy"}},
		"a word that is no source": {CSP: filter.CSP{"trusted-types": {"'nonce'"}}},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		filter.SecureHeaders(o)(http.HandlerFunc(func(_ http.ResponseWriter, got *http.Request) {
			if _, ok := filter.Nonce.Value(got.Context()); ok || got != r {
				t.Errorf("%s: there is a nonce, or the request was copied", name)
			}
		})).ServeHTTP(httptest.NewRecorder(), r)
	}
}

// Fields of two responses have no memory in common.
func TestSecureHeaders_shared(t *testing.T) {
	h := filter.SecureHeaders(filter.SecureHeadersOptions{})(nothing)
	first, second := httptest.NewRecorder(), httptest.NewRecorder()
	h.ServeHTTP(first, httptest.NewRequest("GET", "/", nil))
	first.Header()["X-Frame-Options"][0] = "x"
	first.Header().Add("Referrer-Policy", "y")
	h.ServeHTTP(second, httptest.NewRequest("GET", "/", nil))
	for name, want := range map[string]string{"X-Frame-Options": "SAMEORIGIN", "Referrer-Policy": "strict-origin-when-cross-origin"} {
		if got := second.Header()[name]; len(got) != 1 || got[0] != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := first.Header().Get("Cross-Origin-Opener-Policy"); got != "same-origin-allow-popups" {
		t.Errorf("a value added to one field shows in the other: %q", got)
	}
}

// The words of CSP Level 3, and 'nonce', in any case of letters, are known.
func TestSecureHeaders_words(t *testing.T) {
	for _, word := range []string{
		"'self'", "'unsafe-inline'", "'unsafe-eval'", "'strict-dynamic'", "'unsafe-hashes'", "'report-sample'", "'unsafe-allow-redirects'",
		"'wasm-unsafe-eval'", "'trusted-types-eval'", "'report-sha256'", "'report-sha384'", "'report-sha512'", "'unsafe-webtransport-hashes'",
	} {
		w := httptest.NewRecorder()
		filter.SecureHeaders(filter.SecureHeadersOptions{CSP: filter.CSP{"script-src": {word, "'NONCE'"}}})(nothing).
			ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		if got := w.Header().Get("Content-Security-Policy"); !strings.HasPrefix(got, "script-src "+word+" 'nonce-") {
			t.Errorf("%s: the policy is %q", word, got)
		}
	}
}

func TestSecureHeaders_nonsense(t *testing.T) {
	const one = "write one value, without spaces, semicolons and commas"
	for want, o := range map[string]filter.SecureHeadersOptions{
		`Frames is "sameorigin", not one of SAMEORIGIN, DENY`: {Frames: "sameorigin"},
		`Referrer is "no-referer", not one of strict-origin-when-cross-origin, no-referrer, no-referrer-when-downgrade, same-origin, origin, strict-origin, origin-when-cross-origin, unsafe-url`: {Referrer: "origin, no-referer"},
		`Opener is "x", not one of same-origin-allow-popups, same-origin, noopener-allow-popups, unsafe-none`:                                                                                     {Opener: "x"},
		`Resource is "x", not one of same-site, same-origin, cross-origin`:                                                                                                                        {Resource: "x"},
		`Permissions has "camera": write such as "camera=(), fullscreen=(self)"`:                                                                                                                  {Permissions: "camera"},
		`Permissions has "camera=(\r\nX: y)": write such as "camera=(), fullscreen=(self)"`:                                                                                                       {Permissions: "camera=(\r\nX: y)"},
		`Permissions has "Camera=()": write such as "camera=(), fullscreen=(self)"`:                                                                                                               {Permissions: `Camera=()`},
		`Permissions has "camera=(self": write such as "camera=(), fullscreen=(self)"`:                                                                                                            {Permissions: `camera=(self`},
		`Permissions has "camera=none": write such as "camera=(), fullscreen=(self)"`:                                                                                                             {Permissions: `camera=none`},
		`Permissions has "camera='none'": write such as "camera=(), fullscreen=(self)"`:                                                                                                           {Permissions: `camera='none'`},
		`Permissions has "camera=())": write such as "camera=(), fullscreen=(self)"`:                                                                                                              {Permissions: `camera=()), microphone=()`},
		`Permissions has "camera=(https://a.example)": write such as "camera=(), fullscreen=(self)"`:                                                                                              {Permissions: `camera=(https://a.example)`},
		`HSTS is -1s, no whole number of seconds: name Strict-Transport-Security in Omit for none`:                                                                                                {HSTS: -time.Second},
		`HSTS is 1ms, no whole number of seconds: name Strict-Transport-Security in Omit for none`:                                                                                                {HSTS: time.Millisecond},
		`HSTSPreload needs HSTSSubdomains, and HSTS of 365 days at least`:                                                                                                                         {HSTSPreload: true},
		`Omit has "Referer-Policy", which is none of its fields`:                                                                                                                                  {Omit: []string{"Referer-Policy"}},
		`CSP has the directive "scripts-src", which browsers do not know`:                                                                                                                         {CSP: filter.CSP{"scripts-src": {"*"}}},
		`CSP has the directive "scriptSrc_elem", which browsers do not know: write script-src-elem`:                                                                                               {CSP: filter.CSP{"scriptSrc_elem": {"*"}}},
		`CSPReportOnly has the directive "", which browsers do not know`:                                                                                                                          {CSPReportOnly: filter.CSP{"": {"*"}}},
		`CSP has "self" in img-src: write 'self', in single quotes`:                                                                                                                               {CSP: filter.CSP{"img-src": {"self"}}},
		`CSP has "Sha256-x" in script-src-elem: write 'Sha256-x', in single quotes`:                                                                                                               {CSP: filter.CSP{"script-src-elem": {"Sha256-x"}}},
		`CSP has "'self" in base-uri: no such word is known`:                                                                                                                                      {CSP: filter.CSP{"base-uri": {"'self"}}},
		`CSP has "'me'" in form-action: no such word is known`:                                                                                                                                    {CSP: filter.CSP{"form-action": {"'me'"}}},
		`CSP has "'sha256-'" in script-src: no such word is known`:                                                                                                                                {CSP: filter.CSP{"script-src": {"'sha256-'"}}},
		`CSP has "'nonce-abc'" in script-src: write 'nonce' for that of the request; one for all is none`:                                                                                         {CSP: filter.CSP{"script-src": {"'nonce-abc'"}}},
		`CSP has "*; script-src *" in img-src: ` + one:                                                                                                                                            {CSP: filter.CSP{"img-src": {"*; script-src *"}}},
		`CSP has "a,b" in img-src: ` + one:                                                                                                                                                        {CSP: filter.CSP{"img-src": {"a,b"}}},
		`CSP has "/x;y" in report-uri: ` + one:                                                                                                                                                    {CSP: filter.CSP{"report-uri": {"/x;y"}}},
		`CSP has "a\r\nX: y" in img-src: ` + one:                                                                                                                                                  {CSP: filter.CSP{"img-src": {"a\r\nX: y"}}},
		`CSP has "\x00" in img-src: ` + one:                                                                                                                                                       {CSP: filter.CSP{"img-src": {"\x00"}}},
		`CSP has "" in img-src: ` + one:                                                                                                                                                           {CSP: filter.CSP{"img-src": {""}}},
	} {
		mustPanic(t, "filter.SecureHeaders: "+want, func() { filter.SecureHeaders(o) })
	}
	mustPanic(t, "filter.SecureHeaders: next is nil", func() { filter.SecureHeaders(filter.SecureHeadersOptions{})(nil) })
}

func ExampleSecureHeaders() {
	secure := filter.SecureHeaders(filter.SecureHeadersOptions{
		CSP: filter.CSP{"default-src": {"'self'"}, "script-src": {"'nonce'"}},
	})
	h := secure(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		nonce, _ := filter.Nonce.Value(r.Context())
		fmt.Fprintf(w, `<script nonce="%s">greet()</script>`, nonce)
	}))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	_, rest, _ := strings.Cut(w.Body.String(), `nonce="`)
	nonce, _, _ := strings.Cut(rest, `"`)
	fmt.Println(strings.Replace(w.Header().Get("Content-Security-Policy"), nonce, "(the page's)", 1))
	fmt.Println(w.Header().Get("X-Frame-Options"))
	// Output:
	// default-src 'self'; script-src 'nonce-(the page's)'
	// SAMEORIGIN
}
