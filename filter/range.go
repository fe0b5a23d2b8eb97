package filter

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/rewrite"
)

// RangeOptions are the options of [Range]. The zero value is right for most sites.
type RangeOptions struct {
	// Limit is the size in bytes up to which a body is held to find out how long it is, if it does not say so. That much
	// memory may be in use for each request for a part. Zero means 256 KiB.
	Limit int

	// MaxRanges is how many ranges a request may ask for. One that asks for more gets the whole. 0 means 16.
	MaxRanges int
}

// Range returns a filter that answers requests for a part of any answer: a GET with a Range field gets a 206 with the
// bytes that it asks for, as multipart/byteranges if those are several ranges, or a 416 if there are no such bytes (RFC
// 9110 §14). Other answers that can be had in parts say Accept-Ranges: bytes.
//
// It is for a 200 that is not coded, or is under a strong ETag, and whose length is known:
//
//   - by its Content-Length. Nothing is held then: the handler writes the whole, and what was not asked for is dropped.
//     An answer that is longer than the limit needs a strong ETag, or a Last-Modified and no ETag, by which the client
//     can tell that its parts are of one whole; and its ranges have to be in ascending order, apart from each other;
//   - by its end, up to the limit.
//
// Anything else passes as it is: a handler's own 206 and 416, what says Accept-Ranges: none, an event stream, and a
// longer body of unknown length. The whole is what a client has to be prepared for.
//
// If-Range is compared strongly with the ETag, or to the second with Last-Modified. The client gets the whole where that
// does not match or is malformed. So it does where Range is malformed or of another unit, where more ranges are asked
// for than MaxRanges, and where more bytes are than there are: ranges that overlap are an attack or a mistake
// (CVE-2011-3192). No answer is longer than its whole and the heads of MaxRanges parts. Too many ranges are kept from
// the handler, too. Numbers may be as large as they like.
//
// A Last-Modified that is not earlier than the Date of the answer, or than now, is as good as none: in the rest of its
// second there may be another version (§8.8.2.2). Two versions of a second that is over look alike to a server, and a
// client has to remember when it got which. A handler whose content may change as fast gives an ETag.
//
// HEAD and other methods have no ranges (§14.2). A 206 that announces trailers has no Content-Length, so that they
// arrive. Content-Digest and Content-MD5 of the whole go.
//
// In a stack it stands inside of Compress and of all that changes bodies, which leave parts alone and take back
// Accept-Ranges where they change the whole, and outside of [Conditional], which comes first by §13.2.2, and of [ETag].
func Range(o RangeOptions) func(http.Handler) http.Handler {
	for name, n := range map[string]int{"Limit": o.Limit, "MaxRanges": o.MaxRanges} {
		if n < 0 {
			panic(fmt.Sprintf("filter.Range: %s is %d, below 0", name, n))
		}
	}
	if o.Limit == 0 {
		o.Limit = 256 << 10
	}
	if o.MaxRanges == 0 {
		o.MaxRanges = 16
	}
	return func(next http.Handler) http.Handler {
		if next == nil {
			panic("filter.Range: next is nil")
		}
		return &ranged{o, next}
	}
}

type ranged struct {
	RangeOptions
	next http.Handler
}

func (f *ranged) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	asked, err := parseRanges(r.Header["Range"], f.MaxRanges)
	switch {
	case err == errManyRanges:
		capture.Transform(w, r, wholeOnly{f.next}, 0, offerRanges)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		f.next.ServeHTTP(w, r)
	case err != nil || r.Method == http.MethodHead:
		capture.Transform(w, r, f.next, 0, offerRanges)
	default:
		p := &partial{ranged: f, asked: asked}
		capture.Hold(w, r, f.next, p.hold, p.hook)
	}
}

// wholeOnly keeps a handler from seeing ranges.
type wholeOnly struct{ next http.Handler }

func (f wholeOnly) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rewrite.Serve(w, r, withoutRange(r), f.next)
}

// withoutRange is a copy of a request that asks for the whole.
func withoutRange(r *http.Request) *http.Request {
	edited := r.WithContext(r.Context())
	edited.Header = r.Header.Clone()
	delete(edited.Header, "Range")
	delete(edited.Header, "If-Range")
	return edited
}

