package deploy

import (
	"encoding"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/weirhttp/weir/mount"
)

// pattern is one of http.ServeMux.
type pattern string

// UnmarshalText reads a pattern, and a path info in it where mount.View would.
func (p *pattern) UnmarshalText(text []byte) error {
	s := string(text)
	if message := caught(func() { http.NewServeMux().Handle(s, http.NotFoundHandler()) }); message != "" {
		return errors.New(message)
	}
	if strings.Contains(s, "{path_info") && !p.mounts(s) {
		return errors.New("what is behind a place is its path info: end the pattern with {path_info...}, after a slash")
	}
	*p = pattern(s)
	return nil
}

var _ encoding.TextUnmarshaler = (*pattern)(nil)

// mounts says whether an app is mounted where a pattern matches.
func (*pattern) mounts(s string) bool { return strings.HasSuffix(s, "/{path_info...}") }

// patterns returns an app that hands each request to the app of the pattern that fits best. Each key is a pattern of
// http.ServeMux, such as "GET /items/{id}" or "example.org/feed", by which one of the apps gets requests, as they are.
// Where a pattern ends in {path_info...}, such as "/tracs/{id}/{path_info...}", the app is mounted: what comes before
// is its script name.
//
// A path with doubled slashes or dots is redirected to the clean one, and one that misses only the slash at its end to that
// with it. A request for which there is no pattern is answered 404, one whose method alone does not fit 405.
func patterns(apps map[pattern]http.Handler) http.Handler {
	mux := http.NewServeMux()
	for _, p := range slices.Sorted(maps.Keys(apps)) {
		app := apps[p]
		if p.mounts(string(p)) {
			app = mount.View(app)
		}
		mux.Handle(string(p), app)
	}
	return mux
}
