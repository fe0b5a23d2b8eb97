package rewrite_test

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// letters is a transform that writes X for every "ab", wherever the writes split it, and
// an end mark when it is closed.
func letters(w io.Writer) io.WriteCloser { return &abs{w: w} }

type abs struct {
	w    io.Writer
	held bool // an a that came last
}

func (x *abs) Write(p []byte) (int, error) {
	var out []byte
	for _, c := range p {
		switch {
		case x.held && c == 'b':
			out, x.held = append(out, 'X'), false
			continue
		case x.held:
			out = append(out, 'a')
		}
		if x.held = c == 'a'; !x.held {
			out = append(out, c)
		}
	}
	if _, err := x.w.Write(out); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (x *abs) Close() error {
	if x.held {
		io.WriteString(x.w, "a")
	}
	_, err := io.WriteString(x.w, ".")
	return err
}

// start serves h over HTTP/2 or HTTP/1.1. The client asks for no coding of its own.
func start(t *testing.T, http2 bool, h http.Handler) *httptest.Server {
	server := httptest.NewUnstartedServer(h)
	server.EnableHTTP2 = http2
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	server.Client().Transport.(*http.Transport).DisableCompression = true
	t.Cleanup(server.Close)
	return server
}

// fetch asks server, with fields as "Name: value", and reads the answer.
func fetch(t *testing.T, server *httptest.Server, method string, fields ...string) (*http.Response, string, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range fields {
		name, value, _ := strings.Cut(field, ": ")
		r.Header.Add(name, value)
	}
	res, err := server.Client().Do(r)
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return res, string(body), err
}
