package mount_test

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/weirhttp/weir/mount"
)

// hg runs Mercurial in a folder and returns what it prints.
func hg(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("/usr/bin/hg", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HGRCPATH=/dev/null", "HGUSER=Test <test@example.com>", "HGPLAIN=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("hg %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// TestWSGIServesMercurial clones from hgweb below a prefix and pushes to it as a user who signed in.
func TestWSGIServesMercurial(t *testing.T) {
	component(t, "/usr/bin/hg")
	dir := t.TempDir()
	repository := filepath.Join(dir, "repositories", "ducks")
	if err := os.MkdirAll(repository, 0o755); err != nil {
		t.Fatal(err)
	}
	hg(t, repository, "init")
	for _, name := range []string{"Donald", "Daisy"} {
		// Large enough for an answer in many pieces.
		if err := os.WriteFile(filepath.Join(repository, name), []byte(strings.Repeat(name+"\n", 100_000)), 0o644); err != nil {
			t.Fatal(err)
		}
		hg(t, repository, "commit", "--addremove", "--message", name)
	}
	config := filepath.Join(dir, "hgweb.config")
	if err := os.WriteFile(config, []byte("[paths]\n/ = "+filepath.Dir(repository)+"/*\n[web]\nallow_push = alice\npush_ssl = false\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	app, log := wsgi(t, func(a *mount.WSGI) {
		a.App, a.Env = "./hg.wsgi", append(a.Env, "HGWEB_CONFIG="+config, "HGRCPATH=/dev/null")
	})
	server := httptest.NewServer(mount.At("/code", app))
	defer server.Close()

	res, page, err := send(t, server, "GET", "/code/ducks/", nil)
	if err != nil || res.StatusCode != 200 || !strings.Contains(page, "Daisy") {
		t.Fatalf("%v %.1000q %v; %v", res, page, err, log)
	}
	links := regexp.MustCompile(`(?:href|src)="(/[^"]*)"`).FindAllStringSubmatch(page, -1)
	if len(links) < 10 {
		t.Errorf("the page has %d links", len(links))
	}
	for _, link := range links {
		if link[1] == "/" || link[1] == "/code" {
			continue // from the path at the top of the page, which has all that is above
		}
		if !strings.HasPrefix(link[1], "/code/") {
			t.Errorf("the link %s leads out of the mount", link[1])
		} else if res, _, err := send(t, server, "GET", strings.ReplaceAll(link[1], "&amp;", "&"), nil); err != nil || res.StatusCode != 200 {
			t.Errorf("the link %s is %v %v", link[1], res, err)
		}
	}
	hg(t, dir, "clone", server.URL+"/code/ducks", "clone")
	for _, name := range []string{"Donald", "Daisy"} {
		original, err1 := os.ReadFile(filepath.Join(repository, name))
		copied, err2 := os.ReadFile(filepath.Join(dir, "clone", name))
		if err1 != nil || err2 != nil || string(original) != string(copied) {
			t.Errorf("%s was not cloned: %v %v", name, err1, err2)
		}
	}

	clone := filepath.Join(dir, "clone")
	if err := os.WriteFile(filepath.Join(clone, "Dagobert"), []byte(strings.Repeat("money\n", 200_000)), 0o644); err != nil {
		t.Fatal(err)
	}
	hg(t, clone, "commit", "--addremove", "--message", "Dagobert")
	push := exec.Command("/usr/bin/hg", "push")
	push.Dir, push.Env = clone, append(os.Environ(), "HGRCPATH=/dev/null", "HGPLAIN=1")
	if out, err := push.CombinedOutput(); err == nil {
		t.Errorf("nobody may push, and somebody did: %s", out)
	}
	alices := httptest.NewServer(signedIn("alice", mount.At("/code", app)))
	defer alices.Close()
	hg(t, clone, "push", alices.URL+"/code/ducks")
	if got := hg(t, repository, "log", "--template", "{desc} "); got != "Dagobert Daisy Donald " {
		t.Errorf("after the push the log is %q", got)
	}
}

func TestWSGILoadsPasteDeploy(t *testing.T) {
	component(t, "/usr/lib/python3/dist-packages/paste/deploy")
	component(t, "/usr/lib/python3/dist-packages/paste/request.py")
	app, log := wsgi(t, func(a *mount.WSGI) { a.App = "config:site.ini" })
	one, _ := wsgi(t, func(a *mount.WSGI) { a.App = "config:site.ini#home" })
	for name, h := range map[string]*mount.WSGI{"the main one": app, "one by its name": one} {
		w := get(mount.At("/paste", h), "/paste/x")
		if w.Code != 200 || w.Body.String() != "hello at http://example.com/paste/x" || w.Header().Get("X-Filtered") != "yes" {
			t.Errorf("%s: %d %q; %v", name, w.Code, w.Body, log)
		}
	}
	if w := get(mount.At("/paste", app), "/paste/apps/report/y"); !strings.Contains(w.Body.String(), `"SCRIPT_NAME": "/paste/apps/report"`) {
		t.Errorf("below a composite: %d %s", w.Code, w.Body)
	}
}
