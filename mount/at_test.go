package mount_test

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/weirhttp/weir/mount"
	"github.com/weirhttp/weir/rewrite"
)

// place answers with the script name and path info that it sees, decoded and escaped.
var place = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(w, "%s | %s | %s | %s | %s", rewrite.ScriptName(r), r.URL.Path,
		rewrite.EscapedScriptName(r), r.URL.EscapedPath(), r.URL.RawQuery)
})

// ask serves target as a server would and returns the answer; nil when no server would.
func ask(h http.Handler, target string) *httptest.ResponseRecorder {
	u, err := url.ParseRequestURI(target)
	if err != nil {
		return nil
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, &http.Request{Method: "GET", URL: u, RequestURI: target, Header: http.Header{}, Body: http.NoBody})
	return w
}

func TestAt(t *testing.T) {
	for name, c := range map[string]struct {
		prefix, target string
		status         int
		want           string // body of a 200, Location of a 308
	}{
		"a path below it":                       {"/app", "/app/x?q=1", 200, "/app | /x | /app | /x | q=1"},
		"its root":                              {"/app", "/app/", 200, "/app | / | /app | / | "},
		"a prefix that ends in a slash":         {"/app/", "/app/x", 200, "/app | /x | /app | /x | "},
		"a prefix of two segments":              {"/a/b", "/a/b/x", 200, "/a/b | /x | /a/b | /x | "},
		"a letter that is escaped":              {"/app", "/%61pp/x", 200, "/app | /x | /%61pp | /x | "},
		"a path that only begins like it":       {"/app", "/apple/x", 404, ""},
		"another case":                          {"/app", "/App/x", 404, ""},
		"an escaped slash after it":             {"/app", "/app%2Fx", 404, ""},
		"a path above it":                       {"/a/b", "/a", 404, ""},
		"doubled slashes":                       {"/app", "/app//x//y", 200, "/app | //x//y | /app | //x//y | "},
		"escaped slashes":                       {"/app", "/app/a%2Fb%2fc", 200, "/app | /a/b/c | /app | /a%2Fb%2fc | "},
		"parameters":                            {"/app", "/app/a;b=c/d;e", 200, "/app | /a;b=c/d;e | /app | /a;b=c/d;e | "},
		"text beyond ASCII":                     {"/cafè", "/caf%c3%a8/%e2", 200, "/cafè | /\xe2 | /caf%c3%a8 | /%e2 | "},
		"dots that stay inside":                 {"/app", "/app/a/../b", 200, "/app | /a/../b | /app | /a/../b | "},
		"dots that are part of a name":          {"/app", "/app/..a/b../...", 200, "/app | /..a/b../... | /app | /..a/b../... | "},
		"the bare prefix":                       {"/app", "/app", 308, "/app/"},
		"the bare prefix with a query":          {"/app", "/app?a=b;c=%zz&d=//", 308, "/app/?a=b;c=%zz&d=//"},
		"the bare prefix with an empty query":   {"/app", "/app?", 308, "/app/?"},
		"the bare prefix as it is written":      {"/caf è", "/%63af%20%c3%a8", 308, "/%63af%20%c3%a8/"},
		"the bare prefix of an absolute target": {"/app", "http://evil.example/app", 308, "/app/"},
		"the asterisk":                          {"/app", "*", 404, ""},
		"the asterisk at the root":              {"/", "*", 200, " | * |  | * | "},
	} {
		t.Run(name, func(t *testing.T) {
			w := ask(mount.At(c.prefix, place), c.target)
			got := w.Body.String()
			switch w.Code {
			case 308:
				got = w.Header().Get("Location")
			case 404:
				got = ""
			}
			if w.Code != c.status || got != c.want {
				t.Errorf("%s is %d %q, want %d %q", c.target, w.Code, got, c.status, c.want)
			}
		})
	}
}

func TestAtRedirectsBelowAHost(t *testing.T) {
	for outer, want := range map[string]string{"/host": "/host/app/?q", "//evil": "/.//evil/app/?q"} {
		app := mount.At("/app", place)
		host := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			below, ok := rewrite.Shift(r, outer)
			if !ok {
				t.Fatal("no shift")
			}
			app.ServeHTTP(w, below)
		})
		w := ask(host, outer+"/app?q")
		if got := w.Header().Get("Location"); w.Code != 308 || got != want {
			t.Errorf("below %s: %d %q, want %q", outer, w.Code, got, want)
		}
	}
}

func TestAtWithoutAPath(t *testing.T) {
	for name, u := range map[string]*url.URL{
		"CONNECT":      {Host: "example.com:443"},
		"an empty URL": {},
		"opaque":       {Scheme: "http", Opaque: "app"},
	} {
		for _, prefix := range []string{"/app", "/"} {
			w := httptest.NewRecorder()
			mount.At(prefix, place).ServeHTTP(w, &http.Request{Method: "CONNECT", URL: u, Host: u.Host})
			if want := map[string]int{"/app": 404, "/": 200}[prefix]; w.Code != want {
				t.Errorf("%s below %s is %d", name, prefix, w.Code)
			}
		}
	}
}

