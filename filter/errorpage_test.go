package filter_test

import (
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/filtertest"
	"github.com/weirhttp/weir/rewrite"
)

const (
	browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
	problem = "application/problem+json"
)

// erring answers by http.Error.
func erring(status int, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Error(w, text, status) }
}

func TestErrorPage(t *testing.T) {
	filtertest.Run(t, filter.ErrorPage(filter.ErrorPageOptions{}), errorPageDeclares)

	short := template.Must(template.New("").Parse("<p>{{.Status}} {{.Title}} {{.Detail}} {{.ID}}"))
	long := strings.Repeat("x", 2046)
	for name, c := range map[string]struct {
		accept  string
		answer  http.Handler
		kind    string
		want    string // the body
		changed bool
	}{
		"nothing but a status gets a page":               {browser, answering(404, ""), "text/html;charset=utf-8", "<p>404 Not Found  ", true},
		"so does what http.Error says":                   {browser, erring(404, "no such user"), "text/html;charset=utf-8", "<p>404 Not Found no such user ", true},
		"and http.NotFound, which says no more":          {browser, http.NotFoundHandler(), "text/html;charset=utf-8", "<p>404 Not Found  ", true},
		"the name of the status is no detail":            {browser, erring(403, "forbidden"), "text/html;charset=utf-8", "<p>403 Forbidden  ", true},
		"a detail is escaped":                            {browser, erring(400, "<script>"), "text/html;charset=utf-8", "<p>400 Bad Request &lt;script&gt; ", true},
		"what goes wrong inside is not said":             {browser, erring(500, "dial tcp 10.0.0.1: refused"), "text/html;charset=utf-8", "<p>500 Internal Server Error  ", true},
		"a status without a name is one":                 {browser, answering(599, ""), "text/html;charset=utf-8", "<p>599 Error  ", true},
		"a program that says nothing gets plain text":    {"", erring(404, "no such user"), "text/plain;charset=utf-8", "404 Not Found\nno such user\n", true},
		"and so does one that takes anything":            {"*/*", erring(500, "secret"), "text/plain;charset=utf-8", "500 Internal Server Error\n", true},
		"control characters are left out":                {"", erring(400, "a\x1b[31m\rb\x00\n\tc"), "text/plain;charset=utf-8", "400 Bad Request\na[31mb\n\tc\n", true},
		"one that wants a problem gets one":              {problem, erring(409, "a <b> \"c\""), problem, `{"title":"Conflict","status":409,"detail":"a \u003cb\u003e \"c\""}` + "\n", true},
		"one that wants JSON gets the same":              {"application/json", answering(503, ""), "application/json", `{"title":"Service Unavailable","status":503}` + "\n", true},
		"one that takes none of it gets what there was":  {"image/png", erring(404, "gone"), "text/plain; charset=utf-8", "gone\n", false},
		"a malformed Accept is none":                     {"text/html;q=0,5", erring(404, "gone"), "text/plain;charset=utf-8", "404 Not Found\ngone\n", true},
		"a page of the handler's own stays":              {browser, answering(404, "<p>mine", "Content-Type", "text/html"), "text/html", "<p>mine", false},
		"so does JSON":                                   {browser, answering(422, "{}", "Content-Type", "application/json"), "application/json", "{}", false},
		"so does text that http.Error did not write":     {browser, answering(404, "mine\n", "Content-Type", "text/plain; charset=utf-8"), "text/plain; charset=utf-8", "mine\n", false},
		"and text without an end of line":                {browser, answering(404, "mine", "Content-Type", "text/plain; charset=utf-8", "X-Content-Type-Options", "nosniff"), "text/plain; charset=utf-8", "mine", false},
		"a long text fits":                               {"", erring(404, long), "text/plain;charset=utf-8", "404 Not Found\n" + long + "\n", true},
		"a longer one is the handler's own":              {"", erring(404, long+"x"), "text/plain; charset=utf-8", long + "x\n", false},
		"an empty body of some type gets a page":         {browser, answering(404, "", "Content-Type", "application/json"), "text/html;charset=utf-8", "<p>404 Not Found  ", true},
		"one that says that it is empty, too":            {browser, answering(404, "", "Content-Length", "0"), "text/html;charset=utf-8", "<p>404 Not Found  ", true},
		"what declares its length":                       {browser, answering(404, "gone\n", "Content-Length", "5", "Content-Type", "text/plain; charset=utf-8", "X-Content-Type-Options", "nosniff"), "text/html;charset=utf-8", "<p>404 Not Found gone ", true},
		"what must not be transformed stays":             {browser, answering(404, "", "Cache-Control", "no-transform"), "", "", false},
		"a success without a body is none of its":        {browser, answering(200, ""), "", "", false},
		"nor is a redirect":                              {browser, answering(302, ""), "", "", false},
		"a range that cannot be had keeps what it says":  {browser, answering(416, "", "Content-Range", "bytes */10"), "", "", false},
		"a body that comes in pieces is seen as a whole": {"", pieceByPiece(false), "text/plain;charset=utf-8", "404 Not Found\none two\n", true},
		"one that is flushed is on its way":              {"", pieceByPiece(true), "text/plain; charset=utf-8", "one two\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			h := filter.ErrorPage(filter.ErrorPageOptions{Page: short})(c.answer)
			for i, around := range []http.Handler{h, filter.ErrorPage(filter.ErrorPageOptions{})(h)} {
				r := httptest.NewRequest("GET", "/", nil)
				if c.accept != "" {
					r.Header.Set("Accept", c.accept)
				}
				w := httptest.NewRecorder()
				around.ServeHTTP(w, r)
				res := w.Result()
				if i == 1 && !c.changed {
					break // the outer one may see an empty body as the inner one did
				}
				if got := w.Body.String(); got != c.want || res.Header.Get("Content-Type") != c.kind {
					t.Errorf("got %q %.300q, want %q %.300q", res.Header.Get("Content-Type"), got, c.kind, c.want)
				}
				if n := res.Header.Get("Content-Length"); c.changed && n != fmt.Sprint(len(c.want)) {
					t.Errorf("Content-Length %q, want %d", n, len(c.want))
				}
			}
		})
	}
}

