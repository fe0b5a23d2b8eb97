package mount_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/weirhttp/weir/mount"
	"github.com/weirhttp/weir/rewrite"
)

// told answers with the fields of the request whose names begin with X or F.
var told = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	for _, field := range heard(r.Header) {
		if strings.ContainsAny(field[:1], "XF") {
			fmt.Fprintln(w, field)
		}
	}
})

func TestGuestTells(t *testing.T) {
	for name, c := range map[string]struct {
		user, field string
		want        []string
	}{
		"anonymous":              {"", "", nil},
		"a user":                 {"alice", "", []string{"X-Remote-User: alice"}},
		"a user by another name": {"alice", "x-auth_user", []string{"X-Auth_user: alice"}},
	} {
		t.Run(name, func(t *testing.T) {
			app := mount.Guest("/app", told, mount.GuestOptions{UserField: c.field})
			r := httptest.NewRequest("GET", "http://public.example:8080/app/x", nil)
			for _, forged := range []string{"X-Remote-User", "X_remote_user", "X-Auth.User", "X-Forwarded-For", "X-Forwarded-Prefix", "Forwarded", "X-Script-Name"} {
				r.Header[forged] = []string{"forged"}
			}
			w := httptest.NewRecorder()
			app.ServeHTTP(w, r.WithContext(rewrite.User.WithValue(r.Context(), c.user)))
			want := append([]string{
				`Forwarded: for=192.0.2.1;host="public.example:8080";proto=http`,
				"X-Forwarded-For: 192.0.2.1", "X-Forwarded-Host: public.example:8080", "X-Forwarded-Port: 8080",
				"X-Forwarded-Prefix: /app", "X-Forwarded-Proto: http", "X-Script-Name: /app",
			}, c.want...)
			if c.field == "" {
				want = append(want, "X-Auth.User: forged") // nobody's
			}
			got := strings.Split(strings.TrimSpace(w.Body.String()), "\n")
			if slices.Sort(want); !slices.Equal(got, want) {
				t.Errorf("the application is told\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
			if r.Header.Get("X-Remote-User") != "forged" {
				t.Error("the outside sees a changed request")
			}
		})
	}
}

// A client that names our fields in Connection has a proxy drop them, if it reaches it.
func TestGuestKeepsItsFieldsPastAProxy(t *testing.T) {
	backend := httptest.NewServer(told)
	t.Cleanup(backend.Close)
	target, _ := url.Parse(backend.URL)
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		for name, values := range r.In.Header {
			if strings.HasPrefix(name, "X-Forwarded-") || name == "Forwarded" {
				r.Out.Header[name] = values
			}
		}
	}}
	app := mount.Guest("/app", proxy, mount.GuestOptions{})
	for _, connection := range []string{"", "x-remote-user", "close, X-Remote_User , x-script-name", "X-Script-Name,x-forwarded-prefix"} {
		r := httptest.NewRequest("GET", "/app/x", nil)
		r.Header["Connection"] = []string{connection}
		w := httptest.NewRecorder()
		app.ServeHTTP(w, r.WithContext(rewrite.User.WithValue(r.Context(), "alice")))
		for _, field := range []string{"X-Remote-User: alice\n", "X-Script-Name: /app\n", "X-Forwarded-Prefix: /app\n"} {
			if !strings.Contains(w.Body.String(), field) {
				t.Errorf("with Connection: %s, the application does not get %q", connection, field)
			}
		}
	}
	for in, want := range map[string]string{"Upgrade": "Upgrade", "keep-alive,Upgrade": "keep-alive,Upgrade", "Upgrade, Forwarded": "Upgrade", "Forwarded": ""} {
		var got string
		r := httptest.NewRequest("GET", "/app/x", nil)
		r.Header.Set("Connection", in)
		mount.Guest("/app", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			got = r.Header.Get("Connection")
		}), mount.GuestOptions{}).ServeHTTP(httptest.NewRecorder(), r)
		if got != want {
			t.Errorf("Connection: %s arrives as %q, want %q", in, got, want)
		}
	}
}

// TestGuestInAGuest asks for a page of a guest in a guest, over both versions of HTTP.
func TestGuestInAGuest(t *testing.T) {
	app := http.NewServeMux()
	app.HandleFunc("/login", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "sid", Value: "1", Path: "/"})
		http.Redirect(w, r, "/home/", http.StatusSeeOther)
	})
	app.HandleFunc("/home/", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, r.Header.Get("X-Forwarded-Prefix")+" "+r.URL.Path+" "+r.Pattern)
	})
	inner := mount.Guest("/inner", app, mount.GuestOptions{})
	var pattern string
	host := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mount.Guest("/outer", inner, mount.GuestOptions{}).ServeHTTP(w, r)
		pattern = r.Pattern
	})
	for _, http2 := range []bool{false, true} {
		server := httptest.NewUnstartedServer(host)
		server.EnableHTTP2 = http2
		server.StartTLS()
		t.Cleanup(server.Close)
		res, err := server.Client().Get(server.URL + "/outer/inner/login")
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if got, want := string(body), "/outer/inner /home/ /home/"; got != want {
			t.Errorf("%s: the page is %q, want %q", res.Proto, got, want)
		}
		if cookie := res.Request.Response.Header.Get("Set-Cookie"); cookie != "sid=1; Path=/outer/inner/" {
			t.Errorf("%s: the cookie is %q", res.Proto, cookie)
		}
		if pattern != "/outer/inner/home/" {
			t.Errorf("%s: the outside sees the pattern %q", res.Proto, pattern)
		}
	}
}

