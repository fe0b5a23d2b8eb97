package rewrite_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/rewrite"
)

// TestBodyForEverySplit checks that the pieces in which an application writes do not show.
func TestBodyForEverySplit(t *testing.T) {
	const body, want = "abaabb ab a baabXa", "XaXb X a baXXa."
	html := rewrite.Body(rewrite.Type("text/html"), letters)
	ways := map[string]func(http.ResponseWriter, string){
		"Write":       func(w http.ResponseWriter, s string) { w.Write([]byte(s)) },
		"WriteString": func(w http.ResponseWriter, s string) { io.WriteString(w, s) },
		"ReadFrom":    func(w http.ResponseWriter, s string) { io.Copy(w, struct{ io.Reader }{strings.NewReader(s)}) },
		"Flush":       func(w http.ResponseWriter, s string) { io.WriteString(w, s); w.(http.Flusher).Flush() },
	}
	for name, write := range ways {
		for i := range len(body) + 1 {
			for j := i; j <= len(body); j++ {
				w := httptest.NewRecorder()
				html(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Type", "text/html")
					for _, piece := range []string{body[:i], body[i:j], body[j:]} {
						write(w, piece)
					}
				})).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
				if got := w.Body.String(); got != want {
					t.Fatalf("%s split at %d and %d: %q, want %q", name, i, j, got, want)
				}
			}
		}
	}
}

func FuzzBodySplits(f *testing.F) {
	f.Add([]byte("abaab"), []byte{1, 2, 0})
	f.Add(bytes.Repeat([]byte("ab"), 400), []byte{255, 255, 3})
	html := rewrite.Body(rewrite.Type("text/html"), letters)
	f.Fuzz(func(t *testing.T, body, splits []byte) {
		var whole bytes.Buffer
		x := letters(&whole)
		x.Write(body)
		x.Close()
		w := httptest.NewRecorder()
		html(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			rest := body
			for _, n := range splits {
				n := min(int(n), len(rest))
				if w.Write(rest[:n]); n%7 == 0 {
					w.(http.Flusher).Flush()
				}
				rest = rest[n:]
			}
			w.Write(rest)
		})).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		if w.Body.String() != whole.String() {
			t.Fatalf("%q in pieces is %q, whole it is %q", body, w.Body, whole.String())
		}
	})
}

func TestBodyTransforms(t *testing.T) {
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	io.WriteString(z, "abab")
	z.Close()
	for name, c := range map[string]struct {
		status int
		fields string // what the application sets
		body   string
		want   string
	}{
		"its type":                        {200, "Content-Type: text/html; charset=utf-8", "abc", "Xc."},
		"its type in other letters":       {200, "Content-Type: Text/HTML", "abc", "Xc."},
		"its type on an error page":       {404, "Content-Type: text/html", "abc", "Xc."},
		"a type that net/http will guess": {200, "", "<html>ab", "<html>X."},
		"an empty body":                   {200, "Content-Type: text/html", "", "."},
		"a body that says its length":     {200, "Content-Type: text/html\nContent-Length: 3", "abc", "Xc."},
		"not another type":                {200, "Content-Type: text/plain", "abc", "abc"},
		"not another type to guess":       {200, "", "abc", "abc"},
		"not a coded body":                {200, "Content-Type: text/html\nContent-Encoding: gzip", zipped.String(), zipped.String()},
		"not a part":                      {206, "Content-Type: text/html\nContent-Range: bytes 0-2/9", "abc", "abc"},
		"not an event stream":             {200, "Content-Type: text/event-stream", "ab", "ab"},
		"not what must not be":            {200, "Content-Type: text/html\nCache-Control: no-transform", "abc", "abc"},
	} {
		for _, http2 := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/http2=%v", name, http2), func(t *testing.T) {
				filter := rewrite.Body(rewrite.Type("text/html", "x/y"), letters)
				server := start(t, http2, filter(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.Header["Accept-Encoding"] != nil {
						t.Error("the application may send a coding")
					}
					for field := range strings.Lines(c.fields) {
						name, value, _ := strings.Cut(strings.TrimSpace(field), ": ")
						w.Header().Set(name, value)
					}
					w.WriteHeader(c.status)
					io.WriteString(w, c.body)
				})))
				res, body, err := fetch(t, server, "GET", "Accept-Encoding: gzip")
				if err != nil || res.StatusCode != c.status || body != c.want {
					t.Errorf("%v %q %v, want %q", res, body, err, c.want)
				}
				if strings.Contains(c.body, "<html>") && res.Header.Get("Content-Type") != "text/html; charset=utf-8" {
					t.Errorf("the type is %q", res.Header.Get("Content-Type"))
				}
			})
		}
	}
}

// content is an application that knows ranges, validators and HEAD.
var content = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	w.Header().Set("Etag", `"v1"`)
	w.Header().Set("Digest", "md5=x")
	http.ServeContent(w, r, "", time.Time{}, strings.NewReader("abcab"))
})

