package mount_test

import (
	"net/http/httptest"
	"testing"
)

// TestProxyOutOfABase has a byte that no path may have beside escaped slashes, which are no slashes to the application.
func TestProxyOutOfABase(t *testing.T) {
	p, _ := proxyFor(t, proxySees)
	p.URL.Path = "/base"
	server := httptest.NewServer(p)
	defer server.Close()
	for target, want := range map[string]int{"/a%2Fb%2Fc|/../../../x": 400, "/a|/b/../../x": 200, "/a%2Fb|/../x": 200} {
		if res, body := proxyRaw(t, server, "GET "+target+" HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"); res.StatusCode != want {
			t.Errorf("%s is %d %q, want %d", target, res.StatusCode, body, want)
		}
	}
}
