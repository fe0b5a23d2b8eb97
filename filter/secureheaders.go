package filter

import (
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/rewrite"
)

// Nonce is the request's nonce, as SecureHeaders made it for a policy that has one: put it into the nonce attribute of
// the script and style elements of a page that are yours. It is never empty where it is set, and of letters and digits.
var Nonce = &rewrite.Key[string]{Name: "nonce"}

// SecureHeadersOptions are the options of [SecureHeaders]. The zero value is right for most sites.
type SecureHeadersOptions struct {
	// HSTS is for how long browsers are to ask for the site by HTTPS alone (Strict-Transport-Security, RFC 6797), in
	// whole seconds. 0 means 365 days. It cannot be taken back before it is over.
	HSTS time.Duration

	// HSTSSubdomains says for all subdomains, too, what HSTS says for the site.
	HSTSSubdomains bool

	// HSTSPreload agrees that browsers come with the site on their list, for which it takes HSTSSubdomains and 365 days
	// at least.
	HSTSPreload bool

	// Frames says who may show the site in a frame (X-Frame-Options, RFC 7034): DENY or SAMEORIGIN. Empty means
	// SAMEORIGIN. Where a policy has frame-ancestors, browsers go by that instead.
	Frames string

	// Referrer says what other sites are told of where a user came from (Referrer-Policy). Empty means
	// strict-origin-when-cross-origin: the origin, and of HTTPS nothing to HTTP. With no-referrer, browsers send
	// "Origin: null", which checks against forged requests may refuse.
	Referrer string

	// Opener says which windows of others keep hold of the site's (Cross-Origin-Opener-Policy). Empty means
	// same-origin-allow-popups: those that it opened itself, as for a sign-on in a window of its own.
	Opener string

	// Resource says who may embed the site's images, scripts and the like without asking by CORS
	// (Cross-Origin-Resource-Policy). Empty means same-site.
	Resource string

	// Permissions says which powers of the browser pages may use (Permissions-Policy). Empty means
	// "camera=(), geolocation=(), microphone=()": not these.
	Permissions string

	// CSP is the content security policy (CSP Level 3). Nil means none: there is none that fits every application.
	CSP CSP

	// CSPReportOnly is a policy whose violations are reported and not prevented. Nil means none.
	CSPReportOnly CSP

	// Omit are the names of fields that are not sent after all.
	Omit []string
}

// SecureHeaders returns a filter that sends the response fields by which browsers protect a site and its users:
// Strict-Transport-Security, X-Content-Type-Options: nosniff, X-Frame-Options, Referrer-Policy,
// Cross-Origin-Opener-Policy, Cross-Origin-Resource-Policy, Permissions-Policy and, if there is a policy,
// Content-Security-Policy and Content-Security-Policy-Report-Only. It answers nothing itself.
//
// Each is a default, for all statuses: a response in which the handler set the field, or took it away by setting it to
// nil, keeps what it has. Strict-Transport-Security is sent by https alone: where [rewrite.Scheme] says so, as TrustProxy
// sets it, or else the connection. Informational responses (1xx) and hijacked connections get nothing.
//
// For a policy with the source 'nonce', each request gets 128 bits of crypto/rand as [Nonce] in its context. A 304 then
// has no policy, for the browser would put the new nonce to the page that it has. A page with a nonce is not for
// caches of many users. See [CSP].
//
// In a stack it stands outside of all that answers, so that errors have the fields, too. Options that make no sense,
// such as a misspelt word, which browsers would ignore without a word, panic when the filter is made.
func SecureHeaders(o SecureHeadersOptions) func(http.Handler) http.Handler {
	s := newSecureHeaders(o)
	hook := s.hook
	return func(next http.Handler) http.Handler {
		if next == nil {
			panic("filter.SecureHeaders: next is nil")
		}
		secured := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			capture.Transform(w, r, next, 0, hook)
		})
		if !s.nonce {
			return secured
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rewrite.Serve(w, r, r.WithContext(Nonce.WithValue(r.Context(), rand.Text())), secured)
		})
	}
}

type secureHeaders struct {
	fields []secureField
	nonce  bool // a policy has one
}

// secureField is a field with its value, cut where the nonce goes in.
type secureField struct {
	name  string
	value []string
	tls   bool // over TLS alone
}

