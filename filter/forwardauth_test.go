package filter_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/filtertest"
	"github.com/weirhttp/weir/rewrite"
)

// authServer starts an authentication server.
func authServer(t testing.TB, h http.HandlerFunc) *url.URL {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	u, _ := url.Parse(s.URL + "/auth?level=1")
	return u
}

var quiet = slog.New(slog.DiscardHandler)

func TestForwardAuth(t *testing.T) {
	yes := authServer(t, func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Remote-User", "alice") })
	filtertest.Run(t, filter.ForwardAuth(yes, filter.ForwardAuthOptions{}), filtertest.Options{ResponseFields: []string{"Cache-Control"}})

	// What a client forges, in which spellings, with a server that says who is there and one that does not.
	for _, user := range []string{"", "alice"} {
		server := authServer(t, func(w http.ResponseWriter, r *http.Request) {
			if user != "" {
				w.Header().Set("X-Auth-Request-User", user)
				w.Header().Set("Remote-Groups", "staff")
			}
			w.WriteHeader(http.StatusAccepted)
		})
		for _, spelling := range []string{"x_auth_REQUEST-user", "X-AUTH-REQUEST-USER", "x-auth-request-user"} {
			f := filter.ForwardAuth(server, filter.ForwardAuthOptions{UserField: "x-auth-request-USER", Copy: []string{"remote-GROUPS", "X-Auth-Request-User"}})
			for _, name := range []string{spelling, "Remote_Groups", "remote.groups", "REMOTE-GROUPS", "X_Auth.Request-User"} {
				r := httptest.NewRequest("GET", "/", nil)
				r.Header[name] = []string{"mallory", "mallory"}
				r.Header.Add(name, "mallory")
				r.Header["Connection"] = []string{"close, " + name}
				f(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					got, _ := rewrite.User.Value(r.Context())
					if got != user || r.Header.Get("X-Auth-Request-User") != user || fmt.Sprint(r.Header["Connection"]) != "[close]" {
						t.Errorf("%s: the user is %q, want %q; %v", name, got, user, r.Header)
					}
					for field, values := range r.Header {
						if strings.Contains(fmt.Sprint(values), "mallory") {
							t.Errorf("%s: %s has %q", name, field, values)
						}
					}
				})).ServeHTTP(httptest.NewRecorder(), r)
				if r.Header[name] == nil {
					t.Error("the request was edited")
				}
			}
		}
	}
}

func TestForwardAuth_question(t *testing.T) {
	var got *http.Request
	var body []byte
	server := authServer(t, func(w http.ResponseWriter, r *http.Request) {
		got = r.Clone(context.Background())
		body, _ = io.ReadAll(r.Body)
	})
	sent := ""
	h := filter.ForwardAuth(server, filter.ForwardAuthOptions{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		sent = string(b)
	}))
	r := httptest.NewRequest("POST", "http://example.org/a%2Fb;c//%2e%2e/d?x=%20&y", strings.NewReader("a body"))
	for _, name := range []string{"Cookie", "Authorization", "Accept", "X-Secret", "X-Forwarded-Uri", "X-Forwarded-Method", "X_Forwarded_Uri", "X-Original-Url", "Forwarded", "Proxy"} {
		r.Header[name] = []string{"the client's"}
	}
	h.ServeHTTP(httptest.NewRecorder(), r)
	want := map[string]string{
		"Cookie": "the client's", "Authorization": "the client's", "Accept": "the client's",
		"X-Forwarded-Method": "POST", "X-Forwarded-Proto": "http", "X-Forwarded-Host": "example.org", "X-Forwarded-For": "192.0.2.1",
		"X-Forwarded-Uri": "/a%2Fb;c//%2e%2e/d?x=%20&y", "X-Original-Uri": "/a%2Fb;c//%2e%2e/d?x=%20&y", "X-Original-Method": "POST",
		"X-Original-Url": "http://example.org/a%2Fb;c//%2e%2e/d?x=%20&y",
	}
	for name, values := range got.Header {
		if fmt.Sprint(values) != "["+want[name]+"]" && name != "Accept-Encoding" {
			t.Errorf("the server gets %s: %q, want %q", name, values, want[name])
		}
		delete(want, name)
	}
	if len(want) > 0 || len(body) > 0 || got.Method != "GET" || got.RequestURI != "/auth?level=1" || got.Host != server.Host {
		t.Errorf("%s %s %s with %q; missing %v", got.Method, got.Host, got.RequestURI, body, want)
	}
	if sent != "a body" {
		t.Errorf("the application gets %q", sent)
	}
}

