package mount_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/weirhttp/weir/mount"
)

// namedFiles makes a folder of files, each of which holds its own name.
func namedFiles(t testing.TB, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestFastCGIFindsScripts holds which script answers a path, which file is sent, and what is neither.
func TestFastCGIFindsScripts(t *testing.T) {
	dir := namedFiles(t, "index.php", "page.php", "sub/index.php", "sub/more.php", "sub/style.css", "files/a.txt", "files/odd name?.txt",
		"front.php", "page.php~", "page.php.bak", "lib.inc", "old.phtml", ".hidden.php", ".git/config", "sub/.htaccess", "up.PHP", "dir.php/inner.php", "x.jpg")
	server := paramsServer(t)
	script := func(file, info, uri string) string {
		name := "/app/" + file
		return filepath.Join(dir, file) + " " + name + " " + info + " " + dir + " " + uri
	}
	for _, front := range []string{"", "front.php"} {
		h := mount.At("/app", &mount.FastCGI{Servers: []string{server}, Root: dir, Front: front})
		for path, want := range map[string]string{
			"/app/":                        script("index.php", "", "/app/"),
			"/app/page.php":                script("page.php", "", "/app/page.php"),
			"/app/page.php?q=/x.php":       script("page.php", "", "/app/page.php?q=/x.php"),
			"/app/page.php/more/x.php":     script("page.php", "/more/x.php", "/app/page.php/more/x.php"),
			"/app/page.php//more/":         script("page.php", "//more/", "/app/page.php//more/"),
			"/app/%70age.php/a%2Fb%20c":    script("page.php", "/a/b c", "/app/%70age.php/a%2Fb%20c"),
			"/app/sub/":                    script("sub/index.php", "", "/app/sub/"),
			"/app/sub/more.php":            script("sub/more.php", "", "/app/sub/more.php"),
			"/app/sub%2Fmore.php":          script("sub/more.php", "", "/app/sub%2Fmore.php"),
			"/app/dir.php/inner.php/x":     script("dir.php/inner.php", "/x", "/app/dir.php/inner.php/x"),
			"/app/sub/style.css":           "sub/style.css",
			"/app/files/a.txt":             "files/a.txt",
			"/app/files/odd%20name%3F.txt": "files/odd name?.txt",
			"/app/sub":                     "308 ./sub/",
			"/app/sub?q":                   "308 ./sub/?q",
			"/app/page.php~":               "404",
			"/app/page.php.bak":            "404",
			"/app/lib.inc":                 "404",
			"/app/old.phtml":               "404",
			"/app/up.PHP":                  "404",
			"/app/.hidden.php":             "404",
			"/app/page.php%00.txt":         "400",
			// What is not there, or is hidden, or does not exist in this spelling: the front script's.
			"/app/nothing":            "",
			"/app/files/":             "",
			"/app/.git/config":        "",
			"/app/sub/.htaccess":      "",
			"/app/sub/../.git/config": "",
			"/app/x.jpg/":             "",
			"/app//sub/style.css":     "",
			"/app/./sub/style.css":    "",
			`/app/sub\style.css`:      "",
		} {
			if want == "" {
				want = "404"
				if front != "" {
					want = script(front, "", path)
				}
			}
			w := ask(h, path)
			got := w.Body.String()
			var env map[string]string
			if json.Unmarshal(w.Body.Bytes(), &env) == nil {
				got = fmt.Sprint(env["SCRIPT_FILENAME"], " ", env["SCRIPT_NAME"], " ", env["PATH_INFO"], " ", env["DOCUMENT_ROOT"], " ", env["REQUEST_URI"])
			}
			switch w.Code {
			case 308:
				got = "308 " + w.Header().Get("Location")
			case 400, 404:
				got = map[int]string{400: "400", 404: "404"}[w.Code]
			}
			if got != want {
				t.Errorf("front %q: %s is %q, want %q", front, path, got, want)
			}
		}
		// A picture that somebody uploaded is no script, whatever comes after it.
		if w := ask(h, "/app/x.jpg/x.php"); front == "" && w.Code != 404 {
			t.Errorf("/x.jpg/x.php is %d %s", w.Code, w.Body)
		}
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, httptest.NewRequest("POST", "/app/files/a.txt", nil)); w.Code != 405 || w.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("POST to a file is %d", w.Code)
		}
	}
}

// TestFastCGIStaysInItsFolder holds that no path leads a script out of it.
func TestFastCGIStaysInItsFolder(t *testing.T) {
	dir := namedFiles(t, "page.php", "docs/index.html")
	h := &mount.FastCGI{Servers: []string{paramsServer(t)}, Root: dir}
	for path, want := range map[string]string{
		"/page.php/more":             "/more",
		"/page.php/../../etc/passwd": "/etc/passwd",
		"/page.php/a/%2E%2E/../b":    "/b",
	} {
		var env map[string]string
		if err := json.Unmarshal(ask(h, path).Body.Bytes(), &env); err != nil || env["PATH_TRANSLATED"] != dir+want {
			t.Errorf("%s: PATH_TRANSLATED is %q, want %q; %v", path, env["PATH_TRANSLATED"], dir+want, err)
		}
	}
	if w := ask(h, "/docs/index.html"); w.Code != 200 || w.Body.String() != "docs/index.html" {
		t.Errorf("a file named index.html is %d %q", w.Code, w.Body)
	}
}
