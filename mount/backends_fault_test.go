package mount_test

import (
	"bufio"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/weirhttp/weir/mount"
)

const failed = "the application failed"

// TestBackendsThatAreDown holds that an application which is not there is an error with one record in the log for each
// request, and that it is asked again once it is there.
func TestBackendsThatAreDown(t *testing.T) {
	for name, b := range backends {
		if b.start == nil {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, log := t.TempDir(), newJournal()
			app := mount.At("/app", b.mount(t, dir, log.logger()))
			for range 2 {
				log.reset()
				for i := 1; i <= 2; i++ {
					if w := get(app, "/app/"); w.Code != b.down || strings.Contains(w.Body.String(), dir) {
						t.Fatalf("down: %d %s", w.Code, w.Body)
					}
					if name == "WSGI" { // its log is of starts
						if records := log.wait("cannot be started"); !strings.Contains(records, "No module named 'act'") {
							t.Fatalf("the log is %s", records)
						}
					} else if log.count(failed) != i || log.count("") != i {
						t.Fatalf("the log of %d requests is %v", i, log)
					}
				}
				stop := b.start(t, dir)
				comesBack(t, app)
				stop()
				if name == "WSGI" { // a process that lives needs no file
					return
				}
			}
		})
	}
}

// comesBack asks until an application answers, which may take its supervisor a while.
func comesBack(t *testing.T, app http.Handler) {
	t.Helper()
	for until := time.Now().Add(30 * time.Second); time.Now().Before(until); {
		if get(app, "/app/").Code == 200 {
			return
		}
	}
	t.Fatal("it was not asked again")
}

// acting asks an application to misbehave, over a real connection.
func acting(t *testing.T, server *httptest.Server, way string) (*http.Response, string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", server.URL+"/app/", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Act", way)
	res, err := server.Client().Do(req)
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return res, string(body), err
}

// TestBackendsThatMisbehave holds that an answer which its application did not end never seems whole to the client,
// and that what it sends too much goes nowhere.
func TestBackendsThatMisbehave(t *testing.T) {
	for name, b := range backends {
		t.Run(name, func(t *testing.T) {
			dir, log := t.TempDir(), newJournal()
			if b.start != nil {
				t.Cleanup(b.start(t, dir))
			}
			over(t, mount.At("/app", b.mount(t, dir, log.logger())), func(t *testing.T, server *httptest.Server) {
				for _, way := range []string{"cut", "short"} {
					log.reset()
					if res, body, err := acting(t, server, way); err == nil {
						t.Errorf("%s: %v %q seems whole", way, res, body)
					}
					if b.start == nil {
						continue // the log is the server's
					}
					if log.wait(failed); log.count(failed) != 1 {
						t.Errorf("%s: the log is %v", way, log)
					}
				}
				if res, body, err := acting(t, server, "long"); err == nil && (res.StatusCode != 200 || body != "half") {
					t.Errorf("too much: %v %q", res, body)
				}
				if b.start == nil {
					return // a handler's own fields are the server's to bound
				}
				if res, body, err := acting(t, server, "head"); err != nil || res.StatusCode != b.bad {
					t.Errorf("a head of 1 MiB: %v %.100q %v", res, body, err)
				}
				if res, _, err := acting(t, server, ""); err != nil || res.StatusCode != 200 {
					t.Errorf("afterwards: %v %v", res, err)
				}
			})
		})
	}
}

// TestBackendsThatAreSlow holds that each byte passes as it comes, in either direction: the next is sent only when the
// one before is back.
func TestBackendsThatAreSlow(t *testing.T) {
	eachBackend(t, func(t *testing.T, _ string, app http.Handler) {
		over(t, mount.At("/app", app), func(t *testing.T, server *httptest.Server) {
			const text = "one byte after the other"
			from, to := io.Pipe()
			req, err := http.NewRequestWithContext(t.Context(), "POST", server.URL+"/app/", from)
			if err != nil {
				t.Fatal(err)
			}
			req.ContentLength = int64(len(text))
			req.Header.Set("X-Act", "echo")
			go to.Write([]byte(text[:1]))
			res, err := server.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			in := bufio.NewReader(res.Body)
			for i := range len(text) {
				if c, err := in.ReadByte(); c != text[i] || err != nil {
					t.Fatalf("byte %d is %q, %v", i, c, err)
				}
				if i+1 < len(text) {
					to.Write([]byte(text[i+1 : i+2]))
				}
				if i+2 == len(text) { // the client waits for the end of the body before it sends the last
					to.Close()
				}
			}
			if rest, err := io.ReadAll(in); len(rest) > 0 || err != nil {
				t.Errorf("then came %q, %v", rest, err)
			}
		})
	})
}
