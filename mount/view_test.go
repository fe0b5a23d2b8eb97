package mount_test

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/weirhttp/weir/filtertest"
	"github.com/weirhttp/weir/mount"
	"github.com/weirhttp/weir/rewrite"
)

func ExampleView() {
	trac := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Printf("script name %q, path info %q\n", rewrite.ScriptName(r), r.URL.Path)
	})
	host := http.NewServeMux()
	host.Handle("/tracs/{id}/{path_info...}", mount.View(trac))
	host.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/tracs/7/wiki/Start", nil))
	host.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/tracs/8/", nil))
	// Output:
	// script name "/tracs/7", path info "/wiki/Start"
	// script name "/tracs/8", path info "/"
}

func TestView(t *testing.T) {
	host := http.NewServeMux()
	host.Handle("/tracs/{id}/{path_info...}", mount.View(place))
	host.Handle("/{path_info...}", mount.View(place))
	for name, c := range map[string]struct {
		target string
		status int
		want   string // body of a 200, Location of a redirect
	}{
		"a page":                            {"/tracs/7/wiki?q=1", 200, "/tracs/7 | /wiki | /tracs/7 | /wiki | q=1"},
		"several segments":                  {"/tracs/7/a/b/", 200, "/tracs/7 | /a/b/ | /tracs/7 | /a/b/ | "},
		"the root":                          {"/tracs/7/", 200, "/tracs/7 | / | /tracs/7 | / | "},
		"the root without its slash":        {"/tracs/7", 307, "/tracs/7/"},
		"an escaped slash":                  {"/tracs/7/a%2Fb", 200, "/tracs/7 | /a/b | /tracs/7 | /a%2Fb | "},
		"an escaped slash at the start":     {"/tracs/7/%2Fa", 200, "/tracs/7 | //a | /tracs/7 | /%2Fa | "},
		"an escaped slash before it":        {"/tracs/a%2Fb/x", 200, "/tracs/a/b | /x | /tracs/a%2Fb | /x | "},
		"an escaped slash right before it":  {"/tracs/a%2F/x", 404, ""},
		"escapes":                           {"/tracs/%37/%61", 200, "/tracs/7 | /a | /tracs/%37 | /%61 | "},
		"text beyond ASCII":                 {"/tracs/caf%c3%a8/%e2", 200, "/tracs/cafè | /\xe2 | /tracs/caf%c3%a8 | /%e2 | "},
		"a path that climbs":                {"/tracs/7/%2e%2e/x", 400, ""},
		"a path that climbs behind escapes": {"/tracs/7/a%2F..%2F..", 400, ""},
		"dots that stay inside":             {"/tracs/7/a%2F..", 200, "/tracs/7 | /a/.. | /tracs/7 | /a%2F.. | "},
		"the same twice":                    {"/tracs/x/x", 200, "/tracs/x | /x | /tracs/x | /x | "},
		"at the root of the host":           {"/other/x", 200, " | /other/x |  | /other/x | "},
	} {
		t.Run(name, func(t *testing.T) {
			w := ask(host, c.target)
			got := w.Body.String()
			if w.Code != 200 {
				got = w.Header().Get("Location")
			}
			if w.Code != c.status || got != c.want {
				t.Errorf("%s is %d %q, want %d %q", c.target, w.Code, got, c.status, c.want)
			}
		})
	}
}

func TestViewBelowAMount(t *testing.T) {
	inner := http.NewServeMux()
	inner.Handle("/tracs/{id}/{path_info...}", mount.View(place))
	if got := ask(mount.At("/host", inner), "/host/tracs/7/x").Body.String(); got != "/host/tracs/7 | /x | /host/tracs/7 | /x | " {
		t.Error(got)
	}
}

