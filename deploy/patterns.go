package deploy

import (
	"context"
	"encoding"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/weirhttp/weir/mount"
	"github.com/weirhttp/weir/rewrite"
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
// A host in a pattern is that of rewrite.NamedHost, which trust-proxy found out further out, in any case of letters.
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
		mux.Handle(string(p), hostBack(app))
	}
	if !slices.ContainsFunc(slices.Collect(maps.Keys(apps)), func(p pattern) bool { return hasHost(string(p)) }) {
		return mux
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { rewrite.Serve(w, r, hosted(r), mux) })
}

// hasHost says whether a pattern of http.ServeMux has a host in it.
func hasHost(pattern string) bool {
	method, rest, found := strings.Cut(pattern, " ")
	if !found {
		rest = method
	}
	return !strings.HasPrefix(strings.TrimLeft(rest, " \t"), "/")
}

// hostKey is the key of what hosted made of Request.Host.
type hostKey struct{}

type hostChange struct{ before, domain string }

// hosted returns r as patterns are to see it, which compare Request.Host as it is: its Host is the domain of the host that
// the client named, as mounts compare it.
func hosted(r *http.Request) *http.Request {
	domain := hostOf(r)
	if domain == "" || domain == r.Host {
		return r
	}
	edited := r.WithContext(context.WithValue(r.Context(), hostKey{}, hostChange{r.Host, domain}))
	edited.Host = domain
	return edited
}

// hostBack gives app the Host that hosted took away.
func hostBack(app http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, ok := r.Context().Value(hostKey{}).(hostChange); ok && r.Host == c.domain {
			r.Host = c.before // of the copy that hosted made
		}
		app.ServeHTTP(w, r)
	})
}
