package capture_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/weirhttp/weir/capture"
)

// A handler keeps its writer and uses it while the next request of the same
// connection is served.
func TestLateUseReachesNobody(t *testing.T) {
	pass := transforming(512, func(h *capture.Head, dst io.Writer) io.WriteCloser { return nil })
	stacks := map[string]func(http.Handler) http.Handler{
		"observed":    observing,
		"held":        pass,
		"transformed": transforming(0, upper),
		"stacked":     func(h http.Handler) http.Handler { return observing(pass(observing(h))) },
	}
	for name, stack := range stacks {
		t.Run(name, func(t *testing.T) {
			var kept http.ResponseWriter
			app := stack(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("X-Second") == "" {
					kept = w
					io.WriteString(w, "first")
					return
				}
				useLate(t, kept)
				io.WriteString(w, "second")
				useLate(t, kept)
			}))
			protocols(t, app, func(t *testing.T, s *httptest.Server) {
				get(t, s)
				res, body, err := get(t, s, "X-Second", "yes")
				if err != nil || !strings.EqualFold(strings.TrimSuffix(body, "!"), "second") || res.Header.Get("X-Late") != "" {
					t.Errorf("%v %q, %v", res, body, err)
				}
			})
		})
	}
}

func useLate(t *testing.T, w http.ResponseWriter) {
	t.Helper()
	w.Header().Set("X-Late", "yes")
	w.WriteHeader(500)
	if _, err := w.Write([]byte("late")); err == nil {
		t.Error("Write after the handler returned: no error")
	}
	if _, err := io.WriteString(w, "late"); err == nil {
		t.Error("WriteString after the handler returned: no error")
	}
	if _, err := io.Copy(w, struct{ io.Reader }{strings.NewReader("late")}); err == nil {
		t.Error("ReadFrom after the handler returned: no error")
	}
	if err := http.NewResponseController(w).Flush(); err == nil {
		t.Error("Flush after the handler returned: no error")
	}
	if _, _, err := http.NewResponseController(w).Hijack(); err == nil {
		t.Error("Hijack after the handler returned: no error")
	}
	if u := w.(interface{ Unwrap() http.ResponseWriter }).Unwrap(); u != nil {
		t.Error("Unwrap after the handler returned: not nil")
	}
}

// A goroutine goes on writing while its handler returns and others are served
// on the same connection: no answer may hold a byte of it.
func TestAStaleWriterMeetsNobody(t *testing.T) {
	pass := transforming(64, func(h *capture.Head, dst io.Writer) io.WriteCloser { return nil })
	var stale sync.WaitGroup
	app := observing(pass(observing(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		stale.Go(func() {
			for {
				if _, err := io.WriteString(w, "stale"); err != nil {
					return
				}
			}
		})
	}))))
	clean := observing(pass(write("clean")))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/stale" {
			app.ServeHTTP(w, r)
		} else {
			clean.ServeHTTP(w, r)
		}
	}))
	defer s.Close()
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	br := bufio.NewReader(conn)
	for range 200 {
		for _, path := range []string{"/stale", "/clean"} {
			fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path)
			res, err := http.ReadResponse(br, nil)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			if path == "/clean" && string(body) != "clean" || strings.Trim(string(body), "stale") != "" && path == "/stale" {
				t.Fatalf("%s answered %q", path, body)
			}
		}
	}
	stale.Wait()
}
