package filter_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/filtertest"
	"github.com/weirhttp/weir/rewrite"
)

// prefixes returns ranges of addresses.
func prefixes(list ...string) []netip.Prefix {
	var p []netip.Prefix
	for _, s := range list {
		p = append(p, netip.MustParsePrefix(s))
	}
	return p
}

// view is what a handler finds in the environment of a request: client, scheme, host, script name, "-" standing for what is
// not set.
func view(r *http.Request) string {
	text := func(v any, ok bool) string {
		if !ok || v == "" {
			return "-"
		}
		return fmt.Sprint(v)
	}
	client, clientSet := rewrite.Client.Value(r.Context())
	scheme, schemeSet := rewrite.Scheme.Value(r.Context())
	host, hostSet := rewrite.Host.Value(r.Context())
	who := text(client, clientSet)
	if clientSet && !client.IsValid() {
		who = "unknown"
	}
	return strings.Join([]string{who, text(scheme, schemeSet), text(host, hostSet), text(rewrite.EscapedScriptName(r), true)}, " ")
}

// headerOf makes a header of lines.
func headerOf(lines ...string) http.Header {
	h := http.Header{}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ":")
		h[http.CanonicalHeaderKey(name)] = append(h[http.CanonicalHeaderKey(name)], strings.TrimSpace(value))
	}
	return h
}

// linesOf returns a header in one line.
func linesOf(h http.Header) string {
	var b bytes.Buffer
	h.Write(&b)
	return strings.ReplaceAll(strings.TrimSpace(b.String()), "\r\n", " | ")
}

var (
	theFamily    = filter.TrustProxyOptions{Host: true, Prefix: true}
	theForwarded = filter.TrustProxyOptions{Host: true, Forwarded: true}
)

