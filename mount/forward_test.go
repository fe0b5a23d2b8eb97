package mount_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/weirhttp/weir/mount"
)

// TestProxyTellsAPort holds that X-Forwarded-Port is one, whatever the client says.
func TestProxyTellsAPort(t *testing.T) {
	behind := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, r.Header.Get("X-Forwarded-Port"))
	}))
	defer behind.Close()
	target, _ := url.Parse(behind.URL)
	app := &mount.Proxy{URL: target}
	for host, want := range map[string]string{
		"x": "80", "x:81": "81", "x:": "80", "x:81,443": "80", "x:http": "80", "x:65536": "80", "[::1]:81": "81",
	} {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
		r.Host = host
		if app.ServeHTTP(w, r); w.Body.String() != want {
			t.Errorf("%q: %q, want %q", host, w.Body, want)
		}
	}
}
