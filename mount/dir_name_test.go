package mount_test

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weirhttp/weir/mount"
)

func TestDirKnowsOtherNamesOfWindows(t *testing.T) {
	for _, name := range []string{"a.txt.", "a.txt ", "a./b", "a /b", "... ", "GIT~1/config", "ENV~1", "a.txt::$DATA", "C:a", "a*", "a?", `a\b`, "a\x01b", "a|b", "<a", `"a`} {
		if !mount.Aliased(name) {
			t.Errorf("%q is taken for the only name of a file", name)
		}
	}
	for _, name := range []string{".", "a.txt", "a~", "~a", "a b/c d", "ü", "a.b.c", "#a#", "a;b", "(1)", "a~b~"} {
		if mount.Aliased(name) != (name == ".") {
			t.Errorf("%q is taken for another name", name)
		}
	}
}

// linked returns a folder with symbolic links that stay inside and that lead outside.
func linked(t testing.TB) string {
	dir := folder(t, map[string]string{"site/a.txt": "a", "secret.txt": "secret", "secrets/index.html": "secret"})
	for name, to := range map[string]string{
		"in.txt": "a.txt", "out.txt": "../secret.txt", "far.txt": filepath.Join(dir, "secret.txt"), "out": "../secrets", "loop": "loop", "up": "..",
	} {
		if err := os.Symlink(filepath.FromSlash(to), filepath.Join(dir, "site", name)); err != nil {
			t.Skip(err)
		}
	}
	return filepath.Join(dir, "site")
}

func TestDirOfARootFollowsLinksInside(t *testing.T) {
	root, err := os.OpenRoot(linked(t))
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	d := &mount.Dir{FS: root.FS(), Logger: discarding}
	for _, path := range []string{"/out.txt", "/far.txt", "/out/", "/out", "/loop", "/up/secret.txt"} {
		if w := askDir(t, d, "GET", path); w.Code != 500 || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s is %d %q", path, w.Code, w.Body)
		}
	}
	if w := askDir(t, d, "GET", "/in.txt"); w.Code != 200 || w.Body.String() != "a" {
		t.Errorf("the link inside is %d", w.Code)
	}
}

// FuzzDir asks for any path below a mount: what comes is what an os.Root opens by that very
// name, and never what is hidden or lies outside.
func FuzzDir(f *testing.F) {
	for _, path := range []string{
		"/a.txt", "/sub/b.css", "/sub", "/", "/index.html", "/.env", "/%2e%2e/secret", "/..%2fsecret", "/..%5csecret", "//sub", "/sub//", "/sub/../a.txt",
		"/q%3Fx%23y%25z;v.txt", "/a.txt%00", "/%ff", "/a.txt/", "/sub?x", "/a:b", "//evil.example/..", "/.well-known/security.txt", "/%c0%ae%c0%ae/", "/a.txt;x",
	} {
		f.Add(path)
	}
	dir := folder(f, siteFiles)
	putFile(f, filepath.Join(dir, "..", "secret"), "secret", longAgo)
	root, err := os.OpenRoot(dir)
	if err != nil {
		f.Fatal(err)
	}
	defer root.Close()
	apps := map[string]http.Handler{}
	for name, files := range map[string]fs.FS{"os.DirFS": os.DirFS(dir), "os.Root": root.FS()} {
		apps[name] = mount.At("/m", &mount.Dir{FS: files, Precompressed: true})
	}
	f.Fuzz(func(t *testing.T, path string) {
		for kind, app := range apps {
			w := ask(app, "/m"+path)
			if w == nil {
				return
			}
			asked, _ := url.ParseRequestURI("/m" + path)
			name := strings.TrimPrefix(asked.Path, "/m/")
			if strings.Contains(w.Body.String(), "secret") || strings.Contains(w.Body.String(), dir) {
				t.Fatalf("%s: %q shows %q", kind, path, w.Body)
			}
			switch w.Code {
			case 200:
				if name == "" || strings.HasSuffix(name, "/") {
					name += "index.html"
				}
				if want, err := root.ReadFile(name); err != nil || string(want) != w.Body.String() {
					t.Fatalf("%s: %q is %q, but %q is %q, %v", kind, path, w.Body, name, want, err)
				}
			case 308:
				follow(t, app, asked, w)
			case 400, 404:
			default:
				t.Fatalf("%s: %q is %d", kind, path, w.Code)
			}
		}
	})
}

// follow checks that a redirect leads to something below the mount.
func follow(t *testing.T, app http.Handler, asked *url.URL, w *httptest.ResponseRecorder) {
	base := *asked
	base.Scheme, base.Host = "http", "h"
	asked.RawQuery, _, _ = strings.Cut(asked.RawQuery, "#") // no browser sends it
	to, err := base.Parse(w.Header().Get("Location"))
	if err != nil || to.Host != "h" || !strings.HasPrefix(to.Path, "/m/") || to.RawQuery != asked.RawQuery {
		t.Fatalf("%s leads to %v, %v", asked, to, err)
	}
	if w := ask(app, to.RequestURI()); w.Code == 308 {
		t.Fatalf("%s leads to %s, which leads further", asked, to)
	}
}