func TestTrustProxy(t *testing.T) {
	filtertest.Run(t, filter.TrustProxy(prefixes("127.0.0.0/8", "::1/128"), theFamily), filtertest.Options{RequestFields: []string{
		"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Prefix", "Forwarded"}})

	const proxy, stranger = "10.0.0.1:4711", "203.0.113.9:4711"
	for name, c := range map[string]struct {
		o      filter.TrustProxyOptions
		peer   string
		sent   []string
		view   string // client, scheme, host, script name
		header string // what is left
	}{
		"a proxy is believed": {theFamily, proxy,
			[]string{"X-Forwarded-For: 192.0.2.1", "X-Forwarded-Proto: https", "X-Forwarded-Host: example.org:8443", "X-Forwarded-Prefix: /app"},
			"192.0.2.1 https example.org:8443 /app",
			"X-Forwarded-For: 192.0.2.1 | X-Forwarded-Host: example.org:8443 | X-Forwarded-Prefix: /app | X-Forwarded-Proto: https"},
		"nobody else is": {theFamily, stranger,
			[]string{"X-Forwarded-For: 192.0.2.1", "X-Forwarded-Proto: https", "X-Forwarded-Host: example.org", "X-Forwarded-Prefix: /app", "Accept: */*"},
			"- - - -", "Accept: */*"},
		"a host and a prefix are not, without the options": {filter.TrustProxyOptions{}, proxy,
			[]string{"X-Forwarded-For: 192.0.2.1", "X-Forwarded-Proto: https", "X-Forwarded-Host: example.org", "X-Forwarded-Prefix: /app"},
			"192.0.2.1 https - -", "X-Forwarded-For: 192.0.2.1 | X-Forwarded-Proto: https"},
		"a proxy that says nothing leaves all as it is": {theFamily, proxy, []string{"Accept: */*"}, "- - - -", "Accept: */*"},
		"an untrusted client before the last one is its own invention": {theFamily, proxy,
			[]string{"X-Forwarded-For: 127.0.0.1, 192.0.2.1"}, "192.0.2.1 - - -", "X-Forwarded-For: 192.0.2.1"},
		"several proxies are passed": {theFamily, proxy,
			[]string{"X-Forwarded-For: 6.6.6.6, 192.0.2.1, 10.0.0.2, 10.0.0.3"}, "192.0.2.1 - - -", "X-Forwarded-For: 192.0.2.1, 10.0.0.2, 10.0.0.3"},
		"several lines are one list": {theFamily, proxy,
			[]string{"X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: 192.0.2.1", "X-Forwarded-For: 10.0.0.2"}, "192.0.2.1 - - -", "X-Forwarded-For: 192.0.2.1, 10.0.0.2"},
		"where all are proxies the first is the client": {theFamily, proxy,
			[]string{"X-Forwarded-For: 10.0.0.2, 10.0.0.3"}, "10.0.0.2 - - -", "X-Forwarded-For: 10.0.0.2, 10.0.0.3"},
		"a port does not matter":          {theFamily, proxy, []string{"X-Forwarded-For: 192.0.2.1:5000"}, "192.0.2.1 - - -", "X-Forwarded-For: 192.0.2.1"},
		"IPv6 as it is":                   {theFamily, proxy, []string{"X-Forwarded-For: 2001:db8::1"}, "2001:db8::1 - - -", "X-Forwarded-For: 2001:db8::1"},
		"IPv6 in brackets":                {theFamily, proxy, []string{"X-Forwarded-For: [2001:DB8::1]"}, "2001:db8::1 - - -", "X-Forwarded-For: 2001:db8::1"},
		"IPv6 in brackets with a port":    {theFamily, proxy, []string{"X-Forwarded-For: [2001:db8::1]:5000"}, "2001:db8::1 - - -", "X-Forwarded-For: 2001:db8::1"},
		"mapped IPv4 is IPv4":             {theFamily, "[::ffff:10.0.0.1]:1", []string{"X-Forwarded-For: ::ffff:192.0.2.1"}, "192.0.2.1 - - -", "X-Forwarded-For: 192.0.2.1"},
		"a mapped proxy is passed":        {theFamily, proxy, []string{"X-Forwarded-For: 192.0.2.1, ::ffff:10.0.0.2"}, "192.0.2.1 - - -", "X-Forwarded-For: 192.0.2.1, 10.0.0.2"},
		"a proxy with a zone":             {theFamily, "[fe80::1%eth0]:1", []string{"X-Forwarded-For: 192.0.2.1"}, "192.0.2.1 - - -", "X-Forwarded-For: 192.0.2.1"},
		"a peer without a port":           {theFamily, "10.0.0.1", []string{"X-Forwarded-For: 192.0.2.1"}, "192.0.2.1 - - -", "X-Forwarded-For: 192.0.2.1"},
		"a peer without an address":       {theFamily, "@", []string{"X-Forwarded-For: 192.0.2.1"}, "- - - -", ""},
		"an unknown client is unknown":    {theFamily, proxy, []string{"X-Forwarded-For: 6.6.6.6, unknown, 10.0.0.2"}, "unknown - - -", "X-Forwarded-For: unknown, 10.0.0.2"},
		"so is one behind what is none":   {theFamily, proxy, []string{"X-Forwarded-For: 6.6.6.6, <b>"}, "unknown - - -", "X-Forwarded-For: unknown"},
		"so is one behind an empty entry": {theFamily, proxy, []string{"X-Forwarded-For: 6.6.6.6, "}, "unknown - - -", "X-Forwarded-For: unknown"},
		"so is that of nginx's own socket": {theFamily, proxy,
			[]string{"X-Forwarded-For: 6.6.6.6, unix:"}, "unknown - - -", "X-Forwarded-For: unknown"},
		"a zone is no address of a client": {theFamily, proxy, []string{"X-Forwarded-For: fe80::1%eth0"}, "unknown - - -", "X-Forwarded-For: unknown"},
		"a name is none":                   {theFamily, proxy, []string{"X-Forwarded-For: localhost"}, "unknown - - -", "X-Forwarded-For: unknown"},
		"the last scheme counts":           {theFamily, proxy, []string{"X-Forwarded-Proto: https, http"}, "- http - -", "X-Forwarded-Proto: http"},
		"in any case":                      {theFamily, proxy, []string{"X-Forwarded-Proto: HTTPS"}, "- https - -", "X-Forwarded-Proto: https"},
		"a WebSocket has the page's":       {theFamily, proxy, []string{"X-Forwarded-Proto: wss"}, "- https - -", "X-Forwarded-Proto: https"},
		"another scheme is none":           {theFamily, proxy, []string{"X-Forwarded-Proto: https://evil.example/"}, "- - - -", ""},
		"the last host counts":             {theFamily, proxy, []string{"X-Forwarded-Host: evil.example, example.org"}, "- - example.org -", "X-Forwarded-Host: example.org"},
		"a host of IPv6":                   {theFamily, proxy, []string{"X-Forwarded-Host: [::1]:8080"}, "- - [::1]:8080 -", "X-Forwarded-Host: [::1]:8080"},
		"a host with a user is none":       {theFamily, proxy, []string{"X-Forwarded-Host: example.org@evil.example"}, "- - - -", ""},
		"one with a path is none":          {theFamily, proxy, []string{"X-Forwarded-Host: example.org/x"}, "- - - -", ""},
		"one with a wrong port is none":    {theFamily, proxy, []string{"X-Forwarded-Host: example.org:80x"}, "- - - -", ""},
		"a prefix that is a host is none":  {theFamily, proxy, []string{"X-Forwarded-Prefix: //evil.example"}, "- - - -", ""},
		"two prefixes are none":            {theFamily, proxy, []string{"X-Forwarded-Prefix: /a", "X-Forwarded-Prefix: /b"}, "- - - -", ""},
		"two in one line are none":         {theFamily, proxy, []string{"X-Forwarded-Prefix: /a, /b"}, "- - - -", ""},
		"a prefix that is the root":        {theFamily, proxy, []string{"X-Forwarded-Prefix: /"}, "- - - -", ""},

		"the one family is not mixed with the other": {theFamily, proxy,
			[]string{"Forwarded: for=6.6.6.6;proto=http;host=evil.example", "X-Forwarded-For: 192.0.2.1"}, "192.0.2.1 - - -", "X-Forwarded-For: 192.0.2.1"},
		"nor the other with the one": {theForwarded, proxy,
			[]string{"Forwarded: for=192.0.2.1", "X-Forwarded-For: 6.6.6.6", "X-Forwarded-Proto: https", "X-Forwarded-Host: evil.example"},
			"192.0.2.1 - - -", "Forwarded: for=192.0.2.1"},
		"nor is there a way from the other to the one": {theFamily, proxy, []string{"Forwarded: for=6.6.6.6;proto=https"}, "- - - -", ""},

		"Forwarded is read": {theForwarded, proxy, []string{`Forwarded: for=192.0.2.1;proto=https;host=example.org;by=10.0.0.1`},
			"192.0.2.1 https example.org -", `Forwarded: for=192.0.2.1;host="example.org";proto=https`},
		"from nobody else": {theForwarded, stranger, []string{`Forwarded: for=192.0.2.1;proto=https`}, "- - - -", ""},
		"names of parameters have any case": {theForwarded, proxy, []string{`Forwarded: For=192.0.2.1;PROTO=HTTP`},
			"192.0.2.1 http - -", "Forwarded: for=192.0.2.1;proto=http"},
		"of several elements that of the client counts": {theForwarded, proxy,
			[]string{`Forwarded: for=6.6.6.6;proto=http;host=evil.example, for=192.0.2.1;proto=https;host=example.org, for=10.0.0.2;proto=http;host=internal`},
			"192.0.2.1 https example.org -", `Forwarded: for=192.0.2.1;host="example.org";proto=https, for=10.0.0.2`},
		"of several lines, too": {theForwarded, proxy, []string{`Forwarded: for=6.6.6.6`, `Forwarded: for=192.0.2.1`, `Forwarded: for=10.0.0.2`},
			"192.0.2.1 - - -", `Forwarded: for=192.0.2.1, for=10.0.0.2`},
		"quoted IPv6 with a port": {theForwarded, proxy, []string{`Forwarded: for="[2001:db8:cafe::17]:4711"`},
			"2001:db8:cafe::17 - - -", `Forwarded: for="[2001:db8:cafe::17]"`},
		"IPv6 that is not quoted breaks the syntax": {theForwarded, proxy, []string{`Forwarded: for=[2001:db8::1];proto=https`}, "unknown - - -", "Forwarded: for=unknown"},
		"IPv6 without brackets does":                {theForwarded, proxy, []string{`Forwarded: for="2001:db8::1";proto=https`}, "unknown https - -", "Forwarded: for=unknown;proto=https"},
		"a quoted IPv4 address with a hidden port":  {theForwarded, proxy, []string{`Forwarded: for="192.0.2.1:_x9.-"`}, "192.0.2.1 - - -", "Forwarded: for=192.0.2.1"},
		"a port that is none":                       {theForwarded, proxy, []string{`Forwarded: for="192.0.2.1:http"`}, "unknown - - -", "Forwarded: for=unknown"},
		"an obfuscated identifier is nobody known":  {theForwarded, proxy, []string{`Forwarded: for=6.6.6.6, for=_SEVKISEK;proto=https`}, "unknown https - -", "Forwarded: for=unknown;proto=https"},
		"unknown is": {theForwarded, proxy, []string{`Forwarded: for=6.6.6.6, for=unknown`}, "unknown - - -", "Forwarded: for=unknown"},
		"an element that names nobody is": {theForwarded, proxy, []string{`Forwarded: for=6.6.6.6, proto=https`},
			"unknown https - -", "Forwarded: for=unknown;proto=https"},
		"a parameter that comes twice spoils its element": {theForwarded, proxy, []string{`Forwarded: for=192.0.2.1;for=6.6.6.6;proto=https`},
			"unknown - - -", "Forwarded: for=unknown"},
		"empty pairs and spaces between them do not": {theForwarded, proxy, []string{"Forwarded: ;for=192.0.2.1 ;; proto=https;"},
			"192.0.2.1 https - -", "Forwarded: for=192.0.2.1;proto=https"},
		"a space around the sign does":     {theForwarded, proxy, []string{`Forwarded: for =192.0.2.1`}, "unknown - - -", "Forwarded: for=unknown"},
		"an extension is passed over":      {theForwarded, proxy, []string{`Forwarded: secret="a,;\"b";for=192.0.2.1`}, "192.0.2.1 - - -", "Forwarded: for=192.0.2.1"},
		"a quoted pair is its character":   {theForwarded, proxy, []string{`Forwarded: for="1\92.0.2.1"`}, "192.0.2.1 - - -", "Forwarded: for=192.0.2.1"},
		"a host with a quote is none":      {theForwarded, proxy, []string{`Forwarded: for=192.0.2.1;host="a\"b"`}, "192.0.2.1 - - -", "Forwarded: for=192.0.2.1"},
		"one with a port is quoted":        {theForwarded, proxy, []string{`Forwarded: for=192.0.2.1;host="example.org:81"`}, "192.0.2.1 - example.org:81 -", `Forwarded: for=192.0.2.1;host="example.org:81"`},
		"nothing at all":                   {theForwarded, proxy, []string{`Forwarded: `}, "unknown - - -", "Forwarded: for=unknown"},
		"quotes that do not end":           {theForwarded, proxy, []string{`Forwarded: for="192.0.2.1`}, "unknown - - -", "Forwarded: for=unknown"},
		"a value that is missing":          {theForwarded, proxy, []string{`Forwarded: for=`}, "unknown - - -", "Forwarded: for=unknown"},
		"something behind the quotes":      {theForwarded, proxy, []string{`Forwarded: for="192.0.2.1"x`}, "unknown - - -", "Forwarded: for=unknown"},
		"a backslash at the end of quotes": {theForwarded, proxy, []string{`Forwarded: for="192.0.2.1\`}, "unknown - - -", "Forwarded: for=unknown"},

		// What was reported elsewhere.
		"GHSA-9g5q-2w5x-hmxf chi: the leftmost address": {theFamily, proxy, []string{"X-Forwarded-For: 127.0.0.1, 192.0.2.1"},
			"192.0.2.1 - - -", "X-Forwarded-For: 192.0.2.1"},
		"GHSA-rjr7-jggh-pgcp chi: True-Client-IP and X-Real-IP of anybody": {theFamily, proxy,
			[]string{"True-Client-IP: 6.6.6.6", "X-Real-IP: 6.6.6.6", "CF-Connecting-IP: 6.6.6.6", "X-Client-IP: 6.6.6.6"}, "- - - -", ""},
		"CVE-2026-45045 Fiber: X-Real-IP beside the client's": {theFamily, proxy,
			[]string{"X-Real-IP: 6.6.6.6", "X-Real-IP: 192.0.2.1", "X-Forwarded-For: 192.0.2.1"}, "192.0.2.1 - - -", "X-Forwarded-For: 192.0.2.1"},
		"CVE-2026-57210 Heimdall: values that are no addresses": {theFamily, proxy, []string{"X-Forwarded-For: admin, '; DROP TABLE"},
			"unknown - - -", "X-Forwarded-For: unknown"},
		"CVE-2026-57210 Heimdall: a quoted Forwarded that is split": {theForwarded, proxy,
			[]string{`Forwarded: for=192.0.2.1;x="a, for=6.6.6.6;proto=https"`}, "192.0.2.1 - - -", "Forwarded: for=192.0.2.1"},
		"CVE-2026-32762 Rack: a semicolon in quotes": {theForwarded, proxy,
			[]string{`Forwarded: for=192.0.2.1;x="a;host=evil.example;proto=https"`}, "192.0.2.1 - - -", "Forwarded: for=192.0.2.1"},
		"CVE-2026-32762 Rack: quotes that the client opens and does not close": {theForwarded, proxy,
			[]string{`Forwarded: for=6.6.6.6;proto=https;x=", for=192.0.2.1;host="example.org";proto=http`},
			"192.0.2.1 http example.org -", `Forwarded: for=192.0.2.1;host="example.org";proto=http`},
		"GHSA-4jgr-pg2m-m988 Heimdall: a quoted Host with what belongs to Forwarded": {theForwarded, proxy,
			[]string{`Forwarded: for=192.0.2.1;host="a\", for=6.6.6.6;host=\"evil.example"`}, "192.0.2.1 - - -", "Forwarded: for=192.0.2.1"},
		"GHSA-7jmw-8259-q9jx Traefik: IPv4 in IPv6 is no other address": {theFamily, "[::ffff:203.0.113.9]:1",
			[]string{"X-Forwarded-For: 192.0.2.1"}, "- - - -", ""},
		"CVE-2024-45410 Traefik: Connection names what a proxy set": {theFamily, proxy,
			[]string{"Connection: keep-alive, x-forwarded-for, X_Real_IP", "X-Forwarded-For: 192.0.2.1"},
			"192.0.2.1 - - -", "Connection: keep-alive | X-Forwarded-For: 192.0.2.1"},
		"CVE-2026-29054 Traefik: in lower case, and alone": {theFamily, stranger, []string{"Connection: x-forwarded-proto"}, "- - - -", ""},
		"CVE-2026-35051 and CVE-2026-54764 Traefik: fields that nobody thought of": {theFamily, stranger,
			[]string{"X-Forwarded-Prefix: /admin", "X-Forwarded-Port: 443", "X-Forwarded-Uri: /", "X-Forwarded-Method: GET", "X-Forwarded-Server: x",
				"X-Forwarded-Ssl: on", "X-Forwarded-Tls-Client-Cert: x", "X-Forwardedx: 1"}, "- - - -", ""},
		"CVE-2026-40575 oauth2-proxy: X-Forwarded-Uri decides": {theFamily, proxy,
			[]string{"X-Forwarded-Uri: /healthz", "X-Original-Url: /", "X-Original-Uri: /", "X-Rewrite-Url: /", "X-Script-Name: //e"}, "- - - -", ""},
		"CVE-2025-64484 oauth2-proxy: underscores": {theFamily, proxy,
			[]string{"X_Forwarded_For: 6.6.6.6", "X-Forwarded_For: 6.6.6.6", "x.forwarded.for: 6.6.6.6", "X_Real_IP: 6.6.6.6"}, "- - - -", ""},
		"CVE-2024-52003 Traefik: a prefix that leads to another host": {theFamily, proxy, []string{`X-Forwarded-Prefix: /\evil.example`}, "- - - -", ""},
		"calibre-web #1300: so does a script name":                    {theFamily, proxy, []string{"X-Script-Name: //evil.example"}, "- - - -", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/x", nil)
			r.RemoteAddr, r.Header = c.peer, headerOf(c.sent...)
			before := linesOf(r.Header)
			called := false
			filter.TrustProxy(prefixes("10.0.0.0/24", "fe80::/10"), c.o)(http.HandlerFunc(func(w http.ResponseWriter, inner *http.Request) {
				called = true
				if got := view(inner); got != c.view {
					t.Errorf("the handler sees %q, want %q", got, c.view)
				}
				if got := linesOf(inner.Header); got != c.header {
					t.Errorf("the header is %q, want %q", got, c.header)
				}
				if inner.RemoteAddr != c.peer || inner.Host != "example.com" || inner.URL.Path != "/x" || inner.RequestURI != "/x" {
					t.Errorf("RemoteAddr %q, Host %q, path %q", inner.RemoteAddr, inner.Host, inner.URL.Path)
				}
			})).ServeHTTP(httptest.NewRecorder(), r)
			if !called || linesOf(r.Header) != before {
				t.Errorf("called: %v, the header that was given: %q", called, linesOf(r.Header))
			}
		})
	}
}

