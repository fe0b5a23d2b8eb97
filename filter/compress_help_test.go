package filter_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// page is text of n bytes that compresses well.
func page(n int) string {
	return strings.Repeat("<p>The quick brown fox jumps over the lazy dog.</p>\n", n/52+1)[:n]
}

// answering writes a body with the fields, which come as names and values in
// turn.
func answering(status int, body string, fields ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i < len(fields); i += 2 {
			w.Header().Add(fields[i], fields[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// protocols runs a test against h on a real server of each protocol, with a
// client that shows what was sent and follows nothing.
func protocols(t *testing.T, h http.Handler, run func(t *testing.T, fetch func(method, path string, fields ...string) *http.Response)) {
	for _, name := range []string{"HTTP/1.1", "HTTP/2"} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewUnstartedServer(h)
			s.EnableHTTP2 = name == "HTTP/2"
			s.StartTLS()
			defer s.Close()
			client := s.Client()
			client.Transport.(*http.Transport).DisableCompression = true
			client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			run(t, func(method, path string, fields ...string) *http.Response {
				r, err := http.NewRequestWithContext(ctx, method, s.URL+path, nil)
				if err != nil {
					t.Fatal(err)
				}
				for i := 0; i < len(fields); i += 2 {
					r.Header.Add(fields[i], fields[i+1])
				}
				res, err := client.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { res.Body.Close() })
				return res
			})
		})
	}
}

// decoded is a response's body without its coding.
func decoded(res *http.Response) (string, error) {
	var body io.Reader = res.Body
	switch coding := res.Header.Get("Content-Encoding"); coding {
	case "":
	case "gzip":
		z, err := gzip.NewReader(res.Body)
		if err != nil {
			return "", err
		}
		body = z
	case "zstd":
		z, err := zstd.NewReader(res.Body, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(8<<20))
		if err != nil {
			return "", err
		}
		defer z.Close()
		body = z
	default:
		return "", fmt.Errorf("unknown coding %q", coding)
	}
	b, err := io.ReadAll(body)
	return string(b), err
}

// discardResponse is a response that goes nowhere.
type discardResponse struct{ header http.Header }

func (w discardResponse) Header() http.Header         { return w.header }
func (w discardResponse) Write(p []byte) (int, error) { return len(p), nil }
func (w discardResponse) WriteHeader(int)             {}
