package mount_test

import (
	"net/url"
	"path"
	"strings"
	"testing"

	"github.com/weirhttp/weir/mount"
)

func TestAtRefusesToClimb(t *testing.T) {
	for _, rest := range strings.Fields(`
		/.. /../ /../x /%2e%2e/x /.%2e/x /%2E./x /a/../../x /a/%2e%2e/%2E%2E/x
		/%252e%252e/x /%25%32%65./x /..%2fx /..%2Fx /%2e%2e%2fx /..%252fx /%25252e%25252e/x
		/..%5Cx /..%5cx /%2e%2e%5cx /a%5c..%5C../x /..%255cx /a/..%5c..%5cx
		/..;/x /..;a=b/x /%2e%2e;/x /..%3b/x /..%3Bx/y /..%253b/x /..%3Fx /..%23x /..%00/x /..%00x
		/./../x /.//../x //../x /a//../../x /%2e/../x /%20/../x /;/../x /.;/../x /.../../x
		/..%20/x /..%20./x /..%09/x
		/a%2F../../x /a%2f%2e%2e/../x /a%2Fb/../../x /a%252Fb/../../x
		/%c0%ae%c0%ae/x /%c0%ae./x /..%c0%afx /..%c1%9cx /%25c0%25ae./x`) {
		if w := ask(mount.At("/app", place), "/app"+rest); w == nil || w.Code != 400 {
			t.Errorf("/app%s passes", rest)
		}
	}
	if w := ask(mount.At("/app", place), `/app/..\x`); w.Code != 400 {
		t.Error("a backslash passes")
	}
	for _, rest := range strings.Fields(`
		/ // /x /a/.. /a/../b /a/b/../../c /a/./b /a//b /a//b/../c /..a /a.. /... /.a/../b /a%2Fb /a%2Fb/../c
		/a%20b /%25 /%2525 /a;b/../c /a%3Fb /%00 /..a%2Fb /a/%2e%2e/b /a%5Cb /%c0 /K%C3%A9/.. /100%25/../x /x%252Fy/../z
		/go/... /v1..v2 /a...b/..c /;x /.; /%3F`) {
		if w := ask(mount.At("/app", place), "/app"+rest); w == nil || w.Code != 200 {
			t.Errorf("/app%s does not pass", rest)
		}
	}
}

// FuzzAtClimbs holds every path that passes against the readings of servers: none leads
// out of the mount.
func FuzzAtClimbs(f *testing.F) {
	for _, rest := range []string{"/%2e%2e/x", "/a/../b", "/..;/x", "/a%5c..%5c..", "//..", "/a%2F../..", "/%252e%252e", "/..%00"} {
		f.Add(rest)
	}
	f.Fuzz(func(t *testing.T, rest string) {
		w := ask(mount.At("/app", place), "/app"+rest)
		if w == nil || w.Code != 200 {
			return
		}
		u, _ := url.ParseRequestURI("/app" + rest)
		for name, reading := range readings {
			if p := reading(u.EscapedPath()); p != "/app" && !strings.HasPrefix(p, "/app/") {
				t.Fatalf("/app%s passes, and is %q to a server that reads it %s", rest, p, name)
			}
		}
	})
}

// readings are what servers make of an escaped path.
var readings = map[string]func(string) string{
	"as it is":                  path.Clean,
	"decoded once":              func(p string) string { return path.Clean(unescape(p)) },
	"decoded twice":             func(p string) string { return path.Clean(unescape(unescape(p))) },
	"decoded, with backslashes": func(p string) string { return path.Clean(strings.ReplaceAll(unescape(p), `\`, "/")) },
	"decoded after cleaning":    func(p string) string { return path.Clean(unescape(path.Clean(p))) },
	"without merging slashes":   unmerged,
	"without parameters": func(p string) string {
		segments := strings.Split(p, "/")
		for i := range segments {
			segments[i], _, _ = strings.Cut(segments[i], ";")
		}
		return path.Clean(unescape(strings.Join(segments, "/")))
	},
	"without decoded parameters": func(p string) string {
		segments := strings.Split(unescape(p), "/")
		for i := range segments {
			segments[i], _, _ = strings.Cut(segments[i], ";")
		}
		return path.Clean(strings.Join(segments, "/"))
	},
	"up to a NUL": func(p string) string {
		p, _, _ = strings.Cut(unescape(p), "\x00")
		return path.Clean(p)
	},
}

// unmerged resolves dot segments as RFC 3986 section 5.2.4 does, where an empty segment is one.
func unmerged(p string) string {
	u := &url.URL{Scheme: "http", Host: "h", Path: "/"}
	return u.ResolveReference(&url.URL{Path: unescape(p)}).Path
}

func unescape(p string) string {
	if s, err := url.PathUnescape(p); err == nil {
		return s
	}
	return p
}