// TestGuestSetsApplicationsApart signs in to two guests of one host that both call
// their session "sid".
func TestGuestSetsApplicationsApart(t *testing.T) {
	app := func(name string) http.Handler {
		mux := http.NewServeMux()
		mux.HandleFunc("/login", func(w http.ResponseWriter, _ *http.Request) {
			http.SetCookie(w, &http.Cookie{Name: "sid", Value: name, Path: "/", Domain: "example.com"})
			http.SetCookie(w, &http.Cookie{Name: "__Host-sid", Value: name, Path: "/", Secure: true})
			http.SetCookie(w, &http.Cookie{Name: "sign-on", Value: name, Path: "/"})
		})
		mux.HandleFunc("/logout", func(w http.ResponseWriter, _ *http.Request) {
			http.SetCookie(w, &http.Cookie{Name: "sid", Path: "/", MaxAge: -1})
		})
		mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Header.Get("Cookie")) })
		return mux
	}
	for _, renamed := range []bool{false, true} {
		host := http.NewServeMux()
		for _, name := range []string{"blog", "wiki"} {
			o := mount.MapFieldsOptions{HostCookies: []string{"sign-on"}}
			if renamed {
				o.CookiePrefix = name + "-"
			}
			host.Handle("/"+name+"/", mount.Guest("/"+name, app(name), mount.GuestOptions{Fields: o}))
		}
		host.HandleFunc("/login", func(w http.ResponseWriter, _ *http.Request) {
			http.SetCookie(w, &http.Cookie{Name: "sign-on", Value: "host", Path: "/"})
		})
		host.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Header.Get("Cookie")) })
		server := httptest.NewTLSServer(host)
		t.Cleanup(server.Close)
		client := server.Client()
		client.Jar, _ = cookiejar.New(nil)
		get := func(path string) string {
			res, err := client.Get(server.URL + path)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			body, _ := io.ReadAll(res.Body)
			return string(body)
		}
		get("/login")
		get("/blog/login")
		get("/wiki/login")
		// Without a prefix, a cookie of the host is the one that was set last.
		want := [...]string{"sid=blog; __Host-sid=wiki", "sid=wiki; __Host-sid=wiki", "__Host-sid=wiki"}
		if renamed {
			want = [...]string{"sid=blog; sign-on=blog; __Host-sid=blog", "sid=wiki; sign-on=wiki; __Host-sid=wiki", "sign-on=wiki; __Host-sid=wiki"}
		}
		got := [...]string{get("/blog/"), get("/wiki/a/b"), get("/wiki/logout") + get("/wiki/")}
		if got != want {
			t.Errorf("renamed %v: they get %q, want %q", renamed, got, want)
		}
		if got := get("/"); !strings.Contains(got, "sign-on=host") || strings.Contains(got, "sign-on=blog") {
			t.Errorf("the host gets %q", got)
		}
	}
}

func TestGuestPanicsWhenItIsMade(t *testing.T) {
	for want, f := range map[string]func(){
		`mount.Guest: app for prefix "/app" is nil`: func() { mount.Guest("/app", http.HandlerFunc(nil), mount.GuestOptions{}) },
		`mount.Guest: app for prefix "/" is nil`:    func() { mount.Guest("/", nil, mount.GuestOptions{}) },
		`mount.Guest: UserField "a b" is no field name: write one such as "X-Remote-User"`: func() {
			mount.Guest("/app", told, mount.GuestOptions{UserField: "a b"})
		},
		`mount.At: prefix "app" does not begin with a slash: write "/app"`: func() { mount.Guest("app", told, mount.GuestOptions{}) },
	} {
		if message := panics(f); message != want {
			t.Errorf("panics with %q, want %q", message, want)
		}
	}
}

func ExampleGuest() {
	wiki := http.NewServeMux() // somebody else's, and sure to be at the root
	wiki.Handle("/", http.RedirectHandler("/page/Main", http.StatusFound))

	host := http.NewServeMux()
	host.Handle("/wiki/", mount.Guest("/wiki", wiki, mount.GuestOptions{}))

	w := httptest.NewRecorder()
	host.ServeHTTP(w, httptest.NewRequest("GET", "/wiki/", nil))
	fmt.Println(w.Code, w.Header().Get("Location"))
	// Output: 302 /wiki/page/Main
}
