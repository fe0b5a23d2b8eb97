package mount_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weirhttp/weir/mount"
	"github.com/weirhttp/weir/rewrite"
)

// python is the interpreter that Debian's modules are installed for.
const python = "/usr/bin/python3"

// wsgi starts the applications of testdata/wsgi/apps.py, each below its name.
func wsgi(t testing.TB, edits ...func(*mount.WSGI)) (*mount.WSGI, *journal) {
	t.Helper()
	component(t, python)
	log := newJournal()
	app := &mount.WSGI{App: "apps", Python: python, Dir: "testdata/wsgi", Threads: 4, Logger: log.logger()}
	app.Env = []string{"PYTHONDONTWRITEBYTECODE=1"}
	for _, edit := range edits {
		edit(app)
	}
	t.Cleanup(func() {
		if err := app.Close(); err != nil {
			t.Error(err)
		}
	})
	return app, log
}

// over serves h over HTTP/1.1 and HTTP/2.
func over(t *testing.T, h http.Handler, test func(t *testing.T, server *httptest.Server)) {
	for _, http2 := range []bool{false, true} {
		t.Run(map[bool]string{false: "HTTP1", true: "HTTP2"}[http2], func(t *testing.T) {
			server := httptest.NewUnstartedServer(h)
			server.EnableHTTP2 = http2
			server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
			server.StartTLS()
			defer server.Close()
			test(t, server)
		})
	}
}

// send sends a request to a path of a server and returns the answer, its body, and why that is not whole.
func send(t *testing.T, server *httptest.Server, method, path string, body io.Reader) (*http.Response, string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, body)
	if err != nil {
		t.Fatal(err)
	}
	res, err := server.Client().Do(req)
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return res, string(text), err
}

func TestWSGIAnswers(t *testing.T) {
	app, log := wsgi(t)
	for _, valid := range []string{"", "/valid"} {
		for name, c := range map[string]struct {
			path   string
			status int
			field  string
			body   string
			closed bool
		}{
			"pieces":                  {"/closing", 200, "Content-Type: [text/plain]", "ab", true},
			"a generator":             {"/generator", 200, "", "ab", true},
			"what it writes":          {"/write", 201, "", "abc", false},
			"no body":                 {"/nothing", 204, "Content-Type: []", "", false},
			"cookies, apart":          {"/cookies", 200, "Set-Cookie: [a=1 b=2]", "none", false},
			"a field beyond ASCII":    {"/cookies", 200, "X-Latin: [caf\xe9]", "none", false},
			"another status on error": {"/raises?replaced", 503, "", "sorry", false},
			"a large body":            {"/large?size=1000000&piece=1000", 200, "", strings.Repeat("x", 1000000), false},
			"a body in large pieces":  {"/large?size=1000000&piece=300000", 200, "", strings.Repeat("x", 1000000), false},
		} {
			t.Run(name+valid, func(t *testing.T) {
				over(t, app, func(t *testing.T, server *httptest.Server) {
					log.reset()
					res, body, err := send(t, server, "GET", valid+c.path, nil)
					if err != nil || res.StatusCode != c.status || body != c.body {
						t.Fatalf("%v, %.100q, %v; want %d %.100q; the log: %v", res, body, err, c.status, c.body, log)
					}
					if name, _, _ := strings.Cut(c.field, ":"); name != "" && fmt.Sprintf("%s: %v", name, res.Header[name]) != c.field {
						t.Errorf("%s is %q", name, res.Header[name])
					}
					if c.closed != log.has("closed") {
						t.Errorf("the result was closed: %v", log.has("closed"))
					}
					if log.has("Traceback") || log.has("Error") {
						t.Error(log)
					}
					if head, _, err := send(t, server, "HEAD", valid+c.path, nil); err != nil || head.StatusCode != c.status {
						t.Errorf("HEAD: %v %v", head, err)
					}
				})
			})
		}
	}
}