// offerRanges is the hook of answers that are not asked for in parts.
func offerRanges(h *capture.Head, _ io.Writer) io.WriteCloser {
	if hasRanges(h) {
		offer(h, lengthOf(h.Header))
	}
	return nil
}

// offer says that an answer can be had in parts, as far as one can tell.
func offer(h *capture.Head, size int64) {
	if size >= 0 || tagOf(h).WeakMatch(tagOf(h)) || len(h.Header["Last-Modified"]) > 0 {
		h.Header["Accept-Ranges"] = []string{"bytes"}
	}
}

// hasRanges says whether an answer may be had in parts, if its length is known.
func hasRanges(h *capture.Head) bool {
	if h.Status != http.StatusOK || len(h.Header["Content-Range"]) > 0 {
		return false
	}
	if own, said := h.Header["Accept-Ranges"]; said && (len(own) == 0 || !strings.EqualFold(own[0], "bytes")) {
		return false
	}
	if rewrite.ContentType(h.Header) == "text/event-stream" {
		return false
	}
	coding := h.Header["Content-Encoding"]
	return len(coding) == 0 || isStrong(tagOf(h))
}

// partial is an answer to one request for ranges.
type partial struct {
	*ranged
	asked []byteRange
}

// hold is how much of the body is held back: all of it where its length is not known, or its ranges are not in order, and
// what it takes to guess its type where that is not known.
func (p *partial) hold(h *capture.Head) int {
	size := lengthOf(h.Header)
	switch _, typed := h.Header["Content-Type"]; {
	case !hasRanges(h):
		return 0
	case size < 0, size <= int64(p.Limit) && !inOrder(resolve(p.asked, size)):
		return p.Limit + 1
	case !typed:
		return sniffLen
	}
	return 0
}

func (p *partial) hook(h *capture.Head, dst io.Writer) io.WriteCloser {
	if !hasRanges(h) {
		return nil
	}
	size := lengthOf(h.Header)
	if size < 0 && h.Ended {
		size = int64(len(h.Peek))
	}
	offer(h, size)
	spans := resolve(p.asked, size)
	switch held := h.Ended && int64(len(h.Peek)) == size; {
	case size <= 0, size > int64(p.Limit) && !lasting(h), !sameAsBefore(h):
		return nil
	case len(spans) == 0:
		return unsatisfiable(h, size, dst)
	case totalOf(spans) > size, !held && !inOrder(spans):
		return nil
	}
	return sendParts(h, spans, size, dst)
}

// sameAsBefore is If-Range (RFC 9110 §13.1.5).
func sameAsBefore(h *capture.Head) bool {
	return rewrite.ConditionsOf(h.Request).Range(tagOf(h), settledOf(h))
}

// lasting says whether a client can tell that two parts are of the same bytes.
func lasting(h *capture.Head) bool {
	if len(h.Header["Etag"]) > 0 {
		return isStrong(tagOf(h))
	}
	return !settledOf(h).IsZero()
}

// settledOf is the Last-Modified of a response where it is a strong validator, else zero (RFC 9110 §8.8.2.2): as long as
// its second is not over, there may be another version with it.
func settledOf(h *capture.Head) time.Time {
	modified, now := modifiedOf(h), dateOf(h.Header["Date"])
	if now.IsZero() {
		now = time.Now()
	}
	if now.Unix() <= modified.Unix() {
		return time.Time{}
	}
	return modified
}

// unsatisfiable makes a 416 in the form of [http.ServeContent].
func unsatisfiable(h *capture.Head, size int64, dst io.Writer) io.WriteCloser {
	h.Status = http.StatusRequestedRangeNotSatisfiable
	dropFields(h.Header, ofABody[:]...)
	dropFields(h.Header, "Etag", "Last-Modified")
	dropCaching(h.Header) // it is not for as long as the page
	text := "invalid range: failed to overlap\n"
	for name, value := range map[string]string{
		"Content-Range":          "bytes */" + strconv.FormatInt(size, 10),
		"Content-Type":           "text/plain; charset=utf-8",
		"X-Content-Type-Options": "nosniff",
		"Content-Length":         strconv.Itoa(len(text)),
	} {
		h.Header[name] = []string{value}
	}
	_, _ = io.WriteString(dst, text)
	return nothing{}
}