// TestForwardAuth_target is what is asked about a target, as a client may write it on a connection, or that nothing is.
func TestForwardAuth_target(t *testing.T) {
	var asked string
	server := authServer(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r.Header.Get("X-Forwarded-Proto") + " " + r.Header.Get("X-Forwarded-Host") + " " + r.Header.Get("X-Forwarded-Uri")
		if want := strings.Replace(strings.Replace(asked, " ", "://", 1), " ", "", 1); r.Header.Get("X-Original-Url") != want {
			t.Errorf("X-Original-URL is %s, not %s", r.Header.Get("X-Original-Url"), want)
		}
	})
	f := filter.ForwardAuth(server, filter.ForwardAuthOptions{})
	var front func(http.Handler) http.Handler
	app := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { front(f(whoami)).ServeHTTP(w, r) }))
	app.Config.DisableGeneralOptionsHandler = true // which answers OPTIONS * itself
	app.Start()
	defer app.Close()
	itself := func(next http.Handler) http.Handler { return next }
	known := rewrite.Request(rewrite.Scheme.Set("https"), rewrite.Host.Set("b.example"))
	behindProxy := func(next http.Handler) http.Handler {
		return known(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			edited, _ := rewrite.Prepend(r, "/app")
			rewrite.Serve(w, r, edited, next)
		}))
	}

	for name, c := range map[string]struct {
		front        func(http.Handler) http.Handler
		target, host string
		want         string // what is asked; "": nothing, and the answer is 400
	}{
		"a path is asked about":                     {itself, "GET /a?b", "a.example", "http a.example /a?b"},
		"what begins with two slashes is a path":    {itself, "GET //evil.example/", "a.example", "http a.example //evil.example/"},
		"an absolute form has host and path":        {itself, "GET http://b.example/a?b", "a.example", "http b.example /a?b"},
		"one without a path has /":                  {itself, "GET http://b.example?b", "a.example", "http b.example /?b"},
		"its scheme is not that of the connection":  {itself, "GET https://b.example/", "a.example", "http b.example /"},
		"a user in it is none of the host":          {itself, "GET http://u:p@b.example/", "a.example", "http b.example /"},
		"scheme, host and script name may be known": {behindProxy, "GET /a", "a.example", "https b.example /app/a"},
		"an opaque target is refused":               {itself, "GET x:@public.example/?q", "a.example", ""},
		"one behind a script name is":               {behindProxy, "GET x:@public.example/?q", "a.example", ""},
		"so is one of a scheme alone":               {itself, "GET x:?q", "a.example", ""},
		"* is refused":                              {itself, "OPTIONS *", "a.example", ""},
		"* behind a script name is":                 {behindProxy, "OPTIONS *", "a.example", ""},
		"CONNECT is refused":                        {itself, "CONNECT a.example:80", "a.example:80", ""},
		"CONNECT with a path is":                    {itself, "CONNECT /a", "a.example", ""},
		"a host that is none is refused":            {itself, "GET /a", "public.example&a.example", ""},
		"no host is":                                {itself, "GET /a", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			asked, front = "", c.front
			conn, err := net.Dial("tcp", app.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			fmt.Fprintf(conn, "%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", c.target, c.host)
			got, _ := io.ReadAll(conn)
			status := "HTTP/1.1 200 "
			if c.want == "" {
				status = "HTTP/1.1 400 "
			}
			if asked != c.want || !strings.HasPrefix(string(got), status) {
				t.Errorf("%q is asked, want %q; the answer is %s", asked, c.want, got)
			}
		})
	}
}

