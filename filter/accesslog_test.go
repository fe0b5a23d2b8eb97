package filter_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/filtertest"
	"github.com/weirhttp/weir/rewrite"
)

func TestAccessLog(t *testing.T) {
	filtertest.Run(t, filter.AccessLog(filter.AccessLogOptions{Logger: slog.New(slog.DiscardHandler)}))

	mux := http.NewServeMux()
	mux.Handle("GET /users/{name}", rewrite.Request(func(r *http.Request) { r.Header.Set("X", "y") })(answering(200, "hello")))
	for _, c := range []struct {
		name    string
		method  string
		target  string
		handler http.Handler
		want    map[string]any
	}{
		{"a page", "GET", "/a", answering(200, "hello"),
			map[string]any{"level": "INFO", "msg": "request", "method": "GET", "path": "/a", "status": 200.0, "bytes": 5.0, "client": "127.0.0.1"}},
		{"a handler that writes nothing", "GET", "/a", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}),
			map[string]any{"level": "INFO", "status": 200.0, "bytes": 0.0, "cut": nil, "hijacked": nil}},
		{"a status alone", "DELETE", "/a", answering(204, ""), map[string]any{"level": "INFO", "method": "DELETE", "status": 204.0}},
		{"an informational response is not the answer", "GET", "/a", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			http.NotFound(w, r)
		}), map[string]any{"level": "INFO", "status": 404.0}},
		{"the client's fault", "GET", "/a", answering(404, "no"), map[string]any{"level": "INFO", "status": 404.0}},
		{"our own fault", "GET", "/a", answering(503, "no"), map[string]any{"level": "ERROR", "status": 503.0}},
		{"the path as it was sent, without the query", "GET", "/a%2Fb/%0a;c/?d=e%20f", answering(200, ""), map[string]any{"path": "/a%2Fb/%0a;c/"}},
		{"the path as it was sent, although a mount took some of it", "GET", "/app/x", http.StripPrefix("/app", answering(200, "")),
			map[string]any{"path": "/app/x"}},
		{"the pattern of a mux further in", "GET", "/users/ann", mux, map[string]any{"pattern": "GET /users/{name}"}},
		{"a panic before output", "GET", "/a", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("oops") }),
			map[string]any{"level": "WARN", "status": 0.0, "cut": true}},
		{"a panic after output", "GET", "/a", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "half")
			panic(http.ErrAbortHandler)
		}), map[string]any{"level": "WARN", "status": 200.0, "bytes": 4.0, "cut": true}},
		{"a panic that Recover turned into an answer", "GET", "/a", filter.Recover(filter.RecoverOptions{Logger: slog.New(slog.DiscardHandler)})(
			http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("oops") })),
			map[string]any{"level": "ERROR", "status": 500.0, "bytes": 22.0, "cut": nil}},
		{"a body that Compress had to cut", "GET", "/a", filter.Compress(filter.CompressOptions{})(
			answering(200, page(5000), "Content-Type", "text/plain", "Content-Length", "6000")),
			map[string]any{"level": "WARN", "status": 200.0, "cut": true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var book logbook
			h := filter.AccessLog(filter.AccessLogOptions{Logger: book.logger()})(c.handler)
			for _, http2 := range []bool{false, true} {
				s := httptest.NewUnstartedServer(h)
				s.EnableHTTP2 = http2
				s.Config.ErrorLog = log.New(io.Discard, "", 0)
				s.StartTLS()
				r, err := http.NewRequestWithContext(t.Context(), c.method, s.URL+c.target, nil)
				if err != nil {
					t.Fatal(err)
				}
				if res, err := s.Client().Do(r); err == nil {
					_, _ = io.Copy(io.Discard, res.Body)
					res.Body.Close()
				}
				s.Close() // the handler has ended then
			}
			protocols := map[string]bool{}
			for _, record := range book.records(t) {
				protocols[fmt.Sprint(record["protocol"])] = true
				for name, want := range c.want {
					if got := record[name]; got != want {
						t.Errorf("%s is %v, want %v", name, got, want)
					}
				}
				if d, ok := record["duration"].(float64); !ok || d < 0 {
					t.Errorf("duration %v", record["duration"])
				}
			}
			if !protocols["HTTP/1.1"] || !protocols["HTTP/2.0"] {
				t.Errorf("records for %v, want both:\n%s", protocols, book.String())
			}
		})
	}
}

func TestAccessLogOfHijack(t *testing.T) {
	var book logbook
	h := filter.AccessLog(filter.AccessLogOptions{Logger: book.logger()})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nown")
		conn.Close()
	}))
	s, done := untilDone(h)
	defer s.Close()
	res, err := s.Client().Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	res.Body.Close()
	<-done
	records := book.records(t)
	if len(records) != 1 || records[0]["hijacked"] != true || records[0]["status"] != 0.0 || records[0]["cut"] != nil || records[0]["level"] != "INFO" {
		t.Errorf("log: %s", book.String())
	}
}

