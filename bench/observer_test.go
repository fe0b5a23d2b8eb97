package bench_test

import (
	"net/http"

	"github.com/felixge/httpsnoop"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/urfave/negroni/v3"

	"github.com/weirhttp/weir"
	"github.com/weirhttp/weir/capture"
)

// A tally is where filters count the responses that they saw as sayHello made them.
// A nil one counts nothing: with several clients at once, counting would cost more
// than a filter does.
type tally struct{ seen, right int }

func (t *tally) add(status int, bytes int64) {
	if t == nil {
		return
	}
	t.seen++
	if status == http.StatusNotFound && bytes == int64(len(hello)) {
		t.right++
	}
}

// observers are the ways to learn of every response its status and its size.
var observers = []struct {
	lib  string
	make func(t *tally) weir.Filter
}{
	{"weir", observeWeir},
	{"httpsnoop", observeSnoop},
	{"chi", observeChi},
	{"negroni", observeNegroni},
	{"naive", observeNaive},
	{"bare", func(*tally) weir.Filter { return nil }},
}

func observeWeir(t *tally) weir.Filter {
	sent := func(_ *http.Request, s capture.Sent) { t.add(s.Status, s.Bytes) }
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			capture.Observe(w, r, next, sent)
		})
	}
}

func observeSnoop(t *tally) weir.Filter {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			m := httpsnoop.CaptureMetrics(next, w, r)
			t.add(m.Code, m.Written)
		})
	}
}

func observeChi(t *tally) weir.Filter {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ww := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
			next.ServeHTTP(ww, r)
			t.add(ww.Status(), int64(ww.BytesWritten()))
		})
	}
}

func observeNegroni(t *tally) weir.Filter {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			nw := negroni.NewResponseWriter(w)
			next.ServeHTTP(nw, r)
			t.add(nw.Status(), int64(nw.Size()))
		})
	}
}

// observeNaive is what everybody writes first. It loses flush, hijack and sendfile
// to whoever asks the writer itself for them.
func observeNaive(t *tally) weir.Filter {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			nw := &naiveWriter{ResponseWriter: w}
			next.ServeHTTP(nw, r)
			t.add(nw.status, nw.bytes)
		})
	}
}

type naiveWriter struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (w *naiveWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *naiveWriter) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	return n, err
}

func (w *naiveWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
