package mount_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/weirhttp/weir/mount"
	"github.com/weirhttp/weir/rewrite"
)

// proxyFor is a proxy to an application that is served by HTTP/1.1, and the log of it.
func proxyFor(t testing.TB, app http.Handler) (*mount.Proxy, *journal) {
	t.Helper()
	server := httptest.NewServer(app)
	log := newJournal()
	p := &mount.Proxy{URL: proxyURL(t, server.URL), Logger: log.logger()}
	t.Cleanup(func() { p.Close(); server.Close() })
	return p, log
}

// proxyH2C is proxyFor an application that is served by HTTP/2 without TLS.
func proxyH2C(t testing.TB, app http.Handler) (*mount.Proxy, *journal) {
	t.Helper()
	server := httptest.NewUnstartedServer(app)
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	log := newJournal()
	p := &mount.Proxy{URL: proxyURL(t, strings.Replace(server.URL, "http", "h2c", 1)), Logger: log.logger()}
	t.Cleanup(func() { p.Close(); server.Close() })
	return p, log
}

func proxyURL(t testing.TB, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// proxySees is an application that says what of a request came to it.
var proxySees = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(w, "%s %s\nHost: %s\n", r.Method, r.RequestURI, r.Host)
	names := make([]string, 0, len(r.Header))
	for name := range r.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(w, "%s: %s\n", name, strings.Join(r.Header[name], " | "))
	}
	io.Copy(w, r.Body)
	for name, values := range r.Trailer {
		fmt.Fprintf(w, "trailer %s: %s\n", name, strings.Join(values, " | "))
	}
})

// proxyRaw sends bytes to a server and returns the answer to the last request in them.
func proxyRaw(t testing.TB, server *httptest.Server, text string) (*http.Response, string) {
	t.Helper()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, text)
	method, _, _ := strings.Cut(text, " ")
	res, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

func TestProxyTargets(t *testing.T) {
	app, _ := proxyFor(t, proxySees)
	host := app.URL.String()
	for name, c := range map[string]struct {
		prefix, base, target string
		pass                 bool
		want                 string // the target that the application sees, or a status
	}{
		"a path":                             {"", "", "/x/y", false, "/x/y"},
		"the root":                           {"", "", "/", false, "/"},
		"doubled slashes":                    {"", "", "//x//y//", false, "//x//y//"},
		"escaped slashes":                    {"", "", "/a%2Fb%2fc", false, "/a%2Fb%2fc"},
		"needless escapes":                   {"", "", "/%61%7E%7e", false, "/%61%7E%7e"},
		"parameters":                         {"", "", "/a;b=c/d;e", false, "/a;b=c/d;e"},
		"bytes beyond ASCII, escaped":        {"", "", "/%c3%A9%ff", false, "/%c3%A9%ff"},
		"a byte that no path may have":       {"", "", "/a|b%2Fc", false, "/a%7Cb%2Fc"},
		"such a byte alone":                  {"", "", "/a|b", false, "/a%7Cb"},
		"dot segments":                       {"", "", "/a/../b/./c", false, "/a/../b/./c"},
		"a query":                            {"", "", "/x?a=b&c=d", false, "/x?a=b&c=d"},
		"a query with semicolons":            {"", "", "/x?a=b;c=d", false, "/x?a=b;c=d"},
		"a query with bad escapes":           {"", "", "/x?a=%zz&%", false, "/x?a=%zz&%"},
		"a query that is no list of pairs":   {"", "", "/x?/y?z/%2F", false, "/x?/y?z/%2F"},
		"an empty query":                     {"", "", "/x?", false, "/x?"},
		"below a prefix":                     {"/app", "", "/app/x%2Fy?q", false, "/x%2Fy?q"},
		"below a prefix, doubled":            {"/app", "", "/app//x", false, "//x"},
		"below a prefix that is kept":        {"/app", "", "/%61pp/x%2Fy?q", true, "/%61pp/x%2Fy?q"},
		"a base":                             {"", "/base/", "/x%2Fy", false, "/base/x%2Fy"},
		"a base of its own escapes":          {"", "/b%2Fc", "/x", false, "/b%2Fc/x"},
		"a base and the root":                {"", "/base", "/", false, "/base/"},
		"a base and doubled slashes":         {"", "/base", "//x", false, "/base//x"},
		"a base below a prefix":              {"/app", "/base", "/app/x", false, "/base/x"},
		"a base below a prefix that is kept": {"/app", "/base", "/app/x", true, "/base/app/x"},
		"out of a base":                      {"", "/base", "/../x", false, "400"},
		"out of a base, escaped":             {"", "/base", "/%2e%2e/x", false, "400"},
		"not out of a base":                  {"", "/base", "/a/../x", false, "/base/a/../x"},
		"an absolute target":                 {"", "", "http://h.example/x", false, "/x"},
		"an absolute target without a path":  {"", "", "http://h.example", false, "/"},
	} {
		t.Run(name, func(t *testing.T) {
			p := &mount.Proxy{URL: proxyURL(t, host+c.base), Passthrough: c.pass, Logger: newJournal().logger()}
			defer p.Close()
			front := httptest.NewServer(mount.At(c.prefix, p))
			defer front.Close()
			res, body := proxyRaw(t, front, "GET "+c.target+" HTTP/1.1\r\nHost: h.example\r\nConnection: close\r\n\r\n")
			if res.StatusCode != 200 {
				body = fmt.Sprintf("GET %d\n", res.StatusCode)
			}
			if got, _, _ := strings.Cut(body, "\n"); got != "GET "+c.want {
				t.Errorf("%s is %q, want %q", c.target, got, c.want)
			}
		})
	}
}

