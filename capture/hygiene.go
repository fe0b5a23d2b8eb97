package capture

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Transformable says whether the body of this response may be changed on its
// way. It may not be where there is none (1xx, 204, 205, 304), where it is a
// part of a representation (206 or Content-Range), where it comes content
// coded, where Cache-Control says no-transform (RFC 9111 §5.2.2.6), and where
// it is a stream whose reader wants each piece at once (text/event-stream) or
// frames of its own (application/grpc).
func (h *Head) Transformable() bool {
	switch {
	case !bodyAllowed(h.Status), h.Status == http.StatusResetContent, h.Status == http.StatusPartialContent:
		return false
	case len(h.Header["Content-Range"]) > 0:
		return false
	}
	for _, coding := range h.Header["Content-Encoding"] {
		if coding != "" && !strings.EqualFold(strings.TrimSpace(coding), "identity") {
			return false
		}
	}
	for _, list := range h.Header["Cache-Control"] {
		if hasToken(list, "no-transform") {
			return false
		}
	}
	if values := h.Header["Content-Type"]; len(values) > 0 {
		kind := mediaType(values[0])
		return kind != "text/event-stream" && kind != "application/grpc" && !strings.HasPrefix(kind, "application/grpc+")
	}
	return true
}

// Changed mends the head of a response whose body is changed on its way by
// the means that tag names, such as a content coding. What spoke of the old
// bytes goes: Content-Length, Accept-Ranges, Content-MD5, Content-Digest and
// Repr-Digest (RFC 9530), Digest, also where one is announced as a trailer. The
// Last-Modified date stays: a filter that changes bodies should drop the Range
// of a request, whose If-Range may be a date (RFC 9110 §13.1.5). The ETag becomes weak and is marked, "x" as
// W/"x+tag" and W/"x" as W/"x~tag", so that two representations never share
// one (RFC 9110 §8.8.3) and [Unmark] can take the mark off again.
//
// The tag is of characters that an ETag may hold, without a comma.
func (h *Head) Changed(tag string) {
	for _, name := range ofTheOldBytes {
		if len(h.Header[name]) > 0 { // a name without values tells net/http not to add any
			delete(h.Header, name)
		}
	}
	if announced := h.Header["Trailer"]; len(announced) > 0 {
		h.Header["Trailer"] = withoutTokens(announced, ofTheOldBytes[:])
	}
	if values := h.Header["Etag"]; len(values) > 0 {
		if marked, ok := mark(values[0], tag); ok {
			h.Header["Etag"] = []string{marked}
		} else {
			delete(h.Header, "Etag")
		}
	}
}

var ofTheOldBytes = [...]string{"Content-Length", "Accept-Ranges", "Content-Md5", "Content-Digest", "Repr-Digest", "Digest"}

// withoutTokens is a list without some of its elements.
func withoutTokens(lines, tokens []string) []string {
	var kept []string
	for _, line := range lines {
		for name := range strings.SplitSeq(line, ",") {
			name = strings.TrimSpace(name)
			if !slices.ContainsFunc(tokens, func(token string) bool { return strings.EqualFold(token, name) }) {
				kept = append(kept, name)
			}
		}
	}
	return kept
}

// Vary adds the names of request fields to the Vary field of a response, as one
// line, those that are not there yet in any case of letters. A "*" says that all
// of them matter, and nothing is added to it.
func Vary(h http.Header, fields ...string) {
	lines := h["Vary"]
	if len(lines) == 0 && len(fields) == 1 {
		h["Vary"] = []string{fields[0]}
		return
	}
	all := strings.Join(lines, ", ")
	for _, list := range fields {
		for field := range strings.SplitSeq(list, ",") {
			field = strings.TrimSpace(field)
			switch {
			case field == "", hasToken(all, field), hasToken(all, "*"):
			case all == "":
				all = field
			default:
				all += ", " + field
			}
		}
	}
	if all != "" && (len(lines) != 1 || lines[0] != all) {
		h["Vary"] = []string{all}
	}
}

// hasToken says whether a comma-separated list has the token, in any case and
// with or without an argument after "=".
func hasToken(list, token string) bool {
	for len(list) > 0 {
		var element string
		element, list, _ = strings.Cut(list, ",")
		name, _, _ := strings.Cut(element, "=")
		if strings.EqualFold(strings.TrimSpace(name), token) {
			return true
		}
	}
	return false
}

// mediaType is the type of a Content-Type without its parameters, in lower
// case.
func mediaType(value string) string {
	kind, _, _ := strings.Cut(value, ";")
	return strings.ToLower(strings.TrimSpace(kind))
}

// contentLength is the length that a response declares, or -1.
func contentLength(h http.Header) int64 {
	values := h["Content-Length"]
	if len(values) == 0 {
		return -1
	}
	n, err := strconv.ParseUint(values[0], 10, 63)
	if err != nil {
		return -1
	}
	return int64(n)
}
