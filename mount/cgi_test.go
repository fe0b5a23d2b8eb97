package mount_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/weirhttp/weir/mount"
	"github.com/weirhttp/weir/rewrite"
)

// variables asks for target and returns the environment that the program had.
func variables(t *testing.T, h http.Handler, r *http.Request) map[string]string {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != 200 {
		t.Fatalf("%s is %d: %s", r.URL, w.Code, w.Body)
	}
	env := map[string]string{}
	for line := range strings.Lines(w.Body.String()) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		env[name] = value
	}
	return env
}

func TestCGIKnowsItsPlace(t *testing.T) {
	cgi := program(t, "env")
	for target, c := range map[string]struct {
		h            http.Handler
		script, info string
	}{
		"/x/y?q=1":            {cgi, "", "/x/y"},
		"/code/x?q=a%20b":     {mount.At("/code", cgi), "/code", "/x"},
		"/code/":              {mount.At("/code", cgi), "/code", "/"},
		"/a/b/x":              {mount.At("/a", mount.At("/b", cgi)), "/a/b", "/x"},
		"/a/a/a/x":            {mount.At("/a", mount.At("/a", cgi)), "/a/a", "/a/x"},
		"/c/c//%61%2Fb;d%20e": {mount.At("/c", cgi), "/c", "/c//a/b;d e"},
		"/%6d%C3%BC/%E2%82":   {mount.At("/mü", cgi), "/mü", "/\xe2\x82"},
	} {
		env := variables(t, c.h, httptest.NewRequest("GET", target, nil))
		for name, want := range map[string]string{"SCRIPT_NAME": c.script, "PATH_INFO": c.info, "REQUEST_URI": target, "SERVER_PROTOCOL": "HTTP/1.1"} {
			if env[name] != want {
				t.Errorf("%s: %s is %q, want %q", target, name, env[name], want)
			}
		}
		r := httptest.NewRequest("GET", target, nil)
		r.RequestURI = ""
		if got := variables(t, c.h, r)["REQUEST_URI"]; got != target {
			t.Errorf("%s: REQUEST_URI made by us is %q", target, got)
		}
	}
}

func TestCGIKnowsWhoAsks(t *testing.T) {
	cgi := mount.At("/code", program(t, "env", "CONFIGURED=yes", "REMOTE_USER=nobody"))
	forged := httptest.NewRequest("GET", "/code/", nil)
	for _, name := range strings.Fields("Remote-User Remote_User REMOTE_USER remote-user Remote.User Http_Remote_User X_Remote_User X_Y Proxy") {
		forged.Header[name] = []string{"mallory"}
	}
	forged.Header.Set("Connection", "Remote-User, X-Kept, Remote_User")
	forged.Header.Set("X-Kept", "kept")
	forged.Header.Set("Cookie", "a=b")
	forged.RemoteAddr = "[2001:db8::1]:99"

	env := variables(t, mount.At("/code", program(t, "env")), forged)
	if user, ok := env["REMOTE_USER"]; ok {
		t.Errorf("REMOTE_USER is %q although nobody signed in", user)
	}
	for name, value := range env {
		if strings.Contains(value, "mallory") {
			t.Errorf("the client set %s", name)
		}
	}
	if env["HTTP_X_KEPT"] != "kept" || env["HTTP_COOKIE"] != "a=b" || env["REMOTE_ADDR"] != "2001:db8::1" || env["REMOTE_PORT"] != "99" {
		t.Errorf("the environment is %q", env)
	}

	known := rewrite.Request(rewrite.User.Set("alice"), rewrite.Client.Set(netip.MustParseAddr("2001:db8::7%eth0")))
	env = variables(t, known(cgi), forged)
	for name, want := range map[string]string{
		"REMOTE_USER": "alice", "REMOTE_ADDR": "2001:db8::7", "REMOTE_HOST": "2001:db8::7", "REMOTE_PORT": "", "CONFIGURED": "yes",
	} {
		if env[name] != want {
			t.Errorf("%s is %q, want %q", name, env[name], want)
		}
	}
	env = variables(t, rewrite.Request(rewrite.User.Set(""))(mount.At("/code", program(t, "env"))), forged)
	if user, ok := env["REMOTE_USER"]; ok {
		t.Errorf("REMOTE_USER is %q for the empty user", user)
	}
	if _, ok := forged.Header["Remote-User"]; !ok {
		t.Error("the request was edited")
	}
}

func TestCGIAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		print  string
		status int
		field  string // a field of the answer
		body   string
	}{
		"a page":                       {"Content-Type: text/html\r\nX-A: 1\r\nX-A: 2\r\n\r\nhi", 200, "X-A: [1 2]", "hi"},
		"a status":                     {"Status: 404 Gone Fishing\nContent-Type: text/x\n\nno", 404, "Content-Type: [text/x]", "no"},
		"a status in lower case":       {"status: 403 No\nContent-Type: text/x\n\nno", 403, "Status: []", "no"},
		"a status with no reason":      {"Status: 201\n\n", 201, "Status: []", ""},
		"a redirect":                   {"Location: /code/x\n\n", 302, "Location: [/code/x]", ""},
		"a redirect with a status":     {"Status: 301\nLocation: http://x/\n\n", 301, "Location: [http://x/]", ""},
		"framing of its own":           {"Content-Type: text/x\nTransfer-Encoding: chunked\n\nhi", 200, "Transfer-Encoding: []", "hi"},
		"a status that is none":        {"Status: not found\nContent-Type: text/x\n\nno", 500, "Content-Type: [text/plain; charset=utf-8]", "Internal Server Error\n"},
		"no head":                      {"", 500, "", "Internal Server Error\n"},
		"a head that does not end":     {"Content-Type: text/x\n", 500, "", "Internal Server Error\n"},
		"no type":                      {"X: y\n\nhi", 500, "", "Internal Server Error\n"},
		"lines that are no fields":     {"Content-Type: text/x\nnonsense\nA B: c\n\nhi", 200, "Content-Type: [text/x]", "hi"},
		"a line that is very long":     {"Content-Type: text/x\nX: " + strings.Repeat("x", 50_000) + "\n\nhi", 200, "", "hi"},
		"a control in a field":         {"Content-Type: text/x\nX: a\vb\n\nhi", 200, "X: []", "hi"},
		"a status below 200":           {"Status: 103\n\n", 500, "", "Internal Server Error\n"},
		"a status of leading zeros":    {"Status: 042\n\n", 500, "", "Internal Server Error\n"},
		"a length that is none":        {"Status: 200\nContent-Length: -1\n\nhi", 500, "", "Internal Server Error\n"},
		"a connection of its own":      {"Status: 200\nConnection: X-Hop\nX-Hop: 1\n\nhi", 200, "X-Hop: []", "hi"},
		"a length":                     {"Content-Type: text/x\nContent-Length: 2\n\nhi", 200, "Content-Length: [2]", "hi"},
		"a status that is not its own": {"Status: 204\n\n", 204, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(program(t, "print", "PRINT="+c.print))
			defer server.Close()
			client := *server.Client()
			client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			res, err := client.Get(server.URL)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			body, err := io.ReadAll(res.Body)
			if res.StatusCode != c.status || string(body) != c.body || err != nil {
				t.Errorf("%d %q %v, want %d %q", res.StatusCode, body, err, c.status, c.body)
			}
			if name, _, _ := strings.Cut(c.field, ":"); name != "" {
				if got := fmt.Sprintf("%s: %v", name, res.Header[name]); got != c.field {
					t.Errorf("%s, want %s", got, c.field)
				}
			}
		})
	}
}

func TestCGILogs(t *testing.T) {
	var log bytes.Buffer
	cgi := program(t, "complain")
	cgi.Logger = slog.New(slog.NewTextHandler(&log, nil))
	w := httptest.NewRecorder()
	cgi.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Body.String() != "fine" {
		t.Errorf("the answer is %q", w.Body)
	}
	got := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(got) != 4 {
		t.Fatalf("the log has %d lines: %s", len(got), log.String())
	}
	for i, want := range []string{"line=first", `line="second xxx`, "line=xxx", `line="the end"`} {
		if !strings.Contains(got[i], want) || !strings.Contains(got[i], "level=WARN") || !strings.Contains(got[i], "program=") {
			t.Errorf("%s has no %s", got[i], want)
		}
	}

	log.Reset()
	cgi.Path = t.TempDir() + "/missing"
	w = httptest.NewRecorder()
	cgi.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Code != 500 || !strings.Contains(log.String(), "level=ERROR") {
		t.Errorf("a missing program is %d: %s", w.Code, log.String())
	}
}

func TestCGIPassesArguments(t *testing.T) {
	cgi := program(t, "args")
	cgi.Args, cgi.Dir = []string{"-a", "b c"}, "/"
	w := httptest.NewRecorder()
	cgi.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if got, want := w.Body.String(), `["-a" "b c"] in /`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestCGIRefusesANUL(t *testing.T) {
	w := ask(mount.At("/code", program(t, "env")), "/code/a%00b")
	if w.Code != 400 {
		t.Errorf("a path with a NUL is %d", w.Code)
	}
}

func TestCGIThatCrashesIsCut(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		server := httptest.NewUnstartedServer(program(t, "crash"))
		server.EnableHTTP2 = http2
		server.StartTLS()
		defer server.Close()
		res, err := server.Client().Get(server.URL)
		if err != nil {
			continue // cut before the head came
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err == nil {
			t.Errorf("%s: %q ends as if it were whole", res.Proto, body)
		}
	}
}

func TestCGIIsKilledWhenTheClientLeaves(t *testing.T) {
	ended := make(chan struct{})
	cgi := program(t, "forever")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(ended)
		cgi.ServeHTTP(w, r)
	}))
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	req, _ := http.NewRequestWithContext(ctx, "GET", server.URL, nil)
	res, err := server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(res.Body).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	cancel()
	res.Body.Close()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Error("the program still runs")
	}
}

// TestCGIKnowsItsServer holds that there is a name and a port, whatever the client says (RFC 3875 sections 4.1.14, 4.1.15).
func TestCGIKnowsItsServer(t *testing.T) {
	for host, want := range map[string]string{
		"example.com": "example.com 80", "example.com:8080": "example.com 8080", "example.com:": "example.com 80",
		"example.com:http": "localhost 80", "example.com:-1": "localhost 80", ":8080": "localhost 80", "": "localhost 80",
		"[::1]": "[::1] 80", "[::1]:81": "[::1] 81", "[::1]:": "[::1] 80",
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Host = host
		env := variables(t, program(t, "env"), r)
		if got := env["SERVER_NAME"] + " " + env["SERVER_PORT"]; got != want || env["HTTP_HOST"] != host {
			t.Errorf("%q: %s, want %s; HTTP_HOST is %q", host, got, want, env["HTTP_HOST"])
		}
	}
}
