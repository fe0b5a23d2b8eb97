package main

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"unicode"

	"github.com/weirhttp/weir/internal/token"
)

// requestOptions is what the flags say of a request.
type requestOptions struct {
	method string
	fields []string // "Name: value"
	data   string   // the body, @file or @-
	given  io.Reader

	hasBody bool
}

// defaultHost is who is asked for a path.
const defaultHost = "localhost"

// request makes the request for a path or a URL.
func (o requestOptions) request(target string) (*http.Request, error) {
	u, err := parseTarget(target)
	if err != nil {
		return nil, err
	}
	body, err := o.body()
	if err != nil {
		return nil, err
	}
	method := o.method
	if method == "" {
		method = http.MethodGet
		if o.hasBody {
			method = http.MethodPost
		}
	}
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body) // its length is known by that
	}
	req, err := http.NewRequest(method, "http://"+defaultHost+"/", content)
	if err != nil {
		return nil, wrong("--method %q is none", o.method)
	}
	req.URL, req.Host = u, u.Host // with its escapes as they are given
	req.Header = http.Header{"Accept": {"*/*"}, "User-Agent": {"weir"}}
	if o.hasBody {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if password, ok := u.User.Password(); ok {
		req.SetBasicAuth(u.User.Username(), password)
	}
	return req, o.edit(req)
}

// parseTarget reads a path or a URL.
func parseTarget(target string) (*url.URL, error) {
	if strings.HasPrefix(target, "/") {
		target = "http://" + defaultHost + target
	}
	u, err := url.Parse(target)
	switch {
	case err != nil:
		return nil, wrong("URL: %w", err)
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return nil, wrong("%q is no URL: write a path such as /code/, or one such as http://example.org/code/", target)
	}
	u.Fragment, u.RawFragment = "", ""
	return u, nil
}

// body returns the body that --data stands for.
func (o requestOptions) body() (string, error) {
	name, isFile := strings.CutPrefix(o.data, "@")
	switch {
	case !isFile:
		return o.data, nil
	case name == "-":
		b, err := io.ReadAll(o.given)
		return string(b), err
	}
	b, err := os.ReadFile(name)
	if err != nil {
		var e *os.PathError
		if errors.As(err, &e) {
			err = e.Err
		}
		return "", wrong("--data @%s: %w", name, err)
	}
	return string(b), nil
}

// edit gives a request the fields that the flags name. The first of a name takes the place of what is there.
func (o requestOptions) edit(req *http.Request) error {
	seen := map[string]bool{}
	for _, field := range o.fields {
		name, value, ok := strings.Cut(field, ":")
		if !ok || !token.Is(name) || strings.ContainsFunc(value, unicode.IsControl) {
			return wrong("--header %q is no field: write one such as 'Accept: text/html'", field)
		}
		name, value = http.CanonicalHeaderKey(name), strings.TrimSpace(value)
		switch {
		case name == "Host":
			if u, err := url.Parse("http://" + value); err != nil || u.Host != value || value == "" {
				return wrong("--header %q is no host", field)
			}
			req.Host = value
		case value == "" && name == "User-Agent":
			req.Header[name] = []string{""} // net/http sends none
		case value == "":
			req.Header.Del(name)
		case seen[name]:
			req.Header.Add(name, value)
		default:
			req.Header.Set(name, value)
		}
		seen[name] = true
	}
	return nil
}

// peerOf reads the address that a request comes from; nil: none is given.
func peerOf(from string) (net.Addr, error) {
	if from == "" {
		return nil, nil
	}
	if peer, err := netip.ParseAddrPort(from); err == nil {
		return net.TCPAddrFromAddrPort(peer), nil
	}
	address, err := netip.ParseAddr(from)
	if err != nil {
		return nil, wrong("--from %q is no address: write one such as 192.0.2.7", from)
	}
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(address, 50000)), nil // a port as clients have them
}
