package deploy

import (
	"encoding"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/weirhttp/weir/mount"
	"github.com/weirhttp/weir/rewrite"
)

// place is where an app is mounted: a path, or a host with a path.
type place string

// UnmarshalText reads the key of a mount.
func (p *place) UnmarshalText(text []byte) error {
	host, prefix := place(text).split()
	if !strings.Contains(string(text), "/") {
		return errors.New(`this is no place to mount at: write a path such as "/blog/", or a host and a path such as "example.org/"`)
	}
	if strings.ContainsAny(host, ": \t?#@\\{}%") {
		return errors.New(`the host of this place is none: write one without a port, such as "example.org/"`)
	}
	if message := caught(func() { mount.At(prefix, http.NotFoundHandler()) }); message != "" {
		return errors.New(message)
	}
	*p = place(host + prefix + "/") // one way to write it
	return nil
}

var _ encoding.TextUnmarshaler = (*place)(nil)

// split returns the host, in lower case, and the prefix without its last slash.
func (p place) split() (host, prefix string) {
	host, prefix, _ = strings.Cut(string(p), "/")
	return strings.ToLower(host), strings.TrimSuffix("/"+prefix, "/")
}

// mounts returns an app that hands each request to the app whose place is the longest that it is below. Each key
// is a place at which one of the apps is mounted: a path, such as "/code/", or a host with a path, such as
// "example.org/code/". A place with a host comes before all without; the port of the request does not count.
//
// A request that is below no place is answered 404.
func mounts(apps map[place]http.Handler) http.Handler {
	m := mountMap{}
	for p, app := range apps {
		host, prefix := p.split()
		m[host] = append(m[host], mountedApp{prefix, mount.At(prefix, app)})
	}
	for _, list := range m {
		slices.SortFunc(list, func(a, b mountedApp) int { return len(b.prefix) - len(a.prefix) })
	}
	return m
}

// mountMap has the apps of each host, those with the longest prefix first. The host "" is any.
type mountMap map[string][]mountedApp

type mountedApp struct {
	prefix string
	app    http.Handler
}

// ServeHTTP has the app answer that is mounted where the request goes.
func (m mountMap) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for _, host := range []string{hostOf(r), ""} {
		for _, one := range m[host] {
			if _, ok := rewrite.Shift(r, one.prefix); ok || one.prefix == "" {
				one.app.ServeHTTP(w, r)
				return
			}
		}
	}
	http.NotFound(w, r)
}

// hostOf returns the host that a request names, without the port and the dot at its end.
func hostOf(r *http.Request) string {
	host := r.Host
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		host = host[:i]
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}
