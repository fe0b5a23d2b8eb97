package deploy_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/weirhttp/weir/deploy"
	"github.com/weirhttp/weir/mount"
)

// open builds the site of a file.
func open(t *testing.T, name string) (*deploy.Site, func(url string) (int, string, string)) {
	t.Helper()
	site, err := deploy.Load(name, parts())
	if err != nil {
		t.Fatal(err)
	}
	h, closer, err := site.Build()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := closer.Close(); err != nil {
			t.Error(err)
		}
	})
	return site, func(url string) (int, string, string) { return get(h, url) }
}

func TestPathsAreRelativeToTheFileThatTheyStandIn(t *testing.T) {
	dir := write(t,
		"site.toml", `
			[app.main]
			use = "mounts"
			"/a" = "sub/apps.toml#media"
			"/b" = "mine"
			"/c" = "theirs"
			[app.mine]
			use = "sub/apps.toml#media"
			fs = "."
			[app.theirs]
			use = "sub/apps.toml#media"
			listing = true`,
		"sub/apps.toml", `
			[app.media]
			use = "../base.toml#media"
			fs = "."
			filters = ["here"]
			[filter.here]
			use = "tag"
			name = "here"
			[app.unused]
			use = "dir"`,
		"base.toml", "[app.media]\nuse = 'dir'\nfs = 'gone'",
		"x.txt", "outer", "sub/x.txt", "inner")
	for _, name := range []string{filepath.Join(dir, "site.toml"), relative(t, dir)} {
		site, ask := open(t, name)
		for url, want := range map[string]string{"/a/x.txt": "inner", "/b/x.txt": "outer", "/c/x.txt": "inner"} {
			if status, tags, body := ask(url); status != 200 || body != want || tags != "here" {
				t.Errorf("%s: got %d, tags %q, body %q, want %q", url, status, tags, body, want)
			}
		}
		if len(site.Warnings) != 0 {
			t.Errorf("got warnings %v: an unused section of another file is none", site.Warnings)
		}
	}
}

// relative moves to another folder and returns the name of site.toml as seen from there.
func relative(t *testing.T, dir string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(dir, "elsewhere"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Join(dir, "elsewhere"))
	return "../site.toml"
}

func TestAnAppOfPythonIsInTheFolderOfItsFile(t *testing.T) {
	dir := write(t, "sub/apps.toml", "[app.wiki]\nuse = 'wsgi'\napp = 'wiki'", "site.toml", "[pipeline.main]\nstack = ['sub/apps.toml#wiki']")
	site, err := deploy.Load(dir+"/site.toml", deploy.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	h, _, err := site.Build()
	if err != nil {
		t.Fatal(err)
	}
	if got := h.(*mount.WSGI).Dir; got != dir+"/sub" {
		t.Errorf("got Dir %q", got)
	}
}

func TestWarningsAreInTheOrderOfFiles(t *testing.T) {
	dir := write(t, "site.toml", "[pipeline.main]\nstack = ['a.toml#main']\n\n\n[filter.recover]", "a.toml", "[app.main]\nuse = 'dir'\nfs = 'gone'")
	site, err := deploy.Load(dir+"/site.toml", deploy.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	if w := site.Warnings; len(w) != 2 || w[0].Section != "filter.recover" || w[1].Pos.File != dir+"/a.toml" {
		t.Errorf("got warnings %v", w)
	}
}

func TestAFileIsReadOnceAndItsSectionsAreOneInstance(t *testing.T) {
	dir := write(t,
		"site.toml", `
			[app.main]
			use = "mounts"
			"/a" = "a"
			"/b" = "x/b.toml#b"
			[app.a]
			use = "echo"
			filters = ["limits.toml#limit"]`,
		"x/b.toml", "[app.b]\nuse = 'echo'\nfilters = ['../limits.toml#limit']",
		"limits.toml", "[filter.limit]\nuse = 'rate-limit'\nlimit = '1/h'\nburst = 1")
	_, ask := open(t, filepath.Join(dir, "site.toml"))
	for i, want := range []int{200, 429} {
		if status, _, _ := ask([]string{"/a/", "/b/"}[i]); status != want {
			t.Errorf("request %d: got %d, want %d", i+1, status, want)
		}
	}
}

func TestFilesMayReferToOneAnother(t *testing.T) {
	dir := write(t,
		"site.toml", "[app.main]\nuse = 'mounts'\n'/a' = 'other.toml#main'\n[app.leaf]\nuse = 'echo'\ntext = 'leaf'",
		"other.toml", "[app.main]\nuse = 'site.toml#leaf'")
	_, ask := open(t, filepath.Join(dir, "site.toml"))
	if _, _, body := ask("/a/"); body != "leaf /" {
		t.Errorf("got %q", body)
	}
}

func TestAnotherRoot(t *testing.T) {
	dir := write(t, "site.toml", "[app.main]\nuse = 'mounts'\n[app.other]\nuse = 'echo'\ntext = 'other'")
	_, ask := open(t, filepath.Join(dir, "site.toml#other"))
	if _, _, body := ask("/"); body != "other /" {
		t.Errorf("got %q", body)
	}
}

func TestAFileThatIsNotThere(t *testing.T) {
	_, err := deploy.Load("testdata/gone.toml", parts())
	if list, ok := err.(deploy.Errors); !ok || list.Error() != "testdata/gone.toml: no such file or directory" {
		t.Errorf("got error %v", err)
	}
}

// A program, with a filter around it that tells it more, and one that has it asked last.
func TestPrograms(t *testing.T) {
	script := "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n%s %s %s' \"$SCRIPT_NAME\" \"$PATH_INFO\" \"$A$B\"\n"
	dir := write(t, "bin/app.cgi", script, "site.toml", `
		[app.main]
		use = "cascade"
		limit = "1KiB"
		apps = ["files", "programs"]
		[app.files]
		use = "dir"
		fs = "static"
		[app.programs]
		use = "mounts"
		"/app/" = "program"
		[app.program]
		use = "cgi"
		path = "bin/app.cgi"
		env = { A = "a" }
		filters = ["more", "guest"]
		[filter.more]
		use = "environ"
		B = "b"`, "static/x", "file")
	if err := os.Chmod(filepath.Join(dir, "bin/app.cgi"), 0o755); err != nil {
		t.Fatal(err)
	}
	site, err := deploy.Load(filepath.Join(dir, "site.toml"), deploy.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	h, _, err := site.Build()
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"/x": "200 file", "/app/y": "200 /app /y ab", "/z": "404 404 page not found\n"} {
		if status, _, body := get(h, path); fmt.Sprint(status, " ", body) != want {
			t.Errorf("%s: got %d %q, want %q", path, status, body, want)
		}
	}
}
