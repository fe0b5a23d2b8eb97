package filter

import (
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/weirhttp/weir/capture"
)

// Conditional returns a filter that answers conditional requests for any handler (RFC 9110 §13): a GET or HEAD whose
// If-None-Match names the ETag of the answer, or whose If-Modified-Since is not before its Last-Modified, gets a 304,
// and one whose If-Match does not name it, or whose If-Unmodified-Since is before, gets a 412 without a body. It looks
// at answers with status 200 or 206, in the order of §13.2.2: If-Match, or in its absence If-Unmodified-Since; then
// If-None-Match, or in its absence If-Modified-Since. A request without these fields passes at no cost.
//
// If-Match compares strongly, If-None-Match weakly; "*" is any answer. A malformed field is as good as none, so that it
// never makes a 304 or 412, and a malformed list of tags still has precedence over a date. Dates are those of
// [http.ParseTime], and do nothing to an answer without a Last-Modified.
//
// A 304 has what RFC 9110 §15.4.5 asks for and everything that does not describe a body: of the fields that do, only
// ETag, Content-Location and, if there is no ETag, Last-Modified stay. It has no trailers.
//
// The handler runs, and its body is dropped: that saves the transfer, not the work. Since it runs first, what would
// change something has changed when its answer is there, and a 412 would be a lie (§13.1.1). So answers to other
// methods than GET and HEAD pass: the handler of a PUT with If-Match has to look at it before it acts. So do answers that
// are 304 or 412 already: a handler that looks for itself, as [http.ServeContent] does, is not contradicted.
//
// In a stack it stands inside of Compress and of [Range], and outside of [ETag], which gives it something to compare.
func Conditional() func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		if next == nil {
			panic("filter.Conditional: next is nil")
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !isConditional(r) {
				next.ServeHTTP(w, r)
				return
			}
			capture.Transform(w, r, next, 0, precondition)
		})
	}
}

func isConditional(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	for _, name := range [...]string{"If-None-Match", "If-Modified-Since", "If-Match", "If-Unmodified-Since"} {
		if len(r.Header[name]) > 0 {
			return true
		}
	}
	return false
}

// precondition is the hook of Conditional.
func precondition(h *capture.Head, _ io.Writer) io.WriteCloser {
	if h.Status != http.StatusOK && h.Status != http.StatusPartialContent {
		return nil
	}
	switch {
	case !isUnchanged(h):
		h.Status = http.StatusPreconditionFailed
		dropFields(h.Header, ofABody[:]...)
		return nothing{}
	case !isChanged(h):
		h.Status = http.StatusNotModified
		notModified(h.Header)
	}
	return nil
}

// isUnchanged is steps 1 and 2 of RFC 9110 §13.2.2.
func isUnchanged(h *capture.Head) bool {
	if lines := nonEmpty(h.Request.Header["If-Match"]); lines != nil {
		named, ok := listsTag(lines, etagOf(h), strongly)
		return named || !ok
	}
	modified, ok := dateOf(h.Header["Last-Modified"])
	since, asked := dateOf(h.Request.Header["If-Unmodified-Since"])
	return !ok || !asked || !modified.After(since)
}

// isChanged is steps 3 and 4.
func isChanged(h *capture.Head) bool {
	if lines := nonEmpty(h.Request.Header["If-None-Match"]); lines != nil {
		named, ok := listsTag(lines, etagOf(h), weakly)
		return !named || !ok
	}
	modified, ok := dateOf(h.Header["Last-Modified"])
	since, asked := dateOf(h.Request.Header["If-Modified-Since"])
	return !ok || !asked || modified.After(since)
}

// ofABody are the fields that speak of the bytes that are no longer sent.
var ofABody = [...]string{"Content-Length", "Content-Range", "Content-Encoding", "Content-Digest", "Content-Md5", "Digest",
	"Repr-Digest", "Accept-Ranges", "Trailer"}

// notModified makes the header of a 200 or 206 that of a 304 (RFC 9110 §15.4.5).
func notModified(h http.Header) {
	dropFields(h, ofABody[:]...)
	dropFields(h, "Content-Type", "Content-Language")
	if len(h["Etag"]) > 0 {
		dropFields(h, "Last-Modified")
	}
}

// dropFields deletes fields that have values: one that is nil tells net/http not to add any.
func dropFields(h http.Header, fields ...string) {
	for _, name := range fields {
		if len(h[name]) > 0 {
			delete(h, name)
		}
	}
}

// etagOf is the entity tag of a response, empty if it has none or no valid one.
func etagOf(h *capture.Head) string {
	values := h.Header["Etag"]
	if len(values) == 0 {
		return ""
	}
	etag := strings.Trim(values[0], " \t")
	if lenETag(etag) != len(etag) {
		return ""
	}
	return etag
}

// dateOf reads a field that is one date (RFC 9110 §5.6.7).
func dateOf(lines []string) (time.Time, bool) {
	if len(lines) != 1 {
		return time.Time{}, false
	}
	t, err := http.ParseTime(lines[0])
	return t, err == nil
}

// nonEmpty is a field's lines, nil if there is nothing in them.
func nonEmpty(lines []string) []string {
	for _, line := range lines {
		if strings.Trim(line, " \t") != "" {
			return lines
		}
	}
	return nil
}
