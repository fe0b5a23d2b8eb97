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
	if host != "" {
		name, _, ok := rewrite.SplitHost(host)
		if !ok || strings.Contains(host, ":") {
			return errors.New(`the host of this place is none: write one without a port, such as "example.org/"`)
		}
		host = name
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
// The host of a request is rewrite.NamedHost: what trust-proxy found out further out, or Request.Host.
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

// hostOf returns the host that a request names, to compare; empty: it names none.
func hostOf(r *http.Request) string {
	host, _ := rewrite.NamedHost(r)
	domain, _, _ := rewrite.SplitHost(host)
	return domain
}
