package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/weirhttp/weir/deploy"
)

// gitwebStatic is where Debian puts gitweb's style sheet, script and pictures.
const gitwebStatic = "/usr/share/gitweb/static"

// missing skips a test whose component is not installed. In continuous integration it fails instead.
func missing(t *testing.T, component string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("missing: %s", component)
	}
	t.Skipf("missing: %s", component)
}

// gitweb returns the path of gitweb's CGI program.
func gitweb(t *testing.T) string {
	t.Helper()
	if err := exec.CommandContext(t.Context(), "perl", "-MCGI", "-e", "1").Run(); err != nil {
		missing(t, "the Debian package gitweb, which brings perl with its module CGI") // git alone has the program
	}
	for _, path := range []string{"/usr/lib/cgi-bin/gitweb.cgi", "/usr/share/gitweb/gitweb.cgi"} {
		if info, err := os.Stat(path); err == nil && info.Mode()&0o111 != 0 {
			return path
		}
	}
	missing(t, "the Debian package gitweb")
	return ""
}

// git runs git in a folder and returns the first line that it prints.
func git(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = dir
	out, err := cmd.Output()
	line, _, _ := strings.Cut(string(out), "\n")
	return line, err
}

// must is git, where a failure ends the test.
func must(t *testing.T, dir string, args ...string) string {
	t.Helper()
	line, err := git(t, dir, args...)
	if err != nil {
		t.Fatalf("git %v: %v", args, err)
	}
	return line
}

// repository puts a bare copy of this project's repository into a new folder as weir.git and returns the folder. Where
// the tests are no checkout with commits, the copy is of a small repository made for it.
func repository(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		missing(t, "the Debian package git")
	}
	// The checkout, and gitweb's view of the copy, may belong to another user than the one who runs the test.
	for name, value := range map[string]string{
		"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*",
		"GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@weir.test", "GIT_AUTHOR_DATE": "2026-01-02T03:04:05Z",
		"GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@weir.test", "GIT_COMMITTER_DATE": "2026-01-02T03:04:05Z",
	} {
		t.Setenv(name, value)
	}
	source, err := git(t, ".", "rev-parse", "--show-toplevel")
	if err == nil {
		_, err = git(t, source, "rev-parse", "--verify", "HEAD")
	}
	if err != nil {
		source = made(t)
	}
	root := t.TempDir()
	must(t, root, "clone", "--quiet", "--bare", source, "weir.git")
	return root
}

// made returns a repository of three commits with some names that are hard on URLs.
func made(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	must(t, dir, "init", "--quiet")
	for n := range 3 {
		for _, name := range []string{"go.mod", "filter/gzip.go", "filter/a & b?.go", "docs/über uns;v=1.md", "docs/100%#.md"} {
			path := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, fmt.Appendf(nil, "%s, edition %d\nof /code/ and \"/code\"\n", name, n), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		must(t, dir, "add", ".")
		must(t, dir, "commit", "--quiet", "-m", fmt.Sprintf("edition %d", n))
	}
	return dir
}

// configure writes a configuration for gitweb and points the environment at it. With pathinfo, gitweb writes URLs such
// as /weir.git/blob/HEAD:/go.mod, else such as ?p=weir.git;a=blob;hb=HEAD;f=go.mod.
func configure(t *testing.T, root string, pathinfo int) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "gitweb.conf")
	text := fmt.Sprintf(`
our $projectroot = %q;
our $feature{'pathinfo'}{'default'} = [%d];
our @stylesheets = ("$my_uri/static/gitweb.css");
our $javascript = "$my_uri/static/gitweb.js";
our $logo = "$my_uri/static/git-logo.png";
our $favicon = "$my_uri/static/git-favicon.png";
`, root, pathinfo)
	text = strings.ReplaceAll(text, "our $feature{", "$feature{")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GITWEB_CONFIG", path)
}

// gitwebPages returns the paths, below the script name, of the pages that are looked at: summary, tree, blob,
// commitdiff and the two kinds of feed. The commit is the latest that changed few files, so that its page, like the
// others, has no more than some dozens of links.
func gitwebPages(t *testing.T, root string, pathinfo int) []string {
	t.Helper()
	bare := filepath.Join(root, "weir.git")
	commit := must(t, bare, "rev-parse", "HEAD")
	out, err := exec.CommandContext(t.Context(), "git", "-C", bare, "log", "--format=%x00%H", "--name-only", "-n", "50").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, record := range strings.Split(string(out), "\x00")[1:] {
		if names := strings.Fields(record); len(names) > 1 && len(names) < 12 {
			commit = names[0]
			break
		}
	}
	file := must(t, bare, "ls-tree", "-r", "--name-only", "HEAD") // the first
	if pathinfo == 0 {
		return []string{"/?p=weir.git;a=summary", "/?p=weir.git;a=tree", "/?p=weir.git;a=blob;hb=HEAD;f=" + url.QueryEscape(file),
			"/?p=weir.git;a=commitdiff;h=" + commit, "/?p=weir.git;a=rss", "/?p=weir.git;a=atom"}
	}
	return []string{"/weir.git/summary", "/weir.git/tree", "/weir.git/blob/HEAD:/" + (&url.URL{Path: file}).EscapedPath(),
		"/weir.git/commitdiff/" + commit, "/weir.git/rss", "/weir.git/atom"}
}

// gitwebHost is the host that gitweb is asked by, wherever it listens, since it writes the host into its pages.
const gitwebHost = "http://weir.test"

