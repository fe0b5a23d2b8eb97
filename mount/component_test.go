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

// accept has handle take every connection that comes to an address, each in a goroutine, and closes it after; "" is a
// free port.
func accept(t testing.TB, network, address string, handle func(net.Conn)) net.Listener {
	t.Helper()
	if address == "" {
		address = "127.0.0.1:0"
	}
	listener, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				handle(c)
			}()
		}
	}()
	return listener
}

// signedIn is h for a user.
func signedIn(user string, h http.Handler) http.Handler {
	return rewrite.Request(rewrite.User.Set(user))(h)
}
