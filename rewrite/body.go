package rewrite

import (
	"io"
	"net/http"

	"github.com/weirhttp/weir/capture"
)

// Body returns a filter that sends the bodies that match says yes to through transform, as
// a stream. Transform has the shape of gzip.NewWriter: it returns a writer that writes its
// result to the one it was given, and that is closed at the end of a complete body. A
// method Flush() error is called when the application flushes; without it, what the
// transform holds back waits.
//
// match is asked twice for a request.
//
// First on the way in, before there is an answer. The head then has a Request and no more:
// Status is 0, Header nil, Peek empty. The question is whether any answer to this request
// may be one to transform. No lets the request and its answer pass untouched, at no cost.
// Yes makes the request ask for something that can be transformed: Accept-Encoding goes,
// since a content-coded body cannot be, and so do Range and If-Range, since a part of one
// representation is not that part of another. A match that looks at nothing but the
// answer's fields therefore never says yes and the filter does nothing.
//
// Then, after a yes, when the head of the answer is there: Status is not 0. That is the
// decision. It is asked only where the answer may be transformed at all, as
// capture.Head.Transformable says; Peek is the beginning of the body, up to 512 bytes
// where the application did not flush before.
//
// Type is the match for most purposes.
//
// In the head of a transformed answer Content-Length, Accept-Ranges and digests go, and
// the ETag becomes a weak one with a mark that is taken off again when the client sends
// it back, so that 304 and 412 keep working. The mark does not tell two transforms apart,
// and a client that has the untransformed body is told that it still holds: who adds or
// changes a transform where answers are cached must change the application's ETags. A Content-Type that net/http would have guessed is guessed from
// the body before the transform. A body that ends before the Content-Length that the
// application declared is cut, as without the filter. HEAD gets the head that GET gets.
//
// Inside of a compressor, Body sees bodies before they are coded, and the client still
// gets them coded.
func Body(match func(*capture.Head) bool, transform func(io.Writer) io.WriteCloser) func(http.Handler) http.Handler {
	mustHave("Body", "match", match == nil)
	mustHave("Body", "transform", transform == nil)
	hook := func(h *capture.Head, dst io.Writer) io.WriteCloser {
		if h.Status == http.StatusNotModified {
			h.Revalidated(bodyTag)
			return nil
		}
		if !h.Transformable() || !match(h) {
			return nil
		}
		_, typed := h.Header["Content-Type"]
		if !typed && len(h.Peek) > 0 && len(h.Header["Transfer-Encoding"]) == 0 { // as net/http guesses
			h.Header.Set("Content-Type", http.DetectContentType(h.Peek))
		}
		h.Changed(bodyTag)
		return transform(dst)
	}
	return func(next http.Handler) http.Handler {
		mustHave("Body", "next", next == nil)
		inside := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			Serve(w, r, uncoded(r), next)
		})
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !match(&capture.Head{Request: r}) {
				next.ServeHTTP(w, r)
				return
			}
			capture.Transform(w, r, inside, sniffed, hook)
		})
	}
}

// bodyTag marks the ETags of transformed bodies.
const bodyTag = "body"

// sniffed is how much of a body net/http.DetectContentType looks at, in bytes.
const sniffed = 512

// uncoded returns a request for what r asks for that has an answer to transform, whole and
// without a content coding; r itself where it is one.
func uncoded(r *http.Request) *http.Request {
	edited := capture.Unmark(r, bodyTag)
	for _, name := range [...]string{"Accept-Encoding", "Range", "If-Range"} {
		if _, ok := edited.Header[name]; !ok {
			continue
		}
		if edited == r {
			edited = withHeader(r)
		}
		delete(edited.Header, name)
	}
	return edited
}