// Whatever stands in every field and spelling, none of it is left, and a handler that asks any of them learns nothing.
func TestTrustProxy_spellings(t *testing.T) {
	names := []string{"X-Forwarded-For", "Forwarded", "X-Real-Ip", "X-Original-Forwarded-For", "X-Envoy-External-Address", "Cf-Visitor",
		"CloudFront-Forwarded-Proto", "Incap-Client-IP", "Forwarded-For", "X-Forward-For", "X-Real-Port", "X-Original-Scheme", "X-ARR-SSL",
		"X-Envoy-Original-Path", "Https"}
	h := filter.TrustProxy(nil, theFamily)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if len(r.Header) != 1 || r.Header.Get("X-Forward") != "stays" {
			t.Errorf("there is %v", r.Header)
		}
	}))
	for _, name := range names {
		for _, spelling := range []string{name, strings.ToLower(name), strings.ToUpper(name), strings.ReplaceAll(name, "-", "_"),
			strings.ReplaceAll(name, "-", "."), strings.Replace(strings.ToLower(name), "-", "_", 1)} {
			r := httptest.NewRequest("GET", "/", nil)
			r.Header = http.Header{spelling: {"6.6.6.6"}, "X-Forward": {"stays"}}
			h.ServeHTTP(httptest.NewRecorder(), r)
		}
	}
}

