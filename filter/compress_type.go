package filter

import (
	"strings"

	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/rewrite"
)

// worthwhile says whether a response is of a media type that shrinks.
func worthwhile(h *capture.Head) bool { return shrinks(rewrite.ContentType(h.Header)) }

// shrinks knows the media types whose content is plain enough to be worth
// coding. What is not listed is left alone: images, sound, video, archives,
// WOFF, PDF and the like are compressed as they are.
func shrinks(mediaType string) bool {
	kind, sub, _ := strings.Cut(mediaType, "/")
	if i := strings.LastIndexByte(sub, '+'); i >= 0 {
		switch sub[i+1:] { // RFC 6839, RFC 8091, RFC 9512
		case "json", "xml", "json-seq", "yaml":
			return true
		}
	}
	switch kind {
	case "text":
		return sub != "" && sub != "event-stream"
	case "application":
		switch sub {
		case "json", "javascript", "xml", "wasm", "x-javascript", "ecmascript", "json-seq", "jsonl", "ndjson", "x-ndjson", "jsonlines",
			"graphql", "yaml", "x-yaml", "toml", "sql", "rtf", "xml-dtd", "x-sh", "x-www-form-urlencoded",
			"vnd.apple.mpegurl", "x-mpegurl", "vnd.ms-fontobject", "x-font-ttf", "x-font-otf":
			return true
		}
	case "font":
		return sub == "ttf" || sub == "otf" || sub == "sfnt" || sub == "collection"
	case "image":
		return sub == "bmp" || sub == "x-icon" || sub == "vnd.microsoft.icon"
	}
	return false
}