// TestProxyTells holds what the application learns, and from whom.
func TestProxyTells(t *testing.T) {
	app, _ := proxyFor(t, proxySees)
	for name, c := range map[string]struct {
		edit   func(*mount.Proxy)
		fields string // of the client
		has    []string
		hasnot []string
		nobody bool // is signed in
	}{
		"where it is, and who asks": {nil, "", []string{
			"GET /x\n", "Host: public.example:8080\n", "X-Forwarded-For: 192.0.2.1\n", "X-Forwarded-Host: public.example:8080\n",
			"X-Forwarded-Port: 8080\n", "X-Forwarded-Prefix: /app\n", "X-Forwarded-Proto: http\n", "X-Remote-User: alice\n", "X-Script-Name: /app\n",
			"Forwarded: for=192.0.2.1;host=\"public.example:8080\";proto=http\n",
		}, []string{"User-Agent", "Accept-Encoding", "Connection"}, false},
		"nothing that it says itself": {nil, "X-Forwarded-For: 1.2.3.4\nX_Remote_User: eve\nX-Remote-User: eve\nX-Forwarded-Proto: https\nX-Real-Ip: 1.2.3.4\nRemote.User: eve",
			[]string{"X-Forwarded-For: 192.0.2.1\n", "X-Remote-User: alice\n"}, []string{"eve", "1.2.3.4", "https"}, false},
		"nobody, where nobody is": {nil, "X-Remote-User: eve\nX_Remote-User: eve", nil, []string{"eve", "alice", "Remote"}, true},
		"what Connection names stays": {nil, "Connection: X-Remote-User, x-forwarded-for, X-Mine\nX-Mine: 1\nX-Other: 2",
			[]string{"X-Remote-User: alice\n", "X-Forwarded-For: 192.0.2.1\n", "X-Other: 2\n"}, []string{"X-Mine", "Connection"}, false},
		"no fields of the connection": {nil, "Keep-Alive: 5\nTe: gzip\nProxy-Authorization: x\nProxy-Connection: x\nUpgrade: x",
			nil, []string{"Keep-Alive", "Te:", "Proxy-", "Upgrade"}, false},
		"what the client accepts and is": {nil, "Accept-Encoding: br\nUser-Agent: me\nTe: trailers\nAuthorization: Basic x\nCookie: a=b",
			[]string{"Accept-Encoding: br\n", "User-Agent: me\n", "Te: trailers\n", "Authorization: Basic x\n", "Cookie: a=b\n"}, nil, false},
		"another field for the user": {func(p *mount.Proxy) { p.UserField = "X-Who" }, "X-Who: eve\nX_who: eve\nX-Remote-User: eve",
			[]string{"X-Who: alice\n"}, []string{"eve", "X-Remote-User"}, false},
		"no prefix where it knows it": {func(p *mount.Proxy) { p.Passthrough = true }, "X-Script-Name: /eve\nX-Forwarded-Prefix: /eve",
			[]string{"GET /app/x\n", "X-Forwarded-For"}, []string{"Prefix", "Script-Name"}, false},
		"another Host": {func(p *mount.Proxy) { p.Host = "inner.example" }, "X-Forwarded-Host: eve\nForwarded: host=eve",
			[]string{"Host: inner.example\n", "X-Forwarded-Proto: http\n", "Forwarded: for=192.0.2.1;proto=http\n", "X-Forwarded-Prefix: /app\n"},
			[]string{"public.example", "X-Forwarded-Host", "8080", "eve"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			p := &mount.Proxy{URL: app.URL, Logger: app.Logger}
			defer p.Close()
			if c.edit != nil {
				c.edit(p)
			}
			r := httptest.NewRequest("GET", "http://public.example:8080/app/x", nil)
			for line := range strings.Lines(c.fields) {
				field, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
				r.Header[http.CanonicalHeaderKey(field)] = []string{value}
			}
			if !c.nobody {
				r = r.WithContext(rewrite.User.WithValue(r.Context(), "alice"))
			}
			w := httptest.NewRecorder()
			mount.At("/app", p).ServeHTTP(w, r)
			for _, want := range c.has {
				if !strings.Contains(w.Body.String(), want) {
					t.Errorf("it does not see %q: %s", want, w.Body)
				}
			}
			for _, want := range c.hasnot {
				if strings.Contains(w.Body.String(), want) {
					t.Errorf("it sees %q: %s", want, w.Body)
				}
			}
		})
	}
}

