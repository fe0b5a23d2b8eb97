package filter

import (
	"net/http"
	"strings"

	"github.com/weirhttp/weir/rewrite"
)

// CleanPath returns a filter that redirects a GET or HEAD for a path that is not in its one form to the one that is: one
// slash in place of several, and no dot segments, which are removed as RFC 3986 §5.2.4 has it, "%2e" being a dot. So
// "/a//b/../c" leads to "/a/c". A slash at the end stays, and so does every other byte as the client wrote it.
//
// The answer is 308 (RFC 9110 §15.4.9). Its Location is a path with the prefixes that were taken off on the way here,
// and the query as it is; it never names a host. Dot segments do not lead out of the application, but to its root.
//
// A path with an escaped slash or a backslash, escaped or not, passes as it is, since servers disagree about where its
// segments end. So do requests of other methods, and those with no path, such as OPTIONS *: who decides by paths must
// not rely on this filter. It belongs outside of what does, and inside of what refuses requests.
func CleanPath() func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		if next == nil {
			panic("filter.CleanPath: next is nil")
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			path := r.URL.EscapedPath()
			if clean, ok := cleanPath(path); !ok || clean == path || !isRead(r) {
				next.ServeHTTP(w, r)
			} else {
				redirectBelow(w, r, clean)
			}
		})
	}
}

// isRead says whether r can be sent again to another place, and changes nothing.
func isRead(r *http.Request) bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }

// redirectBelow redirects to another path of the same application, escaped and beginning with one slash. A script
// name may begin with two, through a Shift of somebody else: a browser would take what follows for a host.
func redirectBelow(w http.ResponseWriter, r *http.Request, path string) {
	path = rewrite.EscapedScriptName(r) + path
	if strings.HasPrefix(path, "//") {
		path = "/." + path // RFC 3986 §3.3: the same path when resolved
	}
	redirect(w, r, path, false)
}

// cleanPath returns the one form of an escaped path, and false where there is none.
func cleanPath(path string) (clean string, ok bool) {
	if !strings.HasPrefix(path, "/") || hasHiddenSlash(path) {
		return "", false
	}
	if !strings.Contains(path, "//") && !strings.Contains(path, "/.") && !strings.Contains(path, "/%2") {
		return path, true
	}
	kept := make([]string, 0, strings.Count(path, "/"))
	last := ""
	for segment := range strings.SplitSeq(path[1:], "/") {
		last = segment
		switch dots := dotsOf(segment); {
		case dots == 2 && len(kept) > 0:
			kept = kept[:len(kept)-1]
		case dots == 0 && segment != "":
			kept = append(kept, segment)
		}
	}
	if len(kept) > 0 && (last == "" || dotsOf(last) > 0) {
		kept = append(kept, "")
	}
	return "/" + strings.Join(kept, "/"), true
}

// dotsOf returns 1 for the segment ".", 2 for "..", escaped or not, and 0 for all others.
func dotsOf(segment string) (dots int) {
	for segment != "" {
		switch {
		case segment[0] == '.':
			segment = segment[1:]
		case len(segment) >= 3 && strings.EqualFold(segment[:3], "%2e"):
			segment = segment[3:]
		default:
			return 0
		}
		if dots++; dots > 2 {
			return 0
		}
	}
	return dots
}

// hasHiddenSlash says whether an escaped path has what some servers take for a slash.
func hasHiddenSlash(path string) bool {
	for rest := path; ; {
		i := strings.IndexAny(rest, `%\`)
		switch {
		case i < 0:
			return false
		case rest[i] == '\\', len(rest) >= i+3 && (strings.EqualFold(rest[i:i+3], "%2f") || strings.EqualFold(rest[i:i+3], "%5c")):
			return true
		}
		rest = rest[i+1:]
	}
}
