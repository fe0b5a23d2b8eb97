package filter

import (
	"net/http"
	"strings"
)

// TrailingSlashOptions are the options of [TrailingSlash]. The zero value removes slashes.
type TrailingSlashOptions struct {
	// Add redirects from "/page" to "/page/", instead of the other way. A path whose last segment has a dot, which
	// looks like a file's, passes, and so does what is below /.well-known/, whose paths are fixed (RFC 8615).
	Add bool
}

// TrailingSlash returns a filter that redirects a GET or HEAD for "/page/" to "/page", or with the option Add the other
// way. The root, also that of a mount, keeps its slash.
//
// The answer is 308 (RFC 9110 §15.4.9). Its Location is a path with the prefixes that were taken off on the way here,
// and the query as it is; it never names a host. A path that is not clean, having two slashes in a row or dot
// segments, passes, as does one with an escaped slash or a backslash, escaped or not, and requests of other methods. Put
// [CleanPath] around it for the former.
//
// An application that redirects the other way makes a redirect that never ends: http.ServeMux does for a pattern
// such as "/page/", and http.FileServer and mount.Dir for folders and files. It belongs around those that have their
// pages with one form alone, and do not mind.
func TrailingSlash(o TrailingSlashOptions) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		if next == nil {
			panic("filter.TrailingSlash: next is nil")
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			path := r.URL.EscapedPath()
			clean, ok := cleanPath(path)
			switch slash := strings.HasSuffix(path, "/"); {
			case !ok || clean != path || path == "/" || slash == o.Add || !isRead(r) || o.Add && hasFixedEnd(r):
				next.ServeHTTP(w, r)
			case o.Add:
				redirectBelow(w, r, path+"/")
			default:
				redirectBelow(w, r, strings.TrimSuffix(path, "/"))
			}
		})
	}
}

// hasFixedEnd says whether the path of r is not one to add a slash to.
func hasFixedEnd(r *http.Request) bool {
	last := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/'):]
	return strings.Contains(last, ".") || strings.HasPrefix(askedPath(r), "/.well-known/")
}