func TestTrustProxy_unixSocket(t *testing.T) {
	for _, trusted := range []bool{true, false} {
		l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
		if err != nil {
			t.Fatal(err)
		}
		s := httptest.NewUnstartedServer(filter.TrustProxy(nil, filter.TrustProxyOptions{UnixSocket: trusted})(http.HandlerFunc(
			func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, view(r)) })))
		s.Listener.Close()
		s.Listener = l
		s.Start()
		defer s.Close()
		conn, err := net.Dial("unix", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprint(conn, "GET / HTTP/1.0\r\nX-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\n\r\n")
		answer, _ := io.ReadAll(conn)
		want := "- - - -"
		if trusted {
			want = "192.0.2.1 https - -"
		}
		if !strings.HasSuffix(string(answer), "\n"+want) {
			t.Errorf("trusted %v: got %q, want %q", trusted, answer, want)
		}
	}
	// A client cannot make a connection look like one of a Unix socket.
	s := httptest.NewServer(filter.TrustProxy(nil, filter.TrustProxyOptions{UnixSocket: true})(http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, view(r)) })))
	defer s.Close()
	r, _ := http.NewRequest("GET", s.URL, nil)
	r.Header.Set("X-Forwarded-For", "192.0.2.1")
	res, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got, _ := io.ReadAll(res.Body); string(got) != "- - - -" {
		t.Errorf("over TCP the handler sees %q", got)
	}
}

