package rewrite

import (
	"net/http"
	"strings"
)

// Peek returns the first segment of the path info, decoded: what Pop takes. It is empty
// where Pop takes nothing.
func Peek(r *http.Request) string {
	prefix, _, _ := segment(r)
	return strings.TrimPrefix(prefix, "/")
}

// Pop moves the first segment of the path info to the end of the script name, and returns
// the copy of r that says so and the segment, decoded. It is Shift for a prefix that the
// client chooses, such as the name of a tenant: "/acme/orders" is "acme" and "/orders".
//
// The segment is the client's whole text between two slashes that it did not escape: of
// "/a%2Fb/x" it is "a/b". It may be "..", or have a slash in it: look it up in a list, and
// do not make a file name of it. Pop returns r itself and "" where there is no segment to
// take: of "", "/", "*" and "//x", whose first segment is empty; and of "/a%2F/x", since
// no script name ends with a slash.
//
// The copy is as Shift makes it. Hand it on with Serve, or assign it in an edit, as the
// example does.
func Pop(r *http.Request) (*http.Request, string) {
	prefix, raw, n := segment(r)
	if prefix == "" {
		return r, ""
	}
	return shift(r, prefix, raw, n), prefix[1:]
}

// segment returns the first segment with its slash, decoded; how the client wrote the path
// where that is not how net/url would; and of how many bytes of that the segment is. The
// prefix is empty where there is none to take.
func segment(r *http.Request) (prefix, raw string, n int) {
	info, raw := r.URL.Path, rawPath(r.URL)
	path := info
	if raw != "" {
		path = raw
	}
	if path == "" || path[0] != '/' {
		return "", raw, 0
	}
	n = len(path)
	if end := strings.IndexByte(path[1:], '/'); end >= 0 {
		n = end + 1
	}
	size := n
	if raw != "" {
		size -= 2 * strings.Count(raw[:n], "%")
	}
	if prefix = info[:size]; prefix[size-1] == '/' {
		return "", raw, 0
	}
	return prefix, raw, n
}