// to returns a transport that takes every request to a server.
func to(t *testing.T, address string) *http.Transport {
	t.Helper()
	transport := &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

// served starts a server for a handler and returns a transport that takes every request to it.
func served(t *testing.T, h http.Handler) *http.Transport {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return to(t, server.Listener.Addr().String())
}

// built returns the site that options ask for.
func built(t *testing.T, o *options) http.Handler {
	t.Helper()
	text, err := o.file()
	if err != nil {
		t.Fatal(err)
	}
	site, err := deploy.Parse("site.toml", []byte(text), parts())
	if err != nil {
		t.Fatal(err)
	}
	h, closer, err := site.Build()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closer.Close() })
	return h
}

// bare runs gitweb without weir, at a script name.
func bare(t *testing.T, program, script string) *http.Transport {
	t.Helper()
	return served(t, &cgi.Handler{Path: program, Root: script, InheritEnv: inherited(os.Environ()), Stderr: io.Discard})
}

// age is how gitweb says how long ago something was.
var age = regexp.MustCompile(`\d+ (sec|min|hours|days|weeks|months|years) ago|right now`)

// deadInGitweb is a link that gitweb writes into feeds and itself answers with 404: what changed in a file that is new.
var deadInGitweb = regexp.MustCompile(`/blobdiff/0{40,64}\.\.`)

// eachURLStyle runs a test for both kinds of URLs that gitweb can write.
func eachURLStyle(t *testing.T, test func(t *testing.T, pathinfo int)) {
	t.Run("query", func(t *testing.T) { test(t, 0) })
	t.Run("path info", func(t *testing.T) { test(t, 1) })
}

// TestGitwebIsWholeBelowItsPrefix follows the links on the pages through the real program.
func TestGitwebIsWholeBelowItsPrefix(t *testing.T) {
	program, root := gitweb(t), repository(t)
	eachURLStyle(t, func(t *testing.T, pathinfo int) {
		configure(t, root, pathinfo)
		p := start(t, nil, "--cgi", program, "--at", "/code/", "--files", "/code/static="+gitwebStatic)
		c := newCrawler(t, to(t, strings.TrimPrefix(p.base, "http://")), gitwebHost+"/code/")
		c.except = deadInGitweb
		pages := []string{gitwebHost + "/code/"}
		for _, path := range gitwebPages(t, root, pathinfo) {
			pages = append(pages, gitwebHost+"/code"+path)
		}
		visited := c.follow(pages...)
		t.Logf("%d links", len(visited))
		kinds := slices.Collect(maps.Values(visited))
		for _, want := range []string{"text/css", "image/png"} {
			if !slices.ContainsFunc(kinds, func(kind string) bool { return strings.HasPrefix(kind, want) }) {
				t.Errorf("no link leads to %s", want)
			}
		}
	})
}

// TestGitwebIsTheSameWithoutWeir compares the pages with those of gitweb run by net/http/cgi alone: at the same prefix
// byte for byte, and at none but for the prefix.
func TestGitwebIsTheSameWithoutWeir(t *testing.T) {
	program, root := gitweb(t), repository(t)
	eachURLStyle(t, func(t *testing.T, pathinfo int) {
		configure(t, root, pathinfo)
		o := options{listen: "127.0.0.1:0", cgi: program, at: "/code/"}
		below := &http.Client{Transport: served(t, built(t, &o))}
		same := &http.Client{Transport: bare(t, program, "/code")}
		none := &http.Client{Transport: bare(t, program, "")}
		for _, path := range gitwebPages(t, root, pathinfo) {
			got := ask(t, below, "GET", gitwebHost+"/code"+path, nil)
			if got.status != http.StatusOK {
				t.Errorf("%s: status %d", path, got.status)
			}
			differ(t, path, got, ask(t, same, "GET", gitwebHost+"/code"+path, nil), unaged)
			differ(t, path, got, ask(t, none, "GET", gitwebHost+path, nil), unprefixed)
		}
	})
}

// differ fails the test when two answers are not the same but for what normal takes away.
func differ(t *testing.T, path string, got, want answer, normal func(string) string) {
	t.Helper()
	for _, name := range []string{"Content-Type", "Last-Modified", "Content-Disposition"} {
		if got.header.Get(name) != want.header.Get(name) {
			t.Errorf("%s: %s is %q below weir, %q without", path, name, got.header.Get(name), want.header.Get(name))
		}
	}
	a, b := strings.Split(normal(got.body), "\n"), strings.Split(normal(want.body), "\n")
	for n := range min(len(a), len(b)) {
		if a[n] != b[n] {
			t.Fatalf("%s, line %d\nbelow weir: %s\nwithout:    %s", path, n+1, a[n], b[n])
		}
	}
	if got.status != want.status || len(a) != len(b) {
		t.Errorf("%s: status %d and %d lines below weir, %d and %d without", path, got.status, len(a), want.status, len(b))
	}
}

// unaged takes how long ago something was out of a page, since that changes while one looks.
func unaged(page string) string {
	return age.ReplaceAllString(page, "some time ago")
}

// unprefixed takes the prefix out of a page, too, wherever it stands. Where the script name alone is a link, gitweb
// writes a slash for an empty one.
func unprefixed(page string) string {
	page = strings.ReplaceAll(unaged(page), `href="/code"`, `href="/"`)
	return strings.ReplaceAll(page, "/code", "")
}
