package mount

import (
	"net/http"
	"net/url"
	"strings"
)

// climbs reports whether the path of u leads above its own root in any reading that some
// server behind us might make. Where readings differ the one that is worst for us counts,
// for every segment by itself. So a path is refused wrongly only if it has ".." besides
// something that readings disagree about; no client sends that in earnest, because clients
// resolve ".." themselves (RFC 3986 section 5.2.4).
func climbs(u *url.URL) bool {
	// Without ".." and without further escapes below the first, no reading climbs. An
	// overlong dot begins with a byte that UTF-8 never has.
	if !strings.Contains(u.Path, "..") && !strings.ContainsAny(u.Path, "%") &&
		strings.IndexByte(u.Path, overlong) < 0 {
		return false
	}
	depth := 0
	for segment := range strings.SplitSeq(escapedPath(u), "/") {
		low, end := worst(segment)
		if depth+low < 0 {
			return true
		}
		depth += end
	}
	return false
}

// refuseToClimb answers a path that climbs.
func refuseToClimb(w http.ResponseWriter) {
	http.Error(w, "400 this path leaves the application that it begins in", http.StatusBadRequest)
}

// decodings is how often an escaped path may be decoded on its way: by a front, by the
// server and by an application that does it once more.
const decodings = 3

// worst returns how far down, relative to its start, the text between two slashes leads at
// its lowest point and at its end, each in the worst reading of it.
func worst(segment string) (low, end int) {
	if !strings.ContainsAny(segment, `%\`) && strings.IndexByte(segment, overlong) < 0 {
		end = step(segment)
		return min(0, end), end
	}
	end = 1
	for range decodings + 1 {
		for _, separators := range [...]string{"", "/", `\`, `/\`} {
			l, e := walk(segment, separators)
			low, end = min(low, l), min(end, e)
		}
		decoded := decode(segment)
		if decoded == segment {
			break
		}
		segment = decoded
	}
	return low, end
}

// walk returns the lowest and the last level of path, a path whose separators are given.
func walk(path, separators string) (low, end int) {
	for path != "" {
		part := path
		if i := strings.IndexAny(path, separators); i >= 0 {
			part, path = path[:i], path[i+1:]
		} else {
			path = ""
		}
		end += step(part)
		low = min(low, end)
	}
	return low, end
}

// step returns what a segment does to the level: 1 for a name, 0 for what may be dropped,
// -1 for what may be "..". Some servers drop what follows a semicolon (parameters), a
// question mark, a number sign or a NUL, and Windows drops spaces and dots at the end.
func step(segment string) int {
	if i := strings.IndexAny(segment, ";?#\x00"); i >= 0 {
		segment = segment[:i]
	}
	switch rest := strings.Trim(segment, ". \t"); {
	case rest != "":
		return 1
	case segment == ".." || strings.HasPrefix(segment, "..") && strings.ContainsAny(segment, " \t"):
		return -1
	}
	return 0
}

// overlong begins the forbidden two-byte forms of "." and "/" in UTF-8, which old decoders
// read all the same. The one of the backslash begins with the byte after it.
const overlong = '\xc0'

// decode returns segment with its escapes decoded once. An escape that is none stays.
func decode(segment string) string {
	if strings.IndexByte(segment, '%') < 0 {
		return overlongs.Replace(segment)
	}
	var b strings.Builder
	for i := 0; i < len(segment); i++ {
		if segment[i] == '%' && i+2 < len(segment) {
			if c, err := url.PathUnescape(segment[i : i+3]); err == nil {
				b.WriteString(c)
				i += 2
				continue
			}
		}
		b.WriteByte(segment[i])
	}
	return b.String()
}

var overlongs = strings.NewReplacer("\xc0\xae", ".", "\xc0\xaf", "/", "\xc1\x9c", `\`)
