package filter

import (
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/rewrite"
)

// Conditional returns a filter that answers conditional requests for any handler (RFC 9110 §13): a GET or HEAD whose
// If-None-Match names the ETag of the answer, or whose If-Modified-Since is not before its Last-Modified, gets a 304,
// and one whose If-Match does not name it, or whose If-Unmodified-Since is before, gets a 412 without a body. It looks
// at answers with status 200 or 206, in the order of §13.2.2: If-Match, or in its absence If-Unmodified-Since; then
// If-None-Match, or in its absence If-Modified-Since. A request without these fields passes at no cost.
//
// If-Match compares strongly, If-None-Match weakly; "*" is any answer. It reads them as [rewrite.ConditionsOf] does: a
// malformed list of tags matches nothing, so that it never makes a 304, but a 412 where it was meant to prevent something,
// and still has precedence over a date. A malformed date is as good as none. Dates are those of [http.ParseTime], and do
// nothing to an answer without a Last-Modified.
//
// A 304 has what RFC 9110 §15.4.5 asks for and everything that does not describe a body: of the fields that do, only
// ETag, Content-Location and, if there is no ETag, Last-Modified stay. It announces no trailers. A 412 has nothing of
// what the answer said to caches: one that keeps it for as long as the page would give it to everybody.
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
	tag := tagOf(h)
	if tag == "" {
		tag = "none" // is no tag and matches none, but there is an answer, and "*" is about that
	}
	switch rewrite.ConditionsOf(h.Request).Status(h.Request.Method, tag, modifiedOf(h)) {
	case http.StatusPreconditionFailed:
		h.Status = http.StatusPreconditionFailed
		dropFields(h.Header, ofABody[:]...)
		dropCaching(h.Header)
		return nothing{}
	case http.StatusNotModified:
		h.Status = http.StatusNotModified
		notModified(h.Header)
	}
	return nil
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

// tagOf is the entity tag of a response, empty if it has none.
func tagOf(h *capture.Head) rewrite.ETag {
	return rewrite.ETag(strings.Trim(h.Header.Get("Etag"), " \t"))
}

// isStrong says whether there is an entity tag, and it is a strong one.
func isStrong(tag rewrite.ETag) bool { return tag.StrongMatch(tag) }

// modifiedOf is the Last-Modified of a response, zero if it has none.
func modifiedOf(h *capture.Head) time.Time { return dateOf(h.Header["Last-Modified"]) }

// dateOf reads a field that is one date (RFC 9110 §5.6.7). It is zero if that is none.
func dateOf(lines []string) (t time.Time) {
	if len(lines) == 1 {
		t, _ = http.ParseTime(lines[0])
	}
	return t
}
