package filter_test

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/weirhttp/weir/filter"
)

// workshop makes encoders of a coding "x" that puts a body into brackets, and
// knows what became of them.
type workshop struct {
	mu     sync.Mutex
	made   int
	resets int
	closed int
	fail   error // of Close
}

type bracket struct {
	shop  *workshop
	to    io.Writer
	begun bool
}

func (s *workshop) writer(dst io.Writer) io.WriteCloser {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.made++
	return &bracket{shop: s, to: dst}
}

func (b *bracket) begin() error {
	if b.begun {
		return nil
	}
	b.begun = true
	_, err := io.WriteString(b.to, "[")
	return err
}

func (b *bracket) Write(p []byte) (int, error) {
	if err := b.begin(); err != nil {
		return 0, err
	}
	return b.to.Write(p)
}

func (b *bracket) Close() error {
	b.shop.mu.Lock()
	defer b.shop.mu.Unlock()
	b.shop.closed++
	if err := b.begin(); err != nil {
		return err
	}
	if _, err := io.WriteString(b.to, "]"); err != nil {
		return err
	}
	return b.shop.fail
}

func (b *bracket) Reset(dst io.Writer) {
	b.shop.mu.Lock()
	defer b.shop.mu.Unlock()
	b.shop.resets++
	b.to, b.begun = dst, false
}

// bracketed serves one request for next with the shop's coding and returns the
// body, and what the filter panicked with.
func (s *workshop) bracketed(f func(http.Handler) http.Handler, next http.HandlerFunc) (body string, v any) {
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Accept-Encoding", "x")
	w := httptest.NewRecorder()
	defer func() {
		body, v = w.Body.String(), recover()
	}()
	f(next).ServeHTTP(w, r)
	return
}

func (s *workshop) filter() func(http.Handler) http.Handler {
	return filter.Compress(filter.CompressOptions{MinSize: 1, Encodings: []filter.Encoding{{Name: "x", Writer: s.writer}}})
}

func TestEncodingIsUsedAgain(t *testing.T) {
	shop := &workshop{}
	f := shop.filter()
	const n = 200
	for range n {
		if body, v := shop.bracketed(f, answering(200, "body", "Content-Type", "text/plain")); body != "[body]" || v != nil {
			t.Fatalf("body %q, panic %v", body, v)
		}
	}
	if shop.closed != n || shop.made+shop.resets != n {
		t.Errorf("%d encoders made, %d used again, %d closed for %d responses", shop.made, shop.resets, shop.closed, n)
	}
	if shop.resets == 0 { // under -race, a sync.Pool forgets at random, but not everything
		t.Error("no encoder was used again")
	}
}

func TestEncodingIsNotUsedAgain(t *testing.T) {
	for _, c := range []struct {
		name   string
		shop   *workshop
		next   http.HandlerFunc
		closed int
		body   string
	}{
		{"when its handler panicked", &workshop{}, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			_, _ = io.WriteString(w, page(8000))
			panic(http.ErrAbortHandler)
		}, 0, "[" + page(8000)},
		{"when its body fell short", &workshop{}, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			w.Header().Set("Content-Length", "9000")
			_, _ = io.WriteString(w, page(8000))
		}, 0, "[" + page(8000)},
		{"when it could not be closed", &workshop{fail: errors.New("broken")}, answering(200, page(8000), "Content-Type", "text/plain"), 1, "[" + page(8000) + "]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := c.shop.filter()
			for i := range 20 {
				body, v := c.shop.bracketed(f, c.next)
				if v != http.ErrAbortHandler || body != c.body {
					t.Fatalf("panic %v, want http.ErrAbortHandler; body of %d bytes, want %d", v, len(body), len(c.body))
				}
				if c.shop.made != i+1 || c.shop.resets != 0 || c.shop.closed != c.closed*(i+1) {
					t.Fatalf("%d encoders made, %d used again, %d closed for %d responses", c.shop.made, c.shop.resets, c.shop.closed, i+1)
				}
			}
		})
	}
}

// keeper is an encoder that its author uses when the response is over.
type keeper struct{ dst io.Writer }

func (k *keeper) Write(p []byte) (int, error) { return k.dst.Write(p) }
func (k *keeper) Close() error                { return nil }
func (k *keeper) Reset(dst io.Writer)         { k.dst = dst }

