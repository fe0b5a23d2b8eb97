package mount

import (
	"slices"
	"strings"

	"github.com/weirhttp/weir/internal/setcookie"
)

const blanks = setcookie.Blanks

// setCookie is the edit of Set-Cookie.
func (p place) setCookie(line string) (string, bool) {
	out := patch{text: line}
	name, from, named := setcookie.Name(line)
	if p.options.renames() && (!named || name == "") {
		// It comes back from the client as its bare value, which may be "name=value" of any other.
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
	for a := range setcookie.Attributes(line) {
		p.attribute(&out, name, a)
	}
	return out.String(), true
}

// attribute maps an attribute of a cookie called name.
func (p place) attribute(out *patch, name string, a setcookie.Attribute) {
	switch {
	case a.Is("Domain") && !p.options.WholeOrigin:
		out.put(a.Begin, a.End, "")
	case a.Is("Path") && !ofHost(name):
		// Some clients take the quotes off that old servers put.
		path := strings.TrimPrefix(strings.TrimLeft(a.Value, blanks), `"`)
		if !strings.HasPrefix(path, "/") || spelled(strings.TrimRight(path, blanks+`"`), p.script) >= 0 {
			return
		}
		if strings.Contains(p.prefix, ";") { // which no Path can have; without one it is the request's
			out.put(a.Begin, a.End, "")
			return
		}
		out.put(a.End-len(path), a.End-len(path), p.prefix)
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

// outward returns by which name a client knows the application's cookie, or false where the
// application may have none of it.
func (o *MapFieldsOptions) outward(name string) (string, bool) {
	outside := name
	if o.CookiePrefix != "" && !slices.Contains(o.KeepCookies, name) {
		reserved := setcookie.Reserved(name)
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
	reserved := setcookie.Reserved(outside)
	rest, ok := strings.CutPrefix(outside[len(reserved):], o.CookiePrefix)
	ok = ok && rest != "" && rest == strings.TrimSpace(rest) // nobody shall make another name of it
	return reserved + rest, ok && samePromise(reserved+rest, outside)
}

// samePromise reports whether browsers promise the same of two cookies. A name that only
// becomes a "__Host-" one inside could have been set by anybody.
func samePromise(a, b string) bool {
	return strings.EqualFold(setcookie.Reserved(a), setcookie.Reserved(b))
}

// ofHost reports whether a cookie of this name is one only with "Path=/".
func ofHost(name string) bool {
	const prefix = "__Host-"
	return len(name) >= len(prefix) && strings.EqualFold(name[:len(prefix)], prefix)
}
