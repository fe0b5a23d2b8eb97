package bench_test

import (
	"bytes"
	stdgzip "compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/CAFxX/httpcompression"
	cafxgzip "github.com/CAFxX/httpcompression/contrib/klauspost/gzip"
	cafxzstd "github.com/CAFxX/httpcompression/contrib/klauspost/zstd"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/gorilla/handlers"
	"github.com/klauspost/compress/gzhttp"
	"github.com/klauspost/compress/zstd"

	"github.com/weirhttp/weir"
	"github.com/weirhttp/weir/filter"
)

// gzipLevel is the one that weir uses, and so all others here.
const gzipLevel = 5

// minSize is the least size that gzhttp and weir compress.
const minSize = 1024

// compressors are the filters that compress responses, by the coding that they are
// made for. A nil filter cannot do it.
var compressors = []struct {
	lib        string
	gzip, zstd weir.Filter
}{
	{
		"weir",
		filterCompress("gzip"),
		filterCompress("zstd"),
	},
	{
		"gzhttp",
		plain(must(gzhttp.NewWrapper(gzhttp.CompressionLevel(gzipLevel), gzhttp.EnableZstd(false)))),
		plain(must(gzhttp.NewWrapper(gzhttp.EnableGzip(false)))),
	},
	{"chi", middleware.Compress(gzipLevel), nil},
	{"gorilla", func(h http.Handler) http.Handler { return handlers.CompressHandlerLevel(h, gzipLevel) }, nil},
	{
		"httpcompression",
		adapter(must(cafxgzip.New(cafxgzip.Options{Level: gzipLevel})), "gzip"),
		// The settings that gzhttp and weir have.
		adapter(must(cafxzstd.New(zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
			zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(128<<10))), "zstd"),
	},
}

func filterCompress(coding string) weir.Filter {
	return filter.Compress(filter.CompressOptions{Encodings: []filter.Encoding{{Name: coding}}})
}

func plain(f func(http.Handler) http.HandlerFunc) weir.Filter {
	return func(h http.Handler) http.Handler { return f(h) }
}

func adapter(c httpcompression.CompressorProvider, coding string) weir.Filter {
	return must(httpcompression.Adapter(httpcompression.Compressor(coding, 0, c), httpcompression.MinSize(minSize)))
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// BenchmarkCompress compresses pages of HTML and JSON, written as a template or an
// encoder would through a buffer of 4 KiB, over a writer that does nothing. The
// metric coded is the size of the result in bytes.
func BenchmarkCompress(b *testing.B) {
	for _, coding := range []string{"gzip", "zstd"} {
		for _, kind := range []string{"html", "json"} {
			for _, kib := range []int{2, 32, 1024} {
				body := page(kind, kib<<10)
				for _, c := range compressors {
					f := c.gzip
					if coding == "zstd" {
						f = c.zstd
					}
					if f == nil {
						continue
					}
					b.Run(fmt.Sprintf("coding=%s/type=%s/KiB=%d/lib=%s", coding, kind, kib, c.lib), func(b *testing.B) {
						compress(b, f, coding, kind, body)
					})
				}
			}
		}
	}
}

func compress(b *testing.B, f weir.Filter, coding, kind string, body []byte) {
	types := []string{map[string]string{"html": "text/html; charset=utf-8", "json": "application/json"}[kind]}
	accept := []string{"gzip, deflate, br, zstd"}
	h := f(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = types
		for rest := body; len(rest) > 0; {
			n := min(len(rest), 4<<10)
			_, _ = w.Write(rest[:n])
			rest = rest[n:]
		}
	}))
	r := get("/")
	r.Header["Accept-Encoding"] = accept
	check(b, h, r, coding, body)

	w := newNullWriter()
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		w.reset()
		r.Header["Accept-Encoding"] = accept // which gorilla takes away
		h.ServeHTTP(w, r)
	}
	b.ReportMetric(float64(w.bytes), "coded")
}

// check sees to it that the body comes out coded, and whole when it is decoded.
func check(b *testing.B, h http.Handler, r *http.Request, coding string, body []byte) {
	res := httptest.NewRecorder()
	h.ServeHTTP(res, r)
	if got := res.Header().Get("Content-Encoding"); got != coding {
		b.Fatalf("the body is coded as %q", got)
	}
	var decoded io.Reader
	var err error
	if coding == "gzip" {
		decoded, err = stdgzip.NewReader(res.Body)
	} else {
		decoded, err = zstd.NewReader(res.Body)
	}
	if err != nil {
		b.Fatal(err)
	}
	if got, err := io.ReadAll(decoded); err != nil || !bytes.Equal(got, body) {
		b.Fatalf("the body of %d bytes came out as %d, error %v", len(body), len(got), err)
	}
}
