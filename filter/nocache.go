package filter

import (
	"io"
	"net/http"
	"strings"

	"github.com/weirhttp/weir/capture"
)

// NoCache returns a filter that lets nobody keep a response: no cache, and no browser for its button "back". It is the
// last word, whatever the handler says: Cache-Control is no-store (RFC 9111 §5.2.2.5), with no-transform if that was
// there, and Expires, Pragma and what is said to some caches alone, in CDN-Cache-Control (RFC 9213), Surrogate-Control,
// X-Accel-Expires of nginx and their like, go.
// It answers nothing itself, and informational responses (1xx) pass as they are.
//
// The request stays as it is, with its conditions: a client that sends If-Match saves nobody else's work over. Validators
// stay, too, so that a handler that answers 304 or 412 by them goes on to do so.
//
// What a client should keep, and ask about each time, is not for this filter: that is no-cache, which
// [CacheControl] says unless the handler says something.
//
// In a stack it stands around the pages that are secret, with weir.When as a rule: what it is the last word over is
// further in. CacheControl adds nothing to what it says, wherever that stands.
func NoCache() func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		if next == nil {
			panic("filter.NoCache: next is nil")
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			capture.Transform(w, r, next, 0, noStore)
		})
	}
}

// noStore is the hook of NoCache.
func noStore(h *capture.Head, _ io.Writer) io.WriteCloser {
	said := "no-store"
	if hasDirective(h.Header, "no-transform") {
		said = "no-store, no-transform"
	}
	dropCaching(h.Header)
	h.Header["Cache-Control"] = []string{said}
	return nil
}

// dropCaching deletes what a header says to caches.
func dropCaching(h http.Header) {
	for name := range h {
		switch name {
		case "Cache-Control", "Expires", "Pragma", "Surrogate-Control", "X-Accel-Expires", "Edge-Control":
			delete(h, name)
		default:
			if strings.HasSuffix(name, "-Cache-Control") {
				delete(h, name)
			}
		}
	}
}
