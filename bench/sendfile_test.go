package bench_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// BenchmarkSendfile copies a file of 1 MiB into the response through five
// observing filters, over a connection. The metric readfrom is 1 where the file
// reaches the server's ReadFrom, and with it the kernel's sendfile, and 0 where it
// is copied by way of a buffer.
func BenchmarkSendfile(b *testing.B) {
	const size = 1 << 20
	name := filepath.Join(b.TempDir(), "file")
	if err := os.WriteFile(name, make([]byte, size), 0o600); err != nil {
		b.Fatal(err)
	}
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		f, err := os.Open(name)
		if err != nil {
			panic(err)
		}
		defer f.Close()
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Length", strconv.Itoa(size))
		_, _ = io.Copy(w, f)
	})
	for _, o := range observers {
		b.Run("filters=5/lib="+o.lib, func(b *testing.B) {
			var t tally
			observes(b, o.make(&t), &t, 5)
			served := stack(5, o.make(nil), h)
			w := newNullWriter()
			served.ServeHTTP(w, get("/"))
			if w.bytes != size {
				b.Fatalf("%d bytes came out", w.bytes)
			}
			sendfile(b, served, size)
			b.ReportMetric(float64(w.direct), "readfrom")
		})
	}
}

func sendfile(b *testing.B, h http.Handler, size int64) {
	l := newLoad(b, h, 1, plainly)
	buf := make([]byte, 256<<10)
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		if err := l.ask(l.conns[0], buf); err != nil {
			b.Fatal(err)
		}
	}
}
