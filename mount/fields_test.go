package mount_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/weirhttp/weir/mount"
)

// says returns an application that answers with fields, each as "Name: value".
func says(fields ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for _, field := range fields {
			name, value, _ := strings.Cut(field, ": ")
			w.Header()[name] = append(w.Header()[name], value)
		}
	})
}

// heard returns the fields of h as says takes them, in order.
func heard(h http.Header) []string {
	fields := []string{}
	for name, values := range h {
		for _, value := range values {
			fields = append(fields, name+": "+value)
		}
	}
	slices.Sort(fields)
	return fields
}

func TestMapFieldsAnswers(t *testing.T) {
	for name, c := range map[string]struct{ field, want string }{ // an empty want: dropped
		"Location":                                {"Location: /x", "Location: /app/x"},
		"Location by another name":                {"location: /x", "location: /app/x"},
		"Content-Location":                        {"Content-Location: /x", "Content-Location: /app/x"},
		"SourceMap":                               {"Sourcemap: /x.map", "Sourcemap: /app/x.map"},
		"SourceMap as it is written":              {"SourceMap: /x.map", "SourceMap: /app/x.map"},
		"X-SourceMap":                             {"X-Sourcemap: /x.map", "X-Sourcemap: /app/x.map"},
		"HX-Redirect":                             {"HX-Redirect: /x", "HX-Redirect: /app/x"},
		"HX-Push-Url":                             {"HX-Push-Url: /x", "HX-Push-Url: /app/x"},
		"HX-Push-Url of nothing":                  {"HX-Push-Url: false", "HX-Push-Url: false"},
		"HX-Replace-Url":                          {"Hx-Replace-Url: /x", "Hx-Replace-Url: /app/x"},
		"HX-Replace-Url of nothing":               {"Hx-Replace-Url: false", "Hx-Replace-Url: false"},
		"X-Inertia-Location":                      {"X-Inertia-Location: /x", "X-Inertia-Location: /app/x"},
		"X-PJAX-URL":                              {"X-PJAX-URL: /x", "X-PJAX-URL: /app/x"},
		"Turbolinks-Location":                     {"Turbolinks-Location: /x", "Turbolinks-Location: /app/x"},
		"Turbo-Location":                          {"Turbo-Location: /x", "Turbo-Location: /app/x"},
		"a field of no reference":                 {"X-Path: /x", "X-Path: /x"},
		"Refresh":                                 {"Refresh: 5; url=/x", "Refresh: 5; url=/app/x"},
		"Refresh in capitals":                     {"Refresh: 5;URL = /x;y", "Refresh: 5;URL = /app/x;y"},
		"Refresh with a comma":                    {"Refresh: 0,url=/x", "Refresh: 0,url=/app/x"},
		"Refresh with a space":                    {"Refresh: 0.5 url=/x", "Refresh: 0.5 url=/app/x"},
		"Refresh in quotes":                       {`Refresh: 5; url="/x" y`, `Refresh: 5; url="/app/x" y`},
		"Refresh in single quotes":                {`Refresh: 5; url='/x`, `Refresh: 5; url='/app/x`},
		"Refresh without url":                     {"Refresh: 5; /x", "Refresh: 5; /app/x"},
		"Refresh without url in quotes":           {"Refresh: 5; '/x'", "Refresh: 5; '/app/x'"},
		"Refresh to what begins with url":         {"Refresh: 5; urls/x", "Refresh: 5; urls/x"},
		"Refresh of the page":                     {"Refresh: 5", "Refresh: 5"},
		"Refresh of the page with a semicolon":    {"Refresh: 5; ", "Refresh: 5; "},
		"Refresh without a time":                  {"Refresh: url=/x", "Refresh: url=/x"},
		"Refresh with text after the time":        {"Refresh: 5s; url=/x", "Refresh: 5s; url=/x"},
		"Refresh to another host by a trick":      {`Refresh: 5; url=\\evil.example`, "Refresh: 5; url=/app//evil.example"},
		"Link":                                    {"Link: </x>; rel=next", "Link: </app/x>; rel=next"},
		"Link of several":                         {"Link: </x>;rel=a , <y>;rel=b,,\t<//cdn.example/z>, </>", "Link: </app/x>;rel=a , <y>;rel=b,,\t<//cdn.example/z>, </app/>"},
		"Link with commas in the target":          {"Link: </x,</y>; rel=a", "Link: </app/x,</y>; rel=a"},
		"Link with a quoted parameter":            {`Link: </x>; title="a, </b>; \"c\", </d>"; rel=a, </y>`, `Link: </app/x>; title="a, </b>; \"c\", </d>"; rel=a, </app/y>`},
		"Link with a target in a parameter":       {"Link: </x>; rel=a; anchor=</y>", "Link: </app/x>; rel=a; anchor=</y>"},
		"Link on two lines":                       {"Link: <x>,\r\n</y>", "Link: <x>,\r\n</app/y>"},
		"Link without an end":                     {"Link: </x>, </y", "Link: </app/x>, </y"},
		"Link without an end of a quote":          {`Link: </x>; title="a, </b>`, `Link: </app/x>; title="a, </b>`},
		"HX-Location":                             {"HX-Location: /x", "HX-Location: /app/x"},
		"HX-Location in JSON":                     {`HX-Location: { "target" : "#a/b", "path": "/x?a=1&b=2" , "values": {"path": "/y"} }`, `HX-Location: { "target" : "#a/b", "path": "/app/x?a=1\u0026b=2" , "values": {"path": "/y"} }`},
		"HX-Location in escaped JSON":             {`HX-Location: {"p\u0061th":"\/caf\u00e9"}`, `HX-Location: {"p\u0061th":"/app/caf%C3%A9"}`},
		"HX-Location with two paths":              {`HX-Location: {"path":"/x","path":"/y"}`, `HX-Location: {"path":"/app/x","path":"/app/y"}`},
		"HX-Location in JSON without a path":      {`HX-Location: {"path":1,"a":"/x"}`, `HX-Location: {"path":1,"a":"/x"}`},
		"HX-Location in no JSON":                  {`HX-Location: {"path":"/x"`, `HX-Location: {"path":"/app/x"`},
		"HX-Location in no JSON at all":           {`HX-Location: {path:"/x"}`, `HX-Location: {path:"/x"}`},
		"Reporting-Endpoints":                     {`Reporting-Endpoints: a="/x", b="https://else.example/y"`, `Reporting-Endpoints: a="/app/x", b="https://else.example/y"`},
		"Reporting-Endpoints with a backslash":    {`Reporting-Endpoints: a="/x\"", b="/y`, `Reporting-Endpoints: a="/x\"", b="/app/y`},
		"report-uri":                              {"Content-Security-Policy: img-src /x; report-uri /a https://else.example/b  /c;report-uri /d, REPORT-URI /e", "Content-Security-Policy: img-src /x; report-uri /app/a https://else.example/b  /app/c;report-uri /app/d, REPORT-URI /app/e"},
		"report-uri that is no directive":         {"Content-Security-Policy: img-src report-uri /x", "Content-Security-Policy: img-src report-uri /x"},
		"report-uri of a trial":                   {"Content-Security-Policy-Report-Only: report-uri /x", "Content-Security-Policy-Report-Only: report-uri /app/x"},
		"Service-Worker-Allowed of the host":      {"Service-Worker-Allowed: /", "Service-Worker-Allowed: /app/"},
		"Service-Worker-Allowed of a path":        {"Service-Worker-Allowed: /x", "Service-Worker-Allowed: /app/x"},
		"Service-Worker-Allowed of the mount":     {"Service-Worker-Allowed: /app/", "Service-Worker-Allowed: /app/"},
		"Service-Worker-Allowed of a like prefix": {"Service-Worker-Allowed: /app", "Service-Worker-Allowed: /app/"},
		"Service-Worker-Allowed with a query":     {"Service-Worker-Allowed: /app?q", "Service-Worker-Allowed: /app/"},
		"Service-Worker-Allowed, relative":        {"Service-Worker-Allowed: ./x", "Service-Worker-Allowed: ./x"},
		"Service-Worker-Allowed, climbing":        {"Service-Worker-Allowed: ../../..", "Service-Worker-Allowed: /app/"},
		"Service-Worker-Allowed, climbing to it":  {"Service-Worker-Allowed: ../../app", "Service-Worker-Allowed: /app/"},
		"Service-Worker-Allowed, absolute":        {"Service-Worker-Allowed: http://example.com", "Service-Worker-Allowed: http://example.com/app/"},
		"Service-Worker-Allowed of another host":  {"Service-Worker-Allowed: https://else.example/", ""},
		"Service-Worker-Allowed of no path":       {"Service-Worker-Allowed: data:,/", ""},
		"Strict-Transport-Security":               {"Strict-Transport-Security: max-age=1", ""},
		"Public-Key-Pins":                         {"Public-Key-Pins: a", ""},
		"Clear-Site-Data":                         {`Clear-Site-Data: "*"`, ""},
		"Clear-Site-Data by another name":         {`clear-site-data: "*"`, ""},
		"Alt-Svc":                                 {`Alt-Svc: h3=":443"`, ""},
		"NEL":                                     {"NEL: {}", ""},
		"Report-To":                               {"Report-To: {}", ""},
		"Origin-Agent-Cluster":                    {"Origin-Agent-Cluster: ?1", ""},
		"Set-Login":                               {"Set-Login: logged-out", ""},
	} {
		t.Run(name, func(t *testing.T) {
			app := says(c.field)
			for _, mapped := range []http.Handler{
				mount.At("/app", mount.MapFields(mount.MapFieldsOptions{})(app)),
				mount.At("/app", mount.MapFields(mount.MapFieldsOptions{})(mount.MapFields(mount.MapFieldsOptions{})(app))),
			} {
				w := httptest.NewRecorder()
				mapped.ServeHTTP(w, httptest.NewRequest("GET", "/app/a/b", nil))
				if got := strings.Join(heard(w.Header()), "\n"); got != c.want {
					t.Errorf("%q becomes %q, want %q", c.field, got, c.want)
				}
			}
			name, _, _ := strings.Cut(c.field, ":")
			if c.want == "" || http.CanonicalHeaderKey(name) == "Service-Worker-Allowed" {
				w := httptest.NewRecorder()
				trusted := mount.MapFields(mount.MapFieldsOptions{WholeOrigin: true})
				mount.At("/app", trusted(app)).ServeHTTP(w, httptest.NewRequest("GET", "/app/a/b", nil))
				if got := heard(w.Header()); !slices.Equal(got, []string{c.field}) {
					t.Errorf("with WholeOrigin %q becomes %q", c.field, got)
				}
			}
		})
	}
}

