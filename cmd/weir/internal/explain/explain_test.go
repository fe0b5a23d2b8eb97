package explain_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/weirhttp/weir/cmd/weir/internal/explain"
	"github.com/weirhttp/weir/deploy"
)

// everyAnswer has an app for each way in which a response can go out.
func everyAnswer() http.Handler {
	mux := http.NewServeMux()
	long := strings.Repeat("<p>the quick brown fox</p>\n", 1000)
	for path, h := range map[string]http.HandlerFunc{
		"/nothing": func(http.ResponseWriter, *http.Request) {},
		"/short":   func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "short") },
		"/long":    func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, long) },
		"/echo": func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, "%s %s %q\n", r.Method, r.URL, r.Header["X-Sent"])
			io.Copy(w, r.Body)
		},
		"/declared": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(len(long)))
			w.Header().Set("Etag", `"one"`)
			io.WriteString(w, long)
		},
		"/too-much": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "5")
			io.WriteString(w, "12345")
			io.WriteString(w, "678")
		},
		"/too-little": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "5000")
			io.WriteString(w, "not that much")
		},
		"/204":   func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(204) },
		"/304":   func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Etag", `"x"`); w.WriteHeader(304) },
		"/404":   http.NotFound,
		"/moved": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/short?a=b", http.StatusFound) },
		"/file": func(w http.ResponseWriter, r *http.Request) {
			http.ServeFile(w, r, "explain_test.go")
		},
		"/hints": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Link", "</a.css>; rel=preload")
			w.WriteHeader(http.StatusEarlyHints)
			io.WriteString(w, "after the hints")
		},
		"/flushed": func(w http.ResponseWriter, r *http.Request) {
			for range 3 {
				io.WriteString(w, "a piece\n")
				w.(http.Flusher).Flush()
			}
		},
		"/trailers": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Trailer", "X-Sum")
			io.WriteString(w, long)
			w.Header().Set("X-Sum", "42")
		},
		"/more-trailers": func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, long)
			w.Header().Set(http.TrailerPrefix+"X-More", "43")
		},
		"/panics": func(w http.ResponseWriter, r *http.Request) { panic("at once") },
		"/panics-late": func(w http.ResponseWriter, r *http.Request) {
			w.Write([]byte(long)) // of a string, net/http would hold the end back, and that is all that differs
			panic("late")
		},
		"/aborts": func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) },
		"/hijacks": func(w http.ResponseWriter, r *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\n\r\nfree text")
				conn.Close()
			}
		},
		"/full-duplex": func(w http.ResponseWriter, r *http.Request) {
			http.NewResponseController(w).EnableFullDuplex()
			io.WriteString(w, "before the body\n")
			http.NewResponseController(w).Flush()
			io.Copy(w, r.Body)
		},
		"/late-field": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(200)
			w.Header().Set("X-Late", "1")
			io.WriteString(w, "x")
		},
	} {
		mux.HandleFunc(path, h)
	}
	return mux
}

const everySite = `
[app.main]
use = "mounts"
filters = ["recover", "limit"]
"/bare/" = "every"
"/filtered/" = "filtered"
"/tried/" = "tried"

[app.every]

[app.filtered]
use = "every"
filters = ["gzip", "cond", "access-log", "map-fields", "small"]

[app.tried]
use = "cascade"
limit = "1KiB"
apps = ["files", "filtered"]

[app.files]
use = "dir"
fs = "testdata"

[filter.limit]
use = "rate-limit"
limit = "1000000/s"
burst = 1000000

[filter.gzip]
use = "compress"
min-size = 100

[filter.cond]
use = "when"
match = ["/long", "/echo"]
filters = ["tell", "say"]

[filter.tell]
use = "request-header"
set = { X-Sent = "yes" }

[filter.say]
use = "response-header"
set = { X-Said = "yes" }

[filter.small]
use = "max-body"
limit = 10
`

