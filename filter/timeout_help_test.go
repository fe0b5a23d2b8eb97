package filter_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener whose connections are in memory, so that a server and its clients live in a bubble of synctest,
// where time is theirs.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

func (p *pipes) dial() net.Conn {
	here, there := net.Pipe()
	p.conns <- there
	return here
}

// bubble is a server and a client of it in a bubble.
type bubble struct {
	*testing.T
	proto  int
	dial   func() net.Conn
	client *http.Client
}

// bubbles runs a test in a bubble for each protocol, with a server of what handler returns.
func bubbles(t *testing.T, handler func(t *testing.T) http.Handler, run func(b *bubble)) {
	for proto, name := range map[int]string{1: "HTTP/1.1", 2: "HTTP/2"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := &pipes{make(chan net.Conn), make(chan struct{})}
				protocols := new(http.Protocols)
				protocols.SetHTTP1(proto == 1)
				protocols.SetUnencryptedHTTP2(proto == 2)
				s := &http.Server{Handler: handler(t), Protocols: protocols, ErrorLog: log.New(io.Discard, "", 0)}
				go s.Serve(l)
				transport := &http.Transport{Protocols: protocols, DisableCompression: true,
					DialContext: func(context.Context, string, string) (net.Conn, error) { return l.dial(), nil }}
				run(&bubble{t, proto, l.dial, &http.Client{Transport: transport}})
				time.Sleep(24 * time.Hour) // for whoever still sleeps
				transport.CloseIdleConnections()
				s.Close()
			})
		})
	}
}

// outcome is what a client sees of a request: a status and the body, or how it failed, and when it ended.
type outcome struct {
	status int
	body   string
	cut    bool
	after  time.Duration
	header http.Header
}

// send sends a request and waits for the end of the answer.
func (b *bubble) send(r *http.Request) (o outcome) {
	b.Helper()
	start := time.Now()
	res, err := b.client.Do(r)
	if err != nil {
		return outcome{cut: true, after: time.Since(start)}
	}
	defer res.Body.Close()
	if res.ProtoMajor != b.proto {
		b.Errorf("the answer came over HTTP %d", res.ProtoMajor)
	}
	if res.Close { // the client has taken the field out
		res.Header.Set("Connection", "close")
	}
	body, err := io.ReadAll(res.Body)
	return outcome{res.StatusCode, string(body), err != nil, time.Since(start), res.Header}
}

func (b *bubble) request(method string, body io.Reader) *http.Request {
	r, err := http.NewRequest(method, "http://in.memory/", body)
	if err != nil {
		b.Fatal(err)
	}
	return r
}

// slowly is a body of so many bytes, one of which comes after each time.
type slowly struct {
	bytes int
	every time.Duration
}

func (s *slowly) Read(p []byte) (int, error) {
	if s.bytes == 0 {
		return 0, io.EOF
	}
	time.Sleep(s.every)
	s.bytes--
	return copy(p, "."), nil
}

// stalled is a body that begins, and does not go on for six hours.
func stalled() io.Reader {
	return io.MultiReader(strings.NewReader("beginning"), &slowly{1, 6 * time.Hour})
}

// class names an error as far as it matters.
func class(err error) string {
	var timed interface{ Timeout() bool }
	switch {
	case err == nil:
		return "none"
	case errors.Is(err, http.ErrHandlerTimeout):
		return "handler timeout"
	case errors.As(err, &timed) && timed.Timeout():
		return "deadline"
	case strings.Contains(err.Error(), "stream closed"):
		return "stream closed"
	}
	return err.Error()
}
