package bench_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/andybalholm/brotli"

	"github.com/weirhttp/weir/filter"
)

// Any other content coding goes into Compress by its name and its writer. Brotli comes
// from its own module, so that only those who want it depend on it.
func Example_brotli() {
	compress := filter.Compress(filter.CompressOptions{Encodings: []filter.Encoding{
		{Name: "br", Writer: func(dst io.Writer) io.WriteCloser { return brotli.NewWriterLevel(dst, 4) }},
		{Name: "zstd"},
		{Name: "gzip"},
	}})
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(page("html", 32<<10))
	})

	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Accept-Encoding", "gzip, deflate, br, zstd")
	w := httptest.NewRecorder()
	compress(app).ServeHTTP(w, r)

	coded := w.Body.Len()
	plain, err := io.ReadAll(brotli.NewReader(w.Body))
	fmt.Println("Content-Encoding:", w.Header().Get("Content-Encoding"))
	fmt.Println("smaller:", coded < len(plain)/3)
	fmt.Println("whole:", len(plain) == 32<<10, err)
	// Output:
	// Content-Encoding: br
	// smaller: true
	// whole: true <nil>
}
