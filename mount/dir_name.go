package mount

import (
	"io/fs"
	"net/url"
	"runtime"
	"strings"
)

// nameOf returns the name, in the file system, of what the path of u stands for, and false
// where it stands for nothing that may be sent. Each name has one path; the root is ".".
func (d *Dir) nameOf(u *url.URL) (string, bool) {
	name := strings.TrimPrefix(u.Path, "/")
	if name == "" {
		return ".", true
	}
	name = strings.TrimSuffix(name, "/")
	switch {
	case name == ".", !fs.ValidPath(name), strings.IndexByte(name, 0) >= 0:
		return "", false
	case u.RawPath != "" && strings.Count(u.EscapedPath(), "/") != strings.Count(u.Path, "/"):
		return "", false // an escaped slash is a part of a name, and no name has one
	case !d.Hidden && hidden(name):
		return "", false
	case runtime.GOOS == "windows" && aliased(name):
		return "", false
	}
	return name, true
}

// hidden reports whether a segment of name begins with a dot.
func hidden(name string) bool {
	if rest, ok := strings.CutPrefix(name, ".well-known"); ok && (rest == "" || rest[0] == '/') {
		name = rest
	}
	return strings.HasPrefix(name, ".") || strings.Contains(name, "/.")
}

// aliased reports whether Windows may take name for another name of a file, or for none:
// it drops dots and spaces at the end, and knows files by short names, ".git" as "GIT~1".
func aliased(name string) bool {
	for segment := range strings.SplitSeq(name, "/") {
		if strings.TrimRight(segment, ". ") != segment || strings.ContainsAny(segment, `<>:"|?*\`) {
			return true
		}
		for i, c := range segment {
			if c < ' ' || c == '~' && i+1 < len(segment) && '0' <= segment[i+1] && segment[i+1] <= '9' {
				return true
			}
		}
	}
	return false
}