func TestForwardAuth_answers(t *testing.T) {
	server := authServer(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "https://login.example.org/?rd=x")
		w.Header().Set("Set-Cookie", "state=1")
		w.Header().Set("X-Internal", "no")
		w.Header().Set("Content-Type", "text/html")
		var status int
		fmt.Sscan(r.Header.Get("Cookie"), &status)
		w.WriteHeader(status)
		io.WriteString(w, "body")
	})
	h := filter.ForwardAuth(server, filter.ForwardAuthOptions{Logger: quiet})(whoami)
	for name, c := range map[string]struct {
		method, fields, sent string
		want                 int
	}{
		"a navigation is redirected": {"GET", "Sec-Fetch-Mode: navigate", "302", 302},
		"so is that of a form":       {"POST", "Sec-Fetch-Mode: navigate", "302", 302},
		"so is what asks for HTML":   {"GET", "Accept: application/xml, Text/HTML;q=0.9", "303", 303},
		"a fetch is not":             {"GET", "Sec-Fetch-Mode: cors\nAccept: text/html", "302", 401},
		"a picture is not":           {"GET", "Sec-Fetch-Mode: no-cors", "302", 401},
		"a WebSocket is not":         {"GET", "Sec-Fetch-Mode: websocket", "307", 401},
		"what takes anything is not": {"GET", "Accept: */*", "302", 401},
		"what asks for JSON is not":  {"GET", "Accept: application/json", "302", 401},
		"what says nothing is not":   {"GET", "", "302", 401},
		"a POST is not":              {"POST", "Accept: text/html", "302", 401},
		"XMLHttpRequest is not":      {"GET", "Accept: text/html\nX-Requested-With: XMLHttpRequest", "302", 401},
		"401 goes to the client":     {"GET", "", "401", 401},
		"403 does":                   {"POST", "", "403", 403},
		"304 is no answer":           {"GET", "Sec-Fetch-Mode: navigate", "304", 502},
		"500 is no answer":           {"GET", "Sec-Fetch-Mode: navigate", "500", 502},
		"503 is no answer":           {"GET", "", "503", 502},
		"200 lets in":                {"GET", "", "200", 200},
		"204 lets in":                {"GET", "", "204", 200},
	} {
		t.Run(name, func(t *testing.T) {
			w, r := httptest.NewRecorder(), httptest.NewRequest(c.method, "/", nil)
			r.Header.Set("Cookie", c.sent)
			for line := range strings.Lines(c.fields) {
				field, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
				r.Header.Set(field, value)
			}
			h.ServeHTTP(w, r)
			converted := c.want == 401 && c.sent != "401"
			if w.Code != c.want || w.Header().Get("X-Internal") != "" {
				t.Errorf("got %d %v, want %d", w.Code, w.Header(), c.want)
			}
			if cookie := w.Header().Get("Set-Cookie"); (cookie == "state=1") == (converted || c.want == 502) {
				t.Errorf("a cookie is set: %q", cookie)
			}
			if located := w.Header().Get("Location") != ""; located != (c.want >= 300 && c.want < 500) {
				t.Errorf("Location: %q", w.Header().Get("Location"))
			}
			if challenge := w.Header().Get("WWW-Authenticate"); (challenge == "Session") != (c.want == 401) {
				t.Errorf("WWW-Authenticate: %q", challenge)
			}
			if body := w.Body.String(); (body == "body") != (c.want >= 300 && c.want < 500 && !converted) {
				t.Errorf("the body is %q", body)
			}
			if control := w.Header().Get("Cache-Control"); c.want < 300 && control != "private, no-cache" || c.want >= 300 && c.want < 500 && control != "no-store" {
				t.Errorf("Cache-Control: %q", control)
			}
		})
	}
}

// TestForwardAuth_unlimited is that the largest MaxAnswer is not the smallest.
func TestForwardAuth_unlimited(t *testing.T) {
	server := authServer(t, func(w http.ResponseWriter, r *http.Request) { http.Error(w, "not you", http.StatusForbidden) })
	w := httptest.NewRecorder()
	filter.ForwardAuth(server, filter.ForwardAuthOptions{MaxAnswer: math.MaxInt64})(whoami).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Code != http.StatusForbidden || w.Body.String() != "not you\n" {
		t.Errorf("got %d %q", w.Code, w.Body)
	}
}

// TestForwardAuth_unknown is that a client without an address has none to the server either, not that of this program.
func TestForwardAuth_unknown(t *testing.T) {
	server := authServer(t, func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, r.Header.Get("X-Forwarded-For"), http.StatusForbidden)
	})
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = "@" // of a Unix socket
	w := httptest.NewRecorder()
	filter.ForwardAuth(server, filter.ForwardAuthOptions{})(whoami).ServeHTTP(w, r)
	if w.Body.String() != "unknown\n" {
		t.Errorf("the server is told %q", w.Body)
	}
}