func TestEncodingWritesNothingOnceClosed(t *testing.T) {
	var k *keeper
	f := filter.Compress(filter.CompressOptions{Encodings: []filter.Encoding{{Name: "x", Writer: func(dst io.Writer) io.WriteCloser {
		k = &keeper{dst}
		return k
	}}}})
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Accept-Encoding", "x")
	w := httptest.NewRecorder()
	f(answering(200, page(5000), "Content-Type", "text/plain")).ServeHTTP(w, r)
	if n, err := k.Write([]byte("late")); n != 0 || err == nil {
		t.Errorf("a late write took %d bytes, error %v", n, err)
	}
	if w.Body.String() != page(5000) {
		t.Errorf("body of %d bytes, want 5000", w.Body.Len())
	}
}

// Any codec will do: without Reset and Flush, too.
func TestEncodingOfAnyKind(t *testing.T) {
	full := func(dst io.Writer) io.WriteCloser {
		z, err := flate.NewWriter(dst, 1)
		if err != nil {
			t.Error(err)
		}
		return z
	}
	for name, writer := range map[string]func(io.Writer) io.WriteCloser{
		"with Flush and Reset": full,
		"with neither":         func(dst io.Writer) io.WriteCloser { return struct{ io.WriteCloser }{full(dst)} },
	} {
		t.Run(name, func(t *testing.T) {
			h := filter.Compress(filter.CompressOptions{Encodings: []filter.Encoding{
				{Name: "X-Flate", Writer: writer}, {Name: "gzip"},
			}})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/plain")
				_, _ = io.WriteString(w, page(5000))
				if err := http.NewResponseController(w).Flush(); err != nil {
					t.Error(err)
				}
				_, _ = io.WriteString(w, r.URL.Path)
			}))
			protocols(t, h, func(t *testing.T, fetch func(string, string, ...string) *http.Response) {
				for _, path := range []string{"/first", "/second"} {
					res := fetch("GET", path, "Accept-Encoding", "gzip, x-flate")
					if got := res.Header.Get("Content-Encoding"); got != "X-Flate" {
						t.Fatalf("coded %q", got)
					}
					body, err := io.ReadAll(flate.NewReader(res.Body))
					if err != nil || string(body) != page(5000)+path {
						t.Errorf("body of %d bytes, error %v", len(body), err)
					}
				}
			})
		})
	}
}

// Encoders of many responses at once do not get into each other's way.
func TestEncodingsAtOnce(t *testing.T) {
	h := filter.Compress(filter.CompressOptions{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		for range 50 {
			_, _ = io.WriteString(w, strings.Repeat(r.URL.Path, 100))
		}
		if strings.HasSuffix(r.URL.Path, "7") {
			panic(http.ErrAbortHandler)
		}
	}))
	var all sync.WaitGroup
	for i := range 64 {
		all.Go(func() {
			path := "/" + strings.Repeat(string(rune('a'+i%26)), i+1) + string(rune('0'+i%10))
			for _, coding := range []string{"gzip", "zstd", "gzip", "zstd"} {
				r := httptest.NewRequest("GET", path, nil)
				r.Header.Set("Accept-Encoding", coding)
				w := httptest.NewRecorder()
				func() {
					defer func() { _ = recover() }()
					h.ServeHTTP(w, r)
				}()
				body, err := decoded(w.Result())
				whole := err == nil && body == strings.Repeat(path, 5000)
				if cut := strings.HasSuffix(path, "7"); cut == whole {
					t.Errorf("%s %s: body of %d bytes, error %v", coding, path, len(body), err)
				}
			}
		})
	}
	all.Wait()
}

// The coded body is the same however the handler cuts it into pieces, once
// it is decoded.
func FuzzCompressPieces(f *testing.F) {
	f.Add([]byte(page(3000)), uint16(7), true, false)
	f.Add([]byte(page(600)), uint16(512), false, true)
	f.Add([]byte{}, uint16(1), true, true)
	compress := filter.Compress(filter.CompressOptions{})
	f.Fuzz(func(t *testing.T, body []byte, size uint16, zstd, flush bool) {
		h := compress(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			for rest := body; len(rest) > 0; {
				n := min(int(size)+1, len(rest))
				if m, err := w.Write(rest[:n]); m != n || err != nil {
					t.Errorf("wrote %d of %d, error %v", m, n, err)
				}
				if rest = rest[n:]; flush {
					_ = http.NewResponseController(w).Flush()
				}
			}
		}))
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept-Encoding", "gzip")
		if zstd {
			r.Header.Set("Accept-Encoding", "zstd")
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if got, err := decoded(w.Result()); err != nil || !bytes.Equal([]byte(got), body) {
			t.Errorf("%d bytes and error %v, want %d bytes", len(got), err, len(body))
		}
	})
}