// TestATracedSiteAnswersAsThePlainOne holds that who looks changes nothing: the heads are the same to the byte, and so are
// the bodies, the trailers, and where a response is cut. Only how net/http cuts a body in chunks may differ.
func TestATracedSiteAnswersAsThePlainOne(t *testing.T) {
	set := deploy.Builtin()
	set["every"] = deploy.App(everyAnswer)
	site, err := deploy.Parse("site.toml", []byte(everySite), set)
	if err != nil {
		t.Fatal(err)
	}
	plain, _, err := site.Build()
	if err != nil {
		t.Fatal(err)
	}
	var seen atomic.Int64
	rec := explain.NewRecorder(false)
	traced, _, err := site.Trace(func(n *deploy.Node, next http.Handler) http.Handler {
		return rec.Probe(n, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			seen.Add(1)
			next.ServeHTTP(w, r)
		}))
	})
	if err != nil {
		t.Fatal(err)
	}
	one, other := serveQuietly(t, plain), serveQuietly(t, traced)
	var paths []string
	for _, at := range []string{"/bare", "/filtered", "/tried"} {
		for _, path := range []string{"", "/", "/nothing", "/short", "/long", "/echo", "/declared", "/too-much", "/too-little", "/204",
			"/304", "/404", "/moved", "/file", "/hints", "/flushed", "/trailers", "/more-trailers", "/panics", "/panics-late", "/aborts", "/hijacks",
			"/full-duplex", "/late-field", "/site.toml", "/a%2Fb//c;d"} {
			paths = append(paths, at+path)
		}
	}
	for _, path := range append(paths, "/", "/none", "/bare/../../x") {
		for _, method := range []string{"GET", "HEAD", "POST"} {
			for name, fields := range map[string]string{
				"":            "",
				" compressed": "Accept-Encoding: gzip\r\n",
				" validated":  "If-None-Match: \"one\"\r\n",
				" in part":    "Range: bytes=2-5\r\n",
			} {
				if name == " compressed" && strings.HasSuffix(path, "/more-trailers") {
					continue // for those, package capture flushes the coding at the end of a body that it passes on
				}
				body := ""
				if method == "POST" {
					body = strings.Repeat("b", 4+len(name)) // some above the limit
				}
				raw := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\nContent-Length: %d\r\n%s\r\n%s",
					method, path, len(body), fields, body)
				before := seen.Load()
				want, got := talk(t, one, raw), talk(t, other, raw)
				if want != got {
					t.Errorf("%s %s%s: traced it is\n%s\nand plain it is\n%s", method, path, name, got, want)
				}
				if seen.Load() == before {
					t.Errorf("%s %s%s: no probe saw it", method, path, name)
				}
			}
		}
	}
}

// serveQuietly serves h, and returns its address.
func serveQuietly(t *testing.T, h http.Handler) string {
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Start()
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

var changing = regexp.MustCompile(`\r\n(Date|Ratelimit): [^\r]*`)

// talk sends a text by a connection and returns what comes back, in words and without what differs from one second to
// the next.
func talk(t *testing.T, address, raw string) string {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	go io.WriteString(conn, raw)
	came, err := io.ReadAll(conn)
	told := fmt.Sprintf("(read to %v)\n", err)
	method, _, _ := strings.Cut(raw, " ")
	for rest := bufio.NewReader(bytes.NewReader(changing.ReplaceAll(came, nil))); ; {
		head, _, _ := bytes.Cut(came, []byte("\r\n\r\n"))
		res, err := http.ReadResponse(rest, &http.Request{Method: method})
		if err != nil {
			return told + fmt.Sprintf("(no head: %v)", err)
		}
		told += string(changing.ReplaceAll(head, nil)) + "\n"
		if res.StatusCode == http.StatusEarlyHints {
			came = came[len(head)+4:]
			continue
		}
		body, err := io.ReadAll(res.Body)
		return told + fmt.Sprintf("(%d bytes %.100q, sum %x, to %v, then %v)", len(body), body, sha256.Sum256(body), err, res.Trailer)
	}
}
