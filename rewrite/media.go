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
	kind, _ := contentType(h)
	return kind
}

// Charset returns the charset parameter of the Content-Type of a header, in lower case. It
// is empty where there is none: then what the format says holds (RFC 9110 section 8.3.2),
// UTF-8 for JSON and for what browsers send.
func Charset(h http.Header) string {
	_, charset := contentType(h)
	return charset
}

func contentType(h http.Header) (kind, charset string) {
	line := h.Get("Content-Type")
	kind, params, err := mime.ParseMediaType(line)
	if err == nil {
		return kind, strings.ToLower(params["charset"])
	}
	kind, _, _ = strings.Cut(line, ";")
	return strings.ToLower(strings.TrimSpace(kind)), ""
}
