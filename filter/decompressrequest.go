package filter

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"

	"github.com/weirhttp/weir/rewrite"
)

// DecompressRequestOptions are the options of [DecompressRequest]. The zero value is right for most programs.
type DecompressRequestOptions struct {
	// Encodings are the content codings that are taken, of gzip, zstd and deflate, in the order in which clients are
	// told. Nil means these three.
	Encodings []string

	// MaxRatio is how many bytes may come of one byte that the client sent, once there are more than 64 KiB of them.
	// Zero means 200. Text of many repetitions comes to 20, logs to 50; gzip can come to 1,000 and zstd to more.
	MaxRatio int
}

// DecompressRequest returns a filter that decodes the bodies of requests with a Content-Encoding (RFC 9110 §8.4): gzip,
// also by its old name x-gzip, in one member or several; zstd, with windows of up to 8 MB (RFC 8878, RFC 9659); and
// deflate, which is the zlib format (RFC 1950), and not bare deflate data. The handler reads the decoded body as a stream,
// and no more than limit bytes of it.
//
// The handler gets a copy of the request without Content-Encoding and what was true of the coded body alone:
// Content-Length, Content-MD5, Content-Digest, Repr-Digest and Digest; its ContentLength is -1. A digest in the trailers is
// that of the coded body still, and what a signature says of such fields has to be checked further out. A request without
// a Content-Encoding or without a body passes as it is.
//
// A request with another coding, with more than two, or with a part of a coded body (Content-Range), is answered with 415
// (Unsupported Media Type, RFC 9110 §15.5.16); the field Accept-Encoding says what is taken (§12.5.3). A request
// whose Content-Length alone is too much, see below, is answered with 413 (Content Too Large, §15.5.14). Nothing of the body is
// read in either case.
//
// These end reading with an [http.MaxBytesError], for which a handler answers 413, and the connection is closed after it as
// MaxBody does it:
//
//   - more than limit decoded bytes. The handler has the first limit bytes then;
//   - more decoded bytes than MaxRatio allows;
//   - more than twice limit, and 4 KiB, of coded bytes. They also bound what comes between two codings.
//
// A body that is not what its coding says, that ends too soon, or that has something after its end, fails with another
// error, for which 400 is the answer. So does one whose connection broke off, however whole it looks.
//
// Memory is bounded whatever a client sends: while the request is served there is, for each coding of its body, the window,
// which is 32 KiB for gzip and deflate and up to 8 MB for zstd, as its first bytes say, and less than 1 MB beside it. So a
// body of one coding takes 9 MB at most, and one of two, which may both be zstd, 18 MB. Put Concurrency around it where
// many may come at once, and do without zstd where that is too much. The decoders are used again from request to request;
// no handler that keeps its body can reach one that is, for the body fails when the handler has returned.
//
// DecompressRequest belongs inside of authentication, which spares the work, and of MaxBody, which counts the coded bytes
// there, and outside of everything that reads bodies. A negative limit, a negative MaxRatio and an unknown coding panic when
// the filter is made.
func DecompressRequest(limit int64, o DecompressRequestOptions) func(http.Handler) http.Handler {
	d := newDecompressor(limit, o)
	return func(next http.Handler) http.Handler {
		if next == nil {
			panic("filter.DecompressRequest: next is nil")
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { d.serve(w, r, next) })
	}
}

// maxCodings is how many codings a body may have one over the other, for each takes memory. Nobody needs two.
const maxCodings = 2

type decompressor struct {
	limit, coded int64 // bytes
	ratio        int64
	codings      []*requestCoding
	accepts      string
}

func newDecompressor(limit int64, o DecompressRequestOptions) *decompressor {
	switch {
	case limit < 0:
		panic(fmt.Sprintf("filter.DecompressRequest: limit is %d, below 0", limit))
	case o.MaxRatio < 0:
		panic(fmt.Sprintf("filter.DecompressRequest: MaxRatio is %d, below 0", o.MaxRatio))
	}
	if o.MaxRatio == 0 {
		o.MaxRatio = 200
	}
	if o.Encodings == nil {
		o.Encodings = []string{"gzip", "zstd", "deflate"}
	}
	d := &decompressor{limit: limit, coded: math.MaxInt64, ratio: int64(o.MaxRatio), accepts: strings.Join(o.Encodings, ", ")}
	if limit < math.MaxInt64/4 {
		d.coded = 2*limit + 4<<10
	}
	for _, name := range o.Encodings {
		open := requestDecoderOf(name)
		if open == nil {
			panic(fmt.Sprintf("filter.DecompressRequest: Encodings has %q, which is none of gzip, zstd and deflate", name))
		}
		d.codings = append(d.codings, &requestCoding{name: name, make: open})
	}
	return d
}

func (d *decompressor) serve(w http.ResponseWriter, r *http.Request, next http.Handler) {
	codings, known := d.named(r.Header["Content-Encoding"])
	switch {
	case r.Body == nil, r.Body == http.NoBody, known && len(codings) == 0:
		next.ServeHTTP(w, r)
	case !known, len(r.Header["Content-Range"]) > 0:
		w.Header().Set("Accept-Encoding", d.accepts)
		http.Error(w, http.StatusText(http.StatusUnsupportedMediaType), http.StatusUnsupportedMediaType)
	case r.ContentLength > d.coded:
		passLimit(w, r)
		http.Error(w, http.StatusText(http.StatusRequestEntityTooLarge), http.StatusRequestEntityTooLarge)
	default:
		body := &decodedBody{decompressor: d, raw: r.Body, codings: codings, tooLong: func() { closeAfter(w) }}
		defer body.leave()
		rewrite.Serve(w, r, d.edited(w, r, body), next)
	}
}

// edited returns the request with another body.
func (d *decompressor) edited(w http.ResponseWriter, r *http.Request, body *decodedBody) *http.Request {
	edited := r.WithContext(r.Context())
	edited.Header = r.Header.Clone()
	for _, name := range [...]string{"Content-Encoding", "Content-Length", "Content-Md5", "Content-Digest", "Repr-Digest", "Digest"} {
		delete(edited.Header, name)
	}
	edited.ContentLength = -1
	edited.Body = http.MaxBytesReader(innermost(w), body, d.limit)
	edited.GetBody = nil // of a coded body
	return edited
}

// named returns the codings that a request names, in the order in which they were applied, and whether all of them are
// known. Identity is none, and says nothing.
func (d *decompressor) named(lines []string) (codings []*requestCoding, known bool) {
	for _, line := range lines {
		for name := range strings.SplitSeq(line, ",") {
			name = strings.ToLower(strings.Trim(name, " \t"))
			if name == "" || name == "identity" {
				continue
			}
			if name == "x-gzip" { // RFC 9110 §8.4.1.3
				name = "gzip"
			}
			i := slices.IndexFunc(d.codings, func(c *requestCoding) bool { return c.name == name })
			if i < 0 || len(codings) == maxCodings {
				return nil, false
			}
			codings = append(codings, d.codings[i])
		}
	}
	return codings, true
}
