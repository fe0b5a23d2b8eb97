package mount_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"

	"github.com/weirhttp/weir/mount"
	"github.com/weirhttp/weir/rewrite"
)

func ExampleProxy() {
	// An application of its own, in any language.
	wiki := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "page", r.URL.Path, "below", r.Header.Get("X-Forwarded-Prefix"), "for", r.Header.Get("X-Remote-User"))
	}))
	defer wiki.Close()
	address, _ := url.Parse(wiki.URL)

	user := rewrite.Request(rewrite.User.Set("alice")) // who signed in
	site := user(mount.At("/wiki", &mount.Proxy{URL: address}))

	r := httptest.NewRequest("GET", "/wiki/Start", nil)
	r.Header.Set("X-Remote-User", "admin") // does not get through
	w := httptest.NewRecorder()
	site.ServeHTTP(w, r)
	fmt.Print(w.Body)
	// Output: page /Start below /wiki for alice
}

func ExampleProxy_socket() {
	http.Handle("/wiki/", mount.At("/wiki", &mount.Proxy{Socket: "/run/gunicorn.sock"}))
}

// StripPrefix takes the prefix off the path, and nobody knows of it any more: the
// application cannot be told where it is, and what it says to the client misses it.
func ExampleProxy_wrong() {
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", r.Header.Get("X-Forwarded-Prefix")+"/login")
		w.WriteHeader(http.StatusSeeOther)
		io.WriteString(w, "sign in first")
	}))
	defer app.Close()
	address, _ := url.Parse(app.URL)
	proxy := &mount.Proxy{URL: address}
	for _, site := range []http.Handler{
		http.StripPrefix("/app", proxy), // wrong
		mount.At("/app", proxy),
	} {
		w := httptest.NewRecorder()
		site.ServeHTTP(w, httptest.NewRequest("GET", "/app/", nil))
		fmt.Println(w.Header().Get("Location"))
	}
	// Output:
	// /login
	// /app/login
}

func ExampleProxy_down() {
	p := &mount.Proxy{Socket: "/nothing/listens/here", Logger: slog.New(slog.DiscardHandler)}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	fmt.Print(w.Code, " ", w.Body)
	// Output: 502 Bad Gateway
}