func TestAccessLogKnowsWhatIsSetFurtherOut(t *testing.T) {
	var book logbook
	h := filter.RequestID(filter.RequestIDOptions{})(
		rewrite.Request(rewrite.User.Set("ann"), rewrite.Client.Set(netip.MustParseAddr("2001:db8::1")))(
			filter.AccessLog(filter.AccessLogOptions{Logger: book.logger()})(answering(200, ""))))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	record := book.records(t)[0]
	if record["user"] != "ann" || record["client"] != "2001:db8::1" || record["id"] == nil {
		t.Errorf("log: %s", book.String())
	}
}

func TestAccessLogClient(t *testing.T) {
	for remote, want := range map[string]string{"192.0.2.1:1234": "192.0.2.1", "[2001:db8::1%eth0]:80": "2001:db8::1%eth0", "@": "@", "": ""} {
		var book logbook
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = remote
		filter.AccessLog(filter.AccessLogOptions{Logger: book.logger()})(answering(200, "")).ServeHTTP(httptest.NewRecorder(), r)
		if got := book.records(t)[0]["client"]; got != want {
			t.Errorf("client %q for the connection of %q, want %q", got, remote, want)
		}
	}
}

func TestAccessLogPath(t *testing.T) {
	for _, c := range []struct{ method, uri, want string }{
		{"GET", "/a//b/../c?d", "/a//b/../c"},
		{"GET", "http://example.com/a%20b?c", "/a%20b"},
		{"OPTIONS", "*", "*"},
		{"CONNECT", "example.com:443", "example.com:443"},
		{"GET", "", "/target"},
	} {
		var book logbook
		r := httptest.NewRequest(c.method, "/target", nil)
		if c.uri != "" && c.method != "CONNECT" {
			r = httptest.NewRequest(c.method, c.uri, nil)
		}
		r.RequestURI = c.uri
		filter.AccessLog(filter.AccessLogOptions{Logger: book.logger()})(answering(200, "")).ServeHTTP(httptest.NewRecorder(), r)
		if got := book.records(t)[0]["path"]; got != c.want {
			t.Errorf("%s %q: path %q, want %q", c.method, c.uri, got, c.want)
		}
	}
}

func TestAccessLogCannotBeForged(t *testing.T) {
	forged := "/\n{\"msg\":\"forged\"}\r\ntime=now level=INFO msg=forged\x1b[2J\x00\"\\"
	for name, logger := range map[string]func(io.Writer) slog.Handler{
		"text": func(w io.Writer) slog.Handler { return slog.NewTextHandler(w, nil) },
		"JSON": func(w io.Writer) slog.Handler { return slog.NewJSONHandler(w, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			var book logbook
			h := filter.AccessLog(filter.AccessLogOptions{Logger: slog.New(logger(&book))})(answering(200, ""))
			r := httptest.NewRequest("GET", "/", nil)
			r.RequestURI, r.Method, r.RemoteAddr, r.Pattern, r.Proto = forged, forged, forged, forged, forged
			h.ServeHTTP(httptest.NewRecorder(), rewriteUser(r, forged))
			line := book.String()
			if strings.Count(line, "\n") != 1 || strings.ContainsAny(line, "\r\x00\x1b") {
				t.Errorf("log: %q", line)
			}
			if name == "JSON" && book.records(t)[0]["path"] != forged {
				t.Errorf("log: %q", line)
			}
		})
	}
}

func rewriteUser(r *http.Request, name string) *http.Request {
	return r.WithContext(rewrite.User.WithValue(r.Context(), name))
}

func TestAccessLogOptions(t *testing.T) {
	var book logbook
	h := filter.AccessLog(filter.AccessLogOptions{
		Logger: book.logger(),
		Level: func(sent capture.Sent) slog.Level {
			if sent.Status == 200 {
				return slog.LevelDebug
			}
			return slog.LevelWarn
		},
		Attrs: func(r *http.Request) []slog.Attr { return []slog.Attr{slog.String("query", r.URL.RawQuery)} },
	})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
		}
	}))
	for _, path := range []string{"/?a=b", "/x?c=d"} {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", path, nil))
	}
	records := book.records(t)
	if len(records) != 1 || records[0]["level"] != "WARN" || records[0]["query"] != "c=d" {
		t.Errorf("log: %s", book.String())
	}
}

