package filter

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/internal/setcookie"
	"github.com/weirhttp/weir/internal/token"
	"github.com/weirhttp/weir/rewrite"
)

// CookiePolicyOptions are the options of [CookiePolicy]. The zero value is right for most sites.
type CookiePolicyOptions struct {
	// SameSite is the least that cookies are to have: [http.SameSiteLaxMode], which 0 means, too, or
	// [http.SameSiteStrictMode]. [http.SameSiteDefaultMode] leaves SameSite to the handlers, as an application needs it
	// that others show in frames. There is no None: it would let more through than a browser does by itself.
	SameSite http.SameSite

	// AlwaysSecure has Secure on every cookie, also where the request came by HTTP: behind a proxy that nobody is told of.
	AlwaysSecure bool

	// Partitioned keeps cookies apart by the site that shows the application in a frame (CHIPS), those that are Secure.
	// A cookie that was set without it is another one, which handlers can no longer delete.
	Partitioned bool

	// Readable are the names of cookies that scripts have to read, such as csrftoken or XSRF-TOKEN: they get no HttpOnly.
	Readable []string

	// Except are the names of cookies that stay as they are.
	Except []string
}

// CookiePolicy returns a filter that has every cookie that a handler sets keep to a policy (Set-Cookie, RFC 6265bis):
// Secure if the request came by https, HttpOnly, and SameSite of Lax at least. It answers nothing itself. Https is what
// [rewrite.Scheme] says, where a filter further out has set it, such as TrustProxy, or else the connection.
//
// It adds what is missing, and puts the policy's SameSite in the place of a weaker or unknown one. Everything else stays
// as it is, byte by byte: attributes that it does not know, the value, the order. It never takes an attribute away and
// never lets a cookie go further than its handler did: Strict stays Strict, and Domain, Path, Max-Age and Expires are not
// its business.
//
// A name that begins with __Host-, __Secure- or __Http- promises that browsers refuse the cookie unless it is Secure: it
// is made Secure over HTTP, too. With __Http- and __Host-Http- it is also made HttpOnly, whatever Readable says.
// A cookie that breaks another promise, as __Host- with a Domain, stays broken, for browsers to refuse.
//
// Cookies are read as browsers do, for which no line is malformed; names are compared as they are, and a cookie without a
// name is none of the exceptions. Informational responses (1xx) and hijacked connections pass as they are.
//
// In a stack it stands outside of everything that sets a cookie.
func CookiePolicy(o CookiePolicyOptions) func(http.Handler) http.Handler {
	switch o.SameSite {
	case 0:
		o.SameSite = http.SameSiteLaxMode
	case http.SameSiteDefaultMode, http.SameSiteLaxMode, http.SameSiteStrictMode:
	case http.SameSiteNoneMode:
		panic("filter.CookiePolicy: SameSite is None: write Lax, Strict, or Default to leave it alone")
	default:
		panic(fmt.Sprintf("filter.CookiePolicy: SameSite is %d: write Lax, Strict, or Default to leave it alone", o.SameSite))
	}
	for option, names := range map[string][]string{"Readable": o.Readable, "Except": o.Except} {
		for _, name := range names {
			if !token.Is(name) {
				panic(fmt.Sprintf("filter.CookiePolicy: %s has %q, which is no name of a cookie", option, name))
			}
		}
	}
	o.Readable, o.Except = slices.Clone(o.Readable), slices.Clone(o.Except)
	hook := o.hook
	return func(next http.Handler) http.Handler {
		if next == nil {
			panic("filter.CookiePolicy: next is nil")
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			capture.Transform(w, r, next, 0, hook)
		})
	}
}

func (o *CookiePolicyOptions) hook(h *capture.Head, _ io.Writer) io.WriteCloser {
	lines := h.Header["Set-Cookie"]
	if len(lines) == 0 {
		return nil
	}
	secure := o.AlwaysSecure || rewrite.SchemeOf(h.Request) == "https"
	kept := make([]string, len(lines)) // the handler's slice may be shared
	for i, line := range lines {
		kept[i] = o.apply(line, secure)
	}
	h.Header["Set-Cookie"] = kept
	return nil
}

// apply returns a line of Set-Cookie by the policy.
func (o *CookiePolicyOptions) apply(line string, secure bool) string {
	name, _, named := setcookie.Name(line)
	if strings.Trim(line, setcookie.Blanks) == "" || named && slices.Contains(o.Except, name) {
		return line
	}
	prefix := ""
	if named {
		prefix = setcookie.Reserved(name)
	}
	missing := cookieFlags{
		secure:      secure || prefix != "",
		httpOnly:    !named || !slices.Contains(o.Readable, name) || strings.HasSuffix(strings.ToLower(prefix), "http-"),
		sameSite:    o.SameSite != http.SameSiteDefaultMode,
		partitioned: o.Partitioned,
	}
	line, has := o.strengthen(line)
	if !missing.secure && !has.secure { // browsers refuse it otherwise
		missing.partitioned = false
	}
	for _, a := range [...]struct {
		missing, has bool
		text         string
	}{
		{missing.secure, has.secure, "; Secure"}, {missing.httpOnly, has.httpOnly, "; HttpOnly"},
		{missing.sameSite, has.sameSite, "; SameSite=" + o.sameSite()}, {missing.partitioned, has.partitioned, "; Partitioned"},
	} {
		if a.missing && !a.has {
			line += a.text
		}
	}
	return line
}

// cookieFlags are the attributes of a cookie that the policy is about.
type cookieFlags struct{ secure, httpOnly, sameSite, partitioned bool }

// strengthen puts the policy's SameSite in the place of weaker ones, and says what the cookie has then.
func (o *CookiePolicyOptions) strengthen(line string) (stronger string, has cookieFlags) {
	var out strings.Builder
	done := 0
	for a := range setcookie.Attributes(line) {
		switch {
		case a.Is("Secure"):
			has.secure = true
		case a.Is("HttpOnly"):
			has.httpOnly = true
		case a.Is("Partitioned"):
			has.partitioned = true
		case a.Is("SameSite"):
			has.sameSite = true
			if o.weaker(a.Value) {
				out.WriteString(line[done:a.Begin] + "; SameSite=" + o.sameSite())
				done = a.End
			}
		}
	}
	if done == 0 {
		return line, has
	}
	out.WriteString(line[done:])
	return out.String(), has
}

// weaker says whether a value of SameSite lets more through than the policy.
func (o *CookiePolicyOptions) weaker(value string) bool {
	value = strings.Trim(value, setcookie.Blanks)
	switch o.SameSite {
	case http.SameSiteLaxMode:
		return !strings.EqualFold(value, "Lax") && !strings.EqualFold(value, "Strict")
	case http.SameSiteStrictMode:
		return !strings.EqualFold(value, "Strict")
	}
	return false
}

// sameSite returns the policy's word for SameSite.
func (o *CookiePolicyOptions) sameSite() string {
	if o.SameSite == http.SameSiteStrictMode {
		return "Strict"
	}
	return "Lax"
}
