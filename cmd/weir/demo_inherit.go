package main

import (
	"slices"
	"strings"
)

// inherited returns, sorted, the names of the variables that a CGI program inherits: all of weir's own but those by which CGI
// tells a program about its request (RFC 3875 §4.1). One that is merely left over in weir's environment, such as
// REMOTE_USER, must not speak for a request that has none.
func inherited(environ []string) []string {
	var names []string
	for _, variable := range environ {
		name, _, _ := strings.Cut(variable, "=")
		if name != "" && !meta(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// meta reports whether a variable is one of CGI's.
func meta(name string) bool {
	switch name {
	case "AUTH_TYPE", "CONTENT_LENGTH", "CONTENT_TYPE", "GATEWAY_INTERFACE", "PATH_INFO", "PATH_TRANSLATED", "QUERY_STRING",
		"SCRIPT_NAME", "SCRIPT_FILENAME", "HTTPS":
		return true
	}
	for _, family := range []string{"HTTP_", "REMOTE_", "REQUEST_", "SERVER_"} {
		if strings.HasPrefix(name, family) {
			return true
		}
	}
	return false
}