func TestBodyMendsTheHead(t *testing.T) {
	server := start(t, false, rewrite.Body(rewrite.Type("text/html"), letters)(content))
	get, body, err := fetch(t, server, "GET")
	if err != nil || body != "XcX." {
		t.Fatalf("%q %v", body, err)
	}
	head, _, err := fetch(t, server, "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	for _, res := range []*http.Response{get, head} {
		h := res.Header
		if h.Get("Etag") != `W/"v1+body"` || h["Accept-Ranges"] != nil || h["Digest"] != nil || h.Get("Content-Length") == "5" || h["Vary"] != nil {
			t.Errorf("the head for %s is %v", res.Request.Method, h)
		}
	}
	for name, c := range map[string]struct {
		field  string
		status int
		body   string
	}{
		"the client has it":               {`If-None-Match: W/"v1+body"`, 304, ""},
		"the client has another":          {`If-None-Match: W/"v0+body"`, 200, "XcX."},
		"the client wants to keep it":     {`If-Match: W/"v0+body"`, 412, "."},
		"the client wants a part":         {"Range: bytes=0-1", 200, "XcX."},
		"the client has the first part":   {"If-Range: \"v1\"\nRange: bytes=2-", 200, "XcX."},
		"the client wants an image":       {"Sec-Fetch-Dest: image", 200, "abcab"},
		"the client wants part of a film": {"Sec-Fetch-Dest: video\nRange: bytes=0-1", 206, "ab"},
	} {
		t.Run(name, func(t *testing.T) {
			res, body, err := fetch(t, server, "GET", strings.Split(c.field, "\n")...)
			if err != nil || res.StatusCode != c.status || body != c.body {
				t.Fatalf("%v %q %v, want %d %q", res, body, err, c.status, c.body)
			}
			if res.StatusCode == 304 && res.Header.Get("Etag") != `W/"v1+body"` {
				t.Errorf("the tag is %q", res.Header.Get("Etag"))
			}
		})
	}
}

// TestBodyTwice stacks two transforms: the marks nest.
func TestBodyTwice(t *testing.T) {
	body := rewrite.Body(rewrite.Type("text/html"), letters)
	server := start(t, false, body(body(content)))
	res, text, _ := fetch(t, server, "GET")
	if tag := res.Header.Get("Etag"); text != "XcX.." || tag != `W/"v1+body~body"` {
		t.Errorf("%q with the tag %q", text, tag)
	}
	res, _, _ = fetch(t, server, "GET", "If-None-Match: "+res.Header.Get("Etag"))
	if tag := res.Header.Get("Etag"); res.StatusCode != 304 || tag != `W/"v1+body~body"` {
		t.Errorf("%d with the tag %q", res.StatusCode, tag)
	}
}

// TestBodyThatIsCutLooksCut has the application fail after some output.
func TestBodyThatIsCutLooksCut(t *testing.T) {
	for name, app := range map[string]http.HandlerFunc{
		"short": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "10")
			w.Write([]byte("ab"))
		},
		"short, flushed": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "10")
			w.Write([]byte("ab"))
			w.(http.Flusher).Flush()
		},
		"panic": func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("<html>ab")); panic(http.ErrAbortHandler) },
	} {
		for _, http2 := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/http2=%v", name, http2), func(t *testing.T) {
				server := start(t, http2, rewrite.Body(rewrite.Type("text/html"), letters)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Content-Type", "text/html")
					app(w, r)
				})))
				if _, body, err := fetch(t, server, "GET"); err == nil || strings.Contains(body, ".") {
					t.Errorf("%q ends with %v", body, err)
				}
			})
		}
	}
}

func TestBodyAsksTheMatchTwice(t *testing.T) {
	var asked []string
	match := func(h *capture.Head) bool {
		asked = append(asked, fmt.Sprint(h.Status, h.Request.URL.Path, h.Header == nil, len(h.Peek)))
		return h.Request.URL.Path != "/no"
	}
	h := rewrite.Body(match, letters)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Header.Get("Accept-Encoding"))
		io.WriteString(w, strings.Repeat("c", 600))
	}))
	for _, path := range []string{"/no", "/yes"} {
		r := httptest.NewRequest("GET", path, nil)
		r.Header.Set("Accept-Encoding", "gzip")
		h.ServeHTTP(httptest.NewRecorder(), r)
		if r.Header.Get("Accept-Encoding") != "gzip" {
			t.Error("the request was edited")
		}
	}
	got := strings.Join(asked, "|")
	if want := "0/notrue 0|gzip|0/yestrue 0||200/yesfalse 600"; strings.ReplaceAll(got, " /", "/") != strings.ReplaceAll(want, " /", "/") {
		t.Errorf("asked %s, want %s", got, want)
	}
}
