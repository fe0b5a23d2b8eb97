package weir_test

import (
	"bufio"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weirhttp/weir"
	"github.com/weirhttp/weir/mount"
)

// redirectTargets are request targets that tempt a server to redirect to
// another host, as written after the prefix.
var redirectTargets = []string{
	"", "?next=//evil.example", "//evil.example", "//evil.example/..", `/\evil.example`, "/%5cevil.example/",
	"/%2f%2fevil.example/..", "///evil.example/%2e%2e", "/;//evil.example", "/http://evil.example", "//evil.example/%2f..",
	"/%0d%0aLocation:%20//evil.example", "/dir", "//dir", "/dir/index.html", "//evil.example@h/dir", `/\/evil.example/dir`,
}

// redirectFields are what clients say about the place that they ask for.
var redirectFields = []string{
	"Host: h", "Host: h\r\nX-Forwarded-Host: evil.example", "Host: h\r\nX-Forwarded-Prefix: //evil.example",
	"Host: h\r\nForwarded: host=evil.example;proto=javascript", "Host: h\r\nX-Original-URL: //evil.example/",
	"Host: h\r\nX-Rewrite-URL: //evil.example/", "Host: h\r\nX-Script-Name: //evil.example", "Host: h\r\nX-Forwarded-Proto: javascript",
	"Host: evil.example:80:90", "Host: h\r\nReferer: //evil.example",
}

// TestRedirectsStayHome asks applications below a mount that redirect for
// reasons of their own, and the mount itself: read as a browser reads it, no
// Location leads to another host.
func TestRedirectsStayHome(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "dir"), 0o700); err != nil {
		t.Fatal(err)
	}
	putFile(t, filepath.Join(dir, "dir", "index.html"), []byte("<p>index"))
	mux := http.NewServeMux()
	mux.Handle("/dir/", http.FileServer(http.Dir(dir)))
	for name, app := range map[string]http.Handler{
		"files": http.FileServer(http.Dir(dir)), "a mux": mux, "a mount of its own": mount.At("/dir", mux),
	} {
		t.Run(name, func(t *testing.T) {
			for _, f := range faultStacks {
				s := new(faultSite)
				s.open(t, weir.Stack(f.stack(silent)...).Then(mount.At("/app", app)))
				redirects := 0
				for _, prefix := range []string{"/app", "/%61pp", "//app", "http://evil.example/app", "/app/dir"} {
					for _, target := range redirectTargets {
						for _, fields := range redirectFields {
							target := prefix + target
							location, ok := s.located(target, fields)
							if !ok {
								continue
							}
							redirects++
							if got := browsed("http://h/"+strings.TrimLeft(target, "/"), location); got != "h" {
								t.Errorf("%s: GET %s with %q leads to %q, which is at %s", f.name, target, fields, location, got)
							}
						}
					}
				}
				if redirects == 0 {
					t.Error("nothing redirects")
				}
			}
		})
	}
}

// located returns the Location that a target is answered with.
func (s *faultSite) located(target, fields string) (string, bool) {
	conn := s.dial()
	defer conn.Close()
	_, _ = io.WriteString(conn, "GET "+target+" HTTP/1.1\r\n"+fields+"\r\nConnection: close\r\n\r\n")
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		s.t.Errorf("GET %s: %v", target, err)
		return "", false
	}
	defer res.Body.Close()
	if n := len(res.Header.Values("Location")); n > 1 {
		s.t.Errorf("GET %s: %d Locations", target, n)
	}
	return res.Header.Get("Location"), res.Header.Get("Location") != ""
}

// browsed is the host that a browser goes to: it drops tabs and line ends, and
// takes backslashes for slashes (the URL standard of the WHATWG).
func browsed(page, location string) string {
	location = strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(strings.TrimSpace(location))
	if strings.HasPrefix(location, "///") {
		location = "//" + strings.TrimLeft(location, "/")
	}
	at, err := url.Parse(page)
	if err != nil {
		at = &url.URL{Scheme: "http", Host: "h", Path: "/app"}
	}
	to, err := at.Parse(location)
	if err != nil {
		return "no URL: " + location
	}
	return to.Hostname()
}
