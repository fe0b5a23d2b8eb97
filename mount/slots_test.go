package mount_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/weirhttp/weir/mount"
)

// TestBackendsAreFreeOfWhoSendsNoMore holds that a client that got its answer, and sends the rest of its body never,
// keeps nobody else from the only slot.
func TestBackendsAreFreeOfWhoSendsNoMore(t *testing.T) {
	early := program(t, "print", "PRINT=Content-Type: text/plain\n\nearly")
	early.Processes = 1
	const answer = "Content-Type: text/plain\n\nearly"
	var records bytes.Buffer
	writeRecord(&records, 6, []byte(answer))
	writeRecord(&records, 3, make([]byte, 8))
	fast := &mount.FastCGI{Servers: []string{scripted(t, records.String())}, Connections: 1}
	plain := &mount.SCGI{Connections: 1}
	plain.Server = scgiServer(t, "tcp", "127.0.0.1:0", func(w io.Writer, _ []string, _ io.Reader) { io.WriteString(w, answer) })
	for name, app := range map[string]http.Handler{"CGI": early, "FastCGI": fast, "SCGI": plain} {
		server := httptest.NewServer(app)
		conn := dial(t, server)
		io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
		answered := make([]byte, 12)
		if _, err := io.ReadFull(conn, answered); err != nil || string(answered) != "HTTP/1.1 200" {
			t.Errorf("%s: %q, %v", name, answered, err)
		}
		if res, body, err := send(t, server, "GET", "/", nil); err != nil || body != "early" {
			t.Errorf("%s: another client gets %v %q %v", name, res, body, err)
		}
		conn.Close()
		server.Close()
	}
}
