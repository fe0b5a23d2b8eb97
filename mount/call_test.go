package mount_test

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/mount"
	"github.com/weirhttp/weir/rewrite"
)

// A page of the host that holds a page of an application.
func ExampleCall() {
	wiki := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, _ := rewrite.User.Value(r.Context())
		fmt.Fprintf(w, "%s of %s, for %s", r.URL.Path, rewrite.ScriptName(r), user)
	})
	host := http.NewServeMux()
	host.HandleFunc("/projects/{id}/wiki/{page...}", func(w http.ResponseWriter, r *http.Request) {
		res, err := mount.Call(r, wiki, "/"+r.PathValue("page"))
		if err != nil {
			http.NotFound(w, r)
			return
		}
		defer res.Body.Close()
		fmt.Fprintf(w, "project %s, %d: ", r.PathValue("id"), res.StatusCode)
		io.Copy(w, res.Body)
	})
	w := httptest.NewRecorder()
	signedIn("alice", host).ServeHTTP(w, httptest.NewRequest("GET", "/projects/7/wiki/Main/Page", nil))
	fmt.Println(w.Body)
	// Output: project 7, 200: /Main/Page of /projects/7/wiki, for alice
}

// The path info is the end of the path that the client asked for, from a slash on. It is no
// way to ask an application for another page.
func ExampleCall_wrong() {
	r := httptest.NewRequest("GET", "/wiki/Main", nil)
	for _, pathInfo := range []string{"/Other", "Main", "/Main"} {
		res, err := mount.Call(r, place, pathInfo)
		if errors.Is(err, mount.ErrPathInfo) {
			fmt.Println(err)
			continue
		}
		fmt.Println(res.Status)
		res.Body.Close()
	}
	// Output:
	// mount: call with path "/wiki/Main" and path info "/Other": no path info of this path
	// mount: call with path "/wiki/Main" and path info "Main": no path info of this path
	// 200 OK
}

func TestCall(t *testing.T) {
	for name, c := range map[string]struct {
		target, pathInfo, want string // no want: ErrPathInfo
	}{
		"the script name moves":            {"/app/x?q=1", "/x", "/app | /x | /app | /x | q=1"},
		"of two segments":                  {"/a/b/x/y", "/x/y", "/a/b | /x/y | /a/b | /x/y | "},
		"a slash alone":                    {"/app/", "/", "/app | / | /app | / | "},
		"an empty path info":               {"/app", "", "/app |  | /app |  | "},
		"all of the path":                  {"/app/x", "/app/x", " | /app/x |  | /app/x | "},
		"escapes are the client's":         {"/%61pp/a%2Fb", "/a/b", "/app | /a/b | /%61pp | /a%2Fb | "},
		"dots that stay inside":            {"/app/a/../b", "/a/../b", "/app | /a/../b | /app | /a/../b | "},
		"another path":                     {"/app/x", "/y", ""},
		"a path that only ends like it":    {"/app/xy", "y", ""},
		"a path below another":             {"/app/x", "/app", ""},
		"a longer path":                    {"/x", "/app/x", ""},
		"an empty one that leaves a slash": {"/app/", "", ""},
		"one that begins at an escape":     {"/app%2Fx", "/x", ""},
		"one that climbs":                  {"/app/../x", "/../x", ""},
		"one that climbs behind an escape": {"/app/a%2F..%2F..", "/a/../..", ""},
		"one whose dots are escaped again": {"/app/%252e%252e/x", "/%2e%2e/x", ""},
	} {
		t.Run(name, func(t *testing.T) {
			res, err := mount.Call(httptest.NewRequest("GET", c.target, nil), place, c.pathInfo)
			if c.want == "" {
				if !errors.Is(err, mount.ErrPathInfo) || !strings.Contains(err.Error(), fmt.Sprintf("%q", c.pathInfo)) {
					t.Errorf("error %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if body, err := io.ReadAll(res.Body); err != nil || string(body) != c.want {
				t.Errorf("%q, %v, want %q", body, err, c.want)
			}
		})
	}
}

// callRead asks app and reads all of what it says.
func callRead(t *testing.T, r *http.Request, app http.HandlerFunc, pathInfo string) (*http.Response, string) {
	t.Helper()
	res, err := mount.Call(r, app, pathInfo)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

func TestCallTellsTheUser(t *testing.T) {
	app := func(w http.ResponseWriter, r *http.Request) {
		user, ok := rewrite.User.Value(r.Context())
		fmt.Fprintf(w, "%q %v", user, ok)
	}
	r := httptest.NewRequest("GET", "/app/", nil)
	if _, body := callRead(t, r, app, "/"); body != `"" false` {
		t.Errorf("nobody is %s", body)
	}
	r = r.WithContext(rewrite.User.WithValue(r.Context(), "alice"))
	if _, body := callRead(t, r, app, "/"); body != `"alice" true` {
		t.Errorf("alice is %s", body)
	}
}

func TestCallHidesTheHost(t *testing.T) {
	app := func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.PathValue("id"), r.PathValue("rest"), r.PathValue("own"), r.Pattern)
	}
	for pattern, target := range map[string]string{"/{id}/{rest...}": "/7/x", "/{rest...}": "/x"} {
		host := http.NewServeMux()
		host.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			r.SetPathValue("own", "host")
			if _, body := callRead(t, r, app, "/"+r.PathValue("rest")); body != "" {
				t.Errorf("%s: the application sees %q", pattern, body)
			}
			if r.PathValue("rest") != "x" || r.Pattern != pattern {
				t.Error("the host does not see them any more")
			}
		})
		host.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", target, nil))
	}
}

