package rewrite

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/weirhttp/weir/internal/token"
)

// Set returns an edit that makes value the only value of the field name, for RequestHeader
// and ResponseHeader alike. It panics, as Add, Default and Del do, when name is not a
// token (RFC 9110 section 5.1), and when value holds a CR, LF or NUL (section 5.5).
func Set(name, value string) func(http.Header) {
	name = field("Set", name, value)
	return func(h http.Header) { h[name] = []string{value} }
}

// Add returns an edit that adds value to the field name as a line of its own and keeps
// those that are there.
func Add(name, value string) func(http.Header) {
	name = field("Add", name, value)
	return func(h http.Header) {
		// A slice that somebody else made may be shared and have room.
		old := h[name]
		h[name] = append(old[:len(old):len(old)], value)
	}
}

// Default returns an edit that sets the field name to value where it is missing. A key
// with no values is not missing: it is how a handler keeps net/http from adding a field
// of its own.
func Default(name, value string) func(http.Header) {
	name = field("Default", name, value)
	return func(h http.Header) {
		if _, ok := h[name]; !ok {
			h[name] = []string{value}
		}
	}
}

// Del returns an edit that removes the fields names, whatever the case of their letters.
// Other spellings that some applications take for the same field, X_Name for X-Name,
// are other fields and stay: DelLike removes them, too.
func Del(names ...string) func(http.Header) {
	keys := make([]string, len(names))
	for i, name := range names {
		keys[i] = field("Del", name, "")
	}
	return func(h http.Header) {
		for _, key := range keys {
			delete(h, key)
		}
	}
}

// field returns the canonical form of name, or panics on behalf of the edit when name or
// value cannot stand in a head.
func field(edit, name, value string) string {
	if !token.Is(name) {
		panic(fmt.Sprintf("rewrite.%s: name %q is not a field name", edit, name))
	}
	if strings.ContainsAny(value, "\r\n\x00") {
		panic(fmt.Sprintf("rewrite.%s: value %q of %s holds a CR, LF or NUL", edit, value, name))
	}
	return http.CanonicalHeaderKey(name)
}
