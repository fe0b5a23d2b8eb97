package deploy_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/weirhttp/weir/deploy"
)

// TestPatterns has requests go by method, host and wildcards, and an app mounted where a pattern says what its path info is.
func TestPatterns(t *testing.T) {
	dir := write(t, "app.cgi", "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n%s|%s' \"$SCRIPT_NAME\" \"$PATH_INFO\"\n", "site.toml", `
		[app.main]
		use = "mounts"
		"/x/" = "routes"
		[app.routes]
		use = "patterns"
		"GET /feed" = "feed"
		"example.org/feed" = "other"
		"/tracs/{id}/{path_info...}" = "program"
		[app.feed]
		use = "echo"
		text = "the feed"
		[app.other]
		use = "echo"
		text = "that of another host"
		[app.program]
		use = "cgi"
		path = "app.cgi"`)
	if err := os.Chmod(filepath.Join(dir, "app.cgi"), 0o755); err != nil {
		t.Fatal(err)
	}
	site, err := deploy.Load(filepath.Join(dir, "site.toml"), parts())
	if err != nil {
		t.Fatal(err)
	}
	h, _, err := site.Build()
	if err != nil {
		t.Fatal(err)
	}
	for request, want := range map[string]string{
		"GET http://a.test/x/feed":            "200 the feed /feed",
		"POST http://a.test/x/feed":           "405 Method Not Allowed\n",
		"POST http://example.org/x/feed":      "200 that of another host /feed",
		"GET http://a.test/x/tracs/7/wiki/a":  "200 /x/tracs/7|/wiki/a",
		"GET http://a.test/x/tracs/7/":        "200 /x/tracs/7|/",
		"GET http://a.test/x/tracs/7/a%2Fb":   "200 /x/tracs/7|/a/b",
		"GET http://a.test/x/nothing/of/that": "404 404 page not found\n",
	} {
		var method, url string
		if _, err := fmt.Sscan(request, &method, &url); err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, url, http.NoBody))
		if got := fmt.Sprint(w.Code, " ", w.Body); got != want {
			t.Errorf("%s: got %q, want %q", request, got, want)
		}
	}
}
