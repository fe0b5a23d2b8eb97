package rewrite_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/weirhttp/weir/rewrite"
)

// below returns a request for a URL as a server gets it, shifted by "/app" where it can be.
func below(target string) *http.Request {
	u, err := url.Parse(target)
	if err != nil {
		panic(err)
	}
	r := ask(u.RequestURI())
	r.Host = u.Host
	if u.Scheme == "https" {
		r.TLS = &tls.ConnectionState{}
	}
	r, _ = rewrite.Shift(r, "/app")
	return r
}

func TestURLs(t *testing.T) {
	for name, c := range map[string]struct {
		target, application, path, full string
	}{
		"a page":                            {"https://h/app/x?q=1", "https://h/app", "https://h/app/x", "https://h/app/x?q=1"},
		"no application":                    {"http://h/x", "http://h", "http://h/x", "http://h/x"},
		"the application without its slash": {"http://h/app", "http://h/app", "http://h/app", "http://h/app"},
		"the application with its slash":    {"http://h/app/", "http://h/app", "http://h/app/", "http://h/app/"},
		"escapes":                           {"http://h/%61pp/a%2fb/%28", "http://h/%61pp", "http://h/%61pp/a%2fb/%28", "http://h/%61pp/a%2fb/%28"},
		"doubled slashes":                   {"http://h//evil.example//x", "http://h", "http://h//evil.example//x", "http://h//evil.example//x"},
		"an empty query":                    {"http://h/app/x?", "http://h/app", "http://h/app/x", "http://h/app/x?"},
		"a malformed query":                 {"http://h/app/x?a=%zz;&&=", "http://h/app", "http://h/app/x", "http://h/app/x?a=%zz;&&="},
		"a port":                            {"http://h:81/app/x", "http://h:81/app", "http://h:81/app/x", "http://h:81/app/x"},
		"a port that says nothing":          {"https://h:443/app/x", "https://h/app", "https://h/app/x", "https://h/app/x"},
		"dot segments":                      {"http://h/app/%2e%2e/x", "http://h/app", "http://h/app/%2e%2e/x", "http://h/app/%2e%2e/x"},
	} {
		t.Run(name, func(t *testing.T) {
			r := below(c.target)
			if got := application(r); got != c.application {
				t.Errorf("application URL %s, want %s", got, c.application)
			}
			if got := path(r); got != c.path {
				t.Errorf("path URL %s, want %s", got, c.path)
			}
			if got := full(r); got != c.full {
				t.Errorf("full URL %s, want %s", got, c.full)
			}
		})
	}
}

func TestURLOfTheServerItself(t *testing.T) {
	r := ask("*")
	r.Method, r.Host = "OPTIONS", "h"
	if got := full(r); got != "http://h" {
		t.Errorf("%s, want http://h (RFC 9112 section 3.3)", got)
	}
}

func TestURLsBelongToTheirCaller(t *testing.T) {
	r := below("http://h/app/x?q=1")
	for _, u := range []*url.URL{rewrite.HostURL(r), rewrite.ApplicationURL(r), rewrite.PathURL(r), rewrite.FullURL(r)} {
		u.Host, u.Path, u.RawQuery = "other", "/other", "other"
	}
	if got := full(r); got != "http://h/app/x?q=1" {
		t.Errorf("the request is for %s now", got)
	}
}

// TestURLsOverAServer asks real servers for their URLs, which are those that were asked for.
func TestURLsOverAServer(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		server := start(t, http2, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r, _ = rewrite.Shift(r, "/app")
			io.WriteString(w, full(r)+" "+rewrite.ClientOf(r).String())
		}))
		res, err := server.Client().Get(server.URL + "/app/a%2fb//?q=%zz;")
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		got, _ := io.ReadAll(res.Body)
		if want := server.URL + "/app/a%2fb//?q=%zz; 127.0.0.1"; string(got) != want {
			t.Errorf("HTTP/2 %v: %s, want %s", http2, got, want)
		}
	}
}

