package filter_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/weirhttp/weir/filter"
)

func TestRecoverWithCompress(t *testing.T) {
	var book logbook
	guard := filter.Recover(filter.RecoverOptions{Logger: book.logger()})
	compress := filter.Compress(filter.CompressOptions{})
	small := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Set-Cookie", "session=1")
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, page(80))
		panic("oops")
	}
	large := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, page(200_000))
		panic("oops")
	}
	for _, c := range []struct {
		name string
		h    http.Handler
		want int
	}{
		{"what Compress inside of it held back is dropped", guard(compress(http.HandlerFunc(small))), 500},
		{"also below another Compress", compress(guard(compress(http.HandlerFunc(small)))), 500},
		{"what passed it is cut, also when Compress outside holds it back", compress(guard(http.HandlerFunc(small))), 0},
		{"what Compress began is cut", guard(compress(http.HandlerFunc(large))), 0},
		{"what Compress outside began is cut", compress(guard(http.HandlerFunc(large))), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			outcomes(t, c.h, func(t *testing.T, res *http.Response, body string, err error) {
				if c.want == 0 {
					if err == nil {
						t.Errorf("a whole response %d of %d bytes", res.StatusCode, len(body))
					}
					return
				}
				if err != nil || res.StatusCode != c.want || body != "Internal Server Error\n" {
					t.Fatalf("answer %v with body %q, error %v", res, body, err)
				}
				if res.Header.Get("Set-Cookie") != "" || res.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
					t.Errorf("fields of the failed attempt: %v", res.Header)
				}
			})
		})
	}
}
