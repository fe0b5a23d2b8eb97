package filter_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/filtertest"
	"github.com/weirhttp/weir/rewrite"
)

// combined is how programs read such lines.
var combined = regexp.MustCompile(`^(\S+) (\S+) (\S+) \[([^\]]+)\] "(\S+) (\S+) (\S+)" (\d{3}) (\d+|-) "([^"]*)" "([^"]*)"\n$`)

func TestAccessLogLines(t *testing.T) {
	filtertest.Run(t, filter.AccessLog(filter.AccessLogOptions{Schema: "combined", Output: io.Discard}))
	for _, c := range []struct {
		name    string
		edit    func(*http.Request)
		handler http.Handler
		want    string
	}{
		{"a page", func(*http.Request) {}, answering(200, "hello"), `192.0.2.1 - - [] "GET /a%20b?c=d HTTP/1.1" 200 5 "-" "-"`},
		{"who asks, and from where", func(r *http.Request) {
			r.Header.Set("Referer", "http://example.org/")
			r.Header.Set("User-Agent", "Mozilla/5.0 (X11; rv:1)")
		}, answering(304, ""), `192.0.2.1 - - [] "GET /a%20b?c=d HTTP/1.1" 304 - "http://example.org/" "Mozilla/5.0 (X11; rv:1)"`},
		{"a user who is found out further in", func(*http.Request) {}, rewrite.Request(rewrite.User.Set("Ann Lee"))(answering(200, "")),
			`192.0.2.1 - Ann\x20Lee [] "GET /a%20b?c=d HTTP/1.1" 200 - "-" "-"`},
		{"a user who is not nobody", func(*http.Request) {}, rewrite.Request(rewrite.User.Set("-"))(answering(200, "")),
			`192.0.2.1 - \x2d [] "GET /a%20b?c=d HTTP/1.1" 200 - "-" "-"`},
		{"HEAD has no body", func(r *http.Request) { r.Method = "HEAD" }, answering(200, "hello"), `192.0.2.1 - - [] "HEAD /a%20b?c=d HTTP/1.1" 200 - "-" "-"`},
		{"a forged line", func(r *http.Request) {
			r.Header.Set("User-Agent", "x\"\n192.0.2.9 - root [] \"GET / HTTP/1.1\" 200 - \"-\" \"\\\x00\x1b\xffé\x7f")
			r.RequestURI, r.RemoteAddr = "/ HTTP/1.1\" 200 1", "a b"
		}, answering(200, ""), `a\x20b - - [] "GET /\x20HTTP/1.1\x22\x20200\x201 HTTP/1.1" 200 - "-" ` +
			`"x\x22\x0a192.0.2.9 - root [] \x22GET / HTTP/1.1\x22 200 - \x22-\x22 \x22\x5c\x00\x1b\xff\xc3\xa9\x7f"`},
		{"a target that is no server's", func(r *http.Request) { r.RequestURI, r.RemoteAddr = "", "" }, answering(200, ""),
			`- - - [] "GET /a%20b?c=d HTTP/1.1" 200 - "-" "-"`},
		{"no head", func(*http.Request) {}, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }),
			`192.0.2.1 - - [] "GET /a%20b?c=d HTTP/1.1" 444 - "-" "-"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, schema := range []filter.AccessLogSchema{"common", "combined"} {
				var b bytes.Buffer
				r := httptest.NewRequest("GET", "/a%20b?c=d", nil)
				c.edit(r)
				before := time.Now().Truncate(time.Second)
				func() {
					defer func() { _ = recover() }()
					filter.AccessLog(filter.AccessLogOptions{Schema: schema, Output: &b})(c.handler).ServeHTTP(httptest.NewRecorder(), r)
				}()
				prefix, rest, _ := strings.Cut(b.String(), "[")
				at, rest, _ := strings.Cut(rest, "]")
				if got, err := time.Parse("02/Jan/2006:15:04:05 -0700", at); err != nil || got.Before(before) || got.After(time.Now()) {
					t.Errorf("time %s: %v", at, err)
				}
				want := c.want
				if schema == "common" {
					want = regexp.MustCompile(` "[^"]*" "[^"]*"$`).ReplaceAllString(want, "")
				}
				if got := prefix + "[]" + rest; got != want+"\n" {
					t.Errorf("%s\ngot  %swant %s", schema, got, want)
				}
			}
		})
	}
}

func TestAccessLogLineOfHijack(t *testing.T) {
	var book logbook
	h := filter.AccessLog(filter.AccessLogOptions{Schema: "combined", Output: &book})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
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
	if res, err := s.Client().Get(s.URL); err != nil {
		t.Fatal(err)
	} else {
		res.Body.Close()
	}
	<-done
	if !strings.Contains(book.String(), `"GET / HTTP/1.1" 101 - `) {
		t.Errorf("log: %s", book.String())
	}
}

// onePiece is an Output that several goroutines must not write to at a time, and in lines only.
type onePiece struct {
	t     *testing.T
	busy  sync.Mutex
	lines int
}

func (o *onePiece) Write(p []byte) (int, error) {
	if !o.busy.TryLock() {
		o.t.Error("two write at a time")
		return 0, nil
	}
	defer o.busy.Unlock()
	if !combined.Match(p) {
		o.t.Errorf("written: %q", p)
	}
	o.lines++
	return len(p), nil
}

func TestAccessLogWritesOneLineAtATime(t *testing.T) {
	out := &onePiece{t: t}
	log := filter.AccessLog(filter.AccessLogOptions{Schema: "combined", Output: out})
	var all sync.WaitGroup
	for i := range 4 {
		h := log(answering(200, "")) // of each, one filter
		all.Go(func() {
			for range 100 {
				r := httptest.NewRequest("GET", "/"+strings.Repeat("x", i*1000), nil)
				h.ServeHTTP(httptest.NewRecorder(), r)
			}
		})
	}
	all.Wait()
	if out.lines != 400 {
		t.Errorf("%d lines", out.lines)
	}
}

func TestAccessLogLinesAreBounded(t *testing.T) {
	var b bytes.Buffer
	r := httptest.NewRequest("GET", "/", nil)
	long := strings.Repeat("\"", 64<<10)
	r.Method, r.RequestURI, r.Proto, r.RemoteAddr = long, long, long, long
	r.Header = http.Header{"Referer": {long}, "User-Agent": {long}}
	filter.AccessLog(filter.AccessLogOptions{Schema: "combined", Output: &b})(rewrite.Request(rewrite.User.Set(long))(answering(200, ""))).
		ServeHTTP(httptest.NewRecorder(), r)
	if b.Len() > 7*8300 {
		t.Errorf("%d bytes", b.Len())
	}
	fields := combined.FindStringSubmatch(b.String())
	if fields == nil {
		t.Fatalf("%q", b.String())
	}
	if got := fields[11]; got != strings.Repeat(`\x22`, 2048)+"..." {
		t.Errorf("user agent of %d bytes, which ends in %q", len(got), got[len(got)-9:])
	}
}

// unescaped undoes what a line does to a field.
func unescaped(t *testing.T, s string) string {
	if s == "-" {
		return ""
	}
	return regexp.MustCompile(`\\x[0-9a-f]{2}`).ReplaceAllStringFunc(s, func(x string) string {
		c, err := strconv.ParseUint(x[2:], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		return string([]byte{byte(c)})
	})
}

func FuzzAccessLogLine(f *testing.F) {
	f.Add("GET", "/a?b", "HTTP/1.1", "192.0.2.1", "ann", "http://example.org/", "curl/8.1 (x)")
	f.Add("-", "/\" 200 5\n", "\\x22", "a b", "- - [", "\\", "\x00\xff\u2028")
	f.Add("", "-", "", "", "", "...", strings.Repeat("\n", 3000))
	f.Fuzz(func(t *testing.T, method, target, proto, remote, user, referer, agent string) {
		var b bytes.Buffer
		r := httptest.NewRequest("GET", "/", nil)
		r.Method, r.RequestURI, r.Proto, r.RemoteAddr = method, target, proto, "["+remote+"]:1"
		r.Header = http.Header{"Referer": {referer}, "User-Agent": {agent}}
		if target == "" {
			target = "/"
		}
		if strings.ContainsAny(remote, "[]") {
			return // no address then
		}
		filter.AccessLog(filter.AccessLogOptions{Schema: "combined", Output: &b})(rewrite.Request(rewrite.User.Set(user))(answering(200, "hello"))).
			ServeHTTP(httptest.NewRecorder(), r)
		fields := combined.FindStringSubmatch(b.String())
		if fields == nil {
			t.Fatalf("%q cannot be read", b.String())
		}
		for i, want := range map[int]string{1: remote, 2: "", 3: user, 5: method, 6: target, 7: proto, 8: "200", 10: referer, 11: agent} {
			got := unescaped(t, fields[i])
			if cut, ok := strings.CutSuffix(got, "..."); ok && len(fields[i]) > 8<<10-4 && strings.HasPrefix(want, cut) {
				continue
			}
			if got != want {
				t.Errorf("field %d is %q, want %q", i, got, want)
			}
		}
	})
}

func ExampleAccessLog_combined() {
	log := filter.AccessLog(filter.AccessLogOptions{
		Schema: "combined",
		Output: withoutTime{os.Stdout}, // or a file, opened with os.O_APPEND
	})
	r := httptest.NewRequest("GET", "/tea?sugar=2", nil)
	r.Header.Set("User-Agent", `kettle "1.0"`)
	log(answering(200, "A cup of tea.")).ServeHTTP(httptest.NewRecorder(), r)
	// Output:
	// 192.0.2.1 - - [now] "GET /tea?sugar=2 HTTP/1.1" 200 13 "-" "kettle \x221.0\x22"
}

// withoutTime makes lines the same each time.
type withoutTime struct{ w io.Writer }

func (w withoutTime) Write(p []byte) (int, error) {
	return fmt.Fprint(w.w, regexp.MustCompile(`\[.*?\]`).ReplaceAllString(string(p), "[now]"))
}
