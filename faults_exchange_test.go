package weir_test

import (
	"bufio"
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// request asks for a target as it is written, with fields as names and values
// in turn. No coding is accepted unless the fields say so.
func (s *faultSite) request(method, target string, body io.Reader, fields ...string) *http.Request {
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.server.URL, body)
	if err != nil {
		s.t.Fatal(err)
	}
	r.URL.Opaque = target
	r.Header.Set("Accept-Encoding", "identity")
	for i := 0; i < len(fields); i += 2 {
		r.Header.Set(fields[i], fields[i+1])
	}
	return r
}

// exchanged is what a client got for a request.
type exchanged struct {
	status  int // 0: no head came
	interim []int
	header  http.Header
	trailer http.Header
	length  int64
	raw     []byte
	text    string // raw, decoded
	cut     error  // nil: the response is whole
	bad     error  // what is wrong with it nevertheless
}

func (e exchanged) String() string {
	return fmt.Sprintf("status %d, %.60q (%d bytes), cut: %v, bad: %v", e.status, e.text, len(e.text), e.cut, e.bad)
}

func (s *faultSite) get(target string, fields ...string) exchanged {
	return s.exchange(s.request(http.MethodGet, target, nil, fields...))
}

// exchange sends a request and reads the response to its end. Over HTTP/1.1 it
// has a connection of its own, which must carry nothing else.
func (s *faultSite) exchange(r *http.Request) exchanged {
	if s.http2 {
		res, err := s.client.Do(r)
		if err != nil {
			return exchanged{cut: err}
		}
		return readExchange(res)
	}
	conn := s.dial()
	defer conn.Close()
	defer context.AfterFunc(r.Context(), func() { conn.Close() })()
	r.Close = true
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		_ = r.Write(conn) // a server need not read to the end
	}()
	defer func() {
		conn.Close()
		if r.Body != nil {
			r.Body.Close()
		}
		<-sent
	}()
	return readConn(conn, r)
}

// dial opens a connection for HTTP/1.1 by hand.
func (s *faultSite) dial() *net.TCPConn {
	conn, err := net.Dial("tcp", s.server.Listener.Addr().String())
	if err != nil {
		s.t.Fatal(err)
	}
	_ = conn.SetDeadline(time.Now().Add(patience))
	return conn.(*net.TCPConn)
}

// readConn reads a connection to its end: one final response and no more.
func readConn(conn net.Conn, r *http.Request) exchanged {
	in := bufio.NewReader(conn)
	var interim []int
	for {
		res, err := http.ReadResponse(in, r)
		if err != nil {
			return exchanged{interim: interim, cut: err}
		}
		if res.StatusCode < 200 && res.StatusCode != http.StatusSwitchingProtocols {
			interim = append(interim, res.StatusCode)
			continue
		}
		e := readExchange(res)
		e.interim = interim
		// A server that leaves a body unread may reset the connection here.
		if rest, _ := io.ReadAll(in); e.cut == nil && len(rest) > 0 {
			e.bad = fmt.Errorf("the connection carries %q more", rest)
		}
		return e
	}
}

func readExchange(res *http.Response) exchanged {
	defer res.Body.Close()
	e := exchanged{status: res.StatusCode, header: res.Header, length: res.ContentLength}
	e.raw, e.cut = io.ReadAll(res.Body)
	e.trailer = res.Trailer
	if e.text = string(e.raw); e.cut == nil {
		e.text, e.bad = decodeText(res.Header, bytes.NewReader(e.raw))
	}
	return e
}

// decodeText reads a body that Compress coded, and one that the Body filter of
// these stacks deflated.
func decodeText(h http.Header, raw io.Reader) (string, error) {
	buffered := bufio.NewReader(raw)
	if _, err := buffered.Peek(1); err == io.EOF {
		return "", nil
	}
	decoded, err := decoding(h, buffered)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(decoded)
	return string(text), err
}

// decoding returns body without its codings, as a stream.
func decoding(h http.Header, body io.Reader) (io.Reader, error) {
	switch coding := h.Get("Content-Encoding"); coding {
	case "":
	case "gzip":
		z, err := gzip.NewReader(body)
		if err != nil {
			return nil, err
		}
		body = z
	case "zstd":
		z, err := zstd.NewReader(body, zstd.WithDecoderConcurrency(1)) // which leaves nothing to close
		if err != nil {
			return nil, err
		}
		body = z
	default:
		return nil, errors.New("coded " + coding)
	}
	if strings.HasPrefix(h.Get("Content-Type"), "text/x-none") {
		body = flate.NewReader(body)
	}
	return body, nil
}

// ledger is a log that keeps its records.
type ledger struct {
	mu      sync.Mutex
	records []slog.Record
}

func (l *ledger) Enabled(context.Context, slog.Level) bool { return true }
func (l *ledger) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *ledger) WithGroup(string) slog.Handler            { return l }

func (l *ledger) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.records = append(l.records, r.Clone())
	return nil
}

// take waits until a request was logged and returns the log, which is empty
// then. Its records are maps of attributes; "msg" is the message.
func (l *ledger) take() []map[string]any {
	var taken []map[string]any
	eventually(func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		if len(l.records) == 0 || l.records[len(l.records)-1].Message != "request" {
			return false
		}
		for _, r := range l.records {
			attrs := map[string]any{"msg": r.Message}
			r.Attrs(func(a slog.Attr) bool {
				attrs[a.Key] = a.Value.Any()
				return true
			})
			taken = append(taken, attrs)
		}
		l.records = nil
		return true
	})
	return taken
}

// page returns n bytes of text that says whose it is in every part.
func page(owner string, n int) string {
	line := fmt.Sprintf("this is what %s asked for\n", owner)
	return strings.Repeat(line, n/len(line)+1)[:n]
}

// noisy returns n bytes that no coding makes smaller, always the same ones.
func noisy(n int) []byte {
	b := make([]byte, n)
	state := uint64(88172645463325252)
	for i := range b {
		state ^= state << 13
		state ^= state >> 7
		state ^= state << 17
		b[i] = byte(state)
	}
	return b
}

func putFile(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