func newSecureHeaders(o SecureHeadersOptions) *secureHeaders {
	all := []secureField{
		{name: "Strict-Transport-Security", value: []string{o.strict()}, tls: true},
		{name: "X-Content-Type-Options", value: []string{"nosniff"}},
		{name: "X-Frame-Options", value: []string{oneOf("Frames", o.Frames, "SAMEORIGIN", "DENY")}},
		{name: "Referrer-Policy", value: []string{o.referrer()}},
		{name: "Cross-Origin-Opener-Policy", value: []string{oneOf("Opener", o.Opener, "same-origin-allow-popups", "same-origin",
			"noopener-allow-popups", "unsafe-none")}},
		{name: "Cross-Origin-Resource-Policy", value: []string{oneOf("Resource", o.Resource, "same-site", "same-origin", "cross-origin")}},
		{name: "Permissions-Policy", value: []string{o.permissions()}},
		{name: "Content-Security-Policy", value: o.CSP.pieces("CSP")},
		{name: "Content-Security-Policy-Report-Only", value: o.CSPReportOnly.pieces("CSPReportOnly")},
	}
	for _, name := range o.Omit {
		if !slices.ContainsFunc(all, func(f secureField) bool { return f.name == http.CanonicalHeaderKey(name) }) {
			panic(fmt.Sprintf("filter.SecureHeaders: Omit has %q, which is none of its fields", name))
		}
	}
	s := &secureHeaders{}
	for _, f := range all {
		if f.value == nil || slices.ContainsFunc(o.Omit, func(n string) bool { return http.CanonicalHeaderKey(n) == f.name }) {
			continue
		}
		s.fields = append(s.fields, f)
		s.nonce = s.nonce || len(f.value) > 1
	}
	return s
}

func (s *secureHeaders) hook(h *capture.Head, _ io.Writer) io.WriteCloser {
	secure := rewrite.SchemeOf(h.Request) == "https"
	values := make([]string, len(s.fields)) // for all fields at once
	for i, f := range s.fields {
		_, said := h.Header[f.name]
		changing := len(f.value) > 1
		if said || f.tls && !secure || changing && h.Status == http.StatusNotModified {
			continue
		}
		if values[i] = f.value[0]; changing {
			nonce, _ := Nonce.Value(h.Request.Context())
			values[i] = strings.Join(f.value, nonce)
		}
		h.Header[f.name] = values[i : i+1 : i+1]
	}
	return nil
}

// oneOf returns one of the words, the first of them if it is empty.
func oneOf(option, word string, words ...string) string {
	if word == "" {
		return words[0]
	}
	if !slices.Contains(words, word) {
		panic(fmt.Sprintf("filter.SecureHeaders: %s is %q, not one of %s", option, word, strings.Join(words, ", ")))
	}
	return word
}

// strict returns the value of Strict-Transport-Security.
func (o *SecureHeadersOptions) strict() string {
	const year = 365 * 24 * time.Hour
	age := o.HSTS
	if age == 0 {
		age = year
	}
	if age < 0 || age%time.Second != 0 {
		panic(fmt.Sprintf("filter.SecureHeaders: HSTS is %v, no whole number of seconds: name Strict-Transport-Security in Omit for none", age))
	}
	value := "max-age=" + strconv.FormatInt(int64(age/time.Second), 10)
	if o.HSTSSubdomains {
		value += "; includeSubDomains"
	}
	if o.HSTSPreload {
		if !o.HSTSSubdomains || age < year {
			panic("filter.SecureHeaders: HSTSPreload needs HSTSSubdomains, and HSTS of 365 days at least")
		}
		value += "; preload"
	}
	return value
}

// referrer returns the value of Referrer-Policy, a list of which browsers take the last that they know.
func (o *SecureHeadersOptions) referrer() string {
	var list []string
	for word := range strings.SplitSeq(o.Referrer, ",") {
		list = append(list, oneOf("Referrer", strings.TrimSpace(word), "strict-origin-when-cross-origin", "no-referrer",
			"no-referrer-when-downgrade", "same-origin", "origin", "strict-origin", "origin-when-cross-origin", "unsafe-url"))
	}
	return strings.Join(list, ", ")
}

// permission is a member of Permissions-Policy: a key and an item or a list of them, with parameters (RFC 9651 §3.2). Where
// one member is malformed browsers drop the whole field.
var permission = regexp.MustCompile(`^[a-z*][-a-z0-9_.*]*=(` + allowed + `|\( *(` + allowed + `( +` + allowed + `)*)? *\))` +
	`(; *[a-z*][-a-z0-9_.*]*(=[A-Za-z*][-A-Za-z0-9_.*]*)?)*$`)

// allowed is whom a permission is given to: everybody, the site itself, or an origin.
const allowed = `(\*|self|"[!#-\[\]-~]+")`

// permissions returns the value of Permissions-Policy, a dictionary of RFC 9651.
func (o *SecureHeadersOptions) permissions() string {
	if o.Permissions == "" {
		return "camera=(), geolocation=(), microphone=()"
	}
	for member := range strings.SplitSeq(o.Permissions, ",") {
		if !permission.MatchString(strings.Trim(member, " ")) {
			panic(fmt.Sprintf(`filter.SecureHeaders: Permissions has %q: write such as "camera=(), fullscreen=(self)"`, member))
		}
	}
	return o.Permissions
}

// isVisible says whether s is of printable ASCII and spaces.
func isVisible(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c > '~' })
}
