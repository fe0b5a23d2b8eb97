package rewrite_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/filtertest"
	"github.com/weirhttp/weir/rewrite"
)

// TestFilters runs every filter of the package through the promises that all filters keep.
func TestFilters(t *testing.T) {
	for name, filter := range map[string]func(http.Handler) http.Handler{
		"Request":            rewrite.Request(rewrite.User.Set("alice"), func(r *http.Request) { r.Header.Set("X-Seen", "1") }),
		"Request of nothing": rewrite.Request(),
		"RequestHeader":      rewrite.RequestHeader(rewrite.Set("X-Set", "1"), rewrite.Add("X-Add", "2"), rewrite.Del("X-Del")),
		"ResponseHeader":     rewrite.ResponseHeader(rewrite.Set("X-Set", "1"), rewrite.Default("X-Default", "2")),
		"Response":           rewrite.Response(func(h *capture.Head) { h.Header.Set("X-Seen", "1") }),
		"Body":               rewrite.Body(rewrite.Type("text/*", "application/*"), pass),
		"Body of no type":    rewrite.Body(rewrite.Type("x/none"), pass),
	} {
		t.Run(name, func(t *testing.T) { filtertest.Run(t, filter) })
	}
}

// pass is the transform that changes nothing.
func pass(w io.Writer) io.WriteCloser { return passer{w} }

type passer struct{ io.Writer }

func (passer) Close() error { return nil }
