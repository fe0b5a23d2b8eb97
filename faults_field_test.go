package weir_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/time/rate"

	"github.com/weirhttp/weir"
	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/mount"
)

// oddHeads are heads of responses that strain whoever reads or copies them.
var oddHeads = map[string]func(h http.Header){
	"3000 fields": func(h http.Header) {
		for i := range 3000 {
			h.Set(fmt.Sprintf("X-%d", i), "v")
		}
	},
	"3000 lines of one field": func(h http.Header) {
		for i := range 3000 {
			h.Add("X-Many", fmt.Sprint(i))
		}
	},
	"a value of 64 KiB": func(h http.Header) { h.Set("X-Long", strings.Repeat("x", 64<<10)) },
	"1000 cookies":      func(h http.Header) { h["Set-Cookie"] = slices.Repeat([]string{"a=b; Path=/"}, 1000) },
	"CR, LF and NUL": func(h http.Header) {
		h["X-Odd"] = []string{"a\r\nX-Forged: b", "a\nb", "a\rb", "a\x00b", "\r\n\r\n<p>"}
	},
	"CR and LF in a Location": func(h http.Header) { h["Location"] = []string{"/\r\nSet-Cookie: forged=1"} },
	"a name that is none":     func(h http.Header) { h["X Forged: y\r\nX"] = []string{"v"} },
	"no values":               func(h http.Header) { h["X-None"], h["X-Nil"] = []string{}, nil },
	"bytes beyond ASCII":      func(h http.Header) { h["X-Bytes"] = []string{"\xff\xfe \u00e9 \x7f", "  spaces\t"} },
	"an ETag of 64 KiB":       func(h http.Header) { h.Set("Etag", `"`+strings.Repeat("x", 64<<10)+`"`) },
	"an ETag that is none":    func(h http.Header) { h.Set("Etag", `W/"x`) },
	"a type that is none":     func(h http.Header) { h["Content-Type"] = []string{`text/plain; a="b` + "\x01"} },
	"64 KiB of Cache-Control": func(h http.Header) { h.Set("Cache-Control", strings.Repeat("no-transform=,;", 4<<10)) },
	"a length that is none":   func(h http.Header) { h["Content-Length"] = []string{"-5"} },
	"two lengths":             func(h http.Header) { h["Content-Length"] = []string{"80", "3"} },
}

// ownFields are those that filters of the stacks add, and given those that they give a value of their own.
var (
	ownFields = []string{"Vary", "X-Request-Id", "X-Frame-Options", "Ratelimit", "Ratelimit-Policy", "Accept-Ranges",
		"Content-Security-Policy", "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy", "Etag", "Permissions-Policy",
		"Referrer-Policy", "Server-Timing", "Strict-Transport-Security", "X-Content-Type-Options"}
	givenFields = []string{"Cache-Control", "Set-Cookie"}
)

// TestOddHeads compares the head that a client gets of an application alone with
// that behind each stack.
func TestOddHeads(t *testing.T) {
	app := func(w http.ResponseWriter, r *http.Request) {
		oddHeads[r.Header.Get("X-Ask")](w.Header())
		_, _ = io.WriteString(w, page("odd", 80))
	}
	want := make(map[string]exchanged)
	heads := func(s *faultSite) map[string]exchanged {
		got := make(map[string]exchanged)
		for ask := range oddHeads {
			got[fmt.Sprint(ask, s.http2)] = s.get("/app/", "X-Ask", ask)
		}
		return got
	}
	overBoth(t, http.HandlerFunc(app), func(t *testing.T, s *faultSite) { maps.Copy(want, heads(s)) })
	faulty(t, app, func(t *testing.T, s *faultSite) {
		for ask, got := range heads(s) {
			want := want[ask]
			given := []string{"Date"}
			if !s.inOrder {
				given = append(given, givenFields...)
			}
			compared := func(h http.Header) http.Header {
				h = maps.Clone(h)
				maps.DeleteFunc(h, func(name string, _ []string) bool {
					return slices.Contains(given, name) || want.header[name] == nil && slices.Contains(ownFields, name)
				})
				return h
			}
			if (want.cut != nil) != (got.cut != nil) || want.status != got.status || want.text != got.text || got.bad != nil {
				t.Errorf("%s: %v, bare %v", ask, got, want)
			} else if !maps.EqualFunc(compared(want.header), compared(got.header), slices.Equal) {
				t.Errorf("%s: the head is %.300q, bare %.300q", ask, fmt.Sprint(got.header), fmt.Sprint(want.header))
			}
		}
	})
}

