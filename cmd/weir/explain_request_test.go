package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestTheRequestOfExplain(t *testing.T) {
	const plain = "Accept: */*\r\nUser-Agent: weir\r\n"
	for name, c := range map[string]struct {
		target string
		o      requestOptions
		want   string // method, host, target, fields and body
	}{
		"a path":              {"/a", requestOptions{}, "GET localhost /a\r\n" + plain},
		"a path as it stands": {"/a/../%2F//b;c?%zz#d", requestOptions{}, "GET localhost /a/../%2F//b;c?%zz\r\n" + plain},
		"a URL":               {"https://Example.org:8443/a", requestOptions{}, "GET Example.org:8443 /a\r\n" + plain},
		"a URL with a password": {"http://ann:secret@example.org/", requestOptions{},
			"GET example.org /\r\nAccept: */*\r\nAuthorization: Basic YW5uOnNlY3JldA==\r\nUser-Agent: weir\r\n"},
		"a host alone": {"http://example.org", requestOptions{}, "GET example.org /\r\n" + plain},
		"a method":     {"/", requestOptions{method: "PURGE"}, "PURGE localhost /\r\n" + plain},
		"another host": {"/", requestOptions{fields: []string{"host: example.net"}}, "GET example.net /\r\n" + plain},
		"a field more": {"/", requestOptions{fields: []string{"x-a:1"}}, "GET localhost /\r\n" + plain + "X-A: 1\r\n"},
		"a field twice": {"/", requestOptions{fields: []string{"X-A: 1", "X-A: 2"}},
			"GET localhost /\r\n" + plain + "X-A: 1\r\nX-A: 2\r\n"},
		"in place of one that is there": {"/", requestOptions{fields: []string{"Accept: a", "Accept: b"}},
			"GET localhost /\r\nAccept: a\r\nAccept: b\r\nUser-Agent: weir\r\n"},
		"without what is there": {"/", requestOptions{fields: []string{"Accept:", "user-agent:"}}, "GET localhost /\r\n"},
		"a body": {"/", requestOptions{hasBody: true, data: "a=b"},
			"POST localhost /\r\nAccept: */*\r\nContent-Length: 3\r\nContent-Type: application/x-www-form-urlencoded\r\nUser-Agent: weir\r\na=b"},
		"a body of another method and type": {"/", requestOptions{method: "PUT", hasBody: true, data: "{}", fields: []string{"Content-Type: a/b"}},
			"PUT localhost /\r\nAccept: */*\r\nContent-Length: 2\r\nContent-Type: a/b\r\nUser-Agent: weir\r\n{}"},
		"a body of nothing": {"/", requestOptions{hasBody: true},
			"POST localhost /\r\nAccept: */*\r\nContent-Length: 0\r\nContent-Type: application/x-www-form-urlencoded\r\nUser-Agent: weir\r\n"},
		"standard input": {"/", requestOptions{hasBody: true, data: "@-", given: strings.NewReader("given")},
			"POST localhost /\r\nAccept: */*\r\nContent-Length: 5\r\nContent-Type: application/x-www-form-urlencoded\r\nUser-Agent: weir\r\ngiven"},
	} {
		req, err := c.o.request(c.target)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := sent(t, req); got != c.want {
			t.Errorf("%s: sent is\n%q, want\n%q", name, got, c.want)
		}
	}
}

// sent returns a request as it goes out, its fields sorted.
func sent(t *testing.T, req *http.Request) string {
	t.Helper()
	host := req.Host
	if host == "" {
		host = req.URL.Host
	}
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			t.Fatal(err)
		}
	}
	h := req.Header.Clone()
	if req.ContentLength > 0 || req.Method == http.MethodPost {
		h.Set("Content-Length", fmt.Sprint(req.ContentLength)) // net/http adds it
	}
	if h.Get("User-Agent") == "" {
		h.Del("User-Agent") // and sends none
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s\r\n", req.Method, host, req.URL.RequestURI())
	if err := h.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String() + string(body)
}

// FuzzTheRequestOfExplain holds that arguments are a request that can be sent, or wrong.
func FuzzTheRequestOfExplain(f *testing.F) {
	for _, target := range []string{"/a/%2f?b#c", "http://example.org/", "//x", "http://[::1]:80/", "*", "/\x7f", "http://a b/"} {
		f.Add(target, "GET", "Accept: text/html")
	}
	f.Add("/", "G T", "Host: a\r\nb: c")
	f.Fuzz(func(t *testing.T, target, method, field string) {
		req, err := requestOptions{method: method, fields: []string{field}}.request(target)
		if err != nil {
			if _, ok := errors.AsType[usageError](err); !ok {
				t.Errorf("%v is no error of usage", err)
			}
			return
		}
		for name, values := range req.Header {
			if strings.ContainsAny(name+strings.Join(values, ""), "\r\n\x00") {
				t.Errorf("field %q: %q", name, values)
			}
		}
		if req.URL.Host == "" || strings.ContainsAny(req.URL.RequestURI()+req.Method, "\r\n ") {
			t.Errorf("%q is asked for by %q", req.URL.RequestURI(), req.Method)
		}
	})
}