// The prefix may have what ends a reference where it stands.
func TestMapFieldsEscapesThePrefix(t *testing.T) {
	for field, want := range map[string]string{
		"Refresh: 5; url='/x'":                    "Refresh: 5; url='/a;b,%27c/x'",
		"Refresh: 5; url=/x":                      "Refresh: 5; url=/a;b,'c/x",
		"Link: </x>; rel=a":                       "Link: </a;b,'c/x>; rel=a",
		"Content-Security-Policy: report-uri /x;": "Content-Security-Policy: report-uri /a%3Bb%2C'c/x;",
		"Set-Cookie: a=b; Path=/x; Secure":        "Set-Cookie: a=b; Secure",
	} {
		w := ask(mount.At("/a;b,'c", mount.MapFields(mount.MapFieldsOptions{})(says(field))), "/a;b,'c/x")
		if got := heard(w.Header()); !slices.Equal(got, []string{want}) {
			t.Errorf("%q becomes %q, want %q", field, got, want)
		}
	}
}

func TestMapFieldsAtTheRoot(t *testing.T) {
	fields := []string{
		"Location: /x/../y", "Content-Location: //cdn.example/", "Link: </x>", "Refresh: 5; url='/x'", "Service-Worker-Allowed: /",
		"Set-Cookie: a=b; Path=/; Domain=example.com", "Set-Cookie: c", "Strict-Transport-Security: max-age=1", `Clear-Site-Data: "*"`,
		"X-Path: /x", `HX-Location: {"path":"/x"}`, "Content-Security-Policy: report-uri /x",
	}
	w := ask(mount.MapFields(mount.MapFieldsOptions{})(says(fields...)), "/a/b")
	slices.Sort(fields)
	if got := heard(w.Header()); !slices.Equal(got, fields) {
		t.Errorf("%q become %q", fields, got)
	}
}

