package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/weirhttp/weir/deploy"
)

// TestCheck holds that all faults of a file are told in one run, each at its place.
func TestCheck(t *testing.T) {
	broken, err := os.ReadFile("testdata/broken.txt")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		file, want string
		code       int
	}{
		"a site":          {"testdata/site.toml", "", 0},
		"three faults":    {"testdata/broken.toml", string(broken), 1},
		"no file":         {"testdata/none.toml", "testdata/none.toml: ", 1},
		"serve, likewise": {"testdata/broken.toml", string(broken), 1},
	} {
		args := []string{"check", c.file}
		if strings.HasPrefix(name, "serve, l") {
			args[0] = "serve"
		}
		var out, errs bytes.Buffer
		if code := run(t.Context(), args, &out, &errs); code != c.code || out.Len() > 0 {
			t.Errorf("%s: exit code %d, and %q", name, code, &out)
		}
		if got := errs.String(); got != c.want && !(name == "no file" && strings.HasPrefix(got, c.want)) {
			t.Errorf("%s: it says\n%swant\n%s", name, got, c.want)
		}
	}
}

// TestServeFile serves a program from a file: the first one that somebody would write.
func TestServeFile(t *testing.T) {
	if _, err := os.Stat("/usr/lib/cgi-bin/gitweb.cgi"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	p := startCommand(t, nil, "serve", "--listen", "127.0.0.1:0", "testdata/site.toml")
	a := ask(t, client(t), "GET", p.base+"/code/", nil, "Accept-Encoding: gzip")
	if a.header.Get("Content-Encoding") != "gzip" || a.header.Get("Ratelimit-Policy")+a.header.Get("X-Ratelimit-Limit")+a.header.Get("RateLimit") == "" {
		t.Errorf("%d %v", a.status, a.header)
	}
	if a := ask(t, client(t), "GET", p.base+"/", nil); a.status != 404 {
		t.Errorf("beside the mount it is %d", a.status)
	}
	p.stop()
	if log := p.stderr.String(); !strings.Contains(log, "/code/") {
		t.Errorf("the log has no request:\n%s", log)
	}
}

// TestReadmeFile holds that the file in the README is one.
func TestReadmeFile(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, file, _ := strings.Cut(string(readme), "```toml\n")
	file, _, found := strings.Cut(file, "```\n")
	if !found {
		t.Fatal("the README has no file")
	}
	if _, err := deploy.Parse("README.md", []byte(file), deploy.Builtin()); err != nil {
		t.Error(err)
	}
}
