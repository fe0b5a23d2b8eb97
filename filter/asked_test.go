package filter_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/weirhttp/weir"
	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/rewrite"
)

// TestSchemeOfTheClientCounts has a proxy that speaks TLS with the client, and none with this server.
func TestSchemeOfTheClientCounts(t *testing.T) {
	for scheme, want := range map[string]bool{"https": true, "http": false} {
		h := weir.Stack(rewrite.Request(rewrite.Scheme.Set(scheme)), filter.SecureHeaders(filter.SecureHeadersOptions{}),
			filter.CookiePolicy(filter.CookiePolicyOptions{})).ThenFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
		})
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "http://example.com/", nil))
		if got := w.Header().Get("Strict-Transport-Security") != ""; got != want {
			t.Errorf("%s: Strict-Transport-Security is there: %v", scheme, got)
		}
		if got := strings.Contains(w.Header().Get("Set-Cookie"), "Secure"); got != want {
			t.Errorf("%s: the cookie is %q", scheme, w.Header().Get("Set-Cookie"))
		}
	}
}