// The filter costs no more than a call of slog with as many attributes does,
// capture's writer, and the request that its notes are taken of.
func TestAccessLogAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes pools forget")
	}
	logger := slog.New(slog.NewJSONHandler(io.Discard, nil))
	next := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(200) })
	r := httptest.NewRequest("GET", "/a?b", nil)
	w := discardResponse{make(http.Header)}
	bare := testing.AllocsPerRun(100, func() {
		next.ServeHTTP(w, r)
		logger.LogAttrs(r.Context(), slog.LevelInfo, "request", slog.String("method", r.Method), slog.String("path", "/a"),
			slog.Int("status", 200), slog.Int64("bytes", 0), slog.Duration("duration", 1), slog.String("client", "1"), slog.String("protocol", "1"))
	})
	for name, c := range map[string]struct {
		options filter.AccessLogOptions
		most    float64
	}{
		"logging":                {filter.AccessLogOptions{Logger: logger}, bare + 2},
		"logging without notes":  {filter.AccessLogOptions{Logger: logger, MaxNotes: -1}, bare + 1},
		"not logging":            {filter.AccessLogOptions{Logger: slog.New(slog.DiscardHandler)}, 2},
		"neither logs nor notes": {filter.AccessLogOptions{Logger: slog.New(slog.DiscardHandler), MaxNotes: -1}, 1},
	} {
		h := filter.AccessLog(c.options)(next)
		h.ServeHTTP(w, r)
		if got := testing.AllocsPerRun(100, func() { h.ServeHTTP(w, r) }); got > c.most {
			t.Errorf("%s: %v allocations, want %v at most", name, got, c.most)
		}
	}
}

func TestAccessLogRefusesNil(t *testing.T) {
	defer func() {
		if v := recover(); v != "filter.AccessLog: next is nil" {
			t.Errorf("panic %v", v)
		}
	}()
	filter.AccessLog(filter.AccessLogOptions{})(nil)
}

// A record is of the time when the request had been served, and of this package where a handler wants to know.
func TestAccessLog_recordSaysWhen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		logger := slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{AddSource: true}))
		h := filter.AccessLog(filter.AccessLogOptions{Logger: logger})(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			time.Sleep(3 * time.Second)
		}))
		began := time.Now()
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
		var record struct {
			Time   time.Time
			Source slog.Source
		}
		if err := json.Unmarshal(out.Bytes(), &record); err != nil {
			t.Fatal(err)
		}
		if took := record.Time.Sub(began); took != 3*time.Second || filepath.Base(record.Source.File) != "accesslog.go" {
			t.Errorf("%v after its beginning, at %+v", took, record.Source)
		}
	})
}

func ExampleAccessLog() {
	log := filter.AccessLog(filter.AccessLogOptions{
		Logger: slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
			ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
				if a.Key == slog.TimeKey || a.Key == "duration" {
					return slog.Attr{} // not the same each time
				}
				return a
			},
		})),
		Attrs: func(r *http.Request) []slog.Attr {
			return []slog.Attr{slog.String("agent", r.UserAgent())}
		},
	})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /tea/{kind}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "A cup of %s tea.\n", r.PathValue("kind"))
	})

	r := httptest.NewRequest("GET", "/tea/green?sugar=2", nil)
	r.Header.Set("User-Agent", "kettle/1.0")
	log(mux).ServeHTTP(httptest.NewRecorder(), r)
	// Output:
	// level=INFO msg=request method=GET path=/tea/green status=200 bytes=20 client=192.0.2.1 protocol=HTTP/1.1 pattern="GET /tea/{kind}" agent=kettle/1.0
}

// TestAccessLogPathBelowAMount has the log below a prefix: whatever form the target has, and also
// where a program asks, the path is the client's.
func TestAccessLogPathBelowAMount(t *testing.T) {
	for uri, want := range map[string]string{
		"/app/a%2Fb?c=d":                    "/app/a%2Fb c=d",
		"http://example.org/app/a%2Fb?c=d":  "/app/a%2Fb c=d",
		"http://example.org/app/a%2Fb?c=//": "/app/a%2Fb c=//",
		"":                                  "/app/a%2Fb c=d",
	} {
		var book logbook
		h := below("/app", filter.AccessLog(filter.AccessLogOptions{Schema: "ecs", Logger: book.logger()})(http.NotFoundHandler()))
		r := httptest.NewRequest("GET", "/app/a%2Fb?c=d", nil)
		r.RequestURI = uri
		h.ServeHTTP(httptest.NewRecorder(), r)
		record := book.records(t)[0]
		if got := fmt.Sprint(record["url.path"], " ", record["url.query"]); got != want {
			t.Errorf("%q: got %q, want %q", uri, got, want)
		}
	}

	var b bytes.Buffer
	h := below("/app", filter.AccessLog(filter.AccessLogOptions{Schema: "common", Output: &b})(http.NotFoundHandler()))
	r := httptest.NewRequest("GET", "/app/a%2Fb?c=d", nil)
	r.RequestURI = ""
	h.ServeHTTP(httptest.NewRecorder(), r)
	if !strings.Contains(b.String(), `"GET /app/a%2Fb?c=d HTTP/1.1"`) {
		t.Errorf("the line is %q", b.String())
	}
}

// below is a mount of next.
func below(prefix string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inside, _ := rewrite.Shift(r, prefix)
		rewrite.Serve(w, r, inside, next)
	})
}
