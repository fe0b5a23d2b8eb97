package mount_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/weirhttp/weir/mount"
)

// eachBackend tests all of them with the application alive.
func eachBackend(t *testing.T, test func(t *testing.T, name string, app http.Handler)) {
	for _, name := range slices.Sorted(maps.Keys(backends)) {
		t.Run(name, func(t *testing.T) {
			dir, b := t.TempDir(), backends[name]
			if b.start != nil {
				t.Cleanup(b.start(t, dir))
			}
			test(t, name, b.mount(t, dir, slog.New(slog.DiscardHandler)))
		})
	}
}

// raw sends a request as it is written, line by line, and returns the answer with its body.
func raw(t *testing.T, h http.Handler, lines ...string) (*http.Response, string) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	conn := dial(t, server)
	if _, err := io.WriteString(conn, strings.Join(lines, "\r\n")); err != nil {
		t.Fatal(err)
	}
	method, _, _ := strings.Cut(lines[0], " ")
	res, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%v after %.100q", err, body)
	}
	return res, string(body)
}

// report is raw for an application that reports.
func report(t *testing.T, h http.Handler, lines ...string) (told reported) {
	t.Helper()
	res, body := raw(t, h, lines...)
	if res.StatusCode != 200 {
		t.Fatalf("%s is %d %.200s", lines[0], res.StatusCode, body)
	}
	if err := json.Unmarshal([]byte(body), &told); err != nil {
		t.Fatalf("%v: %.200s", err, body)
	}
	return told
}

// TestBackendsTellThePlace holds that an application of any kind learns by which URL it was asked: its script name and
// path info are that path, and nothing that the client wrote is lost.
func TestBackendsTellThePlace(t *testing.T) {
	eachBackend(t, func(t *testing.T, _ string, app http.Handler) {
		for target, c := range map[string]struct {
			prefixes           string // the outermost first
			script, info, rest string
		}{
			"/":                          {"", "", "/", "/"},
			"/x/y":                       {"", "", "/x/y", "/x/y"},
			"/app/":                      {"/app", "/app", "/", "/"},
			"/app/x":                     {"/app", "/app", "/x", "/x"},
			"/a/b/c/x":                   {"/a /b/c", "/a/b/c", "/x", "/x"},
			"/a/a/a/x":                   {"/a /a", "/a/a", "/a/x", "/a/x"},
			"/app//x//":                  {"/app", "/app", "//x//", "//x//"},
			"/app/a%2Fb%20c":             {"/app", "/app", "/a/b c", "/a%2Fb%20c"},
			"/app/%61;v=1/b;c?d=%61":     {"/app", "/app", "/a;v=1/b;c", "/%61;v=1/b;c?d=%61"},
			"/%61pp/%C3%A9":              {"/app", "/app", "/é", "/%C3%A9"},
			"/caf%C3%A9/x":               {"/café", "/café", "/x", "/x"},
			"/app/x?a=b;c=d&e=%zz&f":     {"/app", "/app", "/x", "/x?a=b;c=d&e=%zz&f"},
			"/app/x?":                    {"/app", "/app", "/x", "/x?"},
			"/app/x?/../?a=http://b//c#": {"/app", "/app", "/x", "/x?/../?a=http://b//c#"},
		} {
			h := app
			for _, prefix := range slices.Backward(strings.Fields(c.prefixes)) {
				h = mount.At(prefix, h)
			}
			told := report(t, h, "GET "+target+" HTTP/1.1", "Host: example.org:8080", "Connection: close", "", "")
			_, query, _ := strings.Cut(target, "?")
			for name, want := range map[string]string{
				"SCRIPT_NAME": c.script, "PATH_INFO": c.info, "QUERY_STRING": query, "REQUEST_URI": target,
				"HTTP_HOST": "example.org:8080", "REQUEST_METHOD": "GET",
			} {
				if told.Env[name] != want {
					t.Errorf("%s: %s is %q, want %q", target, name, told.Env[name], want)
				}
			}
			if sent, ok := told.Env["SENT"]; ok && sent != c.rest {
				t.Errorf("%s: it was asked for %q, want %q", target, sent, c.rest)
			}
		}
	})
}

// forgeries are fields in which a client claims to be somebody, from somewhere.
var forgeries = strings.Split(`Remote-User: mallory|Remote_User: mallory|REMOTE-USER: mallory|REMOTE_USER: mallory|remote.user: mallory|`+
	`X-Remote-User: mallory|X-Remote-User: mallory|x_remote_user: mallory|X-Remote_User: mallory|Proxy: mallory|`+
	`X-Forwarded-User: mallory|X-Forwarded-For: mallory|X_Forwarded_For: mallory|X-Forwarded-Prefix: /mallory|X-Script-Name: /mallory|`+
	`Forwarded: for=mallory|X-Forwarded-Host: mallory|X-Forwarded-Proto: mallory|X-Original-Url: /mallory|X-Real-Ip: mallory`, "|")

