package mount

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/rewrite"
)

// ErrPathInfo is the error of Call for a path info that no application can get: it is not
// the end of the request's path, does not begin where a segment begins, or leads out of the
// application, as At refuses it.
var ErrPathInfo = errors.New("no path info of this path")

// Call asks app and returns its response, whose body streams: app runs in a goroutine of
// its own while the body is read. Read it to its end or close it; capture.Stream, which
// this is built on, says what becomes of errors and panics of app. Send the response on,
// whole or changed, with capture.Send.
//
// The path info, decoded text, is the end of the request's path and begins with a slash or
// is empty; all of the path that comes before it moves to the script name, as
// rewrite.ShiftTo does it. Where it cannot be the error is ErrPathInfo.
//
// App gets the request of its host, with method, body, query and fields as they are and
// with who is signed in, as rewrite.User says, but for the host's path values and Pattern.
// The request r stays as it was. To serve app, and not to do anything with what it answers,
// take View or At: they need no goroutine.
func Call(r *http.Request, app http.Handler, pathInfo string) (*http.Response, error) {
	if missing(app) {
		panic("mount.Call: app is nil")
	}
	below, ok := rewrite.ShiftTo(r, pathInfo)
	if !ok || climbs(below.URL) {
		return nil, fmt.Errorf("mount: call with path %q and path info %q: %w", r.URL.Path, pathInfo, ErrPathInfo)
	}
	res, err := capture.Stream(below, app)
	if err != nil {
		return nil, fmt.Errorf("mount: call below %q: %w", rewrite.ScriptName(below), err)
	}
	return res, nil
}

// missing reports whether app is no handler.
func missing(app http.Handler) bool {
	f, ok := app.(http.HandlerFunc)
	return app == nil || ok && f == nil
}
