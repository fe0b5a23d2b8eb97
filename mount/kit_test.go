package mount_test

import (
	"net/http"
	"testing"

	"github.com/weirhttp/weir/filtertest"
	"github.com/weirhttp/weir/mount"
	"github.com/weirhttp/weir/rewrite"
)

// TestAtKeepsThePromises takes a mount for a filter, whose requests get the prefix first.
// It keeps all promises of one but two, on purpose: the application does not see its
// host's path values (F03), and its pattern gets the prefix before it (F05).
func TestAtKeepsThePromises(t *testing.T) {
	below := rewrite.Request(func(r *http.Request) {
		if r.URL.RawPath != "" {
			r.URL.RawPath = "/%61pp" + r.URL.RawPath
		}
		r.URL.Path = "/app" + r.URL.Path
	})
	err := filtertest.Check(func(next http.Handler) http.Handler { return below(mount.At("/app", next)) })
	failures, _ := err.(interface{ Unwrap() []error })
	if failures == nil {
		t.Fatalf("the kit finds nothing: %v", err)
	}
	for _, err := range failures.Unwrap() {
		if f, ok := err.(*filtertest.Failure); !ok || f.ID != "F03" && f.ID != "F05" {
			t.Error(err)
		}
	}
}
