package filter

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

// requestCoding is a content coding, with the decoders that wait for use.
type requestCoding struct {
	name string
	make func() requestDecoder
	idle sync.Pool // of *requestStage
}

// requestDecoder is a reader that can be used again. Reset may read from src.
type requestDecoder interface {
	io.Reader
	Reset(src *bufio.Reader) error
}

// requestDecoderOf returns what makes decoders of a coding, nil where nothing does.
func requestDecoderOf(coding string) func() requestDecoder {
	switch coding {
	case "gzip":
		return func() requestDecoder { return new(gzipDecoder) }
	case "deflate":
		return func() requestDecoder { return new(zlibDecoder) }
	case "zstd":
		return newZstdDecoder
	}
	return nil
}

// gzipDecoder goes from member to member itself: klauspost's reader takes one that ends in its file name for the end.
type gzipDecoder struct {
	member gzip.Reader
	src    *bufio.Reader
}

func (d *gzipDecoder) Reset(src *bufio.Reader) error {
	d.src = src
	return d.begin()
}

// begin reads the header of a member, of which there is a byte at least.
func (d *gzipDecoder) begin() error {
	err := d.member.Reset(d.src)
	d.member.Multistream(false)
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (d *gzipDecoder) Read(p []byte) (int, error) {
	for {
		n, err := d.member.Read(p)
		if err != io.EOF {
			return n, err
		}
		if _, err := d.src.Peek(1); err != nil {
			return n, err
		}
		if err := d.begin(); err != nil || n > 0 {
			return n, err
		}
	}
}

// zlibDecoder reads one stream, and sees to it that nothing comes after it, which the others do themselves.
type zlibDecoder struct {
	io.Reader
	src *bufio.Reader
}

func (d *zlibDecoder) Reset(src *bufio.Reader) (err error) {
	d.src = src
	if r, ok := d.Reader.(zlib.Resetter); ok {
		return r.Reset(src, nil)
	}
	r, err := zlib.NewReader(src)
	if err == nil {
		d.Reader = r
	}
	return err
}

func (d *zlibDecoder) Read(p []byte) (int, error) {
	n, err := d.Reader.Read(p)
	if err == io.EOF {
		if _, err := d.src.Peek(1); err == nil {
			return n, errors.New("there is something after the end")
		} else if err != io.EOF {
			return n, err
		}
	}
	return n, err
}

type zstdDecoder struct{ *zstd.Decoder }

func newZstdDecoder() requestDecoder {
	d, err := zstd.NewReader(nil,
		zstd.WithDecoderConcurrency(1), // no goroutines: the request's own does the work
		zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(8<<20)) // RFC 9659 §3
	if err != nil {
		panic(err) // not for these settings
	}
	return &zstdDecoder{d}
}

func (d *zstdDecoder) Reset(src *bufio.Reader) error { return d.Decoder.Reset(src) }

// requestStage undoes one coding of a body, and counts what comes of it. In the pool, it holds nothing of a request.
type requestStage struct {
	coding  *requestCoding
	decoder requestDecoder
	src     *bufio.Reader
	body    *decodedBody
	opened  bool
	n       int64
}

func (c *requestCoding) stage(body *decodedBody, src io.Reader) *requestStage {
	s, ok := c.idle.Get().(*requestStage)
	if !ok {
		s = &requestStage{coding: c, decoder: c.make(), src: bufio.NewReader(http.NoBody)}
	}
	s.src.Reset(src)
	s.body, s.opened, s.n = body, false, 0
	return s
}

func (s *requestStage) Read(p []byte) (int, error) {
	if !s.opened {
		if _, err := s.src.Peek(1); err != nil {
			return 0, err // an empty body, with io.EOF
		}
		if err := s.decoder.Reset(s.src); err != nil {
			return 0, s.failed(err)
		}
		s.opened = true
	}
	n, err := s.decoder.Read(p)
	if err == io.EOF && s.body.rawErr != nil {
		// The decoder of zstd takes an io.ErrUnexpectedEOF after a frame for the end, and that is what net/http says
		// of a connection that broke off.
		err = s.body.rawErr
	}
	if s.n += int64(n); s.n > s.body.coded || s.n > freeOfRatio && s.n/s.body.ratio > s.body.taken {
		return 0, s.body.stop()
	}
	return n, s.failed(err)
}

// freeOfRatio is how many bytes a body may come to, whatever it is made of: a small one proves nothing.
const freeOfRatio = 64 << 10

// failed says which coding failed. What the client's connection has to say is said as it is.
func (s *requestStage) failed(err error) error {
	if err == nil || err == io.EOF || s.body.rawErr != nil && errors.Is(err, s.body.rawErr) {
		return err
	}
	return fmt.Errorf("filter.DecompressRequest: %s: %w", s.coding.name, err)
}

// decodedBody is the body that the handler gets. It is made for one request and never used for another: what is pooled are
// the stages, which it gives back when it ends.
type decodedBody struct {
	*decompressor
	raw     io.ReadCloser
	codings []*requestCoding
	tooLong func() // tells the server to close the connection
	over    atomic.Bool

	mu     sync.Mutex
	stages []*requestStage // the one that is read first comes last
	taken  int64           // coded bytes
	rawErr error           // how raw ended, for good
	err    error
}

func (b *decodedBody) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.over.Load():
		return 0, http.ErrBodyReadAfterClose
	case b.err != nil:
		return 0, b.err
	case len(p) == 0:
		return 0, nil
	}
	if b.stages == nil {
		src := io.Reader(codedBody{b})
		for i := len(b.codings) - 1; i >= 0; i-- { // the last one applied is the first to be undone
			s := b.codings[i].stage(b, src)
			b.stages, src = append(b.stages, s), s
		}
	}
	n, err := b.stages[len(b.stages)-1].Read(p)
	if b.err = err; err == io.EOF {
		b.giveBack()
	}
	return n, err
}

// stop ends a body of which there is too much.
func (b *decodedBody) stop() error {
	if !b.over.Load() {
		b.tooLong()
	}
	return &http.MaxBytesError{Limit: b.limit}
}

// Close closes the body of the client. A Read that goes on in another goroutine ends with that.
func (b *decodedBody) Close() error {
	b.over.Store(true)
	err := b.raw.Close()
	b.leave()
	return err
}

// leave ends the body: the handler has returned, or has closed it. Whoever is reading it keeps the decoders.
func (b *decodedBody) leave() {
	b.over.Store(true)
	if b.mu.TryLock() {
		b.giveBack()
		b.mu.Unlock()
	}
}

// giveBack gives the stages back, unless one failed: who knows in what state it is.
func (b *decodedBody) giveBack() {
	for _, s := range b.stages {
		s.src.Reset(http.NoBody)
		if s.body = nil; b.err == nil || b.err == io.EOF {
			s.coding.idle.Put(s)
		}
	}
	b.stages = []*requestStage{}
}

// codedBody is what the client sends.
type codedBody struct{ *decodedBody }

func (b codedBody) Read(p []byte) (n int, err error) {
	if b.rawErr != nil {
		return 0, b.rawErr
	}
	n, b.rawErr = b.raw.Read(p)
	if b.taken += int64(n); b.taken > b.coded {
		b.rawErr = b.stop()
	}
	return n, b.rawErr
}
