package filter

import (
	"net/http"
	"strings"

	"github.com/weirhttp/weir/rewrite"
)

// askedPath returns the path that the client asked for, with what was taken off it on the way here, escaped as the client
// wrote it. It is no path, but empty, where the target is "*" or that of CONNECT, also below a script name.
func askedPath(r *http.Request) string {
	script, path := rewrite.EscapedScriptName(r), r.URL.EscapedPath()
	switch {
	case strings.HasPrefix(path, "/"):
		return script + path
	case path != "" || r.URL.Opaque != "" || r.Method == http.MethodConnect:
		return ""
	case script == "" && r.URL.Host != "": // http://example.org, in absolute form
		return "/"
	}
	return script
}

// redirect answers with the location, which gets the query of r as the client wrote it: 308 (RFC 9110 §15.4.9), or 307
// (§15.4.8), which no client remembers. Both keep method and body.
func redirect(w http.ResponseWriter, r *http.Request, location string, temporary bool) {
	if r.URL.RawQuery != "" || r.URL.ForceQuery {
		location += "?" + r.URL.RawQuery
	}
	w.Header()["Location"] = []string{printable(location)}
	status := http.StatusPermanentRedirect
	if temporary {
		status = http.StatusTemporaryRedirect
	}
	w.WriteHeader(status)
}

// printable returns a URL with what no URL holds escaped: spaces, controls, and bytes beyond ASCII, which net/http lets
// through in a query.
func printable(s string) string {
	const hex = "0123456789ABCDEF"
	if strings.IndexFunc(s, func(c rune) bool { return c <= ' ' || c >= 0x7f }) < 0 {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// isChallenge says whether r asks for the answer to a challenge of ACME (RFC 8555 §8.3), for nothing around it.
func isChallenge(r *http.Request) bool {
	token, ok := strings.CutPrefix(askedPath(r), "/.well-known/acme-challenge/")
	const base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return ok && token != "" && strings.Trim(token, base64url) == "" && (r.Method == "GET" || r.Method == "HEAD")
}
