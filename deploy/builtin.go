package deploy

import (
	"maps"
	"net/http"
	"slices"

	"github.com/weirhttp/weir"
	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/mount"
	"github.com/weirhttp/weir/rewrite"
)

// Builtin returns the parts that come with weir: the filters of package filter, those of rewrite and
// mount that a file can describe, and the applications of mount.
func Builtin() Set {
	return Set{
		"access-log":      Filter(filter.AccessLog),
		"compress":        Filter(filter.Compress, "min-size:size"),
		"max-body":        Filter(filter.MaxBody, "limit:size"),
		"rate-limit":      Filter(filter.RateLimit, "limit", "burst"),
		"recover":         Filter(filter.Recover),
		"request-id":      Filter(filter.RequestID),
		"request-header":  Filter(requestHeader),
		"response-header": Filter(responseHeader),
		"environ":         Filter(environ, "*"),
		"map-fields":      Filter(mount.MapFields),
		"guest":           Filter(guest),
		"user":            Filter(user, "name"),
		"when":            Filter(weir.When, "match", "filters"),
		"stack":           Filter(stack, "filters"),

		"proxy":   App(&mount.Proxy{}, "socket:file"),
		"fastcgi": App(&mount.FastCGI{}, "servers:address!", "root:folder", "env:environ", "spool:size", "sendfile:folder"),
		"scgi":    App(&mount.SCGI{}, "server:address!", "env:environ", "spool:size"),
		"cgi":     App(&mount.CGI{}, "path:file!", "dir:folder", "env:environ", "spool:size"),
		"wsgi":    App(&mount.WSGI{Dir: "."}, "app!", "dir:folder", "python:command", "env:environ"),
		"dir":     App(&mount.Dir{}, "fs!"),
		"mounts":  App(mounts, "*"),
		"cascade": App(mount.Cascade, "limit:size", "apps"),
	}
}

// guest is mount.Guest as a filter: the place is that of who mounts the app.
func guest(o mount.GuestOptions) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler { return mount.Guest("/", next, o) }
}

// user says that somebody is signed in, whoever asks.
func user(name string) func(http.Handler) http.Handler {
	return rewrite.Request(rewrite.User.Set(name))
}

// stack makes one filter of several, outermost first.
func stack(filters ...weir.Filter) func(http.Handler) http.Handler {
	return weir.Stack(filters...).Then
}

// environ tells the application below more than the request says.
func environ(variables map[string]string) func(http.Handler) http.Handler {
	var edits []func(*http.Request)
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		edits = append(edits, mount.Environ(name, variables[name]))
	}
	return rewrite.Request(edits...)
}

// headerOptions say what becomes of the fields of a header.
type headerOptions struct {
	// Del are the fields to be removed, before all else.
	Del []string

	// Set has the fields that get one value in place of what they have.
	Set map[string]string

	// Add has the fields that get one value more.
	Add map[string]string

	// Default has the fields that get a value if they have none.
	Default map[string]string
}

func requestHeader(o headerOptions) func(http.Handler) http.Handler {
	return rewrite.RequestHeader(o.edits()...)
}

func responseHeader(o headerOptions) func(http.Handler) http.Handler {
	return rewrite.ResponseHeader(o.edits()...)
}

func (o headerOptions) edits() []func(http.Header) {
	edits := []func(http.Header){rewrite.Del(o.Del...)}
	for _, some := range []struct {
		values map[string]string
		edit   func(name, value string) func(http.Header)
	}{{o.Set, rewrite.Set}, {o.Add, rewrite.Add}, {o.Default, rewrite.Default}} {
		for _, name := range slices.Sorted(maps.Keys(some.values)) {
			edits = append(edits, some.edit(name, some.values[name]))
		}
	}
	return edits
}