func TestProxySpeaks(t *testing.T) {
	answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprint(w, r.Proto, " ", r.Host, " ", string(body))
	})
	secure := httptest.NewTLSServer(answer)
	t.Cleanup(secure.Close)
	h2c, _ := proxyH2C(t, answer)
	socket := filepath.Join(t.TempDir(), "socket")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go http.Serve(listener, answer)
	plain, _ := proxyFor(t, answer)
	for name, c := range map[string]struct {
		p    *mount.Proxy
		want string
	}{
		"HTTP/1.1":             {&mount.Proxy{URL: plain.URL}, "HTTP/1.1 example.com body"},
		"HTTP/2 without TLS":   {h2c, "HTTP/2.0 example.com body"},
		"TLS":                  {&mount.Proxy{URL: proxyURL(t, secure.URL), Transport: secure.Client().Transport}, "HTTP/1.1 example.com body"},
		"a socket":             {&mount.Proxy{Socket: socket}, "HTTP/1.1 example.com body"},
		"a socket, and a URL":  {&mount.Proxy{Socket: socket, URL: proxyURL(t, "http://any.example/")}, "HTTP/1.1 example.com body"},
		"a socket, and a host": {&mount.Proxy{Socket: socket, Host: "inner.example"}, "HTTP/1.1 inner.example body"},
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("POST", "/", strings.NewReader("body"))
		if strings.HasPrefix(name, "HTTP/2") { // which has no such thing
			r.Header["Connection"], r.Header["Upgrade"] = []string{"Upgrade"}, []string{"websocket"}
		}
		c.p.ServeHTTP(w, r)
		if c.p.Close(); w.Code != 200 || w.Body.String() != c.want {
			t.Errorf("%s: %d %q, want %q", name, w.Code, w.Body, c.want)
		}
	}
}

