package weir_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
)

// upstreamFaults are what a broken upstream sends before it closes the
// connection, and the status that the client may see: 0 is a response that is
// cut, whatever its status.
var upstreamFaults = map[string]struct {
	sends  string
	status int
}{
	"nothing":                         {"", 502},
	"half a status line":              {"HTTP/1.1 20", 502},
	"half a head":                     {"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n", 502},
	"no HTTP":                         {"SSH-2.0-OpenSSH_9.2\r\n", 502},
	"a head and no body":              {"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", 0},
	"a little of a declared body":     {"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + page("upstream", 80), 0},
	"most of a declared body":         {"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n" + page("upstream", 80_000), 0},
	"half a chunk":                    {chunked("1000\r\n" + page("upstream", 500)), 0},
	"a chunk and then nothing":        {chunked("50\r\n" + page("upstream", 80) + "\r\n"), 0},
	"many chunks and then nothing":    {chunked(strings.Repeat("50\r\n"+page("upstream", 80)+"\r\n", 500)), 0},
	"a chunk whose size is no number": {chunked("50\r\n" + page("upstream", 80) + "\r\nxyz\r\n"), 0},
	"half a trailer":                  {chunked("50\r\n" + page("upstream", 80) + "\r\n0\r\nX-Sum"), 0},
	"103 and then nothing":            {"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", 502},
}

func chunked(body string) string {
	return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: text/plain\r\n\r\n" + body
}

// proxyTo returns a proxy for an upstream that serve plays, each connection for
// one request.
func proxyTo(t *testing.T, serve func(conn net.Conn, r *http.Request)) *httputil.ReverseProxy {
	upstream, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { upstream.Close() })
	go func() {
		for {
			conn, err := upstream.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				if r, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
					serve(conn, r)
				}
			}()
		}
	}()
	address := &url.URL{Scheme: "http", Host: upstream.Addr().String()}
	return &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(address) },
		Transport: &http.Transport{DisableKeepAlives: true},
		ErrorLog:  log.New(io.Discard, "", 0),
	}
}

// TestUpstreamBreaksOff has an upstream behind a proxy fail in many ways: the
// client gets a 502 or a response that looks cut, never a success.
func TestUpstreamBreaksOff(t *testing.T) {
	app := proxyTo(t, func(conn net.Conn, r *http.Request) {
		_, _ = io.WriteString(conn, upstreamFaults[r.Header.Get("X-Fault")].sends)
	})
	faulty(t, app.ServeHTTP, func(t *testing.T, s *faultSite) {
		for name, fault := range upstreamFaults {
			for _, coding := range []string{"identity", "gzip", "zstd"} {
				e := s.get("/app/", "X-Fault", name, "Accept-Encoding", coding)
				if fault.status == 0 && e.cut == nil || fault.status != 0 && (e.cut != nil || e.status != fault.status) || e.bad != nil {
					t.Errorf("%s, %s: %v", name, coding, e)
				}
				if s.inOrder {
					if records := s.log.take(); len(records) != 1 || (records[0]["cut"] == true) != (e.cut != nil) {
						t.Errorf("%s, %s: the log says %v", name, coding, records)
					}
				}
			}
		}
	})
}

// TestUpstreamIsToldThatTheClientLeft has a client leave a proxied download.
func TestUpstreamIsToldThatTheClientLeft(t *testing.T) {
	begun, told := make(chan struct{}), make(chan error)
	app := proxyTo(t, func(conn net.Conn, r *http.Request) {
		_, _ = io.WriteString(conn, chunked("50\r\n"+page("upstream", 80)+"\r\n"))
		begun <- struct{}{}
		_, err := conn.Read(make([]byte, 1)) // until the other end is closed
		told <- err
	})
	faulty(t, app.ServeHTTP, func(t *testing.T, s *faultSite) {
		for _, coding := range []string{"identity", "gzip"} {
			if s.http2 {
				s.leaveAfter(s.request("GET", "/app/", nil, "Accept-Encoding", coding), begun)
			} else {
				s.leaveRaw("GET /app/ HTTP/1.1\r\nHost: h\r\nAccept-Encoding: "+coding+"\r\n\r\n", begun, true)
			}
			if !arrives(told) {
				t.Errorf("%s: the upstream went on", coding)
			}
		}
	})
}

// TestSlowUpstream has an upstream send a byte at a time: each reaches the
// client before the next one is there, whatever the filters would like to
// hold.
func TestSlowUpstream(t *testing.T) {
	const size = 20
	next := make(chan struct{}, 1)
	proxy := proxyTo(t, func(conn net.Conn, r *http.Request) {
		_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n", r.Header.Get("X-Type"))
		for range size {
			if !arrives(next) {
				return
			}
			_, _ = io.WriteString(conn, "1\r\nx\r\n")
		}
		_, _ = io.WriteString(conn, "0\r\n\r\n")
	})
	proxy.FlushInterval = -1
	faulty(t, proxy.ServeHTTP, func(t *testing.T, s *faultSite) {
		for _, mime := range []string{"text/plain", "text/event-stream", "application/octet-stream"} {
			for _, coding := range []string{"identity", "gzip", "zstd"} {
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				next <- struct{}{}
				res, err := s.client.Do(s.request("GET", "/app/", nil, "X-Type", mime, "Accept-Encoding", coding).WithContext(ctx))
				if err != nil {
					t.Fatal(err)
				}
				body, err := decoding(res.Header, res.Body)
				for got := range size {
					if err == nil {
						_, err = io.ReadFull(body, make([]byte, 1))
					}
					if err != nil {
						t.Fatalf("%s, %s: byte %d: %v", mime, coding, got, err)
					}
					if got < size-1 {
						next <- struct{}{}
					}
				}
				if n, err := body.Read(make([]byte, 1)); n != 0 || err != io.EOF {
					t.Errorf("%s, %s: the end is %d, %v", mime, coding, n, err)
				}
				res.Body.Close()
				cancel()
			}
		}
	})
}
