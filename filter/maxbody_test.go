package filter_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/filtertest"
)

// receive reads the body and answers its length, or 413 where it is too long.
var receive = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	n, err := io.Copy(io.Discard, r.Body)
	var tooLong *http.MaxBytesError
	if errors.As(err, &tooLong) {
		http.Error(w, fmt.Sprintf("%d of at most %d", n, tooLong.Limit), http.StatusRequestEntityTooLarge)
		return
	}
	fmt.Fprintf(w, "%d, %v", n, err)
})

// captured puts h behind three filters that watch the response and one that holds its beginning back.
func captured(h http.Handler) http.Handler {
	inner := h
	h = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		capture.Transform(w, r, inner, 512, func(*capture.Head, io.Writer) io.WriteCloser { return nil })
	})
	for range 3 {
		next := h
		h = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			capture.Observe(w, r, next, func(*http.Request, capture.Sent) {})
		})
	}
	return h
}

func TestMaxBody(t *testing.T) {
	filtertest.Run(t, filter.MaxBody(16<<20))

	const unknown = -1
	for name, c := range map[string]struct {
		limit    int64
		body     int
		declared int64
		status   int
		answer   string
	}{
		"a body as long as the limit passes":             {10, 10, 10, 200, "10, <nil>"},
		"the same of unknown length":                     {10, 10, unknown, 200, "10, <nil>"},
		"one byte more is refused":                       {10, 11, 11, 413, "Request Entity Too Large\n"},
		"one byte more of unknown length, when read":     {10, 11, unknown, 413, "10 of at most 10\n"},
		"no body passes where none is wanted":            {0, 0, 0, 200, "0, <nil>"},
		"an empty body of unknown length passes as well": {0, 0, unknown, 200, "0, <nil>"},
		"any body is refused where none is wanted":       {0, 1, 1, 413, "Request Entity Too Large\n"},
		"any body of unknown length, when read":          {0, 1, unknown, 413, "0 of at most 0\n"},
	} {
		for _, proto := range []int{1, 2} {
			t.Run(fmt.Sprintf("%s/HTTP %d", name, proto), func(t *testing.T) {
				s := httptest.NewUnstartedServer(captured(filter.MaxBody(c.limit)(receive)))
				s.EnableHTTP2 = proto == 2
				s.StartTLS()
				defer s.Close()
				r, err := http.NewRequest("POST", s.URL, io.NopCloser(strings.NewReader(strings.Repeat("x", c.body))))
				if err != nil {
					t.Fatal(err)
				}
				if r.ContentLength = c.declared; c.declared == 0 {
					r.Body = nil
				}
				res, err := s.Client().Do(r)
				if err != nil {
					t.Fatal(err)
				}
				answer, _ := io.ReadAll(res.Body)
				res.Body.Close()
				if res.ProtoMajor != proto || res.StatusCode != c.status || string(answer) != c.answer {
					t.Errorf("HTTP/%d: %d %q, want %d %q", res.ProtoMajor, res.StatusCode, answer, c.status, c.answer)
				}
				if want := c.status == 413 && proto == 1; res.Close != want {
					t.Errorf("the connection closes: %v, want %v", res.Close, want)
				}
			})
		}
	}
}

// TestMaxBody_closes speaks HTTP/1.1 by hand: the answer to an upload that is too long comes, and the connection goes,
// while most of the upload has not been sent.
func TestMaxBody_closes(t *testing.T) {
	s := httptest.NewServer(captured(filter.MaxBody(1000)(receive)))
	defer s.Close()
	const some = 2000
	for name, c := range map[string]struct {
		head string
		body int
	}{
		"declared":                         {"Content-Length: 10000000", 10_000_000},
		"declared, and then slow":          {"Content-Length: 10000000", some},
		"declared, and then nothing":       {"Content-Length: 10000000", 0},
		"declared, a little more":          {"Content-Length: 1001", some / 2},
		"of unknown length":                {"Transfer-Encoding: chunked", 10_000_000},
		"declared, asking first":           {"Expect: 100-continue\r\nContent-Length: 10000000", 0},
		"declared, little, asking first":   {"Expect: 100-continue\r\nContent-Length: 2000", 0},
		"declared, asking without waiting": {"Expect: 100-continue\r\nContent-Length: 10000000", 10_000_000},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", s.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(10 * time.Second))
			fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: localhost\r\n%s\r\n\r\n", c.head)
			if strings.HasPrefix(c.head, "Transfer") {
				fmt.Fprintf(conn, "%x\r\n", c.body)
			}
			sent := make(chan int64)
			go func() {
				n, _ := io.Copy(conn, io.LimitReader(&endless{}, int64(c.body)))
				sent <- n
			}()
			answer := bufio.NewReader(conn)
			res, err := http.ReadResponse(answer, nil)
			if err != nil {
				t.Fatal(err)
			}
			if res.StatusCode != 413 || !res.Close {
				t.Errorf("status %d, connection closes: %v", res.StatusCode, res.Close)
			}
			if _, err := io.Copy(io.Discard, res.Body); err != nil {
				t.Error("the answer:", err)
			}
			if n, err := answer.Read(make([]byte, 1)); n != 0 || err != io.EOF {
				t.Errorf("after the answer: %d bytes, %v, want EOF", n, err)
			}
			if n := <-sent; n > 9_000_000 {
				t.Errorf("%d bytes could be sent", n)
			}
		})
	}
}

