package filter

import (
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/negotiate"
	"github.com/weirhttp/weir/rewrite"
)

// CompressOptions are the options of [Compress]. The zero value is right for
// most sites.
type CompressOptions struct {
	// Encodings are the content codings to offer, the preferred one first:
	// it decides between codings that a client likes equally, as browsers
	// do. Nil means zstd, then gzip.
	Encodings []Encoding

	// MinSize is the size in bytes from which on a body is compressed. It is
	// also how much of a body is held back while its size is not known, or
	// 512 bytes, whichever is more. 0 means 1024: less than that seldom
	// saves a packet. 1 compresses every body.
	MinSize int

	// Match says whether a response is worth compressing, by its media type
	// as a rule. It is asked about responses that may be coded at all, once
	// their Content-Type is known, and may look at the request too. Nil
	// means the media types of text and the like: text/*, JSON, XML, SVG,
	// JavaScript, WebAssembly, YAML, TrueType and OpenType fonts, bitmaps and
	// icons, but not what is compressed already.
	Match func(h *capture.Head) bool
}

// Compress returns a filter that compresses responses by what the client says
// in Accept-Encoding (RFC 9110 §12.5.3), with zstd (RFC 8878) or gzip unless
// the options name other codings. It answers nothing itself.
//
// It compresses a body of a matching media type and of MinSize or more. A
// smaller body passes as it is, with its Content-Length. What the handler
// flushes is compressed whatever its size, and reaches the client at once. A
// missing Content-Type is found as net/http finds it, from the plain body; one
// that is set to nil stays away, and the body is left alone.
//
// Untouched are a body that is coded already, a 206 or anything with
// Content-Range, a response with Cache-Control: no-transform, event streams,
// gRPC, and hijacked connections.
//
// A compressed response gets Content-Encoding and loses what was true of the
// plain body alone: see [capture.Head.Changed]. Its ETag is marked with the
// coding, and the mark is taken off If-None-Match, If-Match and If-Range on the
// way in, so that the application sees its own validators and 304 goes on
// working. An If-Range that is a date goes, with its Range, where the client
// takes a coding: the coded body has that date, too. Every response that might
// have been compressed says Vary: Accept-Encoding, also where it was not, and
// every 304. HEAD is answered with the head of GET, as far as the application
// says what that would be.
//
// A client that refuses every coding and also identity gets the plain body:
// RFC 9110 §12.5.3 would have a 406, which helps nobody.
//
// A response that breaks off stays broken: when the handler panics, or writes
// less than the Content-Length that it declared, the coded body is not ended
// and the connection is cut.
//
// In a stack it stands inside of AccessLog and Recover, and outside of
// whatever reads or changes bodies. An application that has to answer in plain
// for such a filter further in should not see Accept-Encoding.
//
// A secret in a compressed page can be guessed byte by byte from the page's
// size where an attacker can make a victim's browser ask for it again and
// again with text of the attacker's choice on the same page (the BREACH
// attack). Take such pages out: with weir.When around this filter, with
// Cache-Control: no-transform from the application, or with Match. A token
// against forged requests is such a secret, [http.CrossOriginProtection] does
// without.
//
// The built-in encoders are those of klauspost/compress: zstd at its fastest,
// with a window of 128 KiB (RFC 9659 allows 8 MB), and gzip at its default level,
// 5. Zstd comes first: on pages and JSON of 2 KiB to 1 MiB it took 50 to 95 % of
// gzip's time, and 40 to 80 % of its memory, for bodies that came out 1 to 8 %
// larger; it is also the faster one to decode. An encoder holds 0.4 to 1 MiB
// while it is in use, and is used again from response to response.
func Compress(o CompressOptions) func(http.Handler) http.Handler {
	c := newCompressor(o)
	return func(next http.Handler) http.Handler {
		if next == nil {
			panic("filter.Compress: next is nil")
		}
		return c.bind(next)
	}
}

const (
	defaultMinSize = 1024
	sniffLen       = 512 // bytes that http.DetectContentType looks at
)

type compressor struct {
	offers   []string  // of codings, in order of preference, the last for the plain body
	variants []variant // one for each offer
	minSize  int64
	match    func(*capture.Head) bool
}

// variant is what a client gets by its Accept-Encoding.
type variant struct {
	tags []string // the coding's name, none for the plain body
	peek int
	hook capture.Hook
}