// agree holds all views of a request to each other.
func agree(t *testing.T, r *http.Request) {
	t.Helper()
	hostURL, pathURL, fullURL := host(r), path(r), full(r)
	info := r.URL.EscapedPath()
	if info == "*" {
		info = ""
	}
	if want := hostURL + rewrite.EscapedScriptName(r); application(r) != want {
		t.Fatalf("application URL %s, want %s", application(r), want)
	}
	if want := hostURL + rewrite.EscapedScriptName(r) + info; pathURL != want {
		t.Fatalf("path URL %s, want %s", pathURL, want)
	}
	if before, _, _ := strings.Cut(fullURL, "?"); before != pathURL {
		t.Fatalf("full URL %s, path URL %s", fullURL, pathURL)
	}
	u, err := url.Parse(fullURL)
	if err != nil {
		t.Fatalf("full URL %s: %v", fullURL, err)
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	domain := strings.ToLower(strings.TrimSuffix(u.Host, ":"+u.Port()))
	domain = strings.TrimSuffix(domain, ".")
	if u.Scheme != rewrite.SchemeOf(r) || port != rewrite.Port(r) || domain != rewrite.Domain(r) && domain[0] != '[' {
		t.Fatalf("%s, but %s, %s and %s", fullURL, rewrite.SchemeOf(r), rewrite.Domain(r), rewrite.Port(r))
	}
	if u.User != nil || u.RawQuery != r.URL.RawQuery || u.Path != rewrite.ScriptName(r)+strings.TrimPrefix(r.URL.Path, "*") {
		t.Fatalf("%s is for %+v", fullURL, u)
	}
	segment := rewrite.Peek(r)
	popped, got := rewrite.Pop(r)
	if got != segment || rewrite.ScriptName(popped)+popped.URL.Path != rewrite.ScriptName(r)+r.URL.Path || full(popped) != fullURL {
		t.Fatalf("%s: peek %q, pop %q leaves %s", fullURL, segment, got, full(popped))
	}
	if same, err := rewrite.RelativeToPage(r, ""); err == nil && !strings.Contains(fullURL, "/.") && same.String() != strings.TrimSuffix(fullURL, "?") {
		t.Fatalf("%s is not relative to itself: %s", fullURL, same)
	}
}

// TestTheViewsAgree edits requests at random, and looks at them after each edit.
func TestTheViewsAgree(t *testing.T) {
	rng := rand.New(rand.NewPCG(9110, 3986))
	pick := func(list ...string) string { return list[rng.IntN(len(list))] }
	for range 5000 {
		var b strings.Builder
		for range rng.IntN(5) {
			b.WriteString("/" + pick("a", "%61", "a%2Fb", "", "(x)", "%C3%A8", "..", "x;y", "%25", "b%2f"))
		}
		r := ask("/" + strings.TrimPrefix(b.String(), "/") + pick("", "?a=1&b=%zz", "?"))
		r.Host = pick("h", "h:80", "H:443", "[::1]:443", "[::1]", "a@b", "", "h.", "h:0", "10.0.0.1:8080")
		agree(t, r)
		for range 6 {
			switch rng.IntN(8) {
			case 0:
				r, _ = rewrite.Shift(r, pick("/a", "/a/b", "/è"))
			case 1:
				r, _ = rewrite.Pop(r)
			case 2:
				rewrite.SetQuery(pick("a", "c"), pick("", "&", "é"))(r)
			case 3:
				rewrite.DelQuery(pick("a", "b"))(r)
			case 4:
				rewrite.Scheme.Set(pick("http", "https"))(r)
			case 5:
				rewrite.Host.Set(pick("k.example", "k.example:443", "/junk"))(r)
			case 6:
				r, _ = rewrite.Prepend(r, pick("/front", "/%66ront", "//x"))
			case 7:
				r.URL.Path, r.URL.RawPath = pick("/n w/y", "/n", "//"), ""
			}
			agree(t, r)
		}
	}
}

func FuzzTheViewsAgree(f *testing.F) {
	f.Add("/a/b?c", "h:80")
	f.Add("//a%2Fb/../?", "[::1]:443")
	f.Add("*", "a@b")
	f.Fuzz(func(t *testing.T, target, host string) {
		if r := ask(target); r != nil && (r.URL.Path == "*" || strings.HasPrefix(r.URL.Path, "/")) && !strings.Contains(target, "#") {
			r.Host = host
			agree(t, r)
		}
	})
}

func ExampleFullURL() {
	app := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fmt.Println(rewrite.HostURL(r))
		fmt.Println(rewrite.ApplicationURL(r))
		fmt.Println(rewrite.PathURL(r))
		fmt.Println(rewrite.FullURL(r))
	})
	r, _ := rewrite.Shift(httptest.NewRequest("GET", "https://example.com/my%20wiki/list?page=2", nil), "/my wiki")
	app.ServeHTTP(httptest.NewRecorder(), r)
	// Output:
	// https://example.com
	// https://example.com/my%20wiki
	// https://example.com/my%20wiki/list
	// https://example.com/my%20wiki/list?page=2
}

func ExampleRelativeToApplication() {
	r, _ := rewrite.Shift(httptest.NewRequest("GET", "https://example.com/app/orders/7", nil), "/app")
	app, _ := rewrite.RelativeToApplication(r, "login")
	page, _ := rewrite.RelativeToPage(r, "8")
	fmt.Println(app)
	fmt.Println(page)
	// Output:
	// https://example.com/app/login
	// https://example.com/app/orders/8
}

// Where to go next is what a client says, and "//evil.example" begins with a slash.
func ExampleRelativeToPage_wrong() {
	r := httptest.NewRequest("GET", "https://example.com/login?next=//evil.example/", nil)
	next, err := rewrite.RelativeToPage(r, r.FormValue("next"))
	fmt.Println("wrong:", next)
	if err != nil || next.Host != rewrite.HostURL(r).Host {
		next = rewrite.ApplicationURL(r)
	}
	fmt.Println("right:", next)
	// Output:
	// wrong: https://evil.example/
	// right: https://example.com
}
