package fcgi_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	stdfcgi "net/http/fcgi"
	"os"
	"strings"
	"testing"

	"github.com/weirhttp/weir/internal/fcgi"
)

// responder is a server made with net/http/fcgi; it returns a connection to it.
func responder(t *testing.T, h http.Handler) *fcgi.Conn {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go stdfcgi.Serve(listener, h)
	c, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(); listener.Close() })
	return fcgi.NewConn(c)
}

// params returns those of a request with a body of some length, and further ones.
func params(length int, more ...string) *fcgi.Params {
	p := new(fcgi.Params)
	p.Add("REQUEST_METHOD", "POST")
	p.Add("SERVER_PROTOCOL", "HTTP/1.1")
	p.Add("REQUEST_URI", "/")
	p.Add("CONTENT_LENGTH", fmt.Sprint(length))
	for i := 0; i < len(more); i += 2 {
		p.Add(more[i], more[i+1])
	}
	return p
}

func TestConnCarriesOneRequestAfterAnother(t *testing.T) {
	conn := responder(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Long", fmt.Sprint(len(r.Header.Get("X-Long"))))
		io.Copy(w, r.Body)
	}))
	for _, size := range []int{0, 1, 100_000, 3 << 20, 0} {
		for _, long := range []int{0, 127, 128, 65_500, 65_535, 65_536, 200_000} {
			body := strings.Repeat("b", size)
			p := params(size, "HTTP_X_LONG", strings.Repeat("l", long))
			if err := conn.Begin(p, size > 0); err != nil {
				t.Fatal(err)
			}
			if size > 0 {
				go conn.Body().Send(strings.NewReader(body))
			}
			got, err := io.ReadAll(conn)
			head, text, _ := strings.Cut(string(got), "\r\n\r\n")
			if err != nil || text != body || !strings.Contains(head, fmt.Sprintf("X-Long: %d", long)) {
				t.Fatalf("%d bytes, a parameter of %d: %d bytes, %v, %q", size, long, len(text), err, head)
			}
			if !conn.Clean() {
				t.Fatalf("%d bytes: the connection is not clean", size)
			}
		}
	}
}

// record returns a record as a responder would send it.
func record(kind byte, content string, padding int) string {
	head := []byte{1, kind, 0, 1, 0, 0, byte(padding), 0}
	binary.BigEndian.PutUint16(head[4:], uint16(len(content)))
	return string(head) + content + strings.Repeat("p", padding)
}

func end(app uint32, protocol byte) string {
	return record(3, string(binary.BigEndian.AppendUint32(nil, app))+string([]byte{protocol, 0, 0, 0}), 0)
}

// answering returns a connection on which the responder sends text and then hangs up.
func answering(t testing.TB, text string) *fcgi.Conn {
	here, there := net.Pipe()
	go io.Copy(io.Discard, there)
	t.Cleanup(func() { here.Close() })
	conn := fcgi.NewConn(here)
	if err := conn.Begin(new(fcgi.Params), false); err != nil {
		t.Fatal(err)
	}
	go func() {
		for _, piece := range strings.SplitAfter(text, "") { // byte by byte
			if _, err := io.WriteString(there, piece); err != nil {
				break
			}
		}
		there.Close()
	}()
	return conn
}

func TestConnReads(t *testing.T) {
	for name, c := range map[string]struct {
		sent, out, stderr string
		err               string // "": io.EOF
		clean             bool
	}{
		"output":                    {record(6, "a", 0) + record(6, "bc", 7) + record(6, "", 8) + end(0, 0), "abc", "", "", true},
		"errors between":            {record(6, "a", 0) + record(7, "oops", 4) + record(6, "b", 0) + record(7, "", 0) + end(0, 0), "ab", "oops", "", true},
		"no output":                 {end(0, 0), "", "", "", true},
		"records that say nothing":  {record(10, "values", 2) + record(11, "12345678", 0) + record(6, "a", 0) + end(0, 0), "a", "", "", true},
		"a record of another":       {"\x01\x06\x00\x07\x00\x01\x00\x00x" + record(6, "a", 0) + end(0, 0), "a", "", "", true},
		"padding at the end":        {record(6, "a", 0) + record(3, "\x00\x00\x00\x00\x00\x00\x00\x00", 200), "a", "", "", true},
		"a status":                  {record(6, "a", 0) + end(3, 0), "a", "", "the application ended with status 3", true},
		"that it is overloaded":     {end(0, 2), "", "", "overloaded", false},
		"that it cannot multiplex":  {end(0, 1), "", "", "no second request", false},
		"that it is no responder":   {end(0, 3), "", "", "no responder", false},
		"a status that is none":     {end(0, 9), "", "", "protocol status 9", false},
		"an end that is too short":  {record(3, "\x00", 0), "", "", "has 1 bytes, not 8", false},
		"another version":           {"\x02\x06\x00\x01\x00\x01\x00\x00x", "", "", "version 2", false},
		"nothing":                   {"", "", "", "unexpected EOF", false},
		"half a head":               {"\x01\x06\x00", "", "", "unexpected EOF", false},
		"half an output":            {record(6, "abc", 0)[:9], "a", "", "unexpected EOF", false},
		"no end":                    {record(6, "a", 0), "a", "", "unexpected EOF", false},
		"half of an error":          {record(7, "oops", 0)[:10], "", "", "unexpected EOF", false},
		"half of an end":            {record(6, "a", 0) + end(0, 0)[:12], "a", "", "unexpected EOF", false},
		"something after the end":   {end(0, 0) + record(6, "late", 0), "", "", "", false},
		"half of what says nothing": {record(10, "values", 2)[:10], "", "", "unexpected EOF", false},
	} {
		t.Run(name, func(t *testing.T) {
			conn := answering(t, c.sent)
			var stderr bytes.Buffer
			conn.Stderr = func(record []byte) { stderr.Write(record) }
			out, err := io.ReadAll(conn)
			if string(out) != c.out || stderr.String() != c.stderr {
				t.Errorf("out %q, err %q", out, &stderr)
			}
			if err == nil && c.err != "" || err != nil && (c.err == "" || !strings.Contains(err.Error(), c.err)) {
				t.Errorf("%v, want %q", err, c.err)
			}
			if conn.Clean() != c.clean && name != "something after the end" { // it may not have come yet
				t.Errorf("clean is %v", conn.Clean())
			}
			if _, again := conn.Read(make([]byte, 1)); again == nil {
				t.Error("it reads on after its end")
			}
		})
	}
}

