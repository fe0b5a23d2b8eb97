// Site serves five applications, each made with something else, behind one sign-on.
package main

import (
	"fmt"
	"net/http"
	"os"

	"github.com/weirhttp/weir/mount"
	"github.com/weirhttp/weir/rewrite"
)

func main() { fmt.Println(http.ListenAndServe("localhost:8080", site())) }

func site() http.Handler {
	mux := http.NewServeMux()
	for prefix, app := range map[string]http.Handler{
		"/shop/":  &mount.WSGI{App: "shop.wsgi", Dir: "/srv/shop"}, // Python
		"/db/":    &mount.FastCGI{Servers: []string{"/run/php/php-fpm.sock"}, Root: "/usr/share/adminer", Front: "adminer.php"},
		"/code/":  &mount.CGI{Path: "/usr/share/gitweb/gitweb.cgi"}, // Perl, or any program
		"/wiki/":  &mount.Proxy{Socket: "/run/wiki.sock"},           // whatever speaks HTTP
		"/media/": &mount.Dir{FS: os.DirFS("/srv/media")},
	} {
		mux.Handle(prefix, mount.At(prefix, app))
	}
	return rewrite.Request(rewrite.User.Set("alice"))(mux) // your own sign-on
}
