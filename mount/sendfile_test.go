package mount_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/weirhttp/weir/mount"
)

func TestFastCGISendsFiles(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "film"), []byte("0123456789"), 0o600); err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	app, _, log := fastCGI(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "video/x")
		w.Header().Set(r.FormValue("field"), r.FormValue("name"))
		io.WriteString(w, "its own body")
	}))
	sending := &mount.FastCGI{Servers: app.Servers, Sendfile: dir, Logger: log.logger()}
	for _, c := range []struct {
		h           http.Handler
		field, name string
		status      int
		body        string
	}{
		{sending, "X-Sendfile", filepath.Join(dir, "film"), 206, "234"},
		{sending, "X-Sendfile", "film", 206, "234"},
		{sending, "X-Accel-Redirect", "/film", 206, "234"},
		{sending, "X-Sendfile", secret, 502, "Bad Gateway\n"},
		{sending, "X-Sendfile", "../" + filepath.Base(filepath.Dir(secret)) + "/secret", 502, "Bad Gateway\n"},
		{sending, "X-Sendfile", "link", 502, "Bad Gateway\n"},
		{sending, "X-Sendfile", "nonsense", 502, "Bad Gateway\n"},
		{sending, "X-Sendfile", "", 200, "its own body"},
		{app, "X-Sendfile", "film", 200, "its own body"},
	} {
		r := httptest.NewRequest("GET", "/?field="+c.field+"&name="+c.name, nil)
		r.Header.Set("Range", "bytes=2-4")
		w := httptest.NewRecorder()
		c.h.ServeHTTP(w, r)
		if w.Code != c.status || w.Body.String() != c.body || w.Header().Get(c.field) != "" || w.Code < 300 && w.Header().Get("Content-Type") != "video/x" {
			t.Errorf("%s: %s: %d %q %v; %v", c.field, c.name, w.Code, w.Body, w.Header(), log)
		}
	}
}
