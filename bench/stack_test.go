package bench_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// lines counts the lines of a log.
type lines struct{ n int }

func (l *lines) Write(p []byte) (int, error) {
	l.n += bytes.Count(p, []byte("\n"))
	return len(p), nil
}

// nowhere takes a log as a file does. (Package log does not even format for io.Discard.)
type nowhere struct{}

func (nowhere) Write(p []byte) (int, error) { return len(p), nil }

// usual are settings under which an ordinary request passes.
func usual(log io.Writer) settings {
	return settings{limit: plenty, timeout: time.Hour, body: 1 << 20, log: log}
}

const forwarded = "203.0.113.7"

// BenchmarkStack is the cost of ten filters of ten kinds, as a program in production has
// them, over a writer that does nothing and over a connection.
func BenchmarkStack(b *testing.B) {
	for _, c := range []struct {
		body, coding string
		page         []byte
	}{{"small", "none", hello}, {"2KiB", "none", page("html", 2<<10)}, {"2KiB", "gzip", page("html", 2<<10)}} {
		for _, over := range []string{"null", "loopback"} {
			name := fmt.Sprintf("over=%s/body=%s/coding=%s/lib=", over, c.body, c.coding)
			h := sends(c.page)
			for i, lib := range tens {
				b.Run(name+lib.lib, func(b *testing.B) {
					stackShows(b, i)
					f := lib.make(usual(nowhere{}))
					if over == "null" {
						stackNull(b, f(h), c.coding)
					} else {
						stackLoopback(b, h, f(h), c.coding)
					}
				})
			}
			b.Run(name+"bare", func(b *testing.B) {
				if over == "null" {
					stackNull(b, h, c.coding)
				} else {
					stackLoopback(b, h, h, c.coding)
				}
			})
		}
	}
}

// sends answers with a page of HTML.
func sends(page []byte) http.Handler {
	types := []string{"text/html; charset=utf-8"}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = types
		_, _ = w.Write(page)
	})
}

// fieldsOf are those of a request through a proxy that accepts the coding, or none.
func fieldsOf(coding string) [][2]string {
	fields := [][2]string{{"X-Forwarded-For", forwarded}, {"User-Agent", "bench"}}
	if coding != "none" {
		fields = append(fields, [2]string{"Accept-Encoding", coding})
	}
	return fields
}

func stackNull(b *testing.B, h http.Handler, coding string) {
	w, came := newNullWriter(), get("/page")
	for _, f := range fieldsOf(coding) {
		came.Header.Set(f[0], f[1])
	}
	accept := came.Header["Accept-Encoding"]
	r := new(http.Request)
	b.ReportAllocs()
	for b.Loop() {
		w.reset()
		*r = *came // some edit the request that they are given
		if accept != nil {
			r.Header["Accept-Encoding"] = accept
		}
		h.ServeHTTP(w, r)
	}
	if w.status > http.StatusOK || w.bytes == 0 {
		b.Fatalf("the last request was answered with %d and %d bytes", w.status, w.bytes)
	}
}

func stackLoopback(b *testing.B, bare, h http.Handler, coding string) {
	text := "GET /page HTTP/1.1\r\nHost: example.com\r\n"
	for _, f := range fieldsOf(coding) {
		text += f[0] + ": " + f[1] + "\r\n"
	}
	inTurns(b, newLoad(b, bare, 8, text+"\r\n"), newLoad(b, h, 8, text+"\r\n"))
}

// stackShows sees to it that the filters of a stack do, each, what they are there for.
func stackShows(b *testing.B, i int) {
	stackAnswers(b, i)
	stackRefuses(b, i)
	s := usual(nowhere{})
	s.limit = 3
	limited := tens[i].make(s)(http.HandlerFunc(sayNothing))
	for n := range 4 {
		w := httptest.NewRecorder()
		if limited.ServeHTTP(w, get("/page")); (w.Code == http.StatusTooManyRequests) != (n == 3) {
			b.Fatalf("request %d of three was answered with %d", n+1, w.Code)
		}
	}
}

// stackAnswers sees to it that client, id, log, fields and coding are right.
func stackAnswers(b *testing.B, i int) {
	var written lines
	var client, id string
	r, body := get("/page"), page("html", 2<<10)
	for _, f := range fieldsOf("gzip") {
		r.Header.Set(f[0], f[1])
	}
	h := tens[i].make(usual(&written))(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		client, id = tens[i].client(r), tens[i].id(r)
		sends(body).ServeHTTP(w, r)
	}))
	check(b, h, r.Clone(b.Context()), "gzip", body)
	if client != forwarded || len(id) < 16 || written.n != 1 {
		b.Fatalf("the client is %q, the id %q, and %d lines were logged", client, id, written.n)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	for _, f := range forBrowsers {
		if got := w.Header().Get(f[0]); got != f[1] {
			b.Fatalf("%s is %q, want %q", f[0], got, f[1])
		}
	}
}

// stackRefuses sees to it that what must not pass does not.
func stackRefuses(b *testing.B, i int) {
	short, small, quiet := usual(nowhere{}), usual(nowhere{}), usual(nowhere{})
	short.timeout, small.body, quiet.panics = time.Millisecond, 10, true
	for _, c := range []struct {
		what     string
		settings settings
		handler  http.HandlerFunc
		request  *http.Request
		statuses []int
	}{
		{"a panic", quiet, func(http.ResponseWriter, *http.Request) { panic("it was") }, get("/page"), []int{500}},
		{"a request for another URL", quiet, sayNothing, get(tens[i].elsewhere), []int{301, 308}},
		{"a request that takes too long", short, untilOver, get("/page"), []int{503, 504}},
		{"a body that is too large", small, readsAll,
			httptest.NewRequest(http.MethodPost, "/page", strings.NewReader("more than ten bytes")), []int{413}},
	} {
		w := httptest.NewRecorder()
		if tens[i].make(c.settings)(c.handler).ServeHTTP(w, c.request); !slices.Contains(c.statuses, w.Code) {
			b.Fatalf("%s was answered with %d, want one of %d", c.what, w.Code, c.statuses)
		}
	}
}

func untilOver(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func readsAll(w http.ResponseWriter, r *http.Request) {
	var tooLarge *http.MaxBytesError
	if _, err := io.ReadAll(r.Body); errors.As(err, &tooLarge) {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
	}
}
