package mount_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/mount"
)

// TestProxyStreams sends a letter at a time and wants it back before the next one.
func TestProxyStreams(t *testing.T) {
	for _, kind := range []string{"text/plain", "text/event-stream", "application/grpc"} {
		of := proxyFor
		if kind == "application/grpc" {
			of = proxyH2C
		}
		p, _ := of(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.NewResponseController(w).EnableFullDuplex()
			w.Header().Set("Content-Type", kind)
			w.(http.Flusher).Flush()
			buf := make([]byte, 1)
			for {
				n, err := r.Body.Read(buf)
				w.Write(buf[:n])
				if err != nil {
					return
				}
				w.(http.Flusher).Flush()
			}
		}))
		over(t, p, func(t *testing.T, server *httptest.Server) {
			body, more := io.Pipe()
			req, _ := http.NewRequestWithContext(t.Context(), "POST", server.URL, body)
			res, err := server.Client().Do(req) // the head comes before any body
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			for _, piece := range "abc" {
				io.WriteString(more, string(piece))
				got := make([]byte, 1)
				if _, err := io.ReadFull(res.Body, got); err != nil || rune(got[0]) != piece {
					t.Fatalf("%q %v", got, err)
				}
			}
			more.Close()
			if rest, err := io.ReadAll(res.Body); err != nil || len(rest) > 0 {
				t.Errorf("%q %v", rest, err)
			}
		})
	}
}

// TestProxyTrailers sends trailers both ways, announced and not.
func TestProxyTrailers(t *testing.T) {
	p, _ := proxyFor(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var announced []string
		for name := range r.Trailer {
			announced = append(announced, name)
		}
		io.Copy(io.Discard, r.Body)
		if r.URL.Path == "/announced" {
			w.Header().Set("Trailer", "X-Sum")
			w.Header().Set("X-Sum", "1")
		} else {
			defer w.Header().Set(http.TrailerPrefix+"X-Sum", "1")
			defer w.(http.Flusher).Flush() // or net/http would declare a length
		}
		fmt.Fprint(w, len(announced), r.Trailer, r.Header["X-Remote-User"], r.Header["X-In"])
	}))
	for name, c := range map[string]struct{ announces, trailer, want string }{
		"announced":     {"X-In", "X-In: 7\r\n", "1map[X-In:[7]][][]"},
		"not announced": {"", "X-In: 7\r\n", "0map[X-In:[7]][][]"},
		"a claim":       {"X-Remote-User, X-In", "X-In: 7\r\nX-Remote-User: eve\r\n", "1map[X-In:[7]][][]"},
		"a claim in other letters, not announced": {"", "x_remote.user: eve\r\nX-Forwarded-For: eve\r\n", "0map[][][]"},
		"framing":                {"", "Content-Length: 5\r\nTransfer-Encoding: gzip\r\nHost: eve\r\nX-In: 7\r\n", "0map[X-In:[7]][][]"},
		"none":                   {"", "", "0map[][][]"},
		"announced and not sent": {"X-In", "", "1map[X-In:[]][][]"},
	} {
		server := httptest.NewServer(p)
		for _, path := range []string{"/announced", "/not"} {
			field := ""
			if c.announces != "" {
				field = "Trailer: " + c.announces + "\r\n"
			}
			conn := dial(t, server)
			io.WriteString(conn, "POST "+path+" HTTP/1.1\r\nHost: h\r\nTe: trailers\r\n"+field+"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n"+c.trailer+"\r\n")
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(res.Body)
			if got := strings.ReplaceAll(string(body), " ", ""); err != nil || got != c.want || res.Trailer.Get("X-Sum") != "1" {
				t.Errorf("%s, %s: %s %v %v, want %s", name, path, got, res.Trailer, err, c.want)
			}
		}
		server.Close()
	}
}

// TestProxyTrailersOverHTTP2 goes by HTTP/2 on both sides.
func TestProxyTrailersOverHTTP2(t *testing.T) {
	p, _ := proxyH2C(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(w, r.Body)
		w.(http.Flusher).Flush()
		w.Header().Set(http.TrailerPrefix+"X-Out", r.Trailer.Get("X-In")+r.Trailer.Get("X-Remote-User"))
	}))
	over(t, p, func(t *testing.T, server *httptest.Server) {
		req, _ := http.NewRequestWithContext(t.Context(), "POST", server.URL, io.MultiReader(strings.NewReader("body")))
		req.Trailer = http.Header{"X-In": {"7"}, "X-Remote-User": {"eve"}}
		res, err := server.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		if res.Body.Close(); err != nil || string(body) != "body" || res.Trailer.Get("X-Out") != "7" {
			t.Errorf("%q %v %v", body, res.Trailer, err)
		}
	})
}

// TestProxyInforms passes early hints on, and loses nothing of what a filter around it has set.
func TestProxyInforms(t *testing.T) {
	p, _ := proxyFor(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</early>")
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusProcessing)
		w.WriteHeader(http.StatusContinue) // nobody asked for it
		w.Header().Set("Link", "</late>")
		io.WriteString(w, "body")
	}))
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Frame-Options", "DENY")
		p.ServeHTTP(w, r)
	})
	over(t, filter.AccessLog(filter.AccessLogOptions{Logger: newJournal().logger()})(h), func(t *testing.T, server *httptest.Server) { informed(t, server) })
	over(t, h, func(t *testing.T, server *httptest.Server) { informed(t, server) })

	server := httptest.NewServer(h)
	defer server.Close()
	if res, body := proxyRaw(t, server, "GET / HTTP/1.0\r\n\r\n"); res.StatusCode != 200 || body != "body" {
		t.Errorf("by HTTP/1.0: %d %q", res.StatusCode, body)
	}
}

