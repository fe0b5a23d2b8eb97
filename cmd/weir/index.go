package main

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
)

//go:embed index.html
var indexPage string

// index returns the page at / that says what is mounted where, below which filters. It is made once.
func (s site) index() http.Handler {
	var b bytes.Buffer
	if err := template.Must(template.New("index").Parse(indexPage)).Execute(&b, s); err != nil {
		panic(err) // the page and the site are both part of the program
	}
	page := b.Bytes()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
			return
		}
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'")
		_, _ = w.Write(page) // the client has gone: nobody is left to tell
	})
}