// oddRequests are fields of requests that filters read, and long.
var oddRequests = []string{
	"Accept-Encoding: " + strings.Repeat("gzip;q=0.5, ", 5000), "Accept-Encoding: " + strings.Repeat(",", 64<<10),
	"Accept-Encoding: gzip;" + strings.Repeat(" ", 64<<10), "If-None-Match: " + strings.Repeat(`W/"x+gzip", `, 5000),
	"If-None-Match: " + strings.Repeat(`"+gzip`, 10_000), "If-Match: " + strings.Repeat(`"x~zstd" `, 7000),
	"If-Range: " + strings.Repeat(`"x+gzip"`, 8000) + "\r\nRange: bytes=" + strings.Repeat("0-0,", 10_000) + "1-",
	"Connection: " + strings.Repeat("upgrade, ", 7000), "X-Request-Id: " + strings.Repeat("x", 64<<10),
	"Sec-Fetch-Dest: " + strings.Repeat("image", 10_000), "Cookie: " + strings.Repeat("a=;", 20_000),
	"X: 1" + strings.Repeat("\r\nX: 1", 3000), "Traceparent: \x80\xff",
}

// TestOddRequests sends them: each is served, or refused as it is bare.
func TestOddRequests(t *testing.T) {
	app := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Etag", `"x"`)
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, page("odd", 5000))
	}
	faulty(t, app, func(t *testing.T, s *faultSite) {
		if s.http2 {
			return // the same strings, otherwise packed
		}
		for _, fields := range oddRequests {
			conn := s.dial()
			defer conn.Close()
			_, _ = io.WriteString(conn, "GET /app/ HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"+fields+"\r\n\r\n")
			status := 200
			if !s.inOrder && strings.HasPrefix(fields, "If-Match: ") { // Conditional finds no tag in it
				status = 412
			}
			if e := readConn(conn, nil); e.cut != nil || e.bad != nil || e.status != status || status == 200 && e.text != page("odd", 5000) {
				t.Errorf("%.40q: %v", fields, e)
			}
		}
	})
}

// TestLogsCannotBeForged has a client try to write lines of its own into the
// access log, over the wire: one line a request comes out, no control among its
// characters.
func TestLogsCannotBeForged(t *testing.T) {
	var book journal
	logger := slog.New(slog.NewTextHandler(&book, nil))
	log := filter.AccessLog(filter.AccessLogOptions{Logger: logger, Attrs: func(r *http.Request) []slog.Attr {
		return []slog.Attr{slog.String("query", r.URL.RawQuery), slog.String("agent", r.UserAgent()), slog.String("path", r.URL.Path)}
	}})
	trusting := filter.RequestID(filter.RequestIDOptions{Trust: func(*http.Request) bool { return true }})
	h := weir.Stack(trusting, log, filter.Recover(filter.RecoverOptions{Logger: logger})).Then(mount.At("/app", http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) { panic("oops\nlevel=INFO msg=forged " + r.URL.Path) })))
	const forged = "%0d%0atime=now%20level=INFO%20msg=forged%1b[2J%00%e2%80%a8"
	overBoth(t, h, func(t *testing.T, s *faultSite) {
		for _, target := range []string{"/app/" + forged, "/app/?" + forged, "/" + forged, "/x//" + forged} {
			s.get(target, "User-Agent", "a\tb \x80\xff\"", "X-Request-Id", `x" level=INFO msg="forged`, "X-Forwarded-For", "forged")
		}
	})
	text := book.String()
	if n := strings.Count(text, "\n"); n != 2*(4+2) { // requests and panics
		t.Errorf("%d lines of log, want 12", n)
	}
	if strings.ContainsAny(text, "\r\x00\x1b\t\u2028") || !utf8.ValidString(text) {
		t.Errorf("the log is %q", text)
	}
}

