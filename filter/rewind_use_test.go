package filter_test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/weirhttp/weir/filter"
)

// Many bodies of one request, read in goroutines of their own, are whole.
func TestRewind_together(t *testing.T) {
	want := page(300_000)
	s := httptest.NewServer(filter.Rewind(filter.RewindOptions{Memory: 100_000, Dir: t.TempDir()})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var readers sync.WaitGroup
		for range 8 {
			body, err := r.GetBody()
			if err != nil {
				t.Error(err)
				continue
			}
			readers.Go(func() {
				if got := told(body, everything); got != want {
					t.Errorf("%d bytes, want %d", len(got), len(want))
				}
			})
		}
		readers.Wait()
	})))
	defer s.Close()
	res, err := http.Post(s.URL, "text/plain", strings.NewReader(want))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
}

// A handler is given what has come while more is to come, and what it has not read is not asked for.
func TestRewind_streams(t *testing.T) {
	body, client := io.Pipe()
	filter.Rewind(filter.RewindOptions{Memory: 1, Dir: t.TempDir()})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, want := range []string{"0", "12", "345"} {
			go io.WriteString(client, want)
			if got := told(r.Body, int64(len(want))); got != want {
				t.Errorf("read %q, want %q", got, want)
			}
		}
	})).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/", body))

	source := &endless{}
	filter.Rewind(filter.RewindOptions{})(nothing).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/", source))
	if source.taken != 0 {
		t.Errorf("%d bytes were read for nobody", source.taken)
	}
}

// A proxy whose server goes away sends the request again.
func TestRewind_retry(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	want, got := page(100_000), make(chan string, 3)
	go func() {
		for i := 0; ; i++ {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			in := bufio.NewReader(conn)
			for range 2 {
				r, err := http.ReadRequest(in)
				if err != nil {
					break
				}
				got <- told(r.Body, everything)
				if r.ContentLength > 0 && i == 0 {
					break
				}
				io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
			}
			conn.Close()
		}
	}()
	to, _ := url.Parse("http://" + listener.Addr().String())
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	s := httptest.NewServer(filter.Rewind(filter.RewindOptions{Dir: t.TempDir()})(&httputil.ReverseProxy{
		Transport: transport,
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(to) },
	}))
	defer s.Close()
	for i, body := range []string{"", want} {
		r, _ := http.NewRequest("PUT", s.URL, strings.NewReader(body))
		r.Header.Set("Idempotency-Key", "1")
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		for range i + 1 {
			if came := <-got; res.StatusCode != 200 || came != body {
				t.Errorf("status %d, and %d bytes came, want %d", res.StatusCode, len(came), len(body))
			}
		}
	}
}

// A handler that answers early and closes the body, so that the rest is out of the way of the next request, can do so
// through Rewind.
func TestRewind_closes(t *testing.T) {
	source := &closing{Reader: strings.NewReader("0123456789")}
	for name, c := range map[string]struct {
		h    http.HandlerFunc
		want int
	}{
		"a handler that closes a part": {func(w http.ResponseWriter, r *http.Request) { told(r.Body, 2); r.Body.Close() }, 1},
		"one that does not":            {func(w http.ResponseWriter, r *http.Request) { told(r.Body, 2) }, 0},
		"one that panics":              {func(w http.ResponseWriter, r *http.Request) { r.Body.Close(); panic(http.ErrAbortHandler) }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			source.closed = 0
			defer func() {
				if recover(); source.closed != c.want {
					t.Errorf("the client's body was closed %d times, want %d", source.closed, c.want)
				}
			}()
			filter.Rewind(filter.RewindOptions{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				c.h(w, r)
				if source.closed > 0 {
					t.Error("it was closed while the handler ran")
				}
			})).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/", source))
		})
	}
}

// What comes over a connection that was taken over belongs to who took it.
func TestRewind_takenOver(t *testing.T) {
	ended := make(chan int, 1)
	rewind := filter.Rewind(filter.RewindOptions{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		told(r.Body, 2)
		r.Body.Close()
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		conn.Close()
	}))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		source := &closing{Reader: r.Body}
		r.Body = source
		rewind.ServeHTTP(w, r)
		ended <- source.closed
	}))
	defer s.Close()
	if res, err := http.Post(s.URL, "text/plain", strings.NewReader("0123456789")); err == nil {
		res.Body.Close()
	}
	if n := <-ended; n > 0 {
		t.Errorf("the body was closed %d times", n)
	}
}

type closing struct {
	io.Reader
	closed int
}

func (c *closing) Close() error { c.closed++; return nil }

// Filters further in whose body is another one do not leave the GetBody of the whole one to the handler.
func TestRewind_inside(t *testing.T) {
	const tooLong = "!http: request body too large"
	override := filter.MethodOverride(filter.MethodOverrideOptions{Field: "_method"})
	for name, c := range map[string]struct {
		f          func(http.Handler) http.Handler
		body       []byte
		field      [2]string
		want, next string // of Body, and of GetBody after that
		seeks      bool
	}{
		"MaxBody":             {filter.MaxBody(4), []byte("body"), [2]string{"X"}, "body", "body", false},
		"MaxBody of less":     {filter.MaxBody(3), []byte("body"), [2]string{"X"}, "bod" + tooLong, "bod" + tooLong, false},
		"DecompressRequest":   {filter.DecompressRequest(4, filter.DecompressRequestOptions{}), coded("gzip", []byte("body")), [2]string{"Content-Encoding", "gzip"}, "body", "none", false},
		"MethodOverride":      {override, []byte("body"), [2]string{"Content-Type", "application/x-www-form-urlencoded"}, "body", "body", true},
		"one more Rewind":     {filter.Rewind(filter.RewindOptions{}), []byte("body"), [2]string{"X"}, "body", "body", true},
		"a Rewind with Limit": {filter.Rewind(filter.RewindOptions{Limit: 2}), []byte("body"), [2]string{"X"}, "bo" + tooLong, "bo" + tooLong, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("POST", "/", struct{ io.Reader }{bytes.NewReader(c.body)})
			r.Header.Set(c.field[0], c.field[1])
			filter.Rewind(filter.RewindOptions{})(c.f(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if _, seeks := r.Body.(io.Seeker); seeks != c.seeks {
					t.Errorf("it seeks: %v, want %v", seeks, c.seeks)
				}
				got, next := told(r.Body, everything), "none"
				if r.GetBody != nil {
					body, _ := r.GetBody()
					next = told(body, everything)
				}
				if got != c.want || next != c.next {
					t.Errorf("read %q and %q, want %q and %q", got, next, c.want, c.next)
				}
			}))).ServeHTTP(httptest.NewRecorder(), r)
		})
	}
}
