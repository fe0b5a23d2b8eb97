package filtertest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
)

func upgradeRules() []rule {
	return []rule{{
		id:      "N40",
		text:    "a filter lets a WebSocket be opened, and its frames pass both ways",
		reason:  "a handshake that lost a field is refused, and a frame is no HTTP that a filter could edit",
		ref:     "RFC 6455, 4",
		over:    []protocol{http1},
		check:   webSocket,
		changes: "RequestFields: fields of the handshake that are named are not compared",
	}}
}

// handshake are the fields of the example in RFC 6455, 1.2 and 4.1.
var handshake = [...][2]string{
	{"Connection", "keep-alive, Upgrade"},
	{"Upgrade", "websocket"},
	{"Origin", "http://kit.example"},
	{"Sec-Websocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
	{"Sec-Websocket-Version", "13"},
	{"Sec-Websocket-Protocol", "kit, chat"},
	{"Sec-Websocket-Extensions", "permessage-deflate; client_max_window_bits"},
}

const (
	switching = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: kit\r\n\r\n"
	ping = "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58" // RFC 6455, 5.7: a masked "Hello"
	pong = "\x81\x05Hello"
)

// webSocket sends the first frame together with the handshake, as a hasty client may.
func webSocket(s *subject) error {
	at := s.serve(func(w http.ResponseWriter, r *http.Request) { s.answerFrames(w, r) })
	conn, err := at.dial()
	if err != nil {
		return err
	}
	hello := "GET /socket HTTP/1.1\r\nHost: kit.example\r\nAccept-Encoding: gzip\r\n"
	for _, field := range handshake {
		hello += field[0] + ": " + field[1] + "\r\n"
	}
	io.WriteString(conn, hello+"\r\n"+ping)
	want := switching + pong
	for range 3 {
		got := make([]byte, len(want))
		if n, err := io.ReadFull(conn, got); err != nil {
			return errors.Join(at.reached(), fmt.Errorf("of the handler's bytes %q came: %w", got[:n], err))
		}
		if err := same(got, []byte(want)); err != nil {
			return errors.Join(at.reached(), err)
		}
		io.WriteString(conn, ping)
		want = pong
	}
	conn.(interface{ CloseWrite() error }).CloseWrite()
	rest, err := io.ReadAll(conn)
	if err != nil {
		return fmt.Errorf("reading to the end: %w", err)
	}
	return same(rest, []byte(pong))
}

// answerFrames is the server's part: a pong for each ping, until the client closes its half.
func (s *subject) answerFrames(w http.ResponseWriter, r *http.Request) {
	for _, field := range handshake {
		if got := r.Header.Get(field[0]); got != field[1] && !edits(s.declared.RequestFields, field[0]) {
			s.failf("the handler reads %s: %q, want %q", field[0], got, field[1])
		}
	}
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		s.failf("hijack: %w", err)
		return
	}
	defer conn.Close()
	io.WriteString(conn, switching)
	frame := make([]byte, len(ping))
	for {
		if _, err := io.ReadFull(rw, frame); err != nil {
			return
		}
		if err := same(frame, []byte(ping)); err != nil {
			s.failf("the handler read another frame: %w", err)
		}
		io.WriteString(conn, pong)
	}
}