func TestWSGISaysHowLongAListIs(t *testing.T) {
	app, _ := wsgi(t)
	w := httptest.NewRecorder()
	app.ServeHTTP(w, httptest.NewRequest("GET", "/cookies", nil))
	if got := w.Header().Get("Content-Length"); got != "4" {
		t.Errorf("Content-Length is %q", got)
	}
}

func TestWSGITakesBodies(t *testing.T) {
	app, _ := wsgi(t)
	big := strings.Repeat("0123456789abcdef", 1<<18) // 4 MiB
	over(t, app, func(t *testing.T, server *httptest.Server) {
		for name, c := range map[string]struct {
			path, body, want string
		}{
			"large":              {"/echo", big, big},
			"empty":              {"/echo", "", ""},
			"that are not read":  {"/write", big[:100_000], "abc"},
			"read in every way":  {"/reads", "abcdef\nghi\njkl\nmno\nrest", `[b'abc', b'def\n', b'gh', b'', [b'i\n'], b'jkl\n', b'mno\nrest', b'', b'', b'', []]`},
			"checked by wsgiref": {"/valid/echo", big, big},
		} {
			for _, length := range []int64{int64(len(c.body)), -1} {
				// A reader that net/http does not know, so that it takes the length from us.
				req, _ := http.NewRequestWithContext(t.Context(), "POST", server.URL+c.path, io.MultiReader(strings.NewReader(c.body)))
				req.ContentLength = length
				res, err := server.Client().Do(req)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				got, err := io.ReadAll(res.Body)
				res.Body.Close()
				if res.StatusCode/100 != 2 || string(got) != c.want || err != nil {
					t.Errorf("%s of length %d: %d, %d bytes %.200q, %v; want %d", name, length, res.StatusCode, len(got), got, err, len(c.want))
				}
			}
		}
	})
}

// TestWSGIRaises holds that what goes wrong is a 500 or a cut answer, and is in the log with its traceback.
func TestWSGIRaises(t *testing.T) {
	app, log := wsgi(t)
	over(t, app, func(t *testing.T, server *httptest.Server) {
		for where, c := range map[string]struct {
			cut  bool
			says string
		}{
			"before":  {false, "RuntimeError: it went wrong"},
			"exit":    {false, "SystemExit: 3"},
			"nothing": {false, "did not call start_response"},
			"header":  {false, "CR, LF or NUL"},
			"twice":   {false, "start_response was called twice"},
			"amid":    {true, "RuntimeError: it went wrong"},
			"late":    {true, "RuntimeError: it went wrong"},
			"closing": {true, "RuntimeError: it went wrong"},
		} {
			log.reset()
			res, body, err := send(t, server, "GET", "/raises?"+where, nil)
			switch {
			case c.cut && err == nil:
				t.Errorf("%s: the answer seems whole: %q", where, body)
			case !c.cut && (err != nil || res.StatusCode != 500 || body != "Internal Server Error\n"):
				t.Errorf("%s: %v %q %v", where, res, body, err)
			}
			log.wait("the application failed") // the traceback comes another way, perhaps later
			if records := log.wait(c.says); !strings.Contains(records, c.says) || !strings.Contains(records, "Traceback") {
				t.Errorf("%s: the log is %s", where, records)
			}
		}
	})
}

// TestWSGIKeepsRequestsApart is about applications that go on when the answer has ended.
func TestWSGIKeepsRequestsApart(t *testing.T) {
	app, _ := wsgi(t, func(a *mount.WSGI) { a.Threads = 1 })
	for _, want := range []string{"body", "read raised\nwrite raised\nbody"} {
		w := httptest.NewRecorder()
		app.ServeHTTP(w, httptest.NewRequest("POST", "/keeps", strings.NewReader("body")))
		if w.Code != 200 || w.Body.String() != want {
			t.Errorf("%d %q, want %q", w.Code, w.Body, want)
		}
	}
	for _, path := range []string{"/forks", "/forks?exits", "/forks"} {
		if w := get(app, path); w.Code != 200 || w.Body.String() != "parent" {
			t.Errorf("%s: %d %q", path, w.Code, w.Body)
		}
	}
}

