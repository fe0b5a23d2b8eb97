package mount_test

import (
	"net/http"
	"testing"

	"github.com/weirhttp/weir/filtertest"
	"github.com/weirhttp/weir/mount"
	"github.com/weirhttp/weir/rewrite"
)

// TestMapFieldsKeepsThePromises runs MapFields at the root, where it declares nothing, and
// below a prefix, which the kit's requests get first.
func TestMapFieldsKeepsThePromises(t *testing.T) {
	t.Run("at the root", func(t *testing.T) {
		filtertest.Run(t, mount.MapFields(mount.MapFieldsOptions{}))
	})
	t.Run("below a prefix", func(t *testing.T) {
		below := rewrite.Request(func(r *http.Request) {
			if r.URL.RawPath != "" {
				r.URL.RawPath = "/app" + r.URL.RawPath
			}
			r.URL.Path = "/app" + r.URL.Path
		})
		filter := mount.MapFields(mount.MapFieldsOptions{})
		mounted := func(next http.Handler) http.Handler { return below(mount.At("/app", filter(next))) }
		filtertest.Run(t, mounted, filtertest.Options{
			Mounts:         true,
			ResponseFields: []string{"Location", "Link", "Set-Cookie"},
			Except:         map[string]string{"C12": "the Path of a cookie gets the prefix"},
		})
	})
}
