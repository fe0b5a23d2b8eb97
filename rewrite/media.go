package rewrite

import (
	"mime"
	"net/http"
	"strings"
)

// ContentType returns the media type of the body that a header speaks of, of a request or
// of an answer, in lower case and without its parameters: "text/html" of
// "Text/HTML; charset=utf-8". It is empty where there is none. It believes what is said,
// parameters that are malformed or not.
func ContentType(h http.Header) string {
	kind, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(kind))
}

// Charset returns the charset parameter of the Content-Type of a header, in lower case. It
// is empty where there is none: then what the format says holds (RFC 9110 section 8.3.2),
// UTF-8 for JSON and for what browsers send.
func Charset(h http.Header) string {
	_, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return strings.ToLower(params["charset"])
}