// A proxy of ours and a filter of ours inside of another one find out the same.
func TestTrustProxy_twice(t *testing.T) {
	for o, line := range map[filter.TrustProxyOptions]string{
		theFamily:    "X-Forwarded-For: 6.6.6.6, 192.0.2.1, 10.0.0.2",
		theForwarded: `Forwarded: for=6.6.6.6;x=", for="[2001:db8::1]:1";host=a.example;proto=https, for=10.0.0.2`,
	} {
		var seen []string
		note := func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				seen = append(seen, view(r)+" "+linesOf(r.Header))
				next.ServeHTTP(w, r)
			})
		}
		f := filter.TrustProxy(prefixes("10.0.0.0/24"), o)
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr, r.Header = "10.0.0.1:1", headerOf(line)
		f(note(f(note(nothing)))).ServeHTTP(httptest.NewRecorder(), r)
		if seen[0] != seen[1] || strings.Contains(seen[0], "6.6.6.6") {
			t.Errorf("first %s, then %s", seen[0], seen[1])
		}
	}
}

func TestTrustProxy_unknownIsLogged(t *testing.T) {
	var log bytes.Buffer
	access := filter.AccessLog(filter.AccessLogOptions{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr, r.Header = "10.0.0.1:1", headerOf("X-Forwarded-For: unknown")
	filter.TrustProxy(prefixes("10.0.0.1/32"), filter.TrustProxyOptions{})(access(nothing)).ServeHTTP(httptest.NewRecorder(), r)
	if !strings.Contains(log.String(), "client=unknown ") {
		t.Error(log.String())
	}
}

func TestTrustProxy_nonsense(t *testing.T) {
	for want, f := range map[string]func(){
		"filter.TrustProxy: proxies[1] is 0.0.0.0/0, everybody: write the addresses of the proxies": func() {
			filter.TrustProxy(prefixes("10.0.0.0/8", "0.0.0.0/0"), theFamily)
		},
		"filter.TrustProxy: proxies[0] is 0.0.0.0/0, everybody: write the addresses of the proxies": func() {
			filter.TrustProxy(prefixes("::ffff:0.0.0.0/96"), theFamily)
		},
		"filter.TrustProxy: proxies[0] is no range of addresses: write one such as 10.0.0.0/8": func() {
			filter.TrustProxy([]netip.Prefix{{}}, theFamily)
		},
		"filter.TrustProxy: proxies[0] is ::ffff:0.0.0.0/90, which holds more than IPv4 mapped into IPv6: write the range of IPv4": func() {
			filter.TrustProxy(prefixes("::ffff:0.0.0.0/90"), theFamily)
		},
		"filter.TrustProxy: Prefix is set with Forwarded, which has none: leave Forwarded out, and have the proxies write the X-Forwarded family": func() {
			filter.TrustProxy(nil, filter.TrustProxyOptions{Forwarded: true, Prefix: true})
		},
		"filter.TrustProxy: next is nil": func() { filter.TrustProxy(nil, theFamily)(nil) },
	} {
		mustPanic(t, want, f)
	}
}

// FuzzTrustProxy holds that whatever a client says, in one line or several, changes nothing in what a proxy adds behind it.
func FuzzTrustProxy(f *testing.F) {
	for _, s := range []string{"6.6.6.6", `for=6.6.6.6;x="`, `for="\`, `"\"`, ",,", `for=6.6.6.6;host="a`, "unknown", `\\\"`, "[::1", "10.0.0.2,"} {
		f.Add(s)
	}
	family := filter.TrustProxy(prefixes("10.0.0.0/24"), theFamily)
	forwarded := filter.TrustProxy(prefixes("10.0.0.0/24"), theForwarded)
	f.Fuzz(func(t *testing.T, client string) {
		for _, c := range []struct {
			filter      func(http.Handler) http.Handler
			name, added string
			want        string
		}{
			{family, "X-Forwarded-For", "192.0.2.1", "192.0.2.1 - - -"},
			{family, "X-Forwarded-For", "[2001:db8::1]:7, 10.0.0.2", "2001:db8::1 - - -"},
			{forwarded, "Forwarded", "for=192.0.2.1;proto=http", "192.0.2.1 http - -"},
			{forwarded, "Forwarded", `for="[2001:db8::1]:7";host="example.org";proto=https, for=10.0.0.2;x="\"a\\"`, "2001:db8::1 https example.org -"},
		} {
			for _, lines := range [][]string{{client + ", " + c.added}, {client, c.added}, {client + "," + c.added}} {
				r := httptest.NewRequest("GET", "/", nil)
				r.RemoteAddr, r.Header = "10.0.0.1:1", http.Header{c.name: lines}
				c.filter(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					if got := view(r); got != c.want {
						t.Errorf("%q: the handler sees %q, want %q", lines, got, c.want)
					}
				})).ServeHTTP(httptest.NewRecorder(), r)
			}
			// Alone it may be anything but a fault, and what is left of it is read in the same way again.
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr, r.Header = "10.0.0.1:1", http.Header{c.name: {client}}
			var first, second string
			c.filter(http.HandlerFunc(func(_ http.ResponseWriter, inner *http.Request) {
				first = view(inner)
				if len(inner.Header[c.name]) != 1 || strings.ContainsAny(inner.Header[c.name][0], "\r\n\x00") {
					t.Errorf("%q leaves %q", client, inner.Header)
				}
				c.filter(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { second = view(r) })).ServeHTTP(nil, inner)
			})).ServeHTTP(httptest.NewRecorder(), r)
			if first != second {
				t.Errorf("%q: first %q, then %q", client, first, second)
			}
		}
	})
}