func TestMapFieldsLeavesTheApplicationsSlices(t *testing.T) {
	shared := []string{"</x>", "</y>"}
	o := mount.MapFieldsOptions{HostCookies: []string{"host"}}
	app := mount.At("/app", mount.MapFields(o)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Link"] = shared
		w.Header()["Refresh"] = nil
		w.Header()["Set-Cookie"] = []string{"a=1", "host=1", "b=2; Path=/", "c=3"}
	})))
	for range 2 {
		w := ask(app, "/app/")
		want := http.Header{"Link": {"</app/x>", "</app/y>"}, "Refresh": nil, "Set-Cookie": {"a=1", "b=2; Path=/app/", "c=3"}}
		if got := w.Header(); !reflect.DeepEqual(got, want) {
			t.Errorf("the answer has %v, want %v", got, want)
		}
	}
	if !slices.Equal(shared, []string{"</x>", "</y>"}) {
		t.Errorf("the application's slice became %q", shared)
	}
}

// TestMapFieldsBelowMapFields mounts a guest in a guest: what the inner one maps the outer
// one leaves alone.
func TestMapFieldsBelowMapFields(t *testing.T) {
	for field, want := range map[string]string{
		"Location: /x":                 "Location: /outer/inner/x",
		"Location: ../../../x":         "Location: /outer/inner/x",
		"Location: http://example.com": "Location: http://example.com/outer/inner/",
		"Link: </outer/x>":             "Link: </outer/inner/outer/x>", // a path of the inner one's own
		"Link: </outer/inner/x>":       "Link: </outer/inner/x>",
		"Set-Cookie: a=b; Path=/":      "Set-Cookie: outer.inner.a=b; Path=/outer/inner/",
		"Service-Worker-Allowed: /":    "Service-Worker-Allowed: /outer/inner/",
	} {
		filter := func(name string) func(http.Handler) http.Handler {
			return mount.MapFields(mount.MapFieldsOptions{CookiePrefix: name + "."})
		}
		app := mount.At("/outer", filter("outer")(mount.At("/inner", filter("inner")(says(field)))))
		w := httptest.NewRecorder()
		app.ServeHTTP(w, httptest.NewRequest("GET", "/outer/inner/a/b", nil))
		if got := heard(w.Header()); !slices.Equal(got, []string{want}) {
			t.Errorf("%q becomes %q, want %q", field, got, want)
		}
	}
}

