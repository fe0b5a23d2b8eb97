package filter_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/weirhttp/weir/filter"
)

func TestCompressFlush(t *testing.T) {
	for _, coding := range []string{"gzip", "zstd"} {
		t.Run(coding, func(t *testing.T) {
			seen := make(chan struct{})
			h := filter.Compress(filter.CompressOptions{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/plain")
				for range 3 {
					_, _ = io.WriteString(w, "less than a packet\n")
					if err := http.NewResponseController(w).Flush(); err != nil {
						t.Error(err)
					}
					select {
					case <-seen:
					case <-r.Context().Done():
					}
				}
			}))
			protocols(t, h, func(t *testing.T, fetch func(string, string, ...string) *http.Response) {
				res := fetch("GET", "/", "Accept-Encoding", coding)
				if got := res.Header.Get("Content-Encoding"); got != coding {
					t.Fatalf("coded %q, want %q", got, coding)
				}
				var body io.Reader
				if coding == "gzip" {
					body, _ = gzip.NewReader(res.Body)
				} else {
					z, _ := zstd.NewReader(res.Body, zstd.WithDecoderConcurrency(1))
					defer z.Close()
					body = z
				}
				line := make([]byte, len("less than a packet\n"))
				for range 3 {
					if _, err := io.ReadFull(body, line); err != nil || string(line) != "less than a packet\n" {
						t.Fatalf("read %q, error %v", line, err)
					}
					seen <- struct{}{}
				}
			})
		})
	}
}

func TestCompressCutsWhatBreaksOff(t *testing.T) {
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
	}{
		{"a body shorter than declared", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "9000")
			_, _ = io.WriteString(w, page(8000))
		}},
		{"a body shorter than declared, and shorter than what is held back", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "9000")
			_, _ = io.WriteString(w, page(80))
		}},
		{"a panic", func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, page(8000))
			panic(http.ErrAbortHandler)
		}},
		{"a panic after a flush", func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, page(8000))
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}},
		{"a panic while all is held back", func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, page(80))
			panic(http.ErrAbortHandler)
		}},
	} {
		for _, coding := range []string{"gzip", "zstd", "identity"} {
			t.Run(c.name+", "+coding, func(t *testing.T) {
				h := filter.Compress(filter.CompressOptions{})(c.handler)
				for _, http2 := range []bool{false, true} {
					s := httptest.NewUnstartedServer(h)
					s.EnableHTTP2 = http2
					s.StartTLS()
					defer s.Close()
					client := s.Client()
					client.Transport.(*http.Transport).DisableCompression = true
					r, err := http.NewRequestWithContext(t.Context(), "GET", s.URL, nil)
					if err != nil {
						t.Fatal(err)
					}
					r.Header.Set("Accept-Encoding", coding)
					res, err := client.Do(r)
					if err != nil {
						continue // cut before the head
					}
					defer res.Body.Close()
					if n, err := io.Copy(io.Discard, res.Body); err == nil {
						t.Errorf("%s: a whole response of %d bytes", res.Proto, n)
					}
				}
			})
		}
	}
}

func TestCompressBodyLongerThanDeclared(t *testing.T) {
	seen := make(chan error, 1)
	h := filter.Compress(filter.CompressOptions{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "5000")
		_, err := io.WriteString(w, page(5000))
		if err != nil {
			t.Error(err)
		}
		_, err = io.WriteString(w, "more")
		seen <- err
	}))
	protocols(t, h, func(t *testing.T, fetch func(string, string, ...string) *http.Response) {
		res := fetch("GET", "/", "Accept-Encoding", "gzip")
		if body, err := decoded(res); err != nil || body != page(5000) {
			t.Errorf("body of %d bytes with error %v, want the 5000 declared", len(body), err)
		}
		if err := <-seen; !errors.Is(err, http.ErrContentLength) {
			t.Errorf("the handler saw %v, want http.ErrContentLength", err)
		}
	})
}

func TestCompressStreamsLargeBodies(t *testing.T) {
	body := page(3 << 20)
	for name, handler := range map[string]http.HandlerFunc{
		"in one write": answering(200, body, "Content-Type", "text/plain", "Content-Length", strconv.Itoa(len(body))),
		"http.ServeFile": func(w http.ResponseWriter, r *http.Request) {
			http.ServeContent(w, r, "a.txt", time.Time{}, strings.NewReader(body))
		},
		"in small writes": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			for b := []byte(body); len(b) > 0; {
				n, err := w.Write(b[:min(len(b), 1009)])
				if err != nil || n != min(len(b), 1009) {
					t.Error(n, err)
					return
				}
				b = b[n:]
			}
		},
		"by io.Copy": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			if _, err := io.Copy(w, bytes.NewReader([]byte(body))); err != nil {
				t.Error(err)
			}
		},
	} {
		for _, coding := range []string{"gzip", "zstd"} {
			t.Run(name+", "+coding, func(t *testing.T) {
				h := filter.Compress(filter.CompressOptions{})(handler)
				protocols(t, h, func(t *testing.T, fetch func(string, string, ...string) *http.Response) {
					res := fetch("GET", "/", "Accept-Encoding", coding)
					if got, err := decoded(res); err != nil || got != body || res.Header.Get("Content-Encoding") != coding {
						t.Errorf("coded %q, %d bytes, error %v", res.Header.Get("Content-Encoding"), len(got), err)
					}
				})
			})
		}
	}
}