// TestNobodyIsWhoHeSays sends every field by which clients claim to be somebody
// else: they share one limit, and the log knows them by their connection.
func TestNobodyIsWhoHeSays(t *testing.T) {
	var book ledger
	h := weir.Stack(
		filter.AccessLog(filter.AccessLogOptions{Logger: slog.New(&book)}),
		filter.RateLimit(rate.Limit(1e-9), 1, filter.RateLimitOptions{}),
	).Then(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	var s faultSite
	s.open(t, h)
	want := 200
	for _, name := range []string{
		"X-None", "X-Forwarded-For", "X-Real-Ip", "True-Client-Ip", "Cf-Connecting-Ip", "Fastly-Client-Ip", "X-Client-Ip", "X-Cluster-Client-Ip",
		"Forwarded", "Forwarded-For", "X-Forwarded", "Client-Ip", "X-Appengine-User-Ip", "X-Azure-Clientip", "Via", "X-Original-Forwarded-For",
		"X_Forwarded_For", "Remote-Addr", "X-Remote-Addr", "X-Remote-Ip", "X-Originating-Ip", "X-Host", "X-Envoy-External-Address", "Fly-Client-Ip",
		"Akamai-Client-Ip", "X-Proxyuser-Ip", "Wl-Proxy-Client-Ip",
	} {
		if e := s.get("/", name, "192.0.2."+fmt.Sprint(len(name)), "Remote-User", "alice"); e.status != want {
			t.Errorf("with %s the answer is %d, want %d", name, e.status, want)
		}
		if r := book.take(); r[0]["client"] != "127.0.0.1" || r[0]["user"] != nil {
			t.Errorf("with %s the log says %v", name, r)
		}
		want = 429
	}
}

// TestLogCountsWhatIsSent holds the bytes in the log against those that the
// client got, whichever way the handler wrote them.
func TestLogCountsWhatIsSent(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	putFile(t, file, bytes.Repeat([]byte("a file\n"), 10_000))
	ways := map[string]func(w http.ResponseWriter){
		"Write":       func(w http.ResponseWriter) { _, _ = w.Write(noisy(70_000)) },
		"WriteString": func(w http.ResponseWriter) { _, _ = io.WriteString(w, page("strings", 70_000)) },
		"ReadFrom":    func(w http.ResponseWriter) { _, _ = io.Copy(w, struct{ io.Reader }{bytes.NewReader(noisy(70_000))}) },
		"a file": func(w http.ResponseWriter) {
			f, _ := os.Open(file)
			defer f.Close()
			_, _ = io.Copy(w, f)
		},
		"nothing": func(w http.ResponseWriter) {},
		"hints":   func(w http.ResponseWriter) { w.WriteHeader(103); w.WriteHeader(103); _, _ = io.WriteString(w, "x") },
	}
	app := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		ways[r.Header.Get("X-Way")](w)
	}
	faulty(t, app, func(t *testing.T, s *faultSite) {
		for way := range ways {
			for _, coding := range []string{"identity", "gzip"} {
				e := s.get("/app/", "X-Way", way, "Accept-Encoding", coding)
				if e.cut != nil || e.bad != nil || e.status != 200 {
					t.Errorf("%s, %s: %v", way, coding, e)
				}
				if !s.inOrder {
					continue
				}
				if r := s.log.take(); len(r) != 1 || r[0]["bytes"] != int64(len(e.raw)) {
					t.Errorf("%s, %s: %d bytes came, the log says %v", way, coding, len(e.raw), r)
				}
			}
		}
	})
}
