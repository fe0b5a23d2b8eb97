package mount_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/mount"
)

// proxySwitches is an application that agrees to any upgrade and sends back what it gets, in capital letters; and "end"
// when the client has ended its half.
func proxySwitches(conn net.Conn, r *http.Request) {
	fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\nContent-Length: 7\r\nSet-Cookie: a=1\r\n\r\nhello ", r.Header.Get("Upgrade"))
	buf := make([]byte, 100)
	for {
		n, err := conn.Read(buf)
		io.WriteString(conn, strings.ToUpper(string(buf[:n])))
		if err != nil {
			io.WriteString(conn, "end")
			return
		}
	}
}

const proxyHandshake = "GET /app/socket HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-Websocket-Key: x\r\n\r\n"

// TestProxyTunnels sends bytes both ways, the first of them with the handshake, and ends one half first.
func TestProxyTunnels(t *testing.T) {
	p, log := proxyPlayed(t, proxySwitches)
	for name, h := range map[string]http.Handler{
		"alone":          p,
		"in filters":     filter.AccessLog(filter.AccessLogOptions{Logger: newJournal().logger()})(filter.Compress(filter.CompressOptions{})(p)),
		"below a prefix": mount.Guest("/app", p, mount.GuestOptions{}),
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("X-Frame-Options", "DENY")
				h.ServeHTTP(w, r)
			}))
			defer server.Close()
			conn := dial(t, server)
			io.WriteString(conn, proxyHandshake+"abc")
			in := bufio.NewReader(conn)
			res, err := http.ReadResponse(in, nil)
			if err != nil || res.StatusCode != 101 {
				t.Fatalf("%v %v; %v", res, err, log)
			}
			head := res.Header
			if got := fmt.Sprint(head["Connection"], head["Upgrade"], head["Content-Length"], head["Set-Cookie"], head["X-Frame-Options"]); got != "[Upgrade] [websocket] [] [a=1] [DENY]" {
				t.Errorf("the head is %s", got)
			}
			want := "hello ABC"
			for range 3 {
				got := make([]byte, len(want))
				if _, err := io.ReadFull(in, got); err != nil || string(got) != want {
					t.Fatalf("%q %v, want %q", got, err, want)
				}
				io.WriteString(conn, "def")
				want = "DEF"
			}
			conn.(*net.TCPConn).CloseWrite()
			if rest, err := io.ReadAll(in); err != nil || string(rest) != "DEFend" {
				t.Errorf("at the end comes %q %v", rest, err)
			}
			if log.String() != "" {
				t.Errorf("the log is %v", log)
			}
		})
	}
}

// TestProxyTunnelsEnd has either end of a tunnel break off, or the request's context end.
func TestProxyTunnelsEnd(t *testing.T) {
	for _, who := range []string{"the application", "the client", "the context"} {
		gone := make(chan bool)
		p, _ := proxyPlayed(t, func(conn net.Conn, r *http.Request) {
			io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nx")
			if who == "the application" {
				conn.Close()
			} else {
				io.Copy(io.Discard, conn) // until the other end is closed
				conn.Close()
			}
			gone <- true
		})
		ctx, cancel := context.WithCancel(t.Context())
		returned := make(chan bool)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			p.ServeHTTP(w, r.WithContext(ctx))
			returned <- true
		}))
		conn := dial(t, server)
		io.WriteString(conn, proxyHandshake)
		in := bufio.NewReader(conn)
		if res, err := http.ReadResponse(in, nil); err != nil || res.StatusCode != 101 {
			t.Fatalf("%s: %v %v", who, res, err)
		}
		in.ReadByte()
		switch who {
		case "the client":
			conn.Close()
		case "the context":
			cancel()
		case "the application":
			in.ReadByte() // its end
			conn.Close()
		}
		<-gone // would hang
		<-returned
		cancel()
		server.Close()
	}
}

// TestProxyRefusesUpgrades holds which upgrades do not reach the application, and what comes of those that cannot be.
func TestProxyRefusesUpgrades(t *testing.T) {
	var got string
	p, log := proxyPlayed(t, func(conn net.Conn, r *http.Request) {
		got = fmt.Sprint(r.Header["Connection"], r.Header["Upgrade"], r.Header["Http2-Settings"])
		if r.URL.Path == "/other" {
			io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n")
			return
		}
		io.WriteString(conn, "HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	})
	server := httptest.NewServer(p)
	defer server.Close()
	for name, c := range map[string]struct {
		path, fields string
		status       int
		want         string
	}{
		"one that it does not want": {"/", "Connection: Upgrade\r\nUpgrade: websocket", 426, "[Upgrade] [websocket] []"},
		"HTTP/2":                    {"/", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA", 426, "[] [] []"},
		"HTTP/2 among others":       {"/", "Connection: Upgrade\r\nUpgrade: websocket,  H2C", 426, "[] [] []"},
		"HTTP/2, by its version":    {"/", "Connection: Upgrade\r\nUpgrade: HTTP/2.0", 426, "[] [] []"},
		"TLS":                       {"/", "Connection: Upgrade\r\nUpgrade: TLS/1.0", 426, "[] [] []"},
		"without Connection":        {"/", "Upgrade: websocket", 426, "[] [] []"},
		"another than asked for":    {"/other", "Connection: Upgrade\r\nUpgrade: websocket", 502, "[Upgrade] [websocket] []"},
		"one in odd letters":        {"/", "Connection: Upgrade\r\nUpgrade: \xe9", 400, ""},
	} {
		log.reset()
		got = ""
		res, _ := proxyRaw(t, server, "GET "+c.path+" HTTP/1.1\r\nHost: h\r\n"+c.fields+"\r\n\r\n")
		if res.StatusCode != c.status || got != c.want || log.count("") != map[bool]int{true: 1}[c.status == 502] {
			t.Errorf("%s: %d, it sees %s, want %d %s; %v", name, res.StatusCode, got, c.status, c.want, log)
		}
	}
	p2, log := proxyPlayed(t, proxySwitches)
	r := httptest.NewRequest("GET", "/", nil)
	r.Header["Connection"], r.Header["Upgrade"] = []string{"Upgrade"}, []string{"websocket"}
	if w, cut := proxyServe(p2, r); cut || w.Code != 502 || log.count("no upgrade is possible here") != 1 {
		t.Errorf("where nothing can be hijacked: %d; %v", w.Code, log)
	}
}
