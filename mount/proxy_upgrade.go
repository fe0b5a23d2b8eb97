package mount

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
)

// upgradesHTTP reports whether a request asks for another version of HTTP, or for TLS, on
// the same connection. What a client sent then would reach the application past all
// filters. HTTP/2 does not know such an upgrade any more (RFC 9113 section 3.1).
func upgradesHTTP(h http.Header) bool {
	for _, line := range h["Upgrade"] {
		for option := range strings.SplitSeq(line, ",") {
			name, _, _ := strings.Cut(strings.Trim(option, " \t"), "/")
			switch strings.ToLower(name) {
			case "h2", "h2c", "h3", "http", "tls":
				return true
			}
		}
	}
	return false
}

// plainText reports whether s is of visible ASCII characters and spaces.
func plainText(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// tunnel makes of an upgrade that the application agreed to a connection from end to end. ReverseProxy
// would lose what the client sent before it had the answer.
func (e *proxied) tunnel(res *http.Response) error {
	app, ok := res.Body.(io.ReadWriteCloser)
	asked, got := e.asked(), res.Header.Get("Upgrade")
	if !ok || asked == "" || !strings.EqualFold(asked, got) {
		return fmt.Errorf("it upgrades to %q, and was asked for %q", got, asked)
	}
	if e.upload != nil && !e.body.ended.Load() { // two would read the connection
		return errors.New("it upgrades before it has the body (RFC 9110 section 7.8)")
	}
	conn, rw, err := http.NewResponseController(e.w).Hijack()
	if err != nil {
		return fmt.Errorf("no upgrade is possible here: %w", err)
	}
	defer conn.Close()
	defer context.AfterFunc(e.r.Context(), func() { app.Close(); conn.Close() })()
	h := e.w.Header()
	for name, values := range res.Header {
		h[name] = append(h[name], values...)
	}
	for _, name := range [...]string{"Content-Length", "Transfer-Encoding", "Keep-Alive", "Trailer"} {
		delete(h, name) // RFC 9112 section 6.1
	}
	h["Connection"] = []string{"Upgrade"}
	rw.WriteString("HTTP/1.1 101 Switching Protocols\r\n")
	h.Write(rw)
	rw.WriteString("\r\n")
	if rw.Flush() == nil {
		join(conn, rw.Reader, app)
	}
	return errTunnelled
}

// asked is the protocol that the client asks for.
func (e *proxied) asked() string {
	for _, line := range e.r.Header["Connection"] {
		if lists(line, "Upgrade") && !upgradesHTTP(e.r.Header) {
			return e.r.Header.Get("Upgrade")
		}
	}
	return ""
}

// join copies both ways between a client and an application until both have ended, or one
// has failed. One that only ends its half still gets what the other says.
func join(client net.Conn, sent *bufio.Reader, app io.ReadWriteCloser) {
	ended := make(chan error, 2)
	go func() { ended <- pour(app, sent, client) }()
	go func() { ended <- pour(client, nil, app) }()
	if <-ended == nil {
		<-ended
	}
}

// pour copies what is buffered of from, if anything, and the rest of from to to, and ends to.
func pour(to io.Writer, buffered *bufio.Reader, from io.Reader) error {
	if buffered != nil && buffered.Buffered() > 0 {
		if _, err := io.CopyN(to, buffered, int64(buffered.Buffered())); err != nil {
			return err
		}
	}
	if _, err := io.Copy(to, from); err != nil {
		return err
	}
	if half, ok := to.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}
