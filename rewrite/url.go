package rewrite

import (
	"net/http"
	"net/url"
)

// HostURL returns the scheme and host of the URL that the client asked for, without the
// port where it is that of the scheme: "https://example.com".
//
// HostURL, ApplicationURL, PathURL and FullURL are each the one before and more. They are
// made of what the request says when they are called, and of SchemeOf, HostOf and the
// script name, so what Shift, Pop and edits did to it is in them. Their paths are escaped
// as the client escaped them. Each call returns a URL of its own.
func HostURL(r *http.Request) *url.URL {
	scheme, host := SchemeOf(r), HostOf(r)
	if name, port, _ := cutPort(host); port == "" || port == defaultPort(scheme) {
		host = name
	}
	return &url.URL{Scheme: scheme, Host: host}
}

// ApplicationURL returns the URL at which the application lives, HostURL and the script
// name: "https://example.com/app". It ends without a slash.
func ApplicationURL(r *http.Request) *url.URL {
	u := HostURL(r)
	setPath(u, ScriptName(r), EscapedScriptName(r))
	return u
}

// PathURL returns the URL that the client asked for without its query, ApplicationURL and
// path info: "https://example.com/app/list".
func PathURL(r *http.Request) *url.URL {
	u := HostURL(r)
	if r.URL.Path == "*" { // RFC 9112 section 3.3: OPTIONS of the server itself
		return u
	}
	setPath(u, ScriptName(r)+r.URL.Path, EscapedScriptName(r)+r.URL.EscapedPath())
	return u
}

// FullURL returns the URL that the client asked for, PathURL and the query:
// "https://example.com/app/list?page=2".
func FullURL(r *http.Request) *url.URL {
	u := PathURL(r)
	u.RawQuery, u.ForceQuery = r.URL.RawQuery, r.URL.ForceQuery
	return u
}

// RelativeToPage returns what a reference on this page means, as a browser takes it (RFC
// 3986 section 5.2): at "https://example.com/app/list" "../x" is "https://example.com/x".
// The error is that of url.Parse.
//
// A reference may name another host: "//evil.example" does. Where it comes from a client,
// compare the Host of the result with that of HostURL, or its path with that of
// ApplicationURL.
func RelativeToPage(r *http.Request, ref string) (*url.URL, error) {
	return FullURL(r).Parse(ref)
}

// RelativeToApplication is RelativeToPage as if the page were the root of the application:
// at "https://example.com/app/list" "login" is "https://example.com/app/login". "/login"
// is still of the host, and "../login" leaves the application.
func RelativeToApplication(r *http.Request, ref string) (*url.URL, error) {
	u := HostURL(r)
	setPath(u, ScriptName(r)+"/", EscapedScriptName(r)+"/")
	return u.Parse(ref)
}

// setPath makes escaped the path of u, and path what it decodes to.
func setPath(u *url.URL, path, escaped string) {
	u.Path = path
	if !plain(escaped) {
		u.RawPath = escaped
	}
}
