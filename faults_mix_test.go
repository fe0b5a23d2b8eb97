package weir_test

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// mixSizes are sizes of bodies on both sides of what filters hold back.
var mixSizes = []int{0, 1, 80, 511, 512, 513, 1023, 1024, 1025, 5000, 70_000, 150_000}

// mixEnds are the ways in which handlers end that are busy at the same time.
var mixEnds = map[string]func(stale *sync.WaitGroup, w http.ResponseWriter, owner string){
	"whole":    func(*sync.WaitGroup, http.ResponseWriter, string) {},
	"aborted":  func(*sync.WaitGroup, http.ResponseWriter, string) { panic(http.ErrAbortHandler) },
	"panicked": func(*sync.WaitGroup, http.ResponseWriter, string) { panic("oops") },
	"stale": func(stale *sync.WaitGroup, w http.ResponseWriter, owner string) {
		line := "\n" + page(owner, 100)
		line = line[:strings.LastIndexByte(line, '\n')+1]
		stale.Go(func() {
			for range 10_000 {
				if _, err := io.WriteString(w, line); err != nil {
					return
				}
			}
		})
	},
}

// TestRequestsOfMany has 64 clients ask at a time for bodies that name them, of
// many sizes and codings, while some handlers abort, panic, or leave goroutines
// behind that go on writing: nobody sees a byte that is not his own.
func TestRequestsOfMany(t *testing.T) {
	var stale sync.WaitGroup
	app := func(w http.ResponseWriter, r *http.Request) {
		owner, size := r.Header.Get("X-Owner"), 0
		_, _ = fmt.Sscan(r.Header.Get("X-Size"), &size)
		w.Header().Set("X-Owner", owner)
		w.Header().Set("Content-Type", r.Header.Get("X-Type"))
		upload, _ := io.ReadAll(r.Body)
		if string(upload) != page(owner, len(upload)) {
			t.Errorf("%s uploaded %.80q", owner, upload)
		}
		_, _ = io.WriteString(w, page(owner, size))
		mixEnds[r.URL.Path[1:]](&stale, w, owner)
	}
	ends := slices.Sorted(maps.Keys(mixEnds))
	faulty(t, app, func(t *testing.T, s *faultSite) {
		var clients sync.WaitGroup
		for client := range 64 {
			clients.Go(func() {
				for i, size := range mixSizes {
					end := ends[(client+i)%len(ends)]
					s.mixed(fmt.Sprintf("%d-%d-%s", client, i, end), end, size, client%3)
				}
			})
		}
		clients.Wait()
		stale.Wait()
	})
}

// mixed makes one request and compares all of the answer that came.
func (s *faultSite) mixed(owner, end string, size, kind int) {
	coding := []string{"identity", "gzip", "zstd"}[kind]
	mime := []string{"text/plain", "text/x-none", "text/plain"}[(kind+size)%3]
	res, err := s.client.Do(s.request("POST", "/app/"+end, strings.NewReader(page(owner, size%5000)),
		"X-Owner", owner, "X-Size", fmt.Sprint(size), "X-Type", mime, "Accept-Encoding", coding))
	if err != nil {
		if end == "whole" {
			s.t.Errorf("%s: %v", owner, err)
		}
		return
	}
	e := readExchange(res)
	switch {
	case end == "aborted" && e.cut == nil, end == "panicked" && e.cut == nil && e.status != 500:
		s.t.Errorf("%s got a whole response: %v", owner, e)
	case end == "whole" && (e.cut != nil || e.bad != nil || e.status != 200 || e.text != page(owner, size)):
		s.t.Errorf("%s got %v", owner, e)
	case e.header.Get("X-Owner") != owner && e.status != 500:
		s.t.Errorf("%s got the header %v", owner, e.header)
	}
	if e.cut == nil || coding == "identity" && mime == "text/plain" {
		parts := strings.Split(e.text, " asked for\n")
		for _, part := range parts[:len(parts)-1] {
			if name := part[strings.LastIndexByte(part, ' ')+1:]; name != owner {
				s.t.Errorf("%s got what %q asked for", owner, name)
				break
			}
		}
	}
}

// keptAlive are answers that tempt a filter to send something that HTTP does not
// allow, after which a connection is out of step.
var keptAlive = map[string]http.HandlerFunc{
	"nothing":              func(w http.ResponseWriter, r *http.Request) {},
	"a little":             func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, page("me", 80)) },
	"much":                 func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, page("me", 100_000)) },
	"a flush":              func(w http.ResponseWriter, r *http.Request) { flushed(w); _, _ = io.WriteString(w, page("me", 80)) },
	"204":                  func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(204); _, _ = io.WriteString(w, "no") },
	"205":                  func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(205) },
	"304 with a long ETag": func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Etag", `"1"`); w.WriteHeader(304) },
	"304 with a length": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "5000")
		w.WriteHeader(304)
	},
	"an early hint and 404": func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(103); http.NotFound(w, r) },
	"what was declared": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "4000")
		_, _ = io.WriteString(w, page("me", 2000))
		_, _ = io.WriteString(w, page("me", 2000))
	},
	"a file": func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "a.txt", time.Time{}, strings.NewReader(page("me", 9000)))
	},
	"a trailer": func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "X-Sum")
		_, _ = io.WriteString(w, page("me", 3000))
		w.Header().Set("X-Sum", "1")
	},
	"an upload, read":   func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) },
	"an upload, unread": func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, page("me", 3000)) },
}

// TestKeepAliveAfterEverything asks for all of them over one connection, which
// has to stay in step.
func TestKeepAliveAfterEverything(t *testing.T) {
	app := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("X-Asked", r.Header.Get("X-Ask"))
		keptAlive[r.Header.Get("X-Ask")](w, r)
	}
	faulty(t, app, func(t *testing.T, s *faultSite) {
		if s.http2 {
			return // where streams are apart
		}
		conn := s.dial()
		defer conn.Close()
		in := bufio.NewReader(conn)
		for _, method := range []string{"GET", "HEAD", "POST"} {
			for _, fields := range []string{"identity", "gzip", "zstd", "gzip\r\nRange: bytes=0-9"} {
				for ask := range keptAlive {
					body := map[string]string{"POST": page("an upload", 3000)}[method]
					_, _ = fmt.Fprintf(conn, "%s /app/ HTTP/1.1\r\nHost: h\r\nX-Ask: %s\r\nAccept-Encoding: %s\r\nContent-Length: %d\r\n\r\n%s",
						method, ask, fields, len(body), body)
					res, err := http.ReadResponse(in, &http.Request{Method: method})
					for err == nil && res.StatusCode < 200 {
						res, err = http.ReadResponse(in, &http.Request{Method: method})
					}
					if err != nil {
						t.Fatalf("%s %s, %s: %v", method, ask, fields, err)
					}
					if e := readExchange(res); e.cut != nil || e.bad != nil || res.Close || res.Header.Get("X-Asked") != ask {
						t.Fatalf("%s %s, %s: %v, %v", method, ask, fields, e, res.Header)
					}
				}
			}
		}
	})
}
