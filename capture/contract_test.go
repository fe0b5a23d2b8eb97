package capture_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/filtertest"
)

// The layers themselves keep what every filter promises.
func TestContract(t *testing.T) {
	pass := func(h *capture.Head, dst io.Writer) io.WriteCloser { return nil }
	copying := func(h *capture.Head, dst io.Writer) io.WriteCloser {
		if !h.Transformable() {
			return nil
		}
		return suffix{dst, ""}
	}
	filters := map[string]func(http.Handler) http.Handler{
		"observer":                 observing,
		"hook":                     transforming(0, pass),
		"hook that peeks":          transforming(512, pass),
		"hook that peeks far":      transforming(64<<10, pass),
		"body writer":              transforming(0, copying),
		"body writer after a peek": transforming(512, copying),
		"try": func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				capture.Try(w, r, next, func(*capture.Head) bool { return false })
			})
		},
		"another after a refusal": trying(http.NotFoundHandler()),
		"another after a refusal, layers": func(h http.Handler) http.Handler {
			return transforming(512, pass)(trying(transforming(64, copying)(http.NotFoundHandler()))(transforming(64, copying)(h)))
		},
		"observer, hooks, observer": func(h http.Handler) http.Handler {
			return observing(transforming(64, copying)(transforming(512, pass)(observing(h))))
		},
	}
	for name, f := range filters {
		t.Run(name, func(t *testing.T) { filtertest.Run(t, f) })
	}
}