// TestWSGIWhoseThreadBreaks holds that nobody waits for an answer that cannot come.
func TestWSGIWhoseThreadBreaks(t *testing.T) {
	app, log := wsgi(t)
	if w := get(app, "/misuses"); w.Code != 500 || !strings.Contains(log.wait("wsgi.errors takes str, not bytes"), "wsgi.errors takes str, not bytes") {
		t.Errorf("bytes to wsgi.errors: %d, %v", w.Code, log)
	}
	if w := get(app, "/breaks"); w.Code != 502 {
		t.Errorf("a thread that breaks: %d, %v", w.Code, log)
	}
	if w := get(app, "/pid"); w.Code != 200 {
		t.Errorf("after that: %d", w.Code)
	}
}

func TestWSGILogs(t *testing.T) {
	app, log := wsgi(t)
	w := httptest.NewRecorder()
	app.ServeHTTP(w, httptest.NewRequest("GET", "/logs", nil))
	for _, want := range []string{"text=first\nsecond", "text=third", "text=fourth caf\u00e9 \\udcff", "line=fifth"} {
		if got := log.wait(want); !strings.Contains(got, want) {
			t.Errorf("the log has no %q: %s", want, got)
		}
	}
}

func TestWSGISendsFiles(t *testing.T) {
	app, log := wsgi(t)
	file := filepath.Join(t.TempDir(), "file")
	content := bytes.Repeat([]byte("0123456789"), 50_000)
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	h := rewrite.Request(mount.Environ("test.file", file))(app)
	over(t, h, func(t *testing.T, server *httptest.Server) {
		for _, path := range []string{"/wrapped", "/valid/wrapped"} {
			if _, body, err := send(t, server, "GET", path, nil); body != string(content) || err != nil {
				t.Errorf("%s: %d bytes, %v; %v", path, len(body), err, log)
			}
		}
	})
}

// TestWSGIRunsThreads holds that as many requests are worked on at a time as there are threads.
func TestWSGIRunsThreads(t *testing.T) {
	app, _ := wsgi(t)
	done := make(chan string, 8)
	for range 8 {
		go func() {
			w := httptest.NewRecorder()
			app.ServeHTTP(w, httptest.NewRequest("GET", "/meets", nil))
			done <- w.Body.String()
		}()
	}
	for range 8 {
		if got := <-done; got != "met" {
			t.Error(got)
		}
	}
}