func TestConnInterrupted(t *testing.T) {
	here, there := net.Pipe()
	defer here.Close()
	defer there.Close()
	received := make(chan []byte)
	go func() {
		defer close(received)
		for {
			b := make([]byte, 100)
			n, err := there.Read(b)
			if err != nil {
				return
			}
			received <- b[:n]
		}
	}()
	conn := fcgi.NewConn(here)
	go conn.Begin(new(fcgi.Params), true)
	<-received
	stop := conn.Body()
	result := make(chan error)
	go func() {
		_, err := conn.Read(make([]byte, 1))
		result <- err
	}()
	conn.Interrupt()
	if err := <-result; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("an interrupted read: %v", err)
	}
	if conn.Ended() || conn.Clean() {
		t.Error("it has ended")
	}
	free := make(chan bool)
	go func() { free <- conn.Abandon() }()
	if aborted := <-received; aborted[1] != 2 {
		t.Errorf("it sends %q, no record that aborts", aborted)
	}
	if err := stop.Send(strings.NewReader("late")); err != nil {
		t.Error(err)
	}
	io.WriteString(there, record(6, "late output", 0)+end(1, 0))
	if !<-free {
		t.Error("it cannot carry another request")
	}
	go conn.Begin(new(fcgi.Params), false)
	if begun := <-received; begun[1] != 1 {
		t.Errorf("the late body was sent: %q", begun)
	}
}

// TestBodyOfAnEarlierRequest holds that nothing of a body comes into the next request.
func TestBodyOfAnEarlierRequest(t *testing.T) {
	conn := responder(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) }))
	if err := conn.Begin(params(0), false); err != nil {
		t.Fatal(err)
	}
	early := conn.Body()
	io.Copy(io.Discard, conn)
	if err := conn.Begin(params(3), true); err != nil {
		t.Fatal(err)
	}
	early.Send(strings.NewReader("old"))
	go conn.Body().Send(strings.NewReader("new"))
	if got, err := io.ReadAll(conn); err != nil || !strings.HasSuffix(string(got), "\r\n\r\nnew") {
		t.Errorf("%q, %v", got, err)
	}
}

func TestBodyThatBreaks(t *testing.T) {
	conn := answering(t, "")
	if err := conn.Body().Send(io.MultiReader(strings.NewReader("half"), broken{})); err != nil {
		t.Errorf("a request without a body sends one: %v", err)
	}
	here, there := net.Pipe()
	defer here.Close()
	go io.Copy(io.Discard, there)
	conn = fcgi.NewConn(here)
	if err := conn.Begin(new(fcgi.Params), true); err != nil {
		t.Fatal(err)
	}
	if err := conn.Body().Send(io.MultiReader(strings.NewReader("half"), broken{})); !errors.Is(err, errBroken) {
		t.Errorf("%v", err)
	}
}

type broken struct{}

var errBroken = errors.New("broken")

func (broken) Read([]byte) (int, error) { return 0, errBroken }

