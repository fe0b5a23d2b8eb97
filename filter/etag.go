package filter

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/rewrite"
)

// ETagOptions are the options of [ETag]. The zero value is right for most sites.
type ETagOptions struct {
	// Limit is the size in bytes up to which a body is held to make its ETag. That much memory may be in use for each
	// answer that is under way. A longer body gets no ETag: it streams once it turns out to be longer, and from the
	// beginning where its Content-Length says so. Zero means 256 KiB.
	Limit int

	// Weak makes weak ETags. They are for bodies that may differ although they mean the same, and so cannot be had in
	// parts or be insisted on with If-Match. A strong one stands for these very bytes.
	Weak bool
}

// ETag returns a filter that gives answers an ETag made of their body (RFC 9110 §8.8.3): 128 bits of its SHA-256, the
// same in every process and after every start. It answers nothing itself: [Conditional] outside of it makes the 304.
//
// It is for a 200 to GET or HEAD without an ETag whose body is complete before its handler has flushed, and not longer
// than the limit. All else passes, held back by nothing: other methods and statuses, an answer with an ETag, also one
// that is set to nil because it wants none, one that says Cache-Control: no-store, an event stream, and one whose
// Content-Length is past the limit. A body that is flushed before its end streams from there on.
//
// An answer to HEAD gets the ETag that GET's has if the handler writes the body all the same, as most do: the server
// drops it. If it does not, nobody can tell what GET's body would be, and there is no ETag.
//
// A page in which something is new each time, such as a nonce or a token, has a new ETag each time, and is hashed for
// nothing: set Cache-Control: no-store, or the ETag to nil.
//
// In a stack it stands inside of [Conditional] and of all that changes bodies: Compress and rewrite.Body make of a
// strong ETag one of their own, and take it back on the way in.
func ETag(o ETagOptions) func(http.Handler) http.Handler {
	if o.Limit < 0 {
		panic(fmt.Sprintf("filter.ETag: Limit is %d, below 0", o.Limit))
	}
	if o.Limit == 0 {
		o.Limit = 256 << 10
	}
	hold, tag := o.hold, o.tag // once, not per request
	return func(next http.Handler) http.Handler {
		if next == nil {
			panic("filter.ETag: next is nil")
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodGet && r.Method != http.MethodHead {
				next.ServeHTTP(w, r)
				return
			}
			capture.Hold(w, r, next, hold, tag)
		})
	}
}

// hold is how much of an answer is held back: one byte more than the limit, to see whether it goes on.
func (o ETagOptions) hold(h *capture.Head) int {
	if !wantsETag(h) || lengthOf(h.Header) > int64(o.Limit) {
		return 0
	}
	return o.Limit + 1
}

func (o ETagOptions) tag(h *capture.Head, _ io.Writer) io.WriteCloser {
	if !wantsETag(h) || !h.Ended || len(h.Peek) > o.Limit {
		return nil
	}
	if declared := lengthOf(h.Header); h.Request.Method == http.MethodHead && declared != int64(len(h.Peek)) && (declared >= 0 || len(h.Peek) == 0) {
		return nil // not the body that GET has
	}
	h.Header["Etag"] = []string{etagFor(h.Peek, o.Weak)}
	return nil
}

// wantsETag says whether an answer gets an ETag if its body can be had.
func wantsETag(h *capture.Head) bool {
	if _, there := h.Header["Etag"]; there || h.Status != http.StatusOK {
		return false
	}
	return !hasDirective(h.Header, "no-store") && rewrite.ContentType(h.Header) != "text/event-stream"
}

// etagFor has no "+" and no "~", which mark the tags of changed bodies.
func etagFor(body []byte, weak bool) string {
	sum := sha256.Sum256(body)
	b := make([]byte, 0, len(`W/""`)+22)
	if weak {
		b = append(b, "W/"...)
	}
	b = base64.RawURLEncoding.AppendEncode(append(b, '"'), sum[:16])
	return string(append(b, '"'))
}

// lengthOf is the length that a response declares, -1 if it does not.
func lengthOf(h http.Header) int64 {
	values := h["Content-Length"]
	if len(values) == 0 {
		return -1
	}
	n, err := strconv.ParseInt(values[0], 10, 64)
	if err != nil || n < 0 {
		return -1
	}
	return n
}