// TestForwardAuth_nested is that each filter adds the cookies of its own server, once.
func TestForwardAuth_nested(t *testing.T) {
	sets := func(cookie string) func(http.Handler) http.Handler {
		return filter.ForwardAuth(authServer(t, func(w http.ResponseWriter, r *http.Request) {
			if cookie != "" {
				w.Header().Set("Set-Cookie", cookie)
			}
		}), filter.ForwardAuthOptions{})
	}
	outer := sets("a=1")
	for name, c := range map[string]struct {
		outer, inner func(http.Handler) http.Handler
		want         string
	}{
		"both set one":            {outer, sets("b=2"), "[b=2 a=1]"},
		"the outer one sets one":  {outer, sets(""), "[a=1]"},
		"the inner one sets one":  {sets(""), sets("b=2"), "[b=2]"},
		"one filter stands twice": {outer, outer, "[a=1 a=1]"},
	} {
		w := httptest.NewRecorder()
		c.outer(c.inner(whoami)).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		if got := fmt.Sprint(w.Header()["Set-Cookie"]); got != c.want {
			t.Errorf("%s: the cookies are %s, want %s", name, got, c.want)
		}
	}
}

// TestForwardAuth_trailer is that what a client says about itself behind the body does not get in, either.
func TestForwardAuth_trailer(t *testing.T) {
	server := authServer(t, func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Remote-User", "alice") })
	f := filter.ForwardAuth(server, filter.ForwardAuthOptions{Copy: []string{"Remote-Groups"}})
	outside := map[string][]string{}
	var announced http.Header
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			announced = r.Trailer.Clone()
			body, err := io.ReadAll(r.Body)
			fmt.Fprintf(w, "%s %v %v", body, err, r.Trailer)
		})).ServeHTTP(w, r)
		outside = r.Trailer
	})
	const names = "Remote-User, remote_groups, X-Sum"
	forged := func(name string) bool {
		return rewrite.Like(name, "Remote-User") || rewrite.Like(name, "Remote-Groups")
	}
	check := func(what, got, want string) {
		t.Helper()
		if !strings.HasSuffix(got, want) || len(outside) < 3 {
			t.Errorf("%s: the application gets %s, want %s; outside there is %v", what, got, want, outside)
		}
		for name := range announced {
			if forged(name) {
				t.Errorf("%s: %s is announced to the application", what, name)
			}
		}
	}

	s := httptest.NewUnstartedServer(h)
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	r, _ := http.NewRequest("POST", s.URL, io.MultiReader(strings.NewReader("a "), strings.NewReader("body")))
	r.Trailer = http.Header{"Remote-User": {"mallory"}, "Remote_groups": {"staff"}, "X-Sum": {"42"}}
	res, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	got, _ := io.ReadAll(res.Body)
	res.Body.Close()
	if res.ProtoMajor != 2 {
		t.Errorf("by %s", res.Proto)
	}
	check("by HTTP/2", string(got), "a body <nil> map[X-Sum:[42]]")

	plain := httptest.NewServer(h)
	defer plain.Close()
	for what, trailer := range map[string]string{
		"by HTTP/1.1, announced":     names,
		"by HTTP/1.1, not announced": "X-Sum",
	} {
		conn, err := net.Dial("tcp", plain.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\nTransfer-Encoding: chunked\r\nTrailer: %s\r\n\r\n"+
			"6\r\na body\r\n0\r\nRemote-User: mallory\r\nREMOTE_GROUPS: staff\r\nremote-groups: staff\r\nX-Sum: 42\r\n\r\n", trailer)
		got, _ := io.ReadAll(conn)
		conn.Close()
		check(what, string(got), "a body <nil> map[X-Sum:[42]]")
	}
}