func informed(t *testing.T, server *httptest.Server) {
	var got []string
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got1xxResponse: func(status int, fields textproto.MIMEHeader) error {
		got = append(got, fmt.Sprint(status, fields["Link"], len(fields)))
		return nil
	}})
	req, _ := http.NewRequestWithContext(ctx, "GET", server.URL, nil)
	res, err := server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, res.Body)
	res.Body.Close()
	if want := "[103 [</early>] 2 102 [</early>] 2]"; fmt.Sprint(got) != want {
		t.Errorf("%v, want %s", got, want)
	}
	if h := res.Header; res.ContentLength != 4 || fmt.Sprint(h["Link"], h["X-Frame-Options"]) != "[</late>] [DENY]" {
		t.Errorf("%v %d", h, res.ContentLength)
	}
}

// TestProxyInformsClientsThatLeave has many clients leave as informational responses come, for the race detector.
func TestProxyInformsClientsThatLeave(t *testing.T) {
	p, _ := proxyPlayed(t, func(conn net.Conn, r *http.Request) {
		for range 50 {
			io.WriteString(conn, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
		}
		io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	})
	over(t, p, func(t *testing.T, server *httptest.Server) {
		var all sync.WaitGroup
		for i := range 40 {
			all.Go(func() {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				seen := 0
				ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{Got1xxResponse: func(int, textproto.MIMEHeader) error {
					if seen++; seen == i%50 {
						cancel()
					}
					return nil
				}})
				req, _ := http.NewRequestWithContext(ctx, "GET", server.URL, nil)
				if res, err := server.Client().Do(req); err == nil {
					res.Body.Close()
				}
			})
		}
		all.Wait()
	})
}

// TestProxyContinues holds that the client is asked for its body when the application asks, once, and not when it refuses.
func TestProxyContinues(t *testing.T) {
	p, _ := proxyPlayed(t, func(conn net.Conn, r *http.Request) {
		if r.Header.Get("Expect") != "100-continue" {
			io.WriteString(conn, "HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n")
		}
		if r.URL.Path == "/refuse" {
			io.WriteString(conn, "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			return
		}
		io.WriteString(conn, "HTTP/1.1 100 Continue\r\n\r\n")
		body := make([]byte, 4)
		io.ReadFull(r.Body, body)
		fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n%s", body)
	})
	server := httptest.NewServer(p)
	defer server.Close()
	for path, want := range map[string]string{"/take": "HTTP/1.1 100 Continue", "/refuse": "HTTP/1.1 417 Expectation Failed"} {
		conn := dial(t, server)
		io.WriteString(conn, "POST "+path+" HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
		in := bufio.NewReader(conn)
		line, _ := in.ReadString('\n')
		if strings.TrimSpace(line) != want {
			t.Errorf("%s: first comes %q, want %q", path, line, want)
		}
		if path != "/take" {
			conn.Close()
			continue
		}
		in.ReadString('\n')
		io.WriteString(conn, "body")
		res, err := http.ReadResponse(in, nil)
		if err != nil || res.StatusCode != 200 {
			t.Fatalf("%s: then comes %v %v", path, res, err)
		}
		if body, _ := io.ReadAll(res.Body); string(body) != "body" {
			t.Errorf("%s: %q", path, body)
		}
	}
}

// TestProxyAnswersBeforeTheBody has the application answer a long body that it does not read.
func TestProxyAnswersBeforeTheBody(t *testing.T) {
	p, log := proxyFor(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "no", http.StatusForbidden)
	}))
	over(t, p, func(t *testing.T, server *httptest.Server) {
		for range 20 {
			res, body, err := send(t, server, "POST", "/", io.LimitReader(proxyZeros{}, 50_000))
			if err != nil || res.StatusCode != 403 || body != "no\n" {
				t.Fatalf("%v %q %v; %v", res, body, err, log)
			}
		}
	})
}

type proxyZeros struct{}

func (proxyZeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// TestProxyHoldsManyStreams has a thousand event streams open at once.
func TestProxyHoldsManyStreams(t *testing.T) {
	const many = 1000
	before := runtime.NumGoroutine()
	fire := make(chan struct{})
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.(http.Flusher).Flush()
		<-fire
		io.WriteString(w, "data: 1\n\n")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	log := newJournal()
	p := &mount.Proxy{URL: proxyURL(t, app.URL), Logger: log.logger()}
	front := httptest.NewServer(p)
	var open, got, done sync.WaitGroup
	open.Add(many)
	got.Add(many)
	leave := make(chan struct{})
	for range many {
		done.Go(func() {
			conn, err := net.Dial("tcp", front.Listener.Addr().String())
			if err != nil {
				t.Error(err)
				open.Done()
				got.Done()
				return
			}
			defer conn.Close()
			io.WriteString(conn, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			open.Done()
			event := make([]byte, len("data: 1\n\n"))
			if err == nil {
				_, err = io.ReadFull(res.Body, event)
			}
			if err != nil || string(event) != "data: 1\n\n" {
				t.Errorf("%q %v", event, err)
			}
			got.Done()
			<-leave
		})
	}
	open.Wait()
	close(fire)
	got.Wait()
	close(leave)
	done.Wait()
	front.Close()
	app.Close()
	p.Close()
	until := time.Now().Add(20 * time.Second)
	for runtime.NumGoroutine() > before+5 && time.Now().Before(until) {
		runtime.Gosched()
	}
	if n := runtime.NumGoroutine(); n > before+5 || log.String() != "" {
		t.Errorf("%d goroutines are left of %d; %v", n, before, log)
	}
}
