// Trac serves Trac environments, which are programs of Python, at /tracs/{id}/, behind its
// own sign-on.
package main

import (
	"fmt"
	"net/http"
	"path"

	"github.com/weirhttp/weir/mount"
	"github.com/weirhttp/weir/rewrite"
)

func main() { fmt.Println(http.ListenAndServe("localhost:8080", site())) }

func site() http.Handler {
	app := mount.View(&mount.WSGI{App: "trac.web.main:dispatch_request"})
	environment := rewrite.Request(func(r *http.Request) {
		mount.Environ("trac.env_path", path.Join("/srv/trac", path.Clean("/"+r.PathValue("id"))))(r)
	})
	mux := http.NewServeMux()
	mux.Handle("/tracs/{id}/login", http.RedirectHandler("/login", http.StatusSeeOther))
	mux.Handle("/tracs/{id}/logout", http.RedirectHandler("/logout", http.StatusSeeOther))
	mux.Handle("/tracs/{id}/{path_info...}", environment(app))
	return rewrite.Request(rewrite.User.Set("alice"))(mux) // your own sign-on
}
