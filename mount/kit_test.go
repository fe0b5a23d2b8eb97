package mount_test

import (
	"net/http"
	"testing"

	"github.com/weirhttp/weir/filtertest"
	"github.com/weirhttp/weir/mount"
	"github.com/weirhttp/weir/rewrite"
)

// TestAtKeepsThePromises takes a mount for a filter, whose requests get the prefix first.
func TestAtKeepsThePromises(t *testing.T) {
	below := rewrite.Request(func(r *http.Request) {
		if r.URL.RawPath != "" {
			r.URL.RawPath = "/%61pp" + r.URL.RawPath
		}
		r.URL.Path = "/app" + r.URL.Path
	})
	mounted := func(next http.Handler) http.Handler { return below(mount.At("/app", next)) }
	filtertest.Run(t, mounted, filtertest.Options{Mounts: true})
}
