package capture_test

import (
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/weirhttp/weir/capture"
)

// observing is a filter that only watches.
func observing(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		capture.Observe(w, r, next, nil)
	})
}

// transforming is a filter of one hook.
func transforming(peek int, hook capture.Hook) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			capture.Transform(w, r, next, peek, hook)
		})
	}
}

// upper is a body transform that says what it did in the head.
func upper(h *capture.Head, dst io.Writer) io.WriteCloser {
	h.Changed("upper")
	return upperWriter{dst}
}

type upperWriter struct{ dst io.Writer }

func (w upperWriter) Write(p []byte) (int, error) {
	return w.dst.Write([]byte(strings.ToUpper(string(p))))
}

func (w upperWriter) Close() error {
	_, err := io.WriteString(w.dst, "!")
	return err
}

// protocols runs a test over HTTP/1.1 and HTTP/2.
func protocols(t *testing.T, h http.Handler, test func(t *testing.T, s *httptest.Server)) {
	for _, http2 := range []bool{false, true} {
		name := "HTTP/1.1"
		if http2 {
			name = "HTTP/2"
		}
		t.Run(name, func(t *testing.T) {
			s := httptest.NewUnstartedServer(h)
			s.Config.ErrorLog = log.New(io.Discard, "", 0)
			s.EnableHTTP2 = http2
			if http2 {
				s.StartTLS()
			} else {
				s.Start()
			}
			defer s.Close()
			test(t, s)
		})
	}
}

// get is a GET whose transport adds nothing.
func get(t *testing.T, s *httptest.Server, fields ...string) (*http.Response, string, error) {
	t.Helper()
	return do(t, s, http.MethodGet, fields...)
}

func do(t *testing.T, s *httptest.Server, method string, fields ...string) (*http.Response, string, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", "identity")
	for i := 0; i < len(fields); i += 2 {
		r.Header.Set(fields[i], fields[i+1])
	}
	res, err := s.Client().Do(r)
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return res, string(body), err
}

// write is a handler of one body.
func write(body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, body) })
}

var errBroken = errors.New("broken")