// TestForwardAuth_fails holds that whatever happens to the server, nobody gets in.
func TestForwardAuth_fails(t *testing.T) {
	long := strings.Repeat("x", 1000)
	for name, c := range map[string]struct {
		answer string // "": none comes
		want   int
	}{
		"it closes at once":                 {"-", 503},
		"it is slow":                        {"", 503},
		"it speaks no HTTP":                 {"SSH-2.0-OpenSSH_9.2\r\n", 503},
		"it closes in the head":             {"HTTP/1.1 200 OK\r\nRemote-User: alice\r\n", 503},
		"it closes in the body of a 200":    {"HTTP/1.1 200 OK\r\nRemote-User: alice\r\nContent-Length: 9\r\n\r\nx", 502},
		"it closes in a chunk":              {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nx", 502},
		"it closes in the body of a 401":    {"HTTP/1.1 401 No\r\nSet-Cookie: a=b\r\nContent-Length: 9\r\n\r\nx", 502},
		"it says too much with a 200":       {"HTTP/1.1 200 OK\r\n\r\n" + long, 502},
		"it says too much with a 403":       {"HTTP/1.1 403 No\r\n\r\n" + long, 502},
		"it switches protocols":             {"HTTP/1.1 101 Yes\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", 502},
		"it names two users":                {"HTTP/1.1 200 OK\r\nRemote-User: alice\r\nremote-user: bob\r\nContent-Length: 0\r\n\r\n", 502},
		"it has a head of more than 64 KiB": {"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 1<<20) + "\r\n\r\n", 503},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			over := make(chan struct{})
			defer close(over)
			go func() {
				for {
					conn, err := l.Accept()
					if err != nil {
						return
					}
					if c.answer == "" {
						go func() { <-over; conn.Close() }()
						continue
					}
					io.ReadAtLeast(conn, make([]byte, 4096), 1)
					io.WriteString(conn, strings.TrimPrefix(c.answer, "-"))
					conn.Close()
				}
			}()
			o := filter.ForwardAuthOptions{Logger: quiet, MaxAnswer: 999, Timeout: 5 * time.Second}
			if c.answer == "" {
				o.Timeout = 20 * time.Millisecond
			}
			called := false
			w := httptest.NewRecorder()
			filter.ForwardAuth(&url.URL{Scheme: "http", Host: l.Addr().String()}, o)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
				called = true
			})).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
			if w.Code != c.want || called || w.Header().Get("Set-Cookie") != "" {
				t.Errorf("got %d %v, called %v, want %d", w.Code, w.Header(), called, c.want)
			}
		})
	}
}

// TestForwardAuth_leaves is that a client who leaves takes the question with him.
func TestForwardAuth_leaves(t *testing.T) {
	asked, gone := make(chan struct{}), make(chan struct{})
	server := authServer(t, func(w http.ResponseWriter, r *http.Request) {
		close(asked)
		<-r.Context().Done()
		close(gone)
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-asked; cancel() }()
	w := httptest.NewRecorder()
	filter.ForwardAuth(server, filter.ForwardAuthOptions{})(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the handler is called")
	})).ServeHTTP(w, httptest.NewRequestWithContext(ctx, "GET", "/", nil))
	<-gone
	if w.Code != 503 {
		t.Errorf("got %d", w.Code)
	}
}

func TestForwardAuth_panics(t *testing.T) {
	u := &url.URL{Scheme: "http", Host: "localhost"}
	o := func(o filter.ForwardAuthOptions) func() { return func() { filter.ForwardAuth(u, o) } }
	panics(t, map[string]func(){
		"filter.ForwardAuth: url is nil":  func() { filter.ForwardAuth(nil, filter.ForwardAuthOptions{}) },
		"filter.ForwardAuth: next is nil": func() { filter.ForwardAuth(u, filter.ForwardAuthOptions{})(nil) },
		`filter.ForwardAuth: url is "/x": write one such as "http://localhost:9091/api/authz/forward-auth"`: func() {
			filter.ForwardAuth(&url.URL{Path: "/x"}, filter.ForwardAuthOptions{})
		},
		"filter.ForwardAuth: Timeout is -1ns, below 0":                                 o(filter.ForwardAuthOptions{Timeout: -1}),
		"filter.ForwardAuth: MaxAnswer is -1, below 0":                                 o(filter.ForwardAuthOptions{MaxAnswer: -1}),
		`filter.ForwardAuth: Copy has "connection", which is no field to be passed on`: o(filter.ForwardAuthOptions{Copy: []string{"connection"}}),
		`filter.ForwardAuth: UserField has "a b", which is no field to be passed on`:   o(filter.ForwardAuthOptions{UserField: "a b"}),
	})
}

func ExampleForwardAuth() {
	authelia := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Cookie") == "" {
			http.Redirect(w, r, "https://login.example.org/", http.StatusFound)
			return
		}
		w.Header().Set("Remote-User", "alice")
	}))
	defer authelia.Close()
	u, _ := url.Parse(authelia.URL)
	h := filter.ForwardAuth(u, filter.ForwardAuthOptions{Copy: []string{"Remote-Groups"}})(whoami)
	for _, cookie := range []string{"", "session=1"} {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept", "text/html")
		if cookie != "" {
			r.Header.Set("Cookie", cookie)
		}
		h.ServeHTTP(w, r)
		fmt.Println(w.Code, w.Header().Get("Location"))
	}
	// Output:
	// 302 https://login.example.org/
	// 200
}