var errorPageDeclares = filtertest.Options{Transforms: true, ResponseFields: []string{"Content-Type", "X-Content-Type-Options"}}

// pieceByPiece answers as http.Error does, in two pieces.
func pieceByPiece(flush bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.WriteHeader(404)
		io.WriteString(w, "one ")
		if flush {
			http.NewResponseController(w).Flush()
		}
		io.WriteString(w, "two\n")
	}
}

func TestErrorPage_fields(t *testing.T) {
	h := filter.ErrorPage(filter.ErrorPageOptions{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range map[string]string{"Set-Cookie": "a=b", "Retry-After": "7", "WWW-Authenticate": "Basic", "Allow": "GET",
			"Cache-Control": "no-store", "Content-Disposition": "attachment", "Content-Language": "de",
			"Last-Modified": "x", "Content-Digest": "x", "ETag": `"x"`, "Vary": "Origin", "Content-Encoding": "identity"} {
			w.Header().Set(name, value)
		}
		w.WriteHeader(401)
	}))
	protocols(t, h, func(t *testing.T, fetch func(method, path string, fields ...string) *http.Response) {
		get := fetch("GET", "/", "Accept", problem)
		body, err := io.ReadAll(get.Body)
		if err != nil || string(body) != `{"title":"Unauthorized","status":401}`+"\n" {
			t.Errorf("%q, %v", body, err)
		}
		for name, want := range map[string]string{"Set-Cookie": "a=b", "Retry-After": "7", "WWW-Authenticate": "Basic", "Allow": "GET",
			"Cache-Control": "no-store", "Vary": "Origin, Accept", "Content-Disposition": "", "Content-Language": "", "Last-Modified": "",
			"Content-Digest": "", "ETag": "", "Content-Encoding": "", "X-Content-Type-Options": "nosniff", "Content-Type": problem} {
			if got := get.Header.Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
	})
}

// The head of HEAD is that of GET, as far as the handler says what that would be.
func TestErrorPage_HEAD(t *testing.T) {
	h := filter.ErrorPage(filter.ErrorPageOptions{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/error":
			http.Error(w, "gone", 404)
		case "/status":
			w.WriteHeader(404)
		case "/proxied":
			w.Header().Set("Content-Length", "5")
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.Header().Set("X-Content-Type-Options", "nosniff")
			w.WriteHeader(404)
		case "/own":
			w.Header().Set("Content-Length", "500")
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(404)
		}
	}))
	protocols(t, h, func(t *testing.T, fetch func(method, path string, fields ...string) *http.Response) {
		for path, want := range map[string]string{
			"/error":   "text/html;charset=utf-8, as GET",
			"/status":  "text/html;charset=utf-8, -1",
			"/proxied": "text/html;charset=utf-8, -1",
			"/own":     "text/html, 500",
		} {
			res := fetch("HEAD", path, "Accept", browser)
			want = strings.Replace(want, "as GET", fmt.Sprint(fetch("GET", "/error", "Accept", browser).ContentLength), 1)
			if got := fmt.Sprintf("%s, %d", res.Header.Get("Content-Type"), res.ContentLength); got != want || res.StatusCode != 404 {
				t.Errorf("%s: %d %s, want %s", path, res.StatusCode, got, want)
			}
		}
	})
}

