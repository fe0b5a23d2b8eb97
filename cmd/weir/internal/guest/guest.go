// Package guest is a small web application that knows nothing of the program it runs in. It stands for any application
// that somebody else wrote: pages with links and assets, a form, a login, an upload, an event stream.
//
// It works below any prefix without being told, because every URL that it writes is relative. What its host tells it in
// request fields (see environment), it shows and does not need.
package guest

import (
	"bytes"
	"context"
	"crypto/rand"
	"embed"
	"html/template"
	"net/http"
	"strings"
	"sync/atomic"
)

//go:embed templates assets
var files embed.FS

// app is the state of one guest.
type app struct {
	pages     map[string]*template.Template // by file name
	book      book
	key       []byte          // signs the login cookies of this process
	done      <-chan struct{} // closed when event streams have to end
	listeners atomic.Int64    // open event streams
}

// New returns the application. Its event streams end when ctx does, so that a server which shuts down need not wait
// for streams that would never end by themselves; everything else goes on as long as it is asked.
func New(ctx context.Context) http.Handler {
	a := &app{pages: parse(), key: []byte(rand.Text()), done: ctx.Done()}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", a.home)
	mux.HandleFunc("GET /assets/{name}", asset)
	mux.HandleFunc("GET /book", a.showBook)
	mux.HandleFunc("POST /book", a.signBook)
	mux.HandleFunc("GET /login", a.showLogin)
	mux.HandleFunc("POST /login", a.login)
	mux.HandleFunc("POST /logout", a.logout)
	mux.HandleFunc("GET /upload", a.showUpload)
	mux.HandleFunc("POST /upload", a.upload)
	mux.HandleFunc("GET /live", a.live)
	mux.HandleFunc("GET /events", a.events)
	mux.HandleFunc("GET /environment", a.environment)
	mux.HandleFunc("GET /rooms/{name}", a.room)
	mux.HandleFunc("/", a.notFound)
	return http.NewCrossOriginProtection().Handler(mux)
}

// parse reads the page templates, each with the layout around it.
func parse() map[string]*template.Template {
	layout := template.Must(template.ParseFS(files, "templates/layout.html"))
	pages := make(map[string]*template.Template)
	entries, err := files.ReadDir("templates")
	if err != nil {
		panic(err) // the embedded folder is part of the program
	}
	for _, e := range entries {
		if e.Name() != "layout.html" {
			page := template.Must(layout.Clone())
			pages[e.Name()] = template.Must(page.ParseFS(files, "templates/"+e.Name()))
		}
	}
	return pages
}

// page is what the layout needs, and the data of the page within it.
type page struct {
	Title  string
	Root   string // the relative way from this page to the first one: ./ or ../ or ../../
	Here   string // the path of this page as the navigation writes it
	SignIn string // who is signed in here, by the guest's own login
	Data   any
}

// show answers with a page. A template that fails is a 500, not half a page.
func (a *app) show(w http.ResponseWriter, r *http.Request, status int, file, title string, data any) {
	p := page{Title: title, Root: root(r.URL.Path), Here: strings.TrimPrefix(r.URL.Path, "/"), SignIn: a.signedIn(r), Data: data}
	var b bytes.Buffer
	if err := a.pages[file].ExecuteTemplate(&b, "layout", p); err != nil {
		http.Error(w, "the page could not be made", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'self'; base-uri 'none'; frame-ancestors 'self'")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // the client has gone: nobody is left to tell
}

// root returns the relative reference from a page at path to the application's first page.
func root(path string) string {
	if depth := strings.Count(path, "/") - 1; depth > 0 {
		return strings.Repeat("../", depth)
	}
	return "./"
}

// seeOther sends the browser to a page after a POST. The reference stays relative (RFC 9110 §10.2.2): http.Redirect
// would resolve it against the path that the application sees, and so lose the prefix that it does not.
func seeOther(w http.ResponseWriter, reference string) {
	w.Header().Set("Location", reference)
	w.WriteHeader(http.StatusSeeOther)
}

func (a *app) home(w http.ResponseWriter, r *http.Request) {
	a.show(w, r, http.StatusOK, "home.html", "Welcome", nil)
}

// rooms are pages one level deeper, whose links climb.
var rooms = map[string]string{
	"attic":  "From up here the links that leave the room begin with two dots.",
	"cellar": "Down here a style sheet is two steps away, and still arrives.",
}

func (a *app) room(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	text, ok := rooms[name]
	if !ok {
		a.notFound(w, r)
		return
	}
	a.show(w, r, http.StatusOK, "room.html", "The "+name, text)
}

func (a *app) notFound(w http.ResponseWriter, r *http.Request) {
	a.show(w, r, http.StatusNotFound, "missing.html", "Nothing here", r.URL.Path)
}

// asset serves an embedded file. The files change only with the program, so a short life in caches is enough.
func asset(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "max-age=300")
	http.ServeFileFS(w, r, files, "assets/"+r.PathValue("name"))
}
