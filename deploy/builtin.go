package deploy

import (
	"fmt"
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
		"cache-control":   Filter(filter.CacheControl),
		"basic-auth":      Filter(filter.BasicAuthFile, "users:file"),
		"compress":        Filter(filter.Compress, "min-size:size"),
		"cookie-policy":   Filter(filter.CookiePolicy),
		"error-page":      Filter(filter.ErrorPage),
		"conditional":     Filter(filter.Conditional),
		"etag":            Filter(filter.ETag, "limit:size"),
		"concurrency":     Filter(filter.Concurrency, "limit"),
		"forward-auth":    Filter(filter.ForwardAuth, "url", "max-answer:size"),
		"max-body":        Filter(filter.MaxBody, "limit:size"),
		"no-cache":        Filter(filter.NoCache),
		"range":           Filter(filter.Range, "limit:size"),
		"rate-limit":      Filter(filter.RateLimit, "limit", "burst"),
		"recover":         Filter(filter.Recover),
		"timeout":         Filter(filter.Timeout, "first"),
		"request-id":      Filter(filter.RequestID),
		"allow-ip":        Filter(filter.AllowIP, "allowed"),
		"allow-hosts":     Filter(filter.AllowHosts, "hosts"),
		"canonical-host":  Filter(filter.CanonicalHost, "canonical"),
		"https":           Filter(filter.HTTPS),
		"clean-path":      Filter(filter.CleanPath),
		"trailing-slash":  Filter(filter.TrailingSlash),
		"method-override": Filter(filter.MethodOverride, "max-form:size"),
		"trust-proxy":     Filter(filter.TrustProxy, "proxies"),
		"secure-headers":  Filter(filter.SecureHeaders),
		"server-timing":   Filter(filter.ServerTiming, "see"),
		"request-header":  Filter(requestHeader),
		"response-header": Filter(responseHeader),
		"environ":         Filter(environ, "*"),
		"map-fields":      Filter(mount.MapFields),
		"guest":           Filter(guest),
		"user":            Filter(user, "name"),
		"when":            Filter(weir.When, "match", "filters"),
		"switch":          Filter(switchFirst, "cases"),
		"stack":           Filter(stack, "filters"),

		"decompress-request": Filter(filter.DecompressRequest, "limit:size"),
		"rewind":             Filter(filter.Rewind, "memory:size", "limit:size", "dir:folder"),

		"proxy":    App(&mount.Proxy{}, "socket:file"),
		"fastcgi":  App(&mount.FastCGI{}, "servers:address!", "root:folder", "env:environ", "spool:size", "sendfile:folder"),
		"scgi":     App(&mount.SCGI{}, "server:address!", "env:environ", "spool:size"),
		"cgi":      App(&mount.CGI{}, "path:file!", "dir:folder", "env:environ", "spool:size"),
		"wsgi":     App(&mount.WSGI{Dir: "."}, "app!", "dir:folder", "python:command", "env:environ"),
		"dir":      App(&mount.Dir{}, "fs!"),
		"mounts":   App(mounts, "*"),
		"patterns": App(patterns, "*"),
		"cascade":  App(mount.Cascade, "limit:size", "apps"),
	}
}

// guest returns a filter that mends what an application says in fields which knows nothing of the prefix at which it
// is mounted, a redirect or a cookie, so that it comes out right for where the application lives. It maps them as
// MapFields does. In Go, it is mount.Guest, at the place that the app has anyway.
//
// The application is told where it is, in case that it asks: its requests carry the forwarded family
// (X-Forwarded-For, -Proto, -Host, -Port, -Prefix, X-Script-Name and Forwarded of RFC 7239) and, where somebody
// is signed in, UserField. What the client itself says in these fields does not reach it, in any spelling.
//
// Bodies pass as they are, so that a link to "/x" in a page, a style sheet, a script or JSON misses the mount; a
// relative one does not. An application with such links needs its prefix in its own configuration, or a host of
// its own.
func guest(o mount.GuestOptions) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler { return mount.Guest("/", next, o) }
}

// user says that somebody is signed in, whoever asks: for a site that one person has for themselves, and to try what
// an application says to somebody. The name is such as "alice".
func user(name string) func(http.Handler) http.Handler {
	return rewrite.Request(rewrite.User.Set(name))
}

// stack makes one filter of several filters, outermost first.
func stack(filters ...weir.Filter) func(http.Handler) http.Handler {
	return weir.Stack(filters...).Then
}

// switchCase is one of the cases of a switch.
type switchCase struct {
	// Match says which requests are meant. It is required.
	Match func(*http.Request) bool

	// Filters are those that they go through, outermost first. With none, the requests go straight on.
	Filters []weir.Filter
}

// switchOptions say what becomes of the requests that no case is for.
type switchOptions struct {
	// Else are the filters for the requests that no case matches.
	Else []weir.Filter
}

// switchFirst returns a filter that applies the filters of the first case that a request matches, and of no other one.
// The cases are asked in their order: one that is for all requests leaves none to those after it.
func switchFirst(cases []switchCase, o switchOptions) (func(http.Handler) http.Handler, error) {
	var branches []weir.Branch
	for i, c := range cases {
		if c.Match == nil {
			return nil, fmt.Errorf("case %d of cases has no match: say which requests are meant, as in { match = [\"/api/\"], filters = [] }", i+1)
		}
		branches = append(branches, weir.Case(c.Match, c.Filters...))
	}
	return weir.Switch(append(branches, weir.Else(o.Else...))...), nil
}

// environ tells the application more than the request says. Each key is the name of one of the variables that it
// gets besides those of the request, and its value that of the variable: for WSGI, FastCGI, SCGI and CGI.
func environ(variables map[string]string) func(http.Handler) http.Handler {
	var edits []func(*http.Request)
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		edits = append(edits, mount.Environ(name, variables[name]))
	}
	return rewrite.Request(edits...)
}

// headerOptions say what becomes of the fields of a header.
type headerOptions struct {
	// Del are the fields to be removed, before all else, such as "X-Powered-By".
	Del []string

	// Set has the fields that get one value in place of what they have.
	Set map[string]string

	// Add has the fields that get one value more.
	Add map[string]string

	// Default has the fields that get a value if they have none.
	Default map[string]string
}

// requestHeader returns a filter that changes the header of the request before the application sees it. Host is
// none of its fields. A field that says who the client is, such as X-Forwarded-For, is no business of it: the
// applications tell that themselves.
func requestHeader(o headerOptions) func(http.Handler) http.Handler {
	return rewrite.RequestHeader(o.edits()...)
}

// responseHeader returns a filter that changes the header of the final response at the moment its head is sent: what
// it sets is the last word over what the application set, and Default gives way to it. Informational
// responses, such as 103, pass as they are.
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