// FuzzConnRead reads what a hostile responder sends: there is an end to it, no panic, and no more output than came.
func FuzzConnRead(f *testing.F) {
	f.Add(record(6, "a", 3) + record(7, "e", 0) + end(0, 0))
	f.Add(record(6, "", 0) + record(3, "", 255))
	f.Add("\x01\x07\x00\x01\xff\xff\x00\x00")
	f.Fuzz(func(t *testing.T, text string) {
		conn := fcgi.NewConn(&memory{in: strings.NewReader(text)})
		if err := conn.Begin(new(fcgi.Params), false); err != nil {
			t.Fatal(err)
		}
		size := 0
		conn.Stderr = func(record []byte) { size += len(record) }
		for {
			waits := conn.Waits()
			n, err := conn.Read(make([]byte, 7))
			size += n
			if err != nil {
				break
			}
			if n == 0 {
				t.Fatal("a read of nothing")
			}
			_ = waits
		}
		if size > len(text) {
			t.Fatalf("%d bytes came out of %d", size, len(text))
		}
	})
}

// memory is a connection whose other end has sent all that it will, and that keeps what is written to it.
type memory struct {
	net.Conn
	in  io.Reader
	out bytes.Buffer
}

func (m *memory) Read(p []byte) (int, error)  { return m.in.Read(p) }
func (m *memory) Write(p []byte) (int, error) { return m.out.Write(p) }

// FuzzParams decodes what was encoded.
func FuzzParams(f *testing.F) {
	f.Add("NAME", "value", 3)
	f.Add(strings.Repeat("n", 127), strings.Repeat("v", 128), 600)
	f.Add("", "", 1)
	f.Fuzz(func(t *testing.T, name, value string, times int) {
		if times < 0 || times > 1000 || len(name)+len(value) > 10_000 {
			return
		}
		var p fcgi.Params
		var want []string
		for i := range times {
			n := fmt.Sprint(name, i)
			p.Add(n, value)
			want = append(want, n, value)
		}
		m := &memory{in: strings.NewReader("")}
		if err := fcgi.NewConn(m).Begin(&p, false); err != nil {
			t.Fatal(err)
		}
		got := decode(t, m.out.Bytes())
		if strings.Join(got, "\x00") != strings.Join(want, "\x00") {
			t.Fatalf("%d became %d", len(want), len(got))
		}
	})
}

// decode returns the names and values of the request that b is.
func decode(t *testing.T, b []byte) (list []string) {
	var stream []byte
	for last := 0; len(b) > 0; {
		size := int(binary.BigEndian.Uint16(b[4:]))
		if b[1] == 4 {
			if last != 0 && last != 65535 && size > 0 {
				t.Fatalf("a record of %d bytes of parameters, which is not full, before another", last)
			}
			stream, last = append(stream, b[8:8+size]...), size
		}
		b = b[8+size+int(b[6]):]
	}
	length := func() int {
		n := int(stream[0])
		if n < 128 {
			stream = stream[1:]
			return n
		}
		n = int(binary.BigEndian.Uint32(stream) &^ (1 << 31))
		stream = stream[4:]
		return n
	}
	for len(stream) > 0 {
		n := length()
		v := length()
		list = append(list, string(stream[:n]), string(stream[n:n+v]))
		stream = stream[n+v:]
	}
	return list
}

// TestCleanWhileABodyIsStuck holds that nobody waits for a responder that reads no more of a body.
func TestCleanWhileABodyIsStuck(t *testing.T) {
	for name, answer := range map[string]string{"the request was interrupted": "", "the request has ended": end(0, 0)} {
		here, there := net.Pipe()
		conn := fcgi.NewConn(here)
		go conn.Begin(new(fcgi.Params), true)
		io.ReadFull(there, make([]byte, 8+8+8)) // the beginning, and the end of no parameters
		sent := make(chan error)
		go func() { sent <- conn.Body().Send(strings.NewReader("body")) }()
		there.Read(make([]byte, 1)) // of the body, and no more
		if answer == "" {
			conn.Interrupt()
		} else {
			go io.WriteString(there, answer)
		}
		io.Copy(io.Discard, conn)
		if conn.Clean() {
			t.Errorf("%s: it can carry another", name)
		}
		conn.Close()
		<-sent
		there.Close()
	}
}

// TestAbandonOfWhatIsStuckBothWays is about a responder that reads no more before it has written all.
func TestAbandonOfWhatIsStuckBothWays(t *testing.T) {
	here, there := net.Pipe()
	defer here.Close()
	defer there.Close()
	conn := fcgi.NewConn(here)
	go conn.Begin(new(fcgi.Params), true)
	io.ReadFull(there, make([]byte, 8+8+8)) // the beginning, and the end of no parameters
	go conn.Body().Send(strings.NewReader("body"))
	there.Read(make([]byte, 1)) // of the body
	conn.Interrupt()
	go func() {
		io.WriteString(there, record(6, "output", 0)+end(0, 0))
		io.Copy(io.Discard, there)
	}()
	if !conn.Abandon() {
		t.Error("it cannot carry another request")
	}
	begun := make(chan error)
	go func() { begun <- conn.Begin(new(fcgi.Params), false) }()
	if err := <-begun; err != nil {
		t.Error(err)
	}
}