// endless is a body that counts what is taken of it.
type endless struct{ taken int64 }

func (e *endless) Read(p []byte) (int, error) { e.taken += int64(len(p)); return len(p), nil }
func (e *endless) Close() error               { return nil }

func TestMaxBody_resets(t *testing.T) {
	s := httptest.NewUnstartedServer(captured(filter.MaxBody(1000)(receive)))
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	for _, declared := range []int64{-1, 1 << 40} {
		body := &endless{}
		r, _ := http.NewRequest("POST", s.URL, body)
		r.ContentLength = declared
		res, err := s.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != 413 || res.ProtoMajor != 2 {
			t.Errorf("declared %d: HTTP/%d %d", declared, res.ProtoMajor, res.StatusCode)
		}
		if body.taken > 10<<20 { // the windows of HTTP/2 and of the sockets
			t.Errorf("declared %d: %d bytes were sent", declared, body.taken)
		}
	}
}

func TestMaxBody_continue(t *testing.T) {
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		want    string
	}{
		"a handler that reads lets the client send":  {receive, "HTTP/1.1 100 Continue"},
		"a handler that does not read does not":      {func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(401) }, "HTTP/1.1 401 Unauthorized"},
		"nor does one that is not given the request": {nil, "HTTP/1.1 413 Request Entity Too Large"},
	} {
		t.Run(name, func(t *testing.T) {
			limit := int64(1000)
			if c.handler == nil {
				limit = 9
			}
			s := httptest.NewServer(captured(filter.MaxBody(limit)(c.handler)))
			defer s.Close()
			conn, err := net.Dial("tcp", s.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(10 * time.Second))
			fmt.Fprint(conn, "POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n")
			line, err := bufio.NewReader(conn).ReadString('\n')
			if strings.TrimSpace(line) != c.want {
				t.Errorf("got %q, %v, want %q", line, err, c.want)
			}
		})
	}
}

func TestMaxBody_copies(t *testing.T) {
	var got *http.Request
	h := filter.MaxBody(10_000)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		if r.Body != http.NoBody {
			if err := r.ParseMultipartForm(1); err != nil {
				t.Error(err)
			}
		}
	}))
	r := httptest.NewRequest("POST", "/", http.NoBody)
	h.ServeHTTP(httptest.NewRecorder(), r)
	if got != r {
		t.Error("a request without a body was copied")
	}

	var form bytes.Buffer
	m := multipart.NewWriter(&form)
	file, _ := m.CreateFormFile("file", "name")
	file.Write(make([]byte, 5000))
	m.Close()
	body := io.NopCloser(&form)
	r = httptest.NewRequest("POST", "/", body)
	r.Header.Set("Content-Type", m.FormDataContentType())
	h.ServeHTTP(httptest.NewRecorder(), r)
	if got == r || r.Body != body {
		t.Error("the request was edited")
	}
	if r.MultipartForm == nil {
		t.Fatal("the server does not get the form back, whose files it removes")
	}
	r.MultipartForm.RemoveAll()
}

func TestMaxBody_nonsense(t *testing.T) {
	for want, f := range map[string]func(){
		"filter.MaxBody: limit is -1, below 0": func() { filter.MaxBody(-1) },
		"filter.MaxBody: next is nil":          func() { filter.MaxBody(1)(nil) },
	} {
		mustPanic(t, want, f)
	}
}

// mustPanic fails the test unless f panics with the text want.
func mustPanic(t *testing.T, want string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if got := recover(); got != want {
			t.Errorf("panicked with %v, want %q", got, want)
		}
	}()
	f()
}

func ExampleMaxBody() {
	h := filter.MaxBody(10)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err != nil {
			http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		}
	}))
	for _, body := range []string{"ten bytes.", "eleven here"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("POST", "/", strings.NewReader(body)))
		fmt.Println(w.Code)
	}
	// Output:
	// 200
	// 413
}
