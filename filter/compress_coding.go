package filter

import (
	"errors"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/weirhttp/weir/internal/token"
)

// Encoding is a content coding that [Compress] can apply.
type Encoding struct {
	// Name is the coding's name in Accept-Encoding and Content-Encoding, as
	// IANA registers it: "gzip", "zstd", "br". It is required.
	Name string

	// Writer returns an encoder that writes what it is given, coded, to dst.
	// Its Close ends the coded body and leaves dst alone. Nil means the
	// encoder that comes with Compress, for "gzip" and "zstd"; any other
	// name needs one.
	//
	// An encoder with a method Flush() error is flushed when the handler
	// flushes; without one, what it holds waits for the end of the body. An
	// encoder with a method Reset(io.Writer) is used again for later
	// responses. No handler ever gets hold of it. The writers of compress/gzip
	// and andybalholm/brotli, for two, have both.
	Writer func(dst io.Writer) io.WriteCloser
}

// coding is an Encoding made ready, with the encoders that wait for use.
type coding struct {
	name   string
	writer func(io.Writer) io.WriteCloser
	idle   sync.Pool // of *encoder
}

func newCoding(e Encoding) *coding {
	if !token.Is(e.Name) || e.Name == "*" || strings.EqualFold(e.Name, "identity") {
		panic("filter.Compress: Encoding.Name " + e.Name + " is not the name of a content coding")
	}
	c := &coding{name: e.Name, writer: e.Writer}
	switch {
	case c.writer != nil:
	case c.name == "gzip":
		c.writer = newGzip
	case c.name == "zstd":
		c.writer = newZstd
	default:
		panic("filter.Compress: Encoding.Writer is nil for " + e.Name)
	}
	return c
}

// open returns an encoder that writes to dst.
func (c *coding) open(dst io.Writer) *encoder {
	if e, ok := c.idle.Get().(*encoder); ok {
		e.dst.to = dst
		e.reset.Reset(&e.dst)
		return e
	}
	e := &encoder{coding: c, dst: outlet{to: dst}}
	e.codec = c.writer(&e.dst)
	e.flush, _ = e.codec.(flusher)
	e.reset, _ = e.codec.(resetter)
	return e
}

type (
	flusher  interface{ Flush() error }
	resetter interface{ Reset(dst io.Writer) }
)

// encoder is a codec on its way from one response to the next. It is its own
// for the length of one response: what the pool holds has no dst.
type encoder struct {
	coding *coding
	codec  io.WriteCloser
	flush  flusher  // nil when the codec cannot
	reset  resetter // nil when the codec cannot
	dst    outlet
}

func (e *encoder) Write(p []byte) (int, error) { return e.codec.Write(p) }

func (e *encoder) Flush() error {
	if e.flush == nil {
		return nil
	}
	return e.flush.Flush()
}

// Close ends the coded body. Only a codec that came to a good end is used
// again: one that failed, or that was never closed because the handler
// panicked, is left to the garbage collector.
func (e *encoder) Close() error {
	err := e.codec.Close()
	e.dst.to = nil
	if err == nil && e.reset != nil {
		e.coding.idle.Put(e)
	}
	return err
}

// outlet is what a codec writes to. It comes between the codec and the
// response so that a codec which waits in the pool holds no response.
type outlet struct{ to io.Writer }

var errClosed = errors.New("filter: the encoder is closed")

func (o *outlet) Write(p []byte) (int, error) {
	if o.to == nil {
		return 0, errClosed
	}
	return o.to.Write(p)
}

// The documentation of Compress says why.
const (
	gzipLevel  = gzip.DefaultCompression
	zstdLevel  = zstd.SpeedFastest
	zstdWindow = 128 << 10 // bytes; RFC 9659 §3 allows 8 MB, at that price in memory for each encoder
)

// gzipWriter is a gzip.Writer that claims no time of last change in year 2042,
// which the zero time.Time would come out as.
type gzipWriter struct{ *gzip.Writer }

func newGzip(dst io.Writer) io.WriteCloser {
	z, err := gzip.NewWriterLevel(dst, gzipLevel)
	if err != nil {
		panic(err) // not for these settings
	}
	z.ModTime = noTime()
	return gzipWriter{z}
}

func (z gzipWriter) Reset(dst io.Writer) {
	z.Writer.Reset(dst)
	z.ModTime = noTime()
}

// noTime is what RFC 1952 §2.3.1 has for "no time stamp is available".
func noTime() time.Time { return time.Unix(0, 0) }

func newZstd(dst io.Writer) io.WriteCloser {
	z, err := zstd.NewWriter(dst,
		zstd.WithEncoderLevel(zstdLevel),
		zstd.WithEncoderConcurrency(1), // no goroutines: the request's own does the work
		zstd.WithLowerEncoderMem(true),
		zstd.WithWindowSize(zstdWindow))
	if err != nil {
		panic(err) // not for these settings
	}
	return z
}
