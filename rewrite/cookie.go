package rewrite

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/weirhttp/weir/internal/token"
)

// SetCookie returns an edit of a request that makes value the only value of the cookie
// name. It stands where the first of that name stood, or else at the end. It is read with
// Request.Cookie.
//
// SetCookie and DelCookie leave all other cookies byte for byte as the client wrote them,
// in their order, what is malformed included. A cookie without "=" has the name that
// Request.Cookie gives it, its whole text.
//
// SetCookie panics when name is not a token, or when value has a byte in it that no cookie
// can carry (RFC 6265 section 4.1.1): a control character, `"`, `;`, `\` or one beyond
// ASCII. Write other text with url.QueryEscape, or in base64. A value with a space or a
// comma is quoted, as Request.AddCookie does.
func SetCookie(name, value string) func(*http.Request) {
	name = cookieName("SetCookie", name)
	if i := strings.IndexFunc(value, noCookie); i >= 0 {
		panic(fmt.Sprintf("rewrite.SetCookie: the value of %s has %q in it, which no cookie can carry: escape it", name, value[i]))
	}
	if strings.ContainsAny(value, " ,") {
		value = `"` + value + `"`
	}
	pair := name + "=" + value
	return func(r *http.Request) {
		if lines, set := editCookies(r.Header["Cookie"], pair, name); set {
			r.Header["Cookie"] = lines
			return
		}
		r.Header["Cookie"] = appendCookie(r.Header["Cookie"], pair)
	}
}

// DelCookie returns an edit of a request that removes the cookies names.
func DelCookie(names ...string) func(*http.Request) {
	names = slices.Clone(names)
	for _, name := range names {
		cookieName("DelCookie", name)
	}
	return func(r *http.Request) {
		lines, edited := editCookies(r.Header["Cookie"], "", names...)
		switch {
		case !edited:
		case len(lines) == 0:
			delete(r.Header, "Cookie")
		default:
			r.Header["Cookie"] = lines
		}
	}
}

// editCookies returns the lines with pair instead of the first cookie of the names, and
// none for the others, and whether there was one. Lines that become empty go.
func editCookies(lines []string, pair string, names ...string) (edited []string, found bool) {
	for _, line := range lines {
		kept, changed := editCookieLine(line, pair, names)
		if changed {
			pair, found = "", true
		}
		if !changed || kept != "" {
			edited = append(edited, kept)
		}
	}
	return edited, found
}

func editCookieLine(line, pair string, names []string) (string, bool) {
	var kept []string
	changed := false
	for cookie := range strings.SplitSeq(line, ";") {
		name, _, _ := strings.Cut(cookie, "=")
		if !slices.Contains(names, trim(name)) {
			kept = append(kept, cookie)
			continue
		}
		if pair != "" {
			space := cookie[:len(cookie)-len(strings.TrimLeft(cookie, " \t"))]
			kept, pair = append(kept, space+pair), ""
		}
		changed = true
	}
	if !changed {
		return line, false
	}
	if edited := strings.Join(kept, ";"); strings.Trim(edited, " \t;") != "" {
		return strings.TrimLeft(edited, " \t"), true
	}
	return "", true
}

// appendCookie returns the lines with pair at the end of the last one.
func appendCookie(lines []string, pair string) []string {
	if len(lines) == 0 {
		return []string{pair}
	}
	lines = slices.Clone(lines)
	last := &lines[len(lines)-1]
	switch trimmed := trim(*last); {
	case trimmed == "":
		*last = pair
	case strings.HasSuffix(trimmed, ";"):
		*last += " " + pair
	default:
		*last += "; " + pair
	}
	return lines
}

// cookieName returns name, or panics on behalf of the edit when it is none.
func cookieName(edit, name string) string {
	if !token.Is(name) {
		panic(fmt.Sprintf("rewrite.%s: name %q is not the name of a cookie: write a token", edit, name))
	}
	return name
}

// noCookie reports whether c may not be in the value of a cookie.
func noCookie(c rune) bool {
	return c < ' ' || c >= 0x7f || c == '"' || c == ';' || c == '\\'
}

// trim takes optional whitespace off both ends of s.
func trim(s string) string { return strings.Trim(s, " \t") }
