package mount

import (
	"slices"
	"strings"
)

// blanks may stand around the parts of a field (RFC 6265 section 5.2), ends of lines among
// them: net/http sends them as spaces.
const blanks = " \t\r\n"

// setCookie is the edit of Set-Cookie.
func (p place) setCookie(line string) (string, bool) {
	out := patch{text: line}
	pair, _, _ := strings.Cut(line, ";")
	name, _, _ := strings.Cut(pair, "=")
	from := len(name) - len(strings.TrimLeft(name, blanks))
	name = strings.Trim(name, blanks)
	if !p.options.named(pair, name) {
		return "", false
	}
	outside, ok := p.options.outward(name)
	if !ok {
		return "", false
	}
	out.put(from, from+len(name), outside)
	if p.script == "" {
		return out.String(), true
	}
	for begin := len(pair); begin < len(line); {
		attribute, _, _ := strings.Cut(line[begin+1:], ";")
		end := begin + 1 + len(attribute)
		p.attribute(&out, name, begin, end)
		begin = end
	}
	return out.String(), true
}

// attribute maps the attribute of a cookie called name that is text[begin:end], with the
// semicolon before it.
func (p place) attribute(out *patch, name string, begin, end int) {
	key, value, _ := strings.Cut(out.text[begin+1:end], "=")
	key = strings.Trim(key, blanks)
	switch {
	case strings.EqualFold(key, "Domain") && !p.options.WholeOrigin:
		out.put(begin, end, "")
	case strings.EqualFold(key, "Path") && !ofHost(name):
		// Some clients take the quotes off that old servers put.
		path := strings.TrimPrefix(strings.TrimLeft(value, blanks), `"`)
		if !strings.HasPrefix(path, "/") || spelled(strings.TrimRight(path, blanks+`"`), p.script) >= 0 {
			return
		}
		if strings.Contains(p.prefix, ";") { // which no Path can have; without one it is the request's
			out.put(begin, end, "")
			return
		}
		out.put(end-len(path), end-len(path), p.prefix)
	}
}

// cookies returns what a Cookie field of a client is to the application.
func (o *MapFieldsOptions) cookies(line string) string {
	out := patch{text: line}
	for begin, more := 0, true; more; {
		var item string
		item, _, more = strings.Cut(line[begin:], ";")
		end := begin + len(item)
		name, _, _ := strings.Cut(item, "=")
		from := begin + len(name) - len(strings.TrimLeft(name, blanks))
		name = strings.Trim(name, blanks)
		if inside, ok := o.inward(name); ok {
			out.put(from, from+len(name), inside)
		} else {
			out.put(max(begin-1, 0), end, "")
		}
		begin = end + 1
	}
	if out.done == 0 {
		return line
	}
	return strings.TrimLeft(out.String(), blanks+";")
}

// renames reports whether there is anything to do for cookies of clients.
func (o *MapFieldsOptions) renames() bool { return o.CookiePrefix != "" || len(o.HostCookies) > 0 }

// named reports whether the cookie of a pair has a name to judge it by. One without comes back
// from the client as its bare value, which may be "name=value" of any other.
func (o *MapFieldsOptions) named(pair, name string) bool {
	return !o.renames() || name != "" && strings.Contains(pair, "=")
}

// outward returns by which name a client knows the application's cookie, or false where the
// application may have none of it.
func (o *MapFieldsOptions) outward(name string) (string, bool) {
	outside := name
	if o.CookiePrefix != "" && !slices.Contains(o.KeepCookies, name) {
		reserved := reservedPrefix(name)
		outside = reserved + o.CookiePrefix + name[len(reserved):]
	}
	return outside, !slices.Contains(o.HostCookies, outside) && samePromise(name, outside)
}

// inward is the inverse of outward.
func (o *MapFieldsOptions) inward(outside string) (string, bool) {
	if slices.Contains(o.HostCookies, outside) {
		return "", false
	}
	if o.CookiePrefix == "" || slices.Contains(o.KeepCookies, outside) {
		return outside, true
	}
	reserved := reservedPrefix(outside)
	rest, ok := strings.CutPrefix(outside[len(reserved):], o.CookiePrefix)
	ok = ok && rest != "" && rest == strings.TrimSpace(rest) // nobody shall make another name of it
	return reserved + rest, ok && samePromise(reserved+rest, outside)
}

// samePromise reports whether browsers promise the same of two cookies. A name that only
// becomes a "__Host-" one inside could have been set by anybody.
func samePromise(a, b string) bool { return strings.EqualFold(reservedPrefix(a), reservedPrefix(b)) }

// reservedPrefixes are those of names by which browsers promise who set a cookie and how, in
// any case of letters (RFC 6265bis section 4.1.3).
var reservedPrefixes = [...]string{"__Host-Http-", "__Host-", "__Secure-", "__Http-"}

// reservedPrefix returns the one that name begins with, as it is written there.
func reservedPrefix(name string) string {
	for _, prefix := range reservedPrefixes {
		if len(name) >= len(prefix) && strings.EqualFold(name[:len(prefix)], prefix) {
			return name[:len(prefix)]
		}
	}
	return ""
}

// ofHost reports whether a cookie of this name is one only with "Path=/".
func ofHost(name string) bool {
	const prefix = "__Host-"
	return len(name) >= len(prefix) && strings.EqualFold(name[:len(prefix)], prefix)
}