func TestViewHidesTheHost(t *testing.T) {
	for _, pattern := range []string{"/tracs/{id}/{path_info...}", "/{path_info...}"} {
		host := http.NewServeMux()
		guest := http.NewServeMux()
		guest.HandleFunc("/{own}", func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, "%q %q %q", r.PathValue("id"), r.PathValue("path_info"), r.PathValue("own"))
		})
		host.Handle(pattern, mount.View(guest))
		r := httptest.NewRequest("GET", strings.NewReplacer("{id}", "7", "{path_info...}", "x").Replace(pattern), nil)
		w := httptest.NewRecorder()
		if host.ServeHTTP(w, r); w.Body.String() != `"" "" "x"` || r.Pattern != pattern || r.PathValue("own") != "" || r.PathValue("path_info") != "x" {
			t.Errorf("the application sees %s, the host %q", w.Body, r.Pattern)
		}
	}
}

func TestViewNeedsItsWildcard(t *testing.T) {
	for pattern, target := range map[string]string{
		"/tracs/{id}/":            "/tracs/7/x",
		"/tracs/{id}/{rest...}":   "/tracs/7/x",
		"/tracs/{path_info}/more": "/tracs/7/more",
		"POST /tracs/{id}/{$}":    "/tracs/7/",
	} {
		host := http.NewServeMux()
		host.Handle(pattern, mount.View(place))
		r := httptest.NewRequest("POST", target, nil)
		message := panics(func() { host.ServeHTTP(httptest.NewRecorder(), r) })
		if !strings.HasPrefix(message, fmt.Sprintf("mount.View: pattern %q ", pattern)) || !strings.Contains(message, `"/tracs/{id}/{path_info...}"`) {
			t.Errorf("%s panics with %q", pattern, message)
		}
	}
	for _, app := range []http.Handler{nil, http.HandlerFunc(nil)} {
		if message := panics(func() { mount.View(app) }); message != "mount.View: app is nil" {
			t.Errorf("panics with %q", message)
		}
	}
}

func TestViewGivesBackTheUpload(t *testing.T) {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, _ := form.CreateFormFile("f", "f")
	part.Write(make([]byte, 1<<20))
	form.Close()
	host := http.NewServeMux()
	host.Handle("/{path_info...}", mount.View(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseMultipartForm(10); err != nil {
			t.Error(err)
		}
		panic("application")
	})))
	r := httptest.NewRequest("POST", "/x", &body)
	r.Header.Set("Content-Type", form.FormDataContentType())
	if message := panics(func() { host.ServeHTTP(httptest.NewRecorder(), r) }); message != "application" || r.MultipartForm == nil {
		t.Fatalf("%q, the server cannot remove the files", message)
	}
	r.MultipartForm.RemoveAll()
}

func TestViewOverTheWire(t *testing.T) {
	host := http.NewServeMux()
	host.Handle("/tracs/{id}/{path_info...}", mount.View(place))
	server := httptest.NewServer(host)
	defer server.Close()
	res, err := server.Client().Post(server.URL+"/tracs/7?q=%20", "text/plain", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(res.Body)
	res.Body.Close()
	if got := string(body); got != "/tracs/7 | / | /tracs/7 | / | q=%20" || res.Request.Method != "POST" {
		t.Errorf("%s after the redirect shows %q", res.Request.Method, got)
	}
}

// TestViewKeepsThePromises takes a view for a filter, whose requests say what path info is.
func TestViewKeepsThePromises(t *testing.T) {
	named := rewrite.Request(func(r *http.Request) {
		r.SetPathValue("path_info", strings.TrimPrefix(r.URL.Path, "/"))
		if r.URL.RawPath != "" {
			r.URL.RawPath = "/%61pp" + r.URL.RawPath
		}
		r.URL.Path, r.Pattern = "/app"+r.URL.Path, "/app/{path_info...}"
	})
	viewed := func(next http.Handler) http.Handler { return named(mount.View(next)) }
	filtertest.Run(t, viewed, filtertest.Options{Mounts: true, Except: map[string]string{
		"F05": "the host's pattern stays, as with At below a multiplexer",
	}})
}