// Behind one proxy that overwrites what clients say there is nothing to write anew, and the header is not copied.
func TestTrustProxy_allocations(t *testing.T) {
	h := filter.TrustProxy(prefixes("10.0.0.0/24"), theFamily)(nothing)
	cost := func(header http.Header) float64 {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr, r.Header = "10.0.0.1:1", header
		return testing.AllocsPerRun(100, func() { h.ServeHTTP(nil, r) })
	}
	written := http.Header{"X-Forwarded-For": {"192.0.2.1"}, "X-Forwarded-Proto": {"https"}, "Accept": {"*/*"}}
	others := written.Clone()
	others["X-Real-Ip"] = []string{"192.0.2.1"}
	if own, anew := cost(written), cost(others); own > 7 || anew < own+3 {
		t.Errorf("%v allocations, and %v where the header is written anew", own, anew)
	}
}

// What is hostile costs as much for each byte as what is not: twice the length, at most about twice the memory.
func TestTrustProxy_linear(t *testing.T) {
	for name, unit := range map[string]string{"addresses of proxies": "10.0.0.2,", "quotes": `"\"`, "backslashes": `\\`, "commas": ",,", "semicolons": ";;", "pairs": "a=b;"} {
		for _, o := range []filter.TrustProxyOptions{theFamily, theForwarded} {
			cost := func(size int) float64 {
				value := strings.Repeat(unit, size/len(unit))
				h := filter.TrustProxy(prefixes("10.0.0.0/24"), o)(nothing)
				r := httptest.NewRequest("GET", "/", nil)
				r.RemoteAddr, r.Header = "10.0.0.1:1", http.Header{"X-Forwarded-For": {value}, "Forwarded": {value}}
				return testing.AllocsPerRun(3, func() { h.ServeHTTP(nil, r) })
			}
			if half, whole := cost(32<<10), cost(64<<10); whole > 2.5*half+20 {
				t.Errorf("%s: %v allocations for 32 KiB, %v for 64 KiB", name, half, whole)
			}
		}
	}
}