func TestCallKeepsRequestAndResponse(t *testing.T) {
	r := httptest.NewRequest("PUT", "/app/x?q=1&q=2", strings.NewReader("body"))
	r.Header["X-Field"] = []string{"1", "2"}
	header, before, url := maps.Clone(r.Header), *r, *r.URL
	res, body := callRead(t, r, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Set-Cookie", "a=1; SameSite=Lax; HttpOnly")
		w.Header().Add("Set-Cookie", "b=2")
		w.WriteHeader(418)
		fmt.Fprintln(w, r.Method, r.RequestURI, r.URL.Query()["q"], r.Header["X-Field"], r.Host, r.ContentLength)
		io.Copy(w, r.Body)
		r.Header.Set("X-Field", "changed")
		r.URL.Path, r.Method = "/changed", "GET"
	}, "/x")
	if want := "PUT /app/x?q=1&q=2 [1 2] [1 2] example.com 4\nbody"; body != want {
		t.Errorf("the application saw %q, want %q", body, want)
	}
	if got := res.Header["Set-Cookie"]; res.StatusCode != 418 || len(got) != 2 || got[0] != "a=1; SameSite=Lax; HttpOnly" {
		t.Errorf("%d, cookies %q", res.StatusCode, got)
	}
	if *r.URL != url || r.Method != before.Method || r.Context() != before.Context() || fmt.Sprint(r.Header) != fmt.Sprint(header) || rewrite.ScriptName(r) != "" {
		t.Error("the original was edited")
	}
}

func TestCallNests(t *testing.T) {
	_, body := callRead(t, httptest.NewRequest("GET", "/a/b/c", nil), func(w http.ResponseWriter, r *http.Request) {
		res, err := mount.Call(r, mount.At("/b", place), "/b/c")
		if err == nil {
			err = capture.Send(w, res)
		}
		if err != nil {
			t.Error(err)
		}
	}, "/b/c")
	if body != "/a/b | /c | /a/b | /c | " {
		t.Error(body)
	}
}

func TestCallStreams(t *testing.T) {
	more, ended := make(chan struct{}), make(chan struct{})
	res, err := mount.Call(httptest.NewRequest("GET", "/app/", nil), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(ended)
		w.WriteHeader(200)
		<-more
		for err := error(nil); err == nil; {
			_, err = io.WriteString(w, "more")
		}
		<-r.Context().Done()
	}), "/")
	if err != nil {
		t.Fatal(err)
	}
	close(more)
	if _, err := io.CopyN(io.Discard, res.Body, 1<<20); err != nil {
		t.Error(err)
	}
	res.Body.Close()
	<-ended
}

func TestCallTellsHowItEnds(t *testing.T) {
	r := httptest.NewRequest("GET", "/app/", nil)
	var failure *capture.PanicError
	_, err := mount.Call(r, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("boom") }), "/")
	if !errors.As(err, &failure) || failure.Value != "boom" || !strings.Contains(err.Error(), `"/app"`) {
		t.Errorf("a panic is %v", err)
	}
	for _, app := range []http.Handler{nil, http.HandlerFunc(nil)} {
		if message := panics(func() { mount.Call(r, app, "/") }); message != "mount.Call: app is nil" {
			t.Errorf("panics with %q", message)
		}
	}
}
