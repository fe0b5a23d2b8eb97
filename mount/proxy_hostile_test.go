package mount_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/weirhttp/weir/rewrite"
)

// TestProxyOutOfABase has a byte that no path may have beside escaped slashes, which are no slashes to the application.
func TestProxyOutOfABase(t *testing.T) {
	p, _ := proxyFor(t, proxySees)
	p.URL.Path = "/base"
	server := httptest.NewServer(p)
	defer server.Close()
	for target, want := range map[string]int{"/a%2Fb%2Fc|/../../../x": 400, "/a|/b/../../x": 200, "/a%2Fb|/../x": 200} {
		if res, body := proxyRaw(t, server, "GET "+target+" HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"); res.StatusCode != want {
			t.Errorf("%s is %d %q, want %d", target, res.StatusCode, body, want)
		}
	}
}

// TestProxyTunnelsNoHalfRequest has an application agree to an upgrade before it has the body: two would read the connection.
func TestProxyTunnelsNoHalfRequest(t *testing.T) {
	p, log := proxyPlayed(t, proxySwitches)
	server := httptest.NewServer(p)
	defer server.Close()
	conn := dial(t, server)
	io.WriteString(conn, strings.TrimSuffix(proxyHandshake, "\r\n")+"Content-Length: 100\r\n\r\nhalf")
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || res.StatusCode != 502 || log.count("the application failed") != 1 {
		t.Errorf("%v %v; %v", res, err, log)
	}
	conn.Close()
}

// TestProxyTellsNoOtherUser holds that blanks, which no field keeps, do not make one user of another, nor do odd letters.
func TestProxyTellsNoOtherUser(t *testing.T) {
	p, _ := proxyFor(t, proxySees)
	for user, want := range map[string]bool{"alice": true, "alice b": true, " alice": false, "alice\t": false} {
		for _, field := range []string{"X!Remote!User", "X~Remote-User", "X-Remote|User"} {
			r := httptest.NewRequest("GET", "/", nil)
			r.Header[field] = []string{"eve"}
			w := httptest.NewRecorder()
			p.ServeHTTP(w, r.WithContext(rewrite.User.WithValue(r.Context(), user)))
			if got := strings.Contains(w.Body.String(), "X-Remote-User: alice"); got != want || strings.Contains(w.Body.String(), "eve") {
				t.Errorf("of %q and %s the application sees %s", user, field, w.Body)
			}
		}
	}
}

// TestProxyOfAStatusThatIsNone holds that it is the application's fault, and no panic.
func TestProxyOfAStatusThatIsNone(t *testing.T) {
	for _, status := range []string{"000", "042", "099"} {
		p, log := proxyPlayed(t, func(conn net.Conn, r *http.Request) {
			fmt.Fprintf(conn, "HTTP/1.1 %s X\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi", status)
		})
		if w, cut := proxyServe(p, httptest.NewRequest("GET", "/", nil)); cut || w.Code != 502 || log.count("the application failed") != 1 {
			t.Errorf("%s is %d, cut is %v; %v", status, w.Code, cut, log)
		}
	}
}

// TestProxyOf101ByHTTP2 has an application say 101 where no upgrade exists: the client must not take what follows for a tunnel.
func TestProxyOf101ByHTTP2(t *testing.T) {
	p, log := proxyH2C(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusSwitchingProtocols)
		io.WriteString(w, "body")
	}))
	server := httptest.NewServer(p)
	defer server.Close()
	res, _ := proxyRaw(t, server, "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
	if res.StatusCode != 502 || log.count("the application failed") != 1 {
		t.Errorf("%d; %v", res.StatusCode, log)
	}
}

// TestProxyInformsOfNoConnection holds that fields of one connection stay behind in informational responses, too.
func TestProxyInformsOfNoConnection(t *testing.T) {
	p, _ := proxyPlayed(t, func(conn net.Conn, r *http.Request) {
		io.WriteString(conn, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: keep-alive, X-Hop\r\nKeep-Alive: timeout=5\r\nX-Hop: 1\r\nUpgrade: x\r\n\r\n"+
			"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	})
	server := httptest.NewServer(p)
	defer server.Close()
	conn := dial(t, server)
	io.WriteString(conn, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || res.StatusCode != 103 {
		t.Fatal(res, err)
	}
	if got := fmt.Sprint(res.Header); got != "map[Link:[</a>]]" {
		t.Errorf("the fields are %s", got)
	}
}
