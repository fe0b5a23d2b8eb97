package mount

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/weirhttp/weir/rewrite"
)

// place is where an application lives that takes itself to live at the root of a host. It
// knows what the references of such an application are to a client.
type place struct {
	script  string   // the script name, decoded
	prefix  string   // the script name as the client wrote it
	info    *url.URL // of the request: its path is the path info
	scheme  string   // of the public origin
	host    string   // of the public origin, without a default port; empty: nobody knows it
	options *MapFieldsOptions
	only    bool // references to the other hosts of the application are mapped, and no others
}

func placeOf(r *http.Request, o *MapFieldsOptions) place {
	return place{
		script: rewrite.ScriptName(r), prefix: rewrite.EscapedScriptName(r), info: r.URL,
		scheme: rewrite.SchemeOf(r), host: portless(publicHost(r)), options: o,
	}
}

// mapped returns what ref, of the application, is to a client, and ref itself where that is
// the same. No result leads to another host unless ref plainly says so.
func (p place) mapped(ref string) string {
	u, ok := readReference(ref)
	switch {
	case !ok, p.only && !p.isInner(u):
		return ref
	case u.slashes == 0:
		return p.relative(ref, u)
	case u.slashes == 1:
		return p.rooted(ref, u)
	}
	inner := p.isInner(u)
	switch {
	case inner || p.isPublic(u):
		return p.absolute(ref, u, inner)
	case u.plain && (u.scheme != "" || !doubled(p.info.Path)):
		return ref
	}
	// A browser would go to another host, by a spelling that no application uses in
	// earnest, or that the client put into the path for the application to send back.
	return p.rooted(ref, u)
}

// rooted maps a reference that begins with a slash and names no host.
func (p place) rooted(ref string, u reference) string {
	path := resolved(u.path)
	inside := p.holds(path)
	if inside && u.slashes == 1 && u.scheme == "" {
		return ref
	}
	if !inside {
		path = p.prefix + path
	}
	return shielded(path) + u.tail
}

// absolute maps a reference that names the public host or, when inner, another one of the
// application's.
func (p place) absolute(ref string, u reference, inner bool) string {
	path := "/"
	if u.after != "" {
		path = resolved(u.after)
	}
	inside := p.holds(path)
	if inside && !inner && u.plain {
		return ref
	}
	if !inside {
		path = p.prefix + path
	}
	switch {
	case !inner && u.scheme != "":
		return u.scheme + "://" + u.authority + path + u.tail
	case p.host == "":
		return shielded(path) + u.tail
	case u.scheme == "":
		return "//" + p.host + path + u.tail
	}
	return p.scheme + "://" + p.host + path + u.tail
}

// relative maps a reference to a path that does not begin with a slash. It is right as it
// is unless it leads out of the mount, where the application takes the root to end it.
func (p place) relative(ref string, u reference) string {
	if u.scheme != "" {
		// "https:x" is "x", but is a host to a browser that came by http.
		if u.path != "" {
			u.path = "./" + u.path
		}
		ref = u.path + u.tail
	}
	if !strings.Contains(u.path, "..") && !strings.Contains(u.path, "%2") {
		return ref
	}
	if p.holds(p.resolve(u.path, p.prefix)) {
		return ref
	}
	return shielded(p.prefix+p.resolve(u.path, "")) + u.tail
}

// resolve returns where a relative path leads from the request's, if that began with root.
func (p place) resolve(path, root string) string {
	base := "/"
	if info := p.info.EscapedPath(); strings.HasPrefix(info, "/") {
		base = resolved(root + info)
	}
	return resolved(base[:strings.LastIndexByte(base, '/')+1] + path)
}

// inward returns what ref, of a client, is to the application, and whether it leads to
// the application at all. A relative reference does not say.
func (p place) inward(ref string) (string, bool) {
	u, ok := readReference(ref)
	if !ok || u.slashes == 0 {
		return ref, false
	}
	path, origin := u.path, ""
	if u.slashes > 1 {
		if !u.plain || !p.isPublic(u) {
			return ref, false
		}
		path, origin = u.after, u.head
	}
	if path == "" {
		path = "/"
	}
	path = resolved(path)
	n := spelled(path, p.script)
	if n < 0 {
		return ref, false
	}
	if path = path[n:]; path == "" {
		path = "/"
	}
	if origin == "" {
		path = shielded(path)
	}
	return origin + path + u.tail, true
}

// holds reports whether path, which is escaped and resolved, leads into the mount.
func (p place) holds(path string) bool { return spelled(path, p.script) >= 0 }

// isPublic reports whether u names the host that the client asked for, by either scheme.
func (p place) isPublic(u reference) bool { return p.host != "" && u.names(p.host) }

// isInner reports whether u names another host of the application.
func (p place) isInner(u reference) bool {
	return slices.ContainsFunc(p.options.Hosts, u.names) && !p.isPublic(u)
}

// shielded returns path so that it is a path: what begins with two slashes is a host (RFC
// 3986 section 3.3).
func shielded(path string) string {
	if strings.HasPrefix(path, "//") {
		return "/." + path
	}
	return path
}

// spelled returns how many bytes of path, which is escaped, spell script, which is not, or -1
// when path is neither script nor below it. A slash is spelled by a slash alone.
func spelled(path, script string) int {
	n := 0
	for i := range len(script) {
		if n == len(path) {
			return -1
		}
		c, width := path[n], 1
		if c == '%' && script[i] != '/' && n+2 < len(path) {
			if escaped, err := strconv.ParseUint(path[n+1:n+3], 16, 8); err == nil {
				c, width = byte(escaped), 3
			}
		}
		if c != script[i] {
			return -1
		}
		n += width
	}
	if n < len(path) && path[n] != '/' {
		return -1
	}
	return n
}

// resolved returns path, which begins with a slash or backslash, without dot segments, as a
// browser reads it (WHATWG URL, section 4.4, path state).
func resolved(path string) string {
	path = strings.ReplaceAll(path, `\`, "/")
	if !strings.Contains(path, "/.") && !strings.Contains(path, "/%2") {
		return path
	}
	out := make([]byte, 0, len(path))
	for rest, more := path[1:], true; more; {
		var segment string
		segment, rest, more = strings.Cut(rest, "/")
		n := dots(segment)
		if n == 2 {
			out = out[:max(0, bytes.LastIndexByte(out, '/'))]
		}
		switch {
		case n != 1 && n != 2:
			out = append(append(out, '/'), segment...)
		case !more:
			out = append(out, '/')
		}
	}
	return string(out)
}

// dots returns how many dots a segment is, escaped or not; 0 where it is something else.
func dots(segment string) int {
	n := 0
	for ; segment != ""; n++ {
		switch {
		case segment[0] == '.':
			segment = segment[1:]
		case len(segment) > 2 && strings.EqualFold(segment[:3], "%2e"):
			segment = segment[3:]
		default:
			return 0
		}
	}
	return n
}

// doubled reports whether path, sent back as it came or decoded, is a host to a browser.
func doubled(path string) bool {
	for range decodings {
		if u, ok := readReference(path); ok && u.slashes > 1 {
			return true
		}
		path = decode(path)
	}
	return false
}