func TestProxyRefusesToBeSetUpWrongly(t *testing.T) {
	for want, p := range map[string]*mount.Proxy{
		"URL is nil":                  {},
		"scheme \"\"":                 {URL: &url.URL{Host: "localhost"}},
		"scheme \"ftp\"":              {URL: &url.URL{Scheme: "ftp", Host: "localhost"}},
		"names no host":               {URL: &url.URL{Scheme: "http", Path: "/x"}},
		"write scheme, host and path": {URL: &url.URL{Scheme: "http", Host: "localhost", RawQuery: "q"}},
		"has a user":                  {URL: &url.URL{Scheme: "http", Host: "localhost", User: url.UserPassword("u", "secret")}},
		`write "/x"`:                  {URL: &url.URL{Scheme: "http", Host: "localhost", Path: "x"}},
		"path that climbs":            {URL: &url.URL{Scheme: "http", Host: "localhost", Path: "/../x"}},
		"Socket is set":               {Socket: "/s", Transport: http.DefaultTransport},
		"scheme h2c":                  {URL: &url.URL{Scheme: "h2c", Host: "localhost"}, Transport: http.DefaultTransport},
		"Host \"a/b\"":                {URL: &url.URL{Scheme: "http", Host: "localhost"}, Host: "a/b"},
		"UserField \"X User\"":        {URL: &url.URL{Scheme: "http", Host: "localhost"}, UserField: "X User"},
	} {
		for range 2 { // each request, not only the first
			func() {
				defer func() {
					text, _ := recover().(string)
					if !strings.HasPrefix(text, "mount.Proxy: ") || !strings.Contains(text, want) || strings.Contains(text, "secret") {
						t.Errorf("it panics with %q, want %q", text, want)
					}
				}()
				p.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
			}()
		}
	}
}

func TestProxyRefusesCONNECT(t *testing.T) {
	app, log := proxyFor(t, proxySees)
	r := httptest.NewRequest("CONNECT", "http://other.example:443", nil)
	w := httptest.NewRecorder()
	if app.ServeHTTP(w, r); w.Code != 501 || log.String() != "" {
		t.Errorf("CONNECT is %d; %v", w.Code, log)
	}
}

// TestProxyKeepsDefaults holds that what a filter sets before is replaced, and that Vary and Set-Cookie are added to.
func TestProxyKeepsDefaults(t *testing.T) {
	app, _ := proxyFor(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-cache")
		w.Header()["Vary"] = []string{"accept, Cookie"}
		w.Header()["Set-Cookie"] = []string{"a=1", "b=2"}
		w.Header().Set("Connection", "X-Hop")
		w.Header().Set("X-Hop", "1")
	}))
	w := httptest.NewRecorder()
	for name, value := range map[string]string{"Cache-Control": "public", "Vary": "Accept", "Set-Cookie": "c=3", "X-Frame-Options": "DENY"} {
		w.Header().Set(name, value)
	}
	app.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	h := w.Result().Header
	got := fmt.Sprint(h["Cache-Control"], h["Vary"], h["Set-Cookie"], h["X-Frame-Options"], h["X-Hop"], h["Connection"])
	if want := "[no-cache] [Accept, Cookie] [c=3 a=1 b=2] [DENY] [] []"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestProxyMethods(t *testing.T) {
	app, _ := proxyFor(t, proxySees)
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "get"} {
		r := httptest.NewRequest(method, "/x", nil)
		w := httptest.NewRecorder()
		app.ServeHTTP(w, r)
		if got, _, _ := strings.Cut(w.Body.String(), "\n"); w.Code != 200 || method != "HEAD" && got != method+" /x" {
			t.Errorf("%s is %d %q", method, w.Code, got)
		}
	}
}

// TestProxyAsterisk asks about the server as a whole, which net/http answers itself by default.
func TestProxyAsterisk(t *testing.T) {
	server := httptest.NewUnstartedServer(proxySees)
	server.Config.DisableGeneralOptionsHandler = true
	server.Start()
	defer server.Close()
	for base, want := range map[string]string{"": "*", "/base": "/base/*"} {
		p := &mount.Proxy{URL: proxyURL(t, server.URL+base)}
		w := httptest.NewRecorder()
		p.ServeHTTP(w, httptest.NewRequest("OPTIONS", "*", nil))
		if p.Close(); !strings.HasPrefix(w.Body.String(), "OPTIONS "+want+"\n") {
			t.Errorf("it sees %q, want %q", w.Body, want)
		}
	}
}
