package filter

import (
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/negotiate"
)

// ErrorPageOptions are the options of [ErrorPage]. The zero value is right for most sites.
type ErrorPageOptions struct {
	// Page is the page in HTML. It is executed with a value that has the fields Status, the status code, Title, its
	// name, such as "Not Found", Detail, what more there is to say, ID, that of the request, and Nonce, for the elements
	// script and style, see [Nonce]. Where there is nothing to say they are empty. A template that fails with
	// these panics when the filter is made. Nil means a small page.
	Page *template.Template

	// Types are the media types that there are, the preferred one first: it decides between those that a client likes
	// equally, as it does that says */* or nothing. They are of "text/plain", "text/html", "application/problem+json" and
	// "application/json", which stands for the same text as the former. Nil means all, in this order, so that a
	// program is not given a page that is meant for people. Where programs are the clients, put
	// "application/problem+json" first.
	Types []string
}

// ErrorPage returns a filter that gives a body to responses that say no more than that something went wrong: in HTML, as
// a problem in JSON (RFC 9457) or as plain text, by what the client accepts (RFC 9110 §12.5.1).
//
// These are responses with a status of 400 or more that have no body, or that of [http.Error], as a handler says it
// that has no page of its own: up to 2 KiB of text/plain with X-Content-Type-Options: nosniff and a line end. Any other
// body is the handler's own page and passes as it is, and so does one that is flushed before its end, what is
// coded, a 416 with its Content-Range, and what must not be transformed; see [capture.Head.Transformable].
//
// The status stays, and so do fields such as Set-Cookie, Retry-After, WWW-Authenticate and Allow; those that
// spoke of the old body go. What http.Error said to a client is its Detail where the status is below 500: what goes
// wrong inside is the server's own business, and goes nowhere. The request's [ID] is shown if it is set. HEAD gets the head
// of GET, as far as the application says what that would be. Vary has Accept, and a client that accepts none of the
// types gets what the handler wrote.
//
// In a stack it stands outside of everything that refuses requests, Recover among them, and inside of RequestID,
// AccessLog and SecureHeaders.
func ErrorPage(o ErrorPageOptions) func(http.Handler) http.Handler {
	e := newErrorPages(o)
	hook := e.hook
	return func(next http.Handler) http.Handler {
		if next == nil {
			panic("filter.ErrorPage: next is nil")
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			capture.Transform(w, r, next, maxErrorText, hook)
		})
	}
}

// maxErrorText is the size in bytes that a text of http.Error is less than.
const maxErrorText = 2 << 10

type errorPages struct {
	types []string
	page  *template.Template
	plain *template.Template // in HTML, for when page fails
}

// errorPage is what there is to say of an error.
type errorPage struct {
	Status            int
	Title, Detail, ID string
	Nonce             string
}

func newErrorPages(o ErrorPageOptions) *errorPages {
	all := []string{"text/plain", "text/html", "application/problem+json", "application/json"}
	e := &errorPages{types: all, page: o.Page, plain: template.Must(template.New("error").Parse(smallPage))}
	if o.Types != nil {
		e.types = slices.Clone(o.Types)
	}
	for _, t := range e.types {
		if !slices.Contains(all, t) {
			panic(fmt.Sprintf("filter.ErrorPage: Types has %q, not one of %s", t, strings.Join(all, ", ")))
		}
	}
	if len(e.types) == 0 {
		panic("filter.ErrorPage: Types is empty")
	}
	if e.page == nil {
		e.page = e.plain
	}
	if err := e.page.Execute(io.Discard, errorPage{404, "Not Found", "No such page.", "id", "nonce"}); err != nil {
		panic("filter.ErrorPage: Page: " + err.Error())
	}
	return e
}