func newCompressor(o CompressOptions) *compressor {
	if o.MinSize < 0 {
		panic("filter.Compress: MinSize is negative")
	}
	if o.MinSize == 0 {
		o.MinSize = defaultMinSize
	}
	if o.Match == nil {
		o.Match = worthwhile
	}
	if o.Encodings == nil {
		o.Encodings = []Encoding{{Name: "zstd"}, {Name: "gzip"}}
	}
	c := &compressor{minSize: int64(o.MinSize), match: o.Match}
	for _, e := range o.Encodings {
		c.offers = append(c.offers, e.Name)
		c.variants = append(c.variants, variant{
			tags: []string{e.Name},
			peek: max(o.MinSize, sniffLen),
			hook: c.encode(newCoding(e)),
		})
	}
	c.offers = append(c.offers, "identity")
	c.variants = append(c.variants, variant{hook: c.plain})
	return c
}

// plain is the hook for clients that take no coding.
func (c *compressor) plain(h *capture.Head, _ io.Writer) io.WriteCloser {
	c.candidate(h)
	return nil
}

// encode makes the hook for clients that take this coding.
func (c *compressor) encode(k *coding) capture.Hook {
	return func(h *capture.Head, dst io.Writer) io.WriteCloser {
		h.Revalidated(k.name)
		if !c.candidate(h) || !c.large(h) {
			return nil
		}
		h.Changed(k.name)
		h.Header["Content-Encoding"] = []string{k.name}
		if h.Request.Method == http.MethodHead {
			return nothing{}
		}
		return k.open(dst)
	}
}

// candidate says whether the response would be compressed for a client that
// takes it, were it large enough. It says so to caches, too.
func (c *compressor) candidate(h *capture.Head) bool {
	possible := h.Transformable()
	if !possible && h.Status != http.StatusNotModified && h.Status != http.StatusPartialContent {
		return false
	}
	_, typed := h.Header["Content-Type"]
	if !typed && possible && len(h.Peek) > 0 {
		h.Header["Content-Type"] = []string{http.DetectContentType(h.Peek)}
		typed = true
	}
	if typed && !c.match(h) && !(h.Status == http.StatusPartialContent && strings.HasPrefix(rewrite.ContentType(h.Header), "multipart/")) {
		return false
	}
	// A 304 or 206 has the Vary that the whole representation would have
	// (RFC 9110 §15.3.7, §15.4.5), of whatever type that is.
	capture.Vary(h.Header, "Accept-Encoding")
	return possible && typed
}

func (c *compressor) large(h *capture.Head) bool {
	if declared := h.Header["Content-Length"]; len(declared) > 0 {
		if n, err := strconv.ParseInt(declared[0], 10, 64); err == nil {
			return n >= c.minSize
		}
	}
	return !h.Ended || int64(len(h.Peek)) >= c.minSize
}

// nothing is the encoder for HEAD: it keeps net/http from taking the plain
// body's length for that of the coded one.
type nothing struct{}

func (nothing) Write(p []byte) (int, error) { return len(p), nil }
func (nothing) Close() error                { return nil }

// compressed is a compressor in front of a handler.
type compressed struct {
	*compressor
	next []http.Handler // by variant
}

func (c *compressor) bind(next http.Handler) http.Handler {
	b := &compressed{compressor: c}
	codings := c.offers[:len(c.offers)-1]
	for _, v := range c.variants {
		b.next = append(b.next, &unmarked{next: next, safe: v.tags, unsafe: codings})
	}
	return b
}

func (b *compressed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	chosen, _ := negotiate.Encoding(r.Header, b.offers...)
	i := slices.Index(b.offers, chosen)
	if i < 0 {
		i = len(b.offers) - 1
	}
	v := &b.variants[i]
	capture.Transform(w, r, b.next[i], v.peek, v.hook)
}

// unmarked shows the handler its own validators instead of the marked ones.
//
// To a GET, only the coding that the answer will have counts. A 304 about
// another variant would tell a cache to hand it to a client that cannot read
// it. To a method that changes something, each variant stands for the same
// state.
type unmarked struct {
	next         http.Handler
	safe, unsafe []string
}

func (u *unmarked) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	tags := u.safe
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		tags = u.unsafe
	}
	edited := capture.Unmark(r, tags...)
	if len(u.safe) > 0 && len(edited.Header["If-Range"]) > 0 && !rewrite.ConditionsOf(edited).IfRangeDate.IsZero() {
		edited = withoutRange(edited) // the date may be that of coded bytes
	}
	if edited == r {
		u.next.ServeHTTP(w, r)
		return
	}
	rewrite.Serve(w, r, edited, u.next)
}