func TestErrorPage_smallPage(t *testing.T) {
	silent := slog.New(slog.DiscardHandler)
	h := rewrite.Request(filter.ID.Set("the-id"), filter.Nonce.Set("N0nce"))(
		filter.ErrorPage(filter.ErrorPageOptions{})(filter.Recover(filter.RecoverOptions{Logger: silent})(
			http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { panic("secret") }))))
	for accept, want := range map[string][]string{
		browser:      {"<title>500 Internal Server Error</title>", `<style nonce="N0nce">`, "Request the-id</p>", "status 500."},
		"text/plain": {"500 Internal Server Error\nRequest the-id\n"},
		problem:      {`"request_id":"the-id"`},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept", accept)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		for _, part := range want {
			if body := w.Body.String(); w.Code != 500 || !strings.Contains(body, part) || strings.Contains(body, "secret") {
				t.Errorf("%d without %q, or with a secret:\n%s", w.Code, part, body)
			}
		}
	}
}

func TestErrorPage_preferred(t *testing.T) {
	h := filter.ErrorPage(filter.ErrorPageOptions{Types: []string{problem, "text/html"}})(erring(404, "x"))
	for accept, want := range map[string]string{
		"*/*": problem, "application/json, text/plain, */*": problem, browser: "text/html;charset=utf-8", "text/plain": "text/plain; charset=utf-8",
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept", accept)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if got := w.Header().Get("Content-Type"); got != want {
			t.Errorf("%s: %s, want %s", accept, got, want)
		}
	}
}

// A page that fails for one error only is replaced.
func TestErrorPage_failingPage(t *testing.T) {
	page := template.Must(template.New("").Parse(`begin {{if eq .Status 418}}{{index .Title 99}}{{end}}`))
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Accept", browser)
	w := httptest.NewRecorder()
	filter.ErrorPage(filter.ErrorPageOptions{Page: page})(answering(418, "")).ServeHTTP(w, r)
	if body := w.Body.String(); w.Code != 418 || !strings.HasPrefix(body, "<!DOCTYPE html>") {
		t.Errorf("%d %s", w.Code, body)
	}
}

func TestErrorPage_nonsense(t *testing.T) {
	for want, o := range map[string]filter.ErrorPageOptions{
		`Types has "html", not one of text/plain, text/html, application/problem+json, application/json`: {Types: []string{"html"}},
		"Types is empty": {Types: []string{}},
		`Page: template: p:1:2: executing "p" at <.Message>: can't evaluate field Message in type filter.errorPage`: {Page: template.Must(template.New("p").Parse("{{.Message}}"))},
	} {
		mustPanic(t, "filter.ErrorPage: "+want, func() { filter.ErrorPage(o) })
	}
	mustPanic(t, "filter.ErrorPage: next is nil", func() { filter.ErrorPage(filter.ErrorPageOptions{})(nil) })
}

// Whatever http.Error is told, the problem is JSON with that text.
func FuzzErrorPage(f *testing.F) {
	f.Add("no such user")
	f.Add("\"\\\xff</script>\u2028\x00")
	h := filter.ErrorPage(filter.ErrorPageOptions{})
	f.Fuzz(func(t *testing.T, text string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept", problem)
		w := httptest.NewRecorder()
		h(erring(400, text)).ServeHTTP(w, r)
		var p struct{ Detail string }
		if len(text) < 2<<10-1 {
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || len(p.Detail) > 3*len(text) {
				t.Errorf("%q: %q, %v", text, w.Body, err)
			}
		}
	})
}

func ExampleErrorPage() {
	h := filter.ErrorPage(filter.ErrorPageOptions{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "there is no user of this name", http.StatusNotFound)
	}))
	for _, accept := range []string{"*/*", "application/problem+json"} {
		r := httptest.NewRequest("GET", "/users/x", nil)
		r.Header.Set("Accept", accept)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		fmt.Print(w.Body)
	}
	// Output:
	// 404 Not Found
	// there is no user of this name
	// {"title":"Not Found","status":404,"detail":"there is no user of this name"}
}
