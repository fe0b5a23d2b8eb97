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
	type options = filtertest.Options
	uncoded := []string{"Accept-Encoding", "Range", "If-Range"}
	for name, c := range map[string]struct {
		filter   func(http.Handler) http.Handler
		declares options
	}{
		"Request": {rewrite.Request(rewrite.User.Set("alice"), func(r *http.Request) { r.Header.Set("X-Seen", "1") }),
			options{RequestFields: []string{"X-Seen"}}},
		"Request of nothing": {rewrite.Request(), options{}},
		"RequestHeader": {rewrite.RequestHeader(rewrite.Set("X-Set", "1"), rewrite.Add("X-Add", "2"), rewrite.Del("X-Del")),
			options{RequestFields: []string{"X-Set", "X-Add", "X-Del"}, Except: map[string]string{"N27": "each filter adds its value"}}},
		"ResponseHeader":  {rewrite.ResponseHeader(rewrite.Set("X-Set", "1"), rewrite.Default("X-Default", "2")), options{}},
		"Response":        {rewrite.Response(func(h *capture.Head) { h.Header.Set("X-Seen", "1") }), options{}},
		"Body":            {rewrite.Body(rewrite.Type("text/*", "application/*"), pass), options{Transforms: true, RequestFields: uncoded}},
		"Body of no type": {rewrite.Body(rewrite.Type("x/none"), pass), options{RequestFields: uncoded}},
	} {
		t.Run(name, func(t *testing.T) { filtertest.Run(t, c.filter, c.declares) })
	}
}

// pass is the transform that changes nothing.
func pass(w io.Writer) io.WriteCloser { return passer{w} }

type passer struct{ io.Writer }

func (passer) Close() error { return nil }
