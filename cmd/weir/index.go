package main

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"strings"
	"sync"

	"github.com/weirhttp/weir/cmd/weir/internal/catalogue"
	"github.com/weirhttp/weir/deploy"
)

//go:embed index.html
var indexPage string

// index is the page that says what a site has mounted where, below which filters. It is made once, of the site itself.
type index struct {
	Site *deploy.Site

	once sync.Once
	page []byte
}

// ServeHTTP answers with the page at the place of the index, and with 404 below it.
func (x *index) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/" {
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		return
	}
	x.once.Do(x.render)
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'")
	_, _ = w.Write(x.page) // the client has gone: nobody is left to tell
}

func (x *index) render() {
	s := view{docs: catalogue.Read()}
	root := x.Site.Root()
	s.Filters = s.shown(root.Filters)
	s.mount(root, "/", nil)
	var b bytes.Buffer
	if err := template.Must(template.New("index").Parse(indexPage)).Execute(&b, s); err != nil {
		panic(err) // the page is part of the program
	}
	x.page = b.Bytes()
}

// view is what the page shows.
type view struct {
	Filters []layer // around everything, outermost first
	Mounts  []mounted
	docs    catalogue.Docs
}

// layer is an app or a filter, and what to say of it.
type layer struct {
	Name, Part, Does string
	Of               []layer // the filters that it is made of
}

// mounted is an app and where it is.
type mounted struct {
	At, Link string
	App      layer
	Filters  []layer // between the place and the app, outermost first
}

// mount notes what is mounted at a place: an app, or those that mounts have below it. Filters are those that are passed
// on the way, but not those around everything.
func (s *view) mount(n *deploy.Node, at string, filters []layer) {
	switch {
	case n.Use == "mounts":
		for _, r := range n.Refs {
			s.mount(r.Node, below(at, r.Place), append(filters[:len(filters):len(filters)], s.shown(r.Node.Filters)...))
		}
	case n.Use == "" && len(n.Refs) == 1: // a pipeline
		inner := n.Refs[0].Node
		s.mount(inner, at, append(filters[:len(filters):len(filters)], s.shown(inner.Filters)...))
	case n.Use != "index":
		link := at
		if !strings.HasPrefix(at, "/") {
			link = "//" + at
		}
		s.Mounts = append(s.Mounts, mounted{at, link, s.show(n), filters})
	}
}

// below returns where a place within another one is.
func below(at, place string) string {
	host, path, _ := strings.Cut(place, "/")
	if host != "" {
		at = host + at[strings.Index(at, "/"):]
	}
	return at + path
}

// shown returns what to say of filters.
func (s *view) shown(nodes []*deploy.Node) []layer {
	var list []layer
	for _, n := range nodes {
		list = append(list, s.show(n))
	}
	return list
}

// show returns what to say of an app or a filter.
func (s *view) show(n *deploy.Node) layer {
	l := layer{Name: n.Name, Part: n.Use, Does: briefly(s.docs[n.Use].Doc)}
	for _, r := range n.Refs {
		l.Of = append(l.Of, s.show(r.Node))
	}
	return l
}
