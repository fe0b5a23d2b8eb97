// Notes is a service as people have them: it keeps what is posted to it, and knows nothing of prefixes, limits and logs.
package main

import (
	"errors"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
)

// main serves at its one argument: HOST:PORT, or the path of a unix socket.
func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "notes takes one argument: HOST:PORT, or the path of a unix socket")
		os.Exit(2)
	}
	listener, err := listen(os.Args[1])
	if err == nil {
		fmt.Println("notes: at", listener.Addr())
		err = http.Serve(listener, service())
	}
	fmt.Fprintln(os.Stderr, "notes:", err)
	os.Exit(1)
}

// listen opens an address. The socket of a process that is no more is in the way, and goes.
func listen(address string) (net.Listener, error) {
	if !strings.Contains(address, "/") {
		return net.Listen("tcp", address)
	}
	if err := os.Remove(address); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	return net.Listen("unix", address)
}

// service returns the notes at /, where POST /notes adds one, and /healthz, which says whether all is well.
func service() http.Handler {
	notes := &notes{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", notes.show)
	mux.HandleFunc("POST /notes", notes.add)
	mux.HandleFunc("GET /healthz/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "ok") })
	return mux
}

// notes is what was posted.
type notes struct {
	mu   sync.Mutex
	list []string
}

var page = template.Must(template.New("page").Parse(`<!doctype html>
<title>Notes</title>
<form method="post" action="notes"><input name="by" value="{{.By}}"> <input name="note"> <button>Post</button></form>
{{range .Notes}}<p>{{.}}
{{end}}`))

func (n *notes) show(w http.ResponseWriter, r *http.Request) {
	by := ""
	if cookie, err := r.Cookie("by"); err == nil {
		by = cookie.Value
	}
	n.mu.Lock()
	list := slices.Clone(n.list)
	n.mu.Unlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = page.Execute(w, map[string]any{"By": by, "Notes": list}) // a client that has left is no fault
}

func (n *notes) add(w http.ResponseWriter, r *http.Request) {
	by := r.PostFormValue("by")
	n.mu.Lock()
	n.list = append(n.list, by+": "+r.PostFormValue("note"))
	n.mu.Unlock()
	http.SetCookie(w, &http.Cookie{Name: "by", Value: by, Path: "/", HttpOnly: true})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
