package rewrite

import (
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Query returns the parameters of the request's query, decoded, in the order in which the
// client wrote them. It reads the query when it is ranged over, so an edit is seen at once.
//
// It reads as a browser's URLSearchParams does (WHATWG URL section 5.1), and so do most
// languages: parameters are separated by "&" alone, and a "%" that no two hexadecimal
// digits follow is a "%". URL.Query and Request.Form of net/http leave out every parameter
// that has such a "%" or a ";" in it, and lose the order.
func Query(r *http.Request) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for pair := range strings.SplitSeq(r.URL.RawQuery, "&") {
			if pair == "" {
				continue
			}
			name, value, _ := strings.Cut(pair, "=")
			if !yield(unquery(name), unquery(value)) {
				return
			}
		}
	}
}

// SetQuery returns an edit that makes value the only one of the query parameter name. It
// stands where the first of that name stood, or else at the end.
//
// SetQuery, AddQuery and DelQuery leave the rest of the query byte for byte as the client
// wrote it, in its order, what is malformed included. Which parameters have the name is
// decided as Query does, so none is left that another reader would take for it: of
// "%61=%zz" the name is "a". A parsed Form is dropped when the query changes, since
// ParseForm makes it anew from the new one. RequestURI stays the client's.
func SetQuery(name, value string) func(*http.Request) {
	pair := queryPair(name, value)
	return func(r *http.Request) {
		kept, at := without(r.URL.RawQuery, name)
		setQuery(r, slices.Insert(kept, at, pair))
	}
}

// AddQuery returns an edit that adds the query parameter name to the end, and keeps those
// of the same name that are there.
func AddQuery(name, value string) func(*http.Request) {
	pair := queryPair(name, value)
	return func(r *http.Request) {
		setQuery(r, append(pairs(r.URL.RawQuery), pair))
	}
}

// DelQuery returns an edit that removes the query parameters names.
func DelQuery(names ...string) func(*http.Request) {
	names = slices.Clone(names)
	return func(r *http.Request) {
		kept, _ := without(r.URL.RawQuery, names...)
		setQuery(r, kept)
	}
}

// pairs returns the parts of a query, empty ones included.
func pairs(query string) []string {
	if query == "" {
		return nil
	}
	return strings.Split(query, "&")
}

// without returns the parts of a query that have none of the names, and the place among
// them of the first that has one: the end where there is none.
func without(query string, names ...string) (kept []string, at int) {
	at = -1
	for _, pair := range pairs(query) {
		name, _, _ := strings.Cut(pair, "=")
		switch {
		case pair == "" || !slices.Contains(names, unquery(name)):
			kept = append(kept, pair)
		case at < 0:
			at = len(kept)
		}
	}
	if at < 0 {
		at = len(kept)
	}
	return kept, at
}

// setQuery makes pairs the query of r.
func setQuery(r *http.Request, pairs []string) {
	query := strings.Join(pairs, "&")
	if query != r.URL.RawQuery {
		r.URL.RawQuery, r.Form = query, nil
	}
}

func queryPair(name, value string) string {
	return url.QueryEscape(name) + "=" + url.QueryEscape(value)
}

// unquery decodes a name or a value of a query.
func unquery(s string) string {
	if !strings.ContainsAny(s, "%+") {
		return s
	}
	decoded := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '+':
			c = ' '
		case c == '%' && i+2 < len(s) && hex(s[i+1]) && hex(s[i+2]):
			c = unhex(s[i+1])<<4 | unhex(s[i+2])
			i += 2
		}
		decoded = append(decoded, c)
	}
	return string(decoded)
}