// TestMapFieldsOverTheWire follows a redirect of a multiplexer, over both versions of HTTP.
func TestMapFieldsOverTheWire(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/dir/", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "sid", Value: "1", Path: "/dir", Domain: "example.com"})
		w.Header().Set("Content-Length", "5")
		w.Header().Set("Trailer", "Location")
		io.WriteString(w, "</x>;")
		w.Header().Set("Location", "/trailer")
	})
	for _, http2 := range []bool{false, true} {
		server := httptest.NewUnstartedServer(mount.At("/app", mount.MapFields(mount.MapFieldsOptions{})(mux)))
		server.EnableHTTP2 = http2
		server.StartTLS()
		t.Cleanup(server.Close)
		for _, method := range []string{"GET", "HEAD"} {
			r, _ := http.NewRequestWithContext(t.Context(), method, server.URL+"/app/dir", nil)
			res, err := server.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(res.Body)
			res.Body.Close()
			if err != nil || method == "GET" && string(body) != "</x>;" || res.ContentLength != 5 {
				t.Errorf("%s %s: the body is %q of %d, %v", res.Proto, method, body, res.ContentLength, err)
			}
			if got := fmt.Sprint(res.Request.URL.Path, res.Header["Set-Cookie"]); got != "/app/dir/[sid=1; Path=/app/dir]" {
				t.Errorf("%s %s: got %s", res.Proto, method, got)
			}
		}
	}
}

func TestMapFieldsPanicsOnNamesThatAreNone(t *testing.T) {
	for want, o := range map[string]mount.MapFieldsOptions{
		`mount.MapFields: host "http://localhost" is none: write a host alone, such as "localhost:3000"`:          {Hosts: []string{"http://localhost"}},
		`mount.MapFields: host "" is none: write a host alone, such as "localhost:3000"`:                          {Hosts: []string{""}},
		`mount.MapFields: host "a@b" is none: write a host alone, such as "localhost:3000"`:                       {Hosts: []string{"a@b"}},
		`mount.MapFields: CookiePrefix "a=" cannot begin the name of a cookie: write letters, digits and hyphens`: {CookiePrefix: "a="},
	} {
		if message := panics(func() { mount.MapFields(o) }); message != want {
			t.Errorf("%+v panics with %q, want %q", o, message, want)
		}
	}
	if message := panics(func() { mount.MapFields(mount.MapFieldsOptions{})(nil) }); message != "mount.MapFields: next is nil" {
		t.Errorf("no next panics with %q", message)
	}
}

func ExampleMapFields() {
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "sid", Value: "1", Path: "/"})
		http.Redirect(w, r, "/login", http.StatusSeeOther)
	})
	mapped := mount.MapFields(mount.MapFieldsOptions{CookiePrefix: "wiki-"})
	host := mount.At("/wiki", mapped(app))

	w := httptest.NewRecorder()
	host.ServeHTTP(w, httptest.NewRequest("GET", "/wiki/", nil))
	fmt.Println(w.Header().Get("Location"))
	fmt.Println(w.Header().Get("Set-Cookie"))
	// Output:
	// /wiki/login
	// wiki-sid=1; Path=/wiki/
}

// Outside of At, MapFields has no prefix to know.
func ExampleMapFields_wrong() {
	app := http.RedirectHandler("/login", http.StatusSeeOther)
	mapped := mount.MapFields(mount.MapFieldsOptions{})
	host := mapped(mount.At("/wiki", app)) // wrong: write mount.At("/wiki", mapped(app))

	w := httptest.NewRecorder()
	host.ServeHTTP(w, httptest.NewRequest("GET", "/wiki/", nil))
	fmt.Println(w.Header().Get("Location"))
	// Output: /login
}
