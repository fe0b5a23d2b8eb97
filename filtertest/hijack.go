package filtertest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
)

func hijackRules() []rule {
	return []rule{{
		id:     "A05",
		text:   "a filter lets the handler hijack through http.Hijacker and adds nothing to the connection",
		reason: "libraries for WebSocket assert the interface, and a stray byte breaks the protocol that follows",
		ref:    "net/http.Hijacker",
		over:   []protocol{http1},
		check: func(s *subject) error {
			return hijack(s, func(w http.ResponseWriter) (net.Conn, *bufio.ReadWriter, error) {
				h, ok := w.(http.Hijacker)
				if !ok {
					return nil, nil, fmt.Errorf("%T is no http.Hijacker", w)
				}
				return h.Hijack()
			})
		},
	}, {
		id:     "A06",
		text:   "a filter lets http.ResponseController hijack and adds nothing to the connection",
		reason: "it is how handlers hijack since Go 1.20",
		ref:    "net/http.ResponseController",
		over:   []protocol{http1},
		check: func(s *subject) error {
			return hijack(s, func(w http.ResponseWriter) (net.Conn, *bufio.ReadWriter, error) {
				return http.NewResponseController(w).Hijack()
			})
		},
	}, {
		id:     "A11",
		text:   "a filter answers an attempt to hijack HTTP/2 with an error and never panics",
		reason: "an HTTP/2 stream has no connection of its own; the handler has to learn that and answer in another way",
		ref:    "net/http.Hijacker",
		over:   []protocol{http2},
		check:  hijackStream,
	}}
}

// hijack takes a connection over and compares every byte that comes out of it.
func hijack(s *subject, take func(http.ResponseWriter) (net.Conn, *bufio.ReadWriter, error)) error {
	const head = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"
	at := s.serve(func(w http.ResponseWriter, r *http.Request) {
		conn, rw, err := take(w)
		if err != nil {
			s.failf("hijack: %w", err)
			return
		}
		defer conn.Close()
		io.WriteString(rw, head)
		rw.Flush()
		line, _ := rw.ReadString('\n')
		io.WriteString(rw, line)
		rw.Flush()
	})
	conn, err := at.dial()
	if err != nil {
		return err
	}
	io.WriteString(conn, "GET / HTTP/1.1\r\nHost: kit.example\r\nAccept-Encoding: gzip\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	got := make([]byte, len(head))
	if _, err := io.ReadFull(conn, got); err != nil {
		return fmt.Errorf("the handler's own head did not come: %w", err)
	}
	io.WriteString(conn, "are you there?\n")
	rest, err := io.ReadAll(conn)
	if err != nil {
		return fmt.Errorf("reading from the hijacked connection: %w", err)
	}
	return same(append(got, rest...), []byte(head+"are you there?\n"))
}

// dial opens a bare connection to an HTTP/1.1 site, with the rule's patience as its deadline.
func (at *site) dial() (net.Conn, error) {
	conn, err := net.Dial("tcp", at.server.Listener.Addr().String())
	if err != nil {
		return nil, err
	}
	at.closing(func() { conn.Close() })
	if end, ok := at.ctx.Deadline(); ok {
		conn.SetDeadline(end)
	}
	return conn, nil
}

func hijackStream(s *subject) error {
	at := s.serve(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if p := recover(); p != nil {
				s.failf("hijacking panicked: %v", p)
			}
		}()
		if h, ok := w.(http.Hijacker); ok {
			if _, _, err := h.Hijack(); err == nil {
				s.failf("%T hijacked a stream without an error", w)
			}
		}
		if _, _, err := http.NewResponseController(w).Hijack(); err == nil {
			s.failf("the controller hijacked a stream without an error")
		}
		w.WriteHeader(http.StatusNotImplemented)
		io.WriteString(w, "no")
	})
	_, err := at.expect("/", http.StatusNotImplemented, "no")
	return err
}
