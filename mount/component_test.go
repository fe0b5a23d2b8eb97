package mount_test

import (
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/weirhttp/weir/rewrite"
)

// component skips a test whose component is missing. In continuous integration it fails instead.
func component(t testing.TB, path string) {
	t.Helper()
	if _, err := os.Stat(path); err == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("missing: %s", path)
	}
	t.Skipf("missing: %s", path)
}

// listens returns when somebody listens at an address. It gives up when still says that nobody ever will.
func listens(t testing.TB, network, address string, still func() bool) {
	t.Helper()
	for until := time.Now().Add(30 * time.Second); still(); {
		if conn, err := net.Dial(network, address); err == nil {
			conn.Close()
			return
		}
		if time.Now().After(until) {
			break
		}
	}
	t.Fatalf("nobody listens at %s", address)
}

// signedIn is h for a user.
func signedIn(user string, h http.Handler) http.Handler {
	return rewrite.Request(rewrite.User.Set(user))(h)
}
