package mount_test

import (
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/weirhttp/weir/mount"
)

var hrefs = regexp.MustCompile(`<a href="([^"]*)">`)

func TestDirLists(t *testing.T) {
	names := []string{"a.txt", "b & c", "sub/x", ".hidden", ".well-known", "q?x#y%z;v.txt", "ü.txt", "+plus"}
	if runtime.GOOS != "windows" {
		names = append(names, "javascript:alert(1)", `<script>"'`, `\\evil.example`, "a\nb", "\xff")
	}
	files := map[string]string{}
	for _, name := range names {
		files["list/"+name] = "content of " + name
	}
	app := mount.At("/m", &mount.Dir{FS: os.DirFS(folder(t, files)), Listing: true})
	w := askDir(t, app, "GET", "/m/list/")
	page := w.Body.String()
	if w.Code != 200 || w.Header().Get("Content-Type") != "text/html; charset=utf-8" || strings.Contains(page, "<script") {
		t.Fatalf("%d %v\n%s", w.Code, w.Header(), page)
	}
	base := &url.URL{Scheme: "http", Host: "h", Path: "/m/list/"}
	listed := map[string]bool{}
	for _, href := range hrefs.FindAllStringSubmatch(page, -1) {
		to, err := base.Parse(strings.NewReplacer("&amp;", "&", "&#39;", "'").Replace(href[1]))
		if err != nil || to.Host != "h" || to.RawQuery != "" || to.Fragment != "" {
			t.Errorf("%q leads to %v, %v", href[1], to, err)
			continue
		}
		name := strings.TrimPrefix(to.Path, "/m/list/")
		listed[name] = true
		if got := askDir(t, app, "GET", to.RequestURI()); got.Code != 200 || name != "sub/" && got.Body.String() != "content of "+name {
			t.Errorf("%q is %d %q", href[1], got.Code, got.Body)
		}
	}
	for _, name := range names {
		if name == "sub/x" {
			name = "sub/"
		}
		if want := name[0] != '.' && name != "\xff"; listed[name] != want {
			t.Errorf("%q is listed: %v", name, !want)
		}
	}
	if w := askDir(t, app, "GET", "/m/list/", "If-None-Match: "+w.Header().Get("Etag")); w.Code != 304 {
		t.Errorf("the same list is %d", w.Code)
	}
	if head := askDir(t, app, "HEAD", "/m/list/"); head.Header().Get("Content-Length") != w.Header().Get("Content-Length") {
		t.Errorf("HEAD is %v", head.Header())
	}
}

func TestDirListsOnlyWhereThereIsNoIndex(t *testing.T) {
	dir := folder(t, siteFiles)
	list := &mount.Dir{FS: os.DirFS(dir), Listing: true, Fallback: "a.txt"}
	for path, want := range map[string]string{"/": "root", "/sub/": "sub"} {
		if got := askDir(t, list, "GET", path, "Accept: text/html").Body.String(); got != want {
			t.Errorf("%s is %q", path, got)
		}
	}
	for path, want := range map[string][]string{"/bare/": {"c.txt"}, "/odd/": {"index.html/"}} {
		w := askDir(t, list, "GET", path, "Accept: text/html")
		var got []string
		for _, href := range hrefs.FindAllStringSubmatch(w.Body.String(), -1) {
			got = append(got, href[1])
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s has %q, want %q", path, got, want)
		}
	}
	hidden := &mount.Dir{FS: os.DirFS(filepath.Join(dir, ".git")), Listing: true, Hidden: true}
	if w := askDir(t, hidden, "GET", "/"); !strings.Contains(w.Body.String(), `"config"`) {
		t.Errorf("what lies below a hidden folder: %s", w.Body)
	}
}

func TestDirDoesNotListWhatItMayNotRead(t *testing.T) {
	files := withheld{fstest.MapFS{"d/x": {}}, "d"}
	w := askDir(t, &mount.Dir{FS: struct{ fs.StatFS }{files}, Listing: true}, "GET", "/d/")
	if w.Code != 403 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