func TestAtRefuses(t *testing.T) {
	for prefix, words := range map[string]string{
		"app": `write "/app"`, "/a//b": "empty segment", "//": "empty segment", "/app//": "empty segment", "//app": "empty segment",
		"/a/../b": `segment ".."`, "/.": `segment "."`, "/a?b": "'?'", "/a#b": "'#'", `/a\b`: `'\\'`, "/a%20b": "escape", "/a\nb": `'\n'`,
	} {
		message := panics(func() { mount.At(prefix, place) })
		if !strings.HasPrefix(message, fmt.Sprintf("mount.At: prefix %q ", prefix)) || !strings.Contains(message, words) {
			t.Errorf("At(%q) panics with %q, want %q in it", prefix, message, words)
		}
	}
	for _, app := range []http.Handler{nil, http.HandlerFunc(nil)} {
		if message := panics(func() { mount.At("/app", app) }); message != `mount.At: app for prefix "/app" is nil` {
			t.Errorf("panics with %q", message)
		}
	}
}

func panics(f func()) (message string) {
	defer func() { message, _ = recover().(string) }()
	f()
	return ""
}

func TestAtTheRootIsTheIdentity(t *testing.T) {
	r := httptest.NewRequest("GET", "/a/../..//x", nil)
	for _, prefix := range []string{"", "/"} {
		var got *http.Request
		h := mount.At(prefix, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r }))
		if h.ServeHTTP(httptest.NewRecorder(), r); got != r {
			t.Errorf("At(%q) hands on another request", prefix)
		}
	}
}

func TestAtGivesBackTheUpload(t *testing.T) {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, _ := form.CreateFormFile("f", "f")
	part.Write(make([]byte, 1<<20))
	form.Close()
	for name, end := range map[string]func(){"return": func() {}, "panic": func() { panic("application") }} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("POST", "/a/b/x", bytes.NewReader(body.Bytes()))
			r.Header.Set("Content-Type", form.FormDataContentType())
			before, url := *r, *r.URL
			header := maps.Clone(r.Header)
			panics(func() {
				mount.At("/a", mount.At("/b", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					if err := r.ParseMultipartForm(10); err != nil {
						t.Error(err)
					}
					r.Host, r.Method = "guest", "GET"
					end()
				}))).ServeHTTP(httptest.NewRecorder(), r)
			})
			if r.MultipartForm == nil {
				t.Fatal("the server cannot remove the files")
			}
			r.MultipartForm.RemoveAll()
			if *r.URL != url || r.Host != before.Host || r.Method != before.Method || r.Form != nil ||
				r.RequestURI != before.RequestURI || r.Context() != before.Context() || fmt.Sprint(r.Header) != fmt.Sprint(header) {
				t.Error("the outside sees a changed request")
			}
		})
	}
}

func TestAtGivesBackThePattern(t *testing.T) {
	for inner, outer := range map[string]string{
		"GET /x/{id}":            "GET /a/b/x/{id}",
		"/x/":                    "/a/b/x/",
		"example.com/x/{id}":     "example.com/a/b/x/{id}",
		"GET example.com/{p...}": "GET example.com/a/b/{p...}",
	} {
		app := http.NewServeMux()
		app.Handle(inner, place)
		h := mount.At("/a", mount.At("/b", app))
		r := httptest.NewRequest("GET", "http://example.com/a/b/x/7", nil)
		if h.ServeHTTP(httptest.NewRecorder(), r); r.Pattern != outer {
			t.Errorf("%q becomes %q, want %q", inner, r.Pattern, outer)
		}
		host := http.NewServeMux()
		host.Handle("/a/", h)
		r = httptest.NewRequest("GET", "http://example.com/a/b/x/7", nil)
		if host.ServeHTTP(httptest.NewRecorder(), r); r.Pattern != "/a/" {
			t.Errorf("the host's pattern became %q", r.Pattern)
		}
	}
}

func TestAtHidesTheHostsPathValues(t *testing.T) {
	host := http.NewServeMux()
	host.Handle("/{tenant}/{rest...}", mount.At("/acme", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, r.PathValue("tenant")+r.PathValue("rest")+r.Pattern)
	})))
	if got := ask(host, "/acme/x").Body.String(); got != "" {
		t.Errorf("the application sees %q", got)
	}
}

// TestAtOverTheWire drives a mount as clients do, over both versions of HTTP.
func TestAtOverTheWire(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		server := httptest.NewUnstartedServer(mount.At("/app", place))
		server.EnableHTTP2 = http2
		server.StartTLS()
		t.Cleanup(server.Close)
		res, err := server.Client().Post(server.URL+"/app?q=%20", "text/plain", strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if got, want := string(body), "/app | / | /app | / | q=%20"; got != want || res.Request.Method != "POST" {
			t.Errorf("%s: %s after the redirect shows %q, want %q", res.Proto, res.Request.Method, got, want)
		}
	}
}

func ExampleAt() {
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Printf("script name %q, path info %q\n", rewrite.ScriptName(r), r.URL.Path)
	})
	host := mount.At("/apps", mount.At("/wiki", app))
	host.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/apps/wiki/Main%2FPage", nil))
	// Output: script name "/apps/wiki", path info "/Main/Page"
}

// A multiplexer in front of a mount cleans paths before the mount sees them: it redirects
// "/app//x" to "/app/x", and a pattern without the slash at its end matches no page at all.
func ExampleAt_wrong() {
	host := http.NewServeMux()
	host.Handle("/app", mount.At("/app", place)) // wrong: write "/app/"
	w := ask(host, "/app/page")
	fmt.Println(w.Code)
	// Output: 404
}
