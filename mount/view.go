package mount

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/weirhttp/weir/rewrite"
)

// View returns a handler that serves app below a pattern of an http.ServeMux which ends in
// the wildcard {path_info...}:
//
//	mux.Handle("/tracs/{id}/{path_info...}", mount.View(trac))
//
// What the wildcard matches, with the slash before it, is the path info of app, and the path
// before it moves to the script name: "/tracs/7/wiki" is "/wiki" below "/tracs/7". Escapes
// arrive as the client wrote them. App does not see the host's path values and Pattern; a
// filter between the multiplexer and View may put into the request's context what app has
// to know of them. Filters outside find the host's pattern.
//
// The multiplexer itself redirects "/tracs/7" to "/tracs/7/", whose path info is "/", and
// "/tracs/7//wiki" to "/tracs/7/wiki". At is for a prefix that is known beforehand.
//
// View answers 400 to a path that climbs out of the mount in any reading, as At does, and
// 404 where what comes before path info ends in an escaped slash. It panics when app is nil,
// and its handler does where it finds no path info, since that is a mistake of the program.
func View(app http.Handler) http.Handler {
	if missing(app) {
		panic("mount.View: app is nil")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		pathInfo := "/" + r.PathValue("path_info")
		below, ok := rewrite.ShiftTo(r, pathInfo)
		switch {
		case (!ok || pathInfo == "/") && !strings.HasSuffix(r.Pattern, "{path_info...}"):
			panic(fmt.Sprintf("mount.View: pattern %q does not say what path info is: end it with {path_info...}, such as %q",
				r.Pattern, "/tracs/{id}/{path_info...}"))
		case !ok:
			http.NotFound(w, r)
		case climbs(below.URL):
			refuseToClimb(w)
		default:
			defer giveBackForm(r, below)
			app.ServeHTTP(w, below)
		}
	})
}