// TestBackendsTellTheUser holds that an application learns who is signed in, and that nobody can claim it.
func TestBackendsTellTheUser(t *testing.T) {
	eachBackend(t, func(t *testing.T, name string, app http.Handler) {
		for where, lines := range map[string][]string{
			"fields": slices.Concat([]string{"GET /app/ HTTP/1.1", "Host: x"}, forgeries, []string{"", ""}),
			"fields that belong to the connection": slices.Concat([]string{
				"GET /app/ HTTP/1.1", "Host: x", "Connection: close, x-remote-user, Remote-User, Remote_User, X-Forwarded-Prefix, X-Script-Name, Forwarded",
			}, forgeries, []string{"", ""}),
			"trailers": slices.Concat([]string{
				"POST /app/ HTTP/1.1", "Host: x", "Trailer: X-Remote-User, Remote-User, Remote_User", "Transfer-Encoding: chunked", "", "1", "x", "0",
			}, forgeries, []string{"", ""}),
		} {
			for _, user := range []string{"", "alice", "zoë@example.org"} {
				h := app
				if user != "" {
					h = signedIn(user, app)
				}
				told := report(t, mount.At("/app", h), lines...)
				if got, ok := told.Env["REMOTE_USER"]; got != user || ok != (user != "") {
					t.Errorf("%s: REMOTE_USER is %q for %q", where, got, user)
				}
				if told.Env["SCRIPT_NAME"] != "/app" {
					t.Errorf("%s: SCRIPT_NAME is %q", where, told.Env["SCRIPT_NAME"])
				}
				if name == "Go" { // it has the request itself
					continue
				}
				for variable, value := range told.Env {
					if strings.Contains(value, "mallory") {
						t.Errorf("%s: %s is %q", where, variable, value)
					}
				}
			}
		}
	})
}

// TestBackendsPassBodies holds that a body arrives whole, whether its length is known or not.
func TestBackendsPassBodies(t *testing.T) {
	eachBackend(t, func(t *testing.T, _ string, app http.Handler) {
		for _, body := range []string{"", "x", "a=b&c=d", strings.Repeat("0123456789", 30_000)} {
			for _, framed := range [][]string{
				{fmt.Sprintf("Content-Length: %d", len(body)), "", body},
				{"Transfer-Encoding: chunked", "", chunked(body)},
			} {
				lines := append([]string{"POST /app/ HTTP/1.1", "Host: x", "Content-Type: text/plain;a"}, framed...)
				told := report(t, mount.At("/app", app), lines...)
				if told.Body != body || told.Env["CONTENT_TYPE"] != "text/plain;a" || told.Env["REQUEST_METHOD"] != "POST" {
					t.Errorf("%s: %d bytes of %d arrived; %v", framed[0], len(told.Body), len(body), told.Env["CONTENT_TYPE"])
				}
			}
		}
	})
}

// chunked is a body by chunks.
func chunked(body string) string {
	var b strings.Builder
	for len(body) > 0 {
		n := min(len(body), 70_000)
		fmt.Fprintf(&b, "%x\r\n%s\r\n", n, body[:n])
		body = body[n:]
	}
	return b.String() + "0\r\n\r\n"
}

// TestBackendsAnswer holds that what an application answers arrives: each cookie apart, and the same head for HEAD.
func TestBackendsAnswer(t *testing.T) {
	eachBackend(t, func(t *testing.T, _ string, app http.Handler) {
		var heads []http.Header
		for _, method := range []string{"GET", "HEAD"} {
			res, body := raw(t, mount.At("/app", app), method+" /app/ HTTP/1.1", "Host: x", "", "")
			if cookies := res.Header["Set-Cookie"]; res.StatusCode != 200 || !slices.Equal(cookies, []string{"a=1", "b=2"}) {
				t.Errorf("%s: %d, the cookies are %q", method, res.StatusCode, cookies)
			}
			if (body == "") != (method == "HEAD") {
				t.Errorf("%s: the body is %q", method, body)
			}
			res.Header.Del("Date")
			res.Header.Del("Content-Length")
			heads = append(heads, res.Header)
		}
		if fmt.Sprint(heads[0]) != fmt.Sprint(heads[1]) {
			t.Errorf("GET has %v and HEAD %v", heads[0], heads[1])
		}
	})
}

// TestBackendsStayInTheirPlace holds that nothing that a client writes leads an application out of its prefix.
func TestBackendsStayInTheirPlace(t *testing.T) {
	eachBackend(t, func(t *testing.T, _ string, app http.Handler) {
		for target, want := range map[string]int{
			"/app/../x": 400, "/app/%2e%2e/x": 400, "/app/..%2fx": 400, "/app/..;/x": 400, `/app/..\x`: 400,
			"/application/": 404, "/app%2Fx": 404, "/App/": 404, "/app": 308,
		} {
			res, body := raw(t, mount.At("/app", app), "GET "+target+" HTTP/1.1", "Host: x", "", "")
			if res.StatusCode != want {
				t.Errorf("%s is %d %.100s", target, res.StatusCode, body)
			}
		}
	})
}
