package mount

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/weirhttp/weir/rewrite"
)

// At returns a handler that serves app below prefix: it moves prefix from the path info
// of the request to its script name, with the meaning that WSGI and CGI give to the two
// (RFC 3875 sections 4.1.5 and 4.1.13), and hands the request on to app. Ask
// rewrite.ScriptName, in app, for the place.
//
// Prefix is decoded text, "/app" or "/caffè/münchen"; "/app/" means the same as "/app".
// At("/", app) and At("", app) are app itself. At panics when app is nil, and for a prefix
// that no path of a client can rightly begin with, and says what to write instead.
//
// What At answers itself: 404 to a path that is not below prefix, where "/application" is
// not below "/app"; a redirect, 308, from "/app" to "/app/" with the query kept, since
// relative links would miss the mount otherwise; and 400 to a path that climbs out of the
// mount in any reading that some server makes: escapes decoded once or several times,
// backslashes and escaped slashes taken for slashes, doubled slashes for one, "..;x" and
// the like for "..". "/app/a/../b" stays inside and passes. All that passes arrives byte
// for byte as the client wrote it, "//", "%2F" and ";" included; nothing is cleaned. An
// application that redirects to a path of its own therefore has to mind paths that begin
// with two slashes, as at the root of a server.
//
// app does not see the path values and Pattern of its host. When it is a multiplexer and
// the host matched no pattern, filters outside find the pattern that app matched, with
// prefix before its path: "GET /x/{id}" becomes "GET /app/x/{id}". Nothing else changes
// for them.
func At(prefix string, app http.Handler) http.Handler {
	if missing(app) {
		panic(fmt.Sprintf("mount.At: app for prefix %q is nil", prefix))
	}
	if prefix == "" || prefix == "/" {
		return app
	}
	if fault := faultOf(prefix); fault != "" {
		panic(fmt.Sprintf("mount.At: prefix %q %s", prefix, fault))
	}
	return &mounted{prefix: strings.TrimSuffix(prefix, "/"), app: app}
}

type mounted struct {
	prefix string
	app    http.Handler
}

func (m *mounted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	below, ok := rewrite.Shift(r, m.prefix)
	switch {
	case !ok:
		http.NotFound(w, r)
	case below.URL.Path == "":
		w.Header().Set("Location", home(below))
		w.WriteHeader(http.StatusPermanentRedirect)
	case climbs(below.URL):
		refuseToClimb(w)
	default:
		defer m.giveBack(r, below)
		m.app.ServeHTTP(w, below)
	}
}

// giveBack does what rewrite.Serve does, except that a pattern of the application is a
// pattern of the host only with the prefix before it.
func (m *mounted) giveBack(r, below *http.Request) {
	giveBackForm(r, below)
	if r.Pattern != "" || below.Pattern == "" {
		return
	}
	if i := strings.IndexByte(below.Pattern, '/'); i >= 0 {
		r.Pattern = below.Pattern[:i] + m.prefix + below.Pattern[i:]
	}
}

// giveBackForm gives the server the files of an upload, which it removes only if it finds
// them in its own request.
func giveBackForm(r, below *http.Request) {
	if r.MultipartForm == nil {
		r.MultipartForm = below.MultipartForm
	}
}

// home returns the reference to the application's root for the bare prefix. It is not
// made by http.Redirect, which would clean it. A script name can begin with two slashes,
// through a Shift of somebody else; a browser would take what follows for a host.
func home(below *http.Request) string {
	path := rewrite.EscapedScriptName(below) + "/"
	if strings.HasPrefix(path, "//") {
		path = "/." + path // RFC 3986 section 3.3: the same path when resolved
	}
	if below.URL.RawQuery != "" || below.URL.ForceQuery {
		path += "?" + below.URL.RawQuery
	}
	return path
}

// faultOf says what is wrong with prefix and what to write instead; empty: nothing.
func faultOf(prefix string) string {
	if prefix[0] != '/' {
		return fmt.Sprintf("does not begin with a slash: write %q", "/"+prefix)
	}
	if i := strings.IndexFunc(prefix, func(c rune) bool {
		return strings.ContainsRune(`?#\`, c) || c < ' ' || c == 0x7f
	}); i >= 0 {
		return fmt.Sprintf("holds %q: write a path alone, such as \"/app\"", prefix[i])
	}
	if strings.Contains(prefix, "%") {
		return "holds an escape: write the text that it stands for, such as \"/my app\" for \"/my%20app\""
	}
	for segment := range strings.SplitSeq(strings.TrimSuffix(prefix[1:], "/"), "/") {
		switch segment {
		case "":
			return "has an empty segment: write one slash between two names, such as \"/a/b\""
		case ".", "..":
			return fmt.Sprintf("has the segment %q: write the path that it comes to", segment)
		}
	}
	return ""
}