func (e *errorPages) hook(h *capture.Head, dst io.Writer) io.WriteCloser {
	if h.Status < 400 || !h.Transformable() || !isBare(h) {
		return nil
	}
	capture.Vary(h.Header, "Accept")
	kind, ok := negotiate.Type(h.Request.Header, e.types...)
	if !ok {
		return nil
	}
	p := pageOf(h)
	unknown := h.Request.Method == http.MethodHead && len(h.Peek) == 0 // what GET would say
	h.Changed("page")
	for _, name := range [...]string{"Etag", "Last-Modified", "Content-Encoding", "Content-Disposition", "Content-Language", "Content-Location"} {
		delete(h.Header, name)
	}
	h.Header["X-Content-Type-Options"] = []string{"nosniff"}
	h.Header["Content-Type"] = []string{kind}
	if strings.HasPrefix(kind, "text/") {
		// Without a blank, which http.Error writes: this is a page, also to an ErrorPage further out.
		h.Header["Content-Type"] = []string{kind + ";charset=utf-8"}
	}
	if !unknown {
		body := e.body(kind, p)
		if len(h.Header["Trailer"]) == 0 { // HTTP/1 has trailers behind chunks alone
			h.Header["Content-Length"] = []string{strconv.Itoa(len(body))}
		}
		_, _ = io.WriteString(dst, body)
	}
	return nothing{}
}

// isBare says whether a response has no page of its own.
func isBare(h *capture.Head) bool {
	kind, sniff := h.Header["Content-Type"], h.Header["X-Content-Type-Options"]
	plain := len(kind) == 1 && kind[0] == "text/plain; charset=utf-8" && len(sniff) == 1 && sniff[0] == "nosniff" // http.Error
	switch {
	case !h.Ended:
		return false
	case len(h.Peek) > 0:
		return plain && h.Peek[len(h.Peek)-1] == '\n' && len(h.Peek) < maxErrorText
	case h.Request.Method == http.MethodHead:
		return plain || len(kind) == 0 && len(h.Header["Content-Length"]) == 0
	}
	return true
}

// pageOf returns what there is to say of an error.
func pageOf(h *capture.Head) errorPage {
	p := errorPage{Status: h.Status, Title: http.StatusText(h.Status)}
	if p.Title == "" {
		p.Title = "Error"
	}
	p.ID, _ = ID.Value(h.Request.Context())
	p.Nonce, _ = Nonce.Value(h.Request.Context())
	text := strings.TrimSpace(strings.Map(func(c rune) rune {
		if unicode.IsControl(c) && c != '\n' && c != '\t' {
			return -1
		}
		return c
	}, string(h.Peek)))
	if h.Status < 500 && !strings.EqualFold(text, p.Title) && text != "404 page not found" { // http.NotFound
		p.Detail = text
	}
	return p
}

// body returns the page of a media type.
func (e *errorPages) body(kind string, p errorPage) string {
	switch kind {
	case "text/html":
		var b strings.Builder
		if err := e.page.Execute(&b, p); err != nil {
			b.Reset()
			_ = e.plain.Execute(&b, p)
		}
		return b.String()
	case "text/plain":
		text := fmt.Sprintf("%d %s\n", p.Status, p.Title)
		if p.Detail != "" {
			text += p.Detail + "\n"
		}
		if p.ID != "" {
			text += "Request " + p.ID + "\n"
		}
		return text
	}
	problem, _ := json.Marshal(struct {
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail,omitempty"`
		ID     string `json:"request_id,omitempty"`
	}{p.Title, p.Status, p.Detail, p.ID})
	return string(problem) + "\n"
}

const smallPage = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{{.Status}} {{.Title}}</title>
<style{{with .Nonce}} nonce="{{.}}"{{end}}>
:root { color-scheme: light dark; font: 1.1em/1.5 system-ui, sans-serif }
body { max-width: 36em; margin: 15vh auto; padding: 0 1em }
h1 { font-size: 1.6em }
p { white-space: pre-line; overflow-wrap: anywhere }
.id { opacity: .7; font-size: .85em }
</style>
</head>
<body>
<h1>{{.Title}}</h1>
<p>{{with .Detail}}{{.}}{{else}}The server answered with status {{.Status}}.{{end}}</p>
{{with .ID}}<p class="id">Request {{.}}</p>
{{end}}</body>
</html>
`