func ExampleTrustProxy() {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24")}
	h := filter.TrustProxy(proxies, filter.TrustProxyOptions{})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		client, _ := rewrite.Client.Value(r.Context())
		scheme, _ := rewrite.Scheme.Value(r.Context())
		fmt.Println(client, scheme)
	}))
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = "10.0.0.1:4711"
	r.Header.Set("X-Forwarded-For", "6.6.6.6, 192.0.2.1") // the client said the first, the proxy added the second
	r.Header.Set("X-Forwarded-Proto", "https")
	h.ServeHTTP(httptest.NewRecorder(), r)
	// Output: 192.0.2.1 https
}

// An access log outside of TrustProxy does not see what that finds out: it logs the proxy.
func ExampleTrustProxy_wrong() {
	trust := filter.TrustProxy([]netip.Prefix{netip.MustParsePrefix("10.0.0.0/24")}, filter.TrustProxyOptions{})
	who := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, known := rewrite.Client.Value(r.Context())
			fmt.Println("the client is known:", known)
			next.ServeHTTP(w, r)
		})
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = "10.0.0.1:4711"
	r.Header.Set("X-Forwarded-For", "192.0.2.1")
	who(trust(nothing)).ServeHTTP(httptest.NewRecorder(), r) // wrong
	trust(who(nothing)).ServeHTTP(httptest.NewRecorder(), r)
	// Output:
	// the client is known: false
	// the client is known: true
}
