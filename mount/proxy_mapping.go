package mount

import (
	"net/http"
	"strings"

	"github.com/weirhttp/weir/rewrite"
)

// tell writes into h, the header of a request that is sent on, how the client came to it.
func (t *target) tell(h http.Header, r *http.Request) {
	forward(h, r, t.userField)
	if t.passthrough {
		delete(h, "X-Forwarded-Prefix")
		delete(h, "X-Script-Name")
	}
	if t.host != "" {
		delete(h, "X-Forwarded-Host")
		delete(h, "X-Forwarded-Port")
		h["Forwarded"] = []string{forwardedBy(clientOf(r), "", rewrite.SchemeOf(r))}
	}
}

// inward maps the fields of a request that name the public origin to the application's. What
// an application compares with its Host, in Origin and Referer, keeps the scheme, which
// X-Forwarded-Proto says, too; a WebDAV server compares Destination and the tags of If with
// the connection it has (RFC 4918 section 9.8.5).
func (t *target) inward(h http.Header, r *http.Request) {
	host, _ := rewrite.NamedHost(r)
	public := origin(rewrite.SchemeOf(r), host)
	move := func(to string) func(string) (string, bool) {
		return func(ref string) (string, bool) {
			u, ok := readReference(ref)
			if !ok || !u.plain || u.scheme == "" || origin(u.scheme, u.authority) != public {
				return ref, false
			}
			return to + "://" + t.host + u.after + u.tail, true
		}
	}
	for _, f := range [...]struct {
		name string
		edit func(string) (string, bool)
	}{
		{"Origin", move(rewrite.SchemeOf(r))},
		{"Referer", move(rewrite.SchemeOf(r))},
		{"Destination", move(t.scheme)},
		{"If", func(value string) (string, bool) { return mapTags(value, move(t.scheme)) }},
	} {
		for i, line := range h[f.name] { // h is a copy, values and all
			h[f.name][i], _ = f.edit(line)
		}
	}
}

// origin returns the origin of a scheme and an authority in one spelling, so that two can be
// compared (RFC 6454 section 4).
func origin(scheme, authority string) string {
	scheme, authority = strings.ToLower(scheme), strings.ToLower(authority)
	port := ":80"
	if scheme == "https" {
		port = ":443"
	}
	return scheme + "://" + strings.TrimSuffix(authority, port)
}

// outwardFields are the fields of an answer that may name the application's host.
var outwardFields = [...]struct {
	name string
	edit fieldEdit
}{
	{"Location", place.reference}, {"Content-Location", place.reference},
	{"Refresh", place.refresh}, {"Link", place.links},
	{"Access-Control-Allow-Origin", place.innerOrigin}, {"Set-Cookie", place.innerDomain},
}

// outward maps the fields of an answer to r that name the application's host to the public
// one. The prefix is not its affair, so that to place the application is at the root.
func (t *target) outward(h http.Header, r *http.Request) {
	if len(t.names) == 0 {
		return
	}
	var p place
	for _, f := range outwardFields {
		if values := h[f.name]; len(values) > 0 {
			if p.options == nil {
				p = placeOf(r, &MapFieldsOptions{Hosts: t.names})
				p.script, p.prefix, p.only = "", "", true
			}
			p.mapField(h, f.name, values, f.edit)
		}
	}
}

// innerOrigin is the edit of a field that is an origin.
func (p place) innerOrigin(value string) (string, bool) {
	u, ok := readReference(value)
	if !ok || u.slashes < 2 || u.after != "" || !p.isInner(u) || p.host == "" {
		return value, true
	}
	return p.scheme + "://" + p.host, true
}

// innerDomain is the edit of Set-Cookie: a Domain that covers the application's host and not
// the public one would have the cookie refused, and goes.
func (p place) innerDomain(line string) (string, bool) {
	out := patch{text: line}
	pair, _, _ := strings.Cut(line, ";")
	for begin := len(pair); begin < len(line); {
		attribute, _, _ := strings.Cut(line[begin+1:], ";")
		end := begin + 1 + len(attribute)
		key, value, _ := strings.Cut(attribute, "=")
		if strings.EqualFold(strings.Trim(key, blanks), "Domain") && p.innerOnly(strings.Trim(value, blanks)) {
			out.put(begin, end, "")
		}
		begin = end
	}
	return out.String(), true
}

// innerOnly reports whether domain covers a host of the application, and not the public one.
func (p place) innerOnly(domain string) bool {
	for _, host := range p.options.Hosts {
		if covers(domain, host) {
			return !covers(domain, p.host)
		}
	}
	return false
}

// covers reports whether the cookies of a domain go to a host (RFC 6265 section 5.1.3).
func covers(domain, host string) bool {
	domain, host = strings.ToLower(strings.TrimPrefix(domain, ".")), strings.ToLower(host)
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		host = host[:i]
	}
	return domain != "" && (host == domain || strings.HasSuffix(host, "."+domain))
}