func TestWSGIFindsApplications(t *testing.T) {
	venv := t.TempDir()
	if err := os.Mkdir(filepath.Join(venv, "bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(python, filepath.Join(venv, "bin", "python")); err != nil {
		t.Fatal(err)
	}
	for name, edit := range map[string]func(*mount.WSGI){
		"an object of a module":      func(a *mount.WSGI) { a.App = "apps:report" },
		"an object of an object":     func(a *mount.WSGI) { a.App = "apps:Sites.report" },
		"application":                func(a *mount.WSGI) { a.App = "apps" },
		"what a function returns":    func(a *mount.WSGI) { a.App = "apps:factory()" },
		"a file":                     func(a *mount.WSGI) { a.App = "./site.wsgi" },
		"an object of a file":        func(a *mount.WSGI) { a.App = "site.wsgi:report" },
		"in a virtual environment":   func(a *mount.WSGI) { a.Python = venv },
		"on a path of Python's":      func(a *mount.WSGI) { a.Dir, a.Env = "", append(a.Env, "PYTHONPATH=testdata/wsgi") },
		"with one process a request": func(a *mount.WSGI) { a.Threads, a.Processes = 1, 2 },
	} {
		app, _ := wsgi(t, edit)
		if err := app.Start(); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		w := httptest.NewRecorder()
		mount.At("/place", app).ServeHTTP(w, httptest.NewRequest("GET", "/place/?q", nil))
		var environ map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &environ); err != nil || environ["SCRIPT_NAME"] != "/place" {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		if environ["wsgi.multithread"] != (app.Threads > 1) || environ["wsgi.multiprocess"] != (app.Processes > 1) {
			t.Errorf("%s: the environ says %v", name, environ)
		}
	}
}

func TestWSGISaysWhyItCannotStart(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(*mount.WSGI)
		says string
	}{
		"no such module":      {func(a *mount.WSGI) { a.App = "nonsense:x" }, "No module named 'nonsense'"},
		"no such object":      {func(a *mount.WSGI) { a.App = "apps:nonsense" }, "nonsense"},
		"no application":      {func(a *mount.WSGI) { a.App = "apps:barrier" }, "barrier in apps is not callable"},
		"a module that fails": {func(a *mount.WSGI) { a.App, a.Env = "broken", append(a.Env, "MENDED=/nonsense") }, "the database is not there"},
		"no such Python":      {func(a *mount.WSGI) { a.Python = "/nonsense/python" }, "/nonsense/python"},
		"no Python":           {func(a *mount.WSGI) { a.Python = "/bin/false" }, "ended before it was ready"},
		"no such folder":      {func(a *mount.WSGI) { a.Dir = "/nonsense" }, "/nonsense"},
	} {
		app, log := wsgi(t, c.edit)
		err := app.Start()
		if err == nil || !strings.Contains(err.Error(), c.says) || !strings.HasPrefix(err.Error(), "wsgi: ") {
			t.Errorf("%s: %v, want %q in it", name, err, c.says)
		}
		if !log.has(c.says) {
			t.Errorf("%s: the log is %v", name, log)
		}
		w := httptest.NewRecorder()
		app.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		if w.Code != 503 || w.Header().Get("Retry-After") != "1" {
			t.Errorf("%s: a request is answered %d", name, w.Code)
		}
	}
}

func TestWSGIGoesOnWithoutTheClient(t *testing.T) {
	app, log := wsgi(t, func(a *mount.WSGI) { a.Threads = 1 })
	server := httptest.NewServer(app)
	defer server.Close()
	for _, method := range []string{"GET", "POST"} {
		log.reset()
		ctx, cancel := context.WithCancel(t.Context())
		// The body does not end, and the application does not read it.
		body, more := io.Pipe()
		req, _ := http.NewRequestWithContext(ctx, method, server.URL+"/endless", nil)
		if method == "POST" {
			req.Body, req.ContentLength = body, 1000
			go io.WriteString(more, "some")
		}
		res, err := server.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		first := make([]byte, 9)
		if _, err := io.ReadFull(res.Body, first); err != nil || string(first) != "data: x\n\n" {
			t.Fatalf("%q %v", first, err)
		}
		cancel()
		res.Body.Close()
		more.Close()
		log.wait("endless was closed")
		w := httptest.NewRecorder()
		app.ServeHTTP(w, httptest.NewRequest("GET", "/pid", nil)) // its only thread is free again
		if w.Code != 200 {
			t.Errorf("after %s: %d", method, w.Code)
		}
		if log.has("the application failed") || log.has("Traceback") {
			t.Errorf("after %s the log says %v", method, log)
		}
	}
}

func TestWSGISeesThatAnUploadIsCut(t *testing.T) {
	app, log := wsgi(t, func(a *mount.WSGI) { a.Threads = 1 })
	server := httptest.NewServer(app)
	defer server.Close()
	for _, head := range []string{"Content-Length: 100\r\n\r\nhalf", "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"} {
		log.reset()
		conn := dial(t, server)
		io.WriteString(conn, "POST /upload HTTP/1.1\r\nHost: x\r\n"+head)
		log.wait("upload began")
		conn.Close()
		log.wait("upload was cut")
		if log.has("upload was whole") || log.has("the application failed") {
			t.Error(log)
		}
	}
}
