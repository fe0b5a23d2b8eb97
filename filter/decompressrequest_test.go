package filter_test

import (
	"bytes"
	stdgzip "compress/gzip"
	stdzlib "compress/zlib"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/filtertest"
)

// coded returns data in a content coding.
func coded(coding string, data []byte) []byte {
	var b bytes.Buffer
	var w io.WriteCloser
	switch coding {
	case "gzip":
		w = gzip.NewWriter(&b)
	case "zstd":
		w, _ = zstd.NewWriter(&b)
	case "deflate":
		w = zlib.NewWriter(&b)
	case "flate":
		w, _ = flate.NewWriter(&b, 5)
	}
	w.Write(data)
	w.Close()
	return b.Bytes()
}

// echo answers what it reads; or 413 or 400, and of the body the size that came.
var echo = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		http.Error(w, fmt.Sprintf("%d bytes", len(body)), http.StatusRequestEntityTooLarge)
	case err != nil:
		http.Error(w, fmt.Sprintf("%d bytes", len(body)), 400)
	default:
		for _, name := range []string{"Content-Encoding", "Content-Length", "Content-Digest", "Repr-Digest", "Content-Md5", "Digest", "X-Kept"} {
			if v, ok := r.Header[name]; ok {
				w.Header()["X-Seen-"+name] = v
			}
		}
		w.Header().Set("X-Length", fmt.Sprint(r.ContentLength))
		w.Write(body)
	}
})

func TestDecompressRequest(t *testing.T) {
	filtertest.Run(t, filter.DecompressRequest(64<<20, filter.DecompressRequestOptions{}))

	words := []byte(page(10_000))
	zeros := make([]byte, 100_000)
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	for name, c := range map[string]struct {
		limit    int64
		o        filter.DecompressRequestOptions
		encoding string
		body     []byte
		status   int
		want     string
	}{
		"gzip is decoded":                             {1 << 20, filter.DecompressRequestOptions{}, "gzip", coded("gzip", words), 200, string(words)},
		"by its old name, too":                        {1 << 20, filter.DecompressRequestOptions{}, "X-GZip", coded("gzip", words), 200, string(words)},
		"zstd is decoded":                             {1 << 20, filter.DecompressRequestOptions{}, "zstd", coded("zstd", words), 200, string(words)},
		"deflate is zlib":                             {1 << 20, filter.DecompressRequestOptions{}, "deflate", coded("deflate", words), 200, string(words)},
		"and not bare":                                {1 << 20, filter.DecompressRequestOptions{}, "deflate", coded("flate", words), 400, "0 bytes\n"},
		"gzip of several members is one body":         {1 << 20, filter.DecompressRequestOptions{}, "gzip", join(coded("gzip", words), coded("gzip", nil), coded("gzip", words)), 200, string(words) + string(words)},
		"so are several frames of zstd":               {1 << 20, filter.DecompressRequestOptions{}, "zstd", join(coded("zstd", words), coded("zstd", words)), 200, string(words) + string(words)},
		"two codings are undone in their order":       {1 << 20, filter.DecompressRequestOptions{}, "gzip, identity, zstd", coded("zstd", coded("gzip", words)), 200, string(words)},
		"three are too many":                          {1 << 20, filter.DecompressRequestOptions{}, "gzip, gzip, gzip", coded("gzip", coded("gzip", coded("gzip", words))), 415, "Unsupported Media Type\n"},
		"an unknown one is refused":                   {1 << 20, filter.DecompressRequestOptions{}, "br", []byte("what"), 415, "Unsupported Media Type\n"},
		"beside a known one, too":                     {1 << 20, filter.DecompressRequestOptions{}, "gzip, br", []byte("what"), 415, "Unsupported Media Type\n"},
		"what is no coding at all":                    {1 << 20, filter.DecompressRequestOptions{}, "gzip;q=1", []byte("what"), 415, "Unsupported Media Type\n"},
		"one that is not taken here":                  {1 << 20, filter.DecompressRequestOptions{Encodings: []string{"zstd"}}, "gzip", coded("gzip", words), 415, "Unsupported Media Type\n"},
		"identity is none":                            {1 << 20, filter.DecompressRequestOptions{}, " ,identity,", words, 200, string(words)},
		"an empty body is empty":                      {1 << 20, filter.DecompressRequestOptions{}, "gzip", nil, 200, ""},
		"a coded empty body, too":                     {1 << 20, filter.DecompressRequestOptions{}, "zstd", coded("zstd", nil), 200, ""},
		"a body that ends too soon fails":             {1 << 20, filter.DecompressRequestOptions{}, "gzip", coded("gzip", words)[:50], 400, ""},
		"in the head of a member, too":                {1 << 20, filter.DecompressRequestOptions{}, "gzip", join(coded("gzip", words), []byte("\x1f\x8b\b\b\x00\x00\x00\x00\x00\x00name")), 400, "10000 bytes\n"},
		"of zstd, too":                                {1 << 20, filter.DecompressRequestOptions{}, "zstd", coded("zstd", words)[:50], 400, "0 bytes\n"},
		"of deflate, too":                             {1 << 20, filter.DecompressRequestOptions{}, "deflate", coded("deflate", words)[:50], 400, ""},
		"after the end of gzip comes nothing":         {1 << 20, filter.DecompressRequestOptions{}, "gzip", join(coded("gzip", words), []byte("more")), 400, "10000 bytes\n"},
		"nor of zstd":                                 {1 << 20, filter.DecompressRequestOptions{}, "zstd", join(coded("zstd", words), []byte("more")), 400, "10000 bytes\n"},
		"nor of deflate":                              {1 << 20, filter.DecompressRequestOptions{}, "deflate", join(coded("deflate", words), []byte("more")), 400, "10000 bytes\n"},
		"what is not coded fails":                     {1 << 20, filter.DecompressRequestOptions{}, "gzip", words, 400, "0 bytes\n"},
		"a body as long as the limit passes":          {10_000, filter.DecompressRequestOptions{}, "gzip", coded("gzip", words), 200, string(words)},
		"one byte more does not":                      {9_999, filter.DecompressRequestOptions{}, "gzip", coded("gzip", words), 413, "9999 bytes\n"},
		"with the limit 0 there may be no byte":       {0, filter.DecompressRequestOptions{}, "gzip", coded("gzip", words), 413, "0 bytes\n"},
		"more coded bytes than make sense, of nobody": {100, filter.DecompressRequestOptions{}, "gzip", bytes.Repeat(coded("gzip", nil), 1000), 413, ""},
		"a small body may be of anything":             {1 << 20, filter.DecompressRequestOptions{MaxRatio: 2}, "gzip", coded("gzip", zeros[:64<<10]), 200, string(zeros[:64<<10])},
		"a larger one has a ratio":                    {1 << 20, filter.DecompressRequestOptions{}, "gzip", coded("gzip", zeros), 413, ""},
		"which may be another":                        {1 << 20, filter.DecompressRequestOptions{MaxRatio: 2000}, "gzip", coded("gzip", zeros), 200, string(zeros)},
		"and holds between two codings": {1 << 20, filter.DecompressRequestOptions{}, "gzip, gzip",
			coded("gzip", bytes.Repeat(coded("gzip", nil), 20_000)), 413, ""},
	} {
		t.Run(name, func(t *testing.T) {
			for _, declared := range []bool{true, false} {
				for _, proto := range []int{1, 2} {
					s := httptest.NewUnstartedServer(captured(filter.DecompressRequest(c.limit, c.o)(echo)))
					s.EnableHTTP2 = proto == 2
					s.StartTLS()
					r, _ := http.NewRequest("POST", s.URL, io.NopCloser(bytes.NewReader(c.body)))
					if r.ContentLength = -1; declared {
						r.ContentLength = int64(len(c.body))
					}
					r.Header.Set("Content-Encoding", c.encoding)
					res, err := s.Client().Do(r)
					if err != nil {
						t.Fatal(err)
					}
					got, _ := io.ReadAll(res.Body)
					res.Body.Close()
					s.Close()
					if res.StatusCode != c.status || string(got) != c.want && (c.want != "" || c.status == 200) {
						t.Errorf("HTTP %d, declared: %v: %d %.50q of %d bytes, want %d %.50q", proto, declared, res.StatusCode, got, len(got), c.status, c.want)
					}
					accepts := ""
					if c.status == 415 {
						accepts = "gzip, zstd, deflate"
						if c.o.Encodings != nil {
							accepts = "zstd"
						}
					}
					if res.Header.Get("Accept-Encoding") != accepts {
						t.Errorf("Accept-Encoding %q, want %q", res.Header.Get("Accept-Encoding"), accepts)
					}
					if closes := c.status == 413 && proto == 1; res.Close != closes {
						t.Errorf("HTTP %d, declared: %v: the connection closes: %v", proto, declared, res.Close)
					}
				}
			}
		})
	}
}

func TestDecompressRequest_fields(t *testing.T) {
	send := func(encoding string, fields ...string) *http.Response {
		r := httptest.NewRequest("POST", "/", bytes.NewReader(coded("gzip", []byte("body"))))
		r.Header.Set("Content-Encoding", encoding)
		for _, name := range append(fields, "Content-Length", "Content-Digest", "Repr-Digest", "Content-MD5", "Digest", "X-Kept") {
			r.Header.Set(name, "1")
		}
		before := r.Header.Clone()
		w := httptest.NewRecorder()
		filter.DecompressRequest(100, filter.DecompressRequestOptions{})(echo).ServeHTTP(w, r)
		if fmt.Sprint(r.Header) != fmt.Sprint(before) {
			t.Errorf("the request was edited: %v", r.Header)
		}
		return w.Result()
	}
	if res := send("gzip"); res.Header.Get("X-Length") != "-1" || res.Header.Get("X-Seen-X-Kept") != "1" || len(res.Header) != 3 {
		t.Errorf("the handler saw %v", res.Header)
	}
	if res := send("identity"); res.Header.Get("X-Seen-Content-Digest") != "1" {
		t.Errorf("of a body that is not coded, the handler saw %v", res.Header)
	}
	if res := send("gzip", "Content-Range"); res.StatusCode != 415 {
		t.Errorf("a part was answered with %d", res.StatusCode)
	}
}

// The trailers come when the decoded body ends, and a client that goes away is told from a body that ends too soon.
func TestDecompressRequest_ends(t *testing.T) {
	for _, coding := range []string{"gzip", "zstd", "deflate"} {
		t.Run(coding, func(t *testing.T) {
			saw := make(chan string, 1)
			s := httptest.NewServer(filter.DecompressRequest(1<<20, filter.DecompressRequestOptions{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, err := io.Copy(io.Discard, r.Body)
				saw <- fmt.Sprint(r.Trailer.Get("X-Sum"), " ", err)
			})))
			defer s.Close()
			body := coded(coding, []byte(page(1000)))
			r, _ := http.NewRequest("POST", s.URL, io.NopCloser(bytes.NewReader(body)))
			r.Header.Set("Content-Encoding", coding)
			r.Trailer = http.Header{"X-Sum": {"42"}}
			res, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if got := <-saw; got != "42 <nil>" {
				t.Errorf("the handler saw %q", got)
			}

			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			fed, feed := io.Pipe()
			r, _ = http.NewRequestWithContext(ctx, "POST", s.URL, fed)
			r.Header.Set("Content-Encoding", coding)
			go http.DefaultClient.Do(r)
			feed.Write(body[:20])
			leave()
			if got := <-saw; got != " unexpected EOF" {
				t.Errorf("of a client that went away the handler saw %q", got)
			}
		})
	}
}

// A connection that breaks off is never taken for the end of a body, wherever that happens, and neither is a body that
// ends where its coding does not.
func TestDecompressRequest_brokenOff(t *testing.T) {
	type read struct {
		n   int64
		err error
	}
	saw := make(chan read, 1)
	s := httptest.NewServer(filter.DecompressRequest(1<<20, filter.DecompressRequestOptions{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		saw <- read{n, err}
	})))
	defer s.Close()
	send := func(encoding, framing string, body []byte) read {
		conn, err := net.Dial("tcp", s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: %s\r\n%s\r\n\r\n%s", encoding, framing, body)
		conn.(*net.TCPConn).CloseWrite()
		return <-saw
	}
	const length, chunked = "Content-Length: %d", "Transfer-Encoding: chunked"
	for _, encoding := range []string{"gzip", "zstd", "deflate", "gzip, zstd", "zstd, gzip", "zstd, zstd", "gzip, gzip", "deflate, zstd", "zstd, deflate"} {
		t.Run(encoding, func(t *testing.T) {
			body, ends := inParts(encoding, []byte("the first part, "), []byte("and the second"))
			for cut := range len(body) + 1 {
				part := body[:cut]
				if got := send(encoding, fmt.Sprintf(length, len(body)+1), part); got.err == nil {
					t.Errorf("cut at %d of %d, short of its length: %d bytes and their end", cut, len(body), got.n)
				}
				if got := send(encoding, chunked, bytes.TrimPrefix(fmt.Appendf(nil, "%x\r\n%s\r\n", cut, part), []byte("0\r\n\r\n"))); got.err == nil {
					t.Errorf("cut at %d of %d, without a last chunk: %d bytes and their end", cut, len(body), got.n)
				}
				if got := send(encoding, fmt.Sprintf(length, cut), part); (got.err == nil) != ends[cut] {
					t.Errorf("ended at %d of %d: %d bytes, %v", cut, len(body), got.n, got.err)
				}
			}
			// The decoders of what broke off are not those of the next.
			if got := send(encoding, fmt.Sprintf(length, len(body)), body); got.err != nil || got.n != 30 {
				t.Errorf("whole: %d bytes, %v", got.n, got.err)
			}
		})
	}
}

// inParts returns a body of two members or frames in each coding that has such, and where it may end.
func inParts(encoding string, parts ...[]byte) (body []byte, ends map[int]bool) {
	for coding := range strings.SplitSeq(encoding, ", ") {
		if coding == "deflate" { // it has one
			parts = [][]byte{bytes.Join(parts, nil)}
		}
		for i, part := range parts {
			parts[i] = coded(coding, part)
		}
	}
	ends = map[int]bool{0: true} // an empty body is empty
	for _, part := range parts {
		body = append(body, part...)
		ends[len(body)] = true
	}
	return body, ends
}

// A bomb of 100 MB, and worse ones, cost no more memory than a window for each coding and a little beside, however they are made.
func TestDecompressRequest_bomb(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector takes memory of its own")
	}
	big := make([]byte, 100<<20)
	for name, c := range map[string]struct {
		encoding string
		body     []byte
		most     uint64
	}{
		"gzip":         {"gzip", coded("gzip", big), 1 << 20},
		"deflate":      {"deflate", coded("deflate", big), 1 << 20},
		"zstd":         {"zstd", coded("zstd", big), 21 << 20},
		"gzip in gzip": {"gzip, gzip", coded("gzip", coded("gzip", big)), 1 << 20},
		"zstd in gzip": {"zstd, gzip", coded("gzip", coded("zstd", big)), 21 << 20},
		// A frame of no bytes that says that its window is 8 MB, as many encoders do who do not know what comes.
		"a window": {"zstd", []byte{0x28, 0xb5, 0x2f, 0xfd, 0, 13 << 3, 1, 0, 0}, 9 << 20},
		// Two such, one in the other, which is the most that there is.
		"two windows": {"zstd, zstd", []byte{0x28, 0xb5, 0x2f, 0xfd, 0, 13 << 3, 9<<3 | 1, 0, 0, 0x28, 0xb5, 0x2f, 0xfd, 0, 13 << 3, 1, 0, 0}, 18 << 20},
		// One that says that its window is 64 GB, and one that says that it has as much.
		"a huge window":  {"zstd", []byte{0x28, 0xb5, 0x2f, 0xfd, 0, 26 << 3, 1, 0, 0}, 4 << 20},
		"a huge content": {"zstd", []byte{0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 16, 0, 0, 0, 1, 0, 0}, 4 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			for limit, ratio := range map[int64]int{10 << 20: 1 << 30, 1 << 40: 0} { // the size stops it, or the ratio
				var n int64
				h := filter.DecompressRequest(limit, filter.DecompressRequestOptions{MaxRatio: ratio})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					var err error
					n, err = io.Copy(struct{ io.Writer }{io.Discard}, r.Body)
					if tooLong := new(http.MaxBytesError); len(c.body) > 100 && !errors.As(err, &tooLong) {
						t.Errorf("%d bytes, %v", n, err)
					}
				}))
				r := httptest.NewRequest("POST", "/", bytes.NewReader(c.body))
				r.Header.Set("Content-Encoding", c.encoding)
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				h.ServeHTTP(httptest.NewRecorder(), r)
				runtime.ReadMemStats(&after)
				if took := after.TotalAlloc - before.TotalAlloc; took > c.most || n > 10<<20 {
					t.Errorf("limit %d: %d bytes came, %d bytes were allocated, want %d at most", limit, n, took, c.most)
				}
			}
		})
	}
}

// A handler that keeps its body cannot read what other requests send.
func TestDecompressRequest_kept(t *testing.T) {
	var kept []io.ReadCloser
	f := filter.DecompressRequest(1<<20, filter.DecompressRequestOptions{})
	for _, coding := range []string{"gzip", "zstd", "deflate"} {
		for _, end := range []string{"reads nothing", "reads some", "reads all", "closes"} {
			h := f(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				kept = append(kept, r.Body)
				switch end {
				case "reads some":
					r.Body.Read(make([]byte, 5))
				case "reads all":
					io.Copy(io.Discard, r.Body)
				case "closes":
					r.Body.Read(make([]byte, 5))
					if err := r.Body.Close(); err != nil {
						t.Error(err)
					}
				}
				for _, body := range kept[:len(kept)-1] {
					if n, err := body.Read(make([]byte, 100)); n > 0 || err == nil {
						t.Errorf("a body of another request is read: %d, %v", n, err)
					}
				}
				if end != "closes" && end != "reads all" {
					if rest, err := io.ReadAll(r.Body); err != nil || !strings.HasSuffix(page(3000), string(rest)) || len(rest) < 2990 {
						t.Errorf("%s, %s: %d bytes, %v", coding, end, len(rest), err)
					}
				}
			}))
			r := httptest.NewRequest("POST", "/", bytes.NewReader(coded(coding, []byte(page(3000)))))
			r.Header.Set("Content-Encoding", coding)
			h.ServeHTTP(httptest.NewRecorder(), r)
		}
	}
	for _, body := range kept {
		if n, err := body.Read(make([]byte, 1)); n > 0 || err == nil {
			t.Errorf("after its request a body is read: %d, %v", n, err)
		}
		body.Close()
	}
}

// Many requests at a time, some of whose bodies goroutines go on reading, get each its own.
func TestDecompressRequest_crowd(t *testing.T) {
	var late sync.WaitGroup
	h := filter.DecompressRequest(1<<20, filter.DecompressRequestOptions{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery == "late" {
			late.Go(func() { io.Copy(io.Discard, r.Body) })
			return
		}
		io.Copy(w, r.Body)
	}))
	var clients sync.WaitGroup
	for c := range 16 {
		clients.Go(func() {
			for i := range 20 {
				coding := []string{"gzip", "zstd", "deflate"}[i%3]
				want := strings.Repeat(fmt.Sprintf("%d of %d\n", i, c), 500)
				r := httptest.NewRequest("POST", "/", bytes.NewReader(coded(coding, []byte(want))))
				r.Header.Set("Content-Encoding", coding)
				if i%4 == 3 {
					r.URL.RawQuery = "late"
				}
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				if r.URL.RawQuery == "" && w.Body.String() != want {
					t.Errorf("%s: %d bytes, want %d", coding, w.Body.Len(), len(want))
				}
			}
		})
	}
	clients.Wait()
	late.Wait()
}

// Decoders are there already from the second request on.
func TestDecompressRequest_allocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes pools forget")
	}
	h := filter.DecompressRequest(1<<20, filter.DecompressRequestOptions{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
	}))
	for _, coding := range []string{"gzip", "zstd", "deflate"} {
		body := bytes.NewReader(coded(coding, []byte(page(32<<10))))
		r := httptest.NewRequest("POST", "/", body)
		r.Header.Set("Content-Encoding", coding)
		w := discardResponse{make(http.Header)}
		serve := func() {
			body.Seek(0, io.SeekStart)
			h.ServeHTTP(w, r)
		}
		serve()
		if n := testing.AllocsPerRun(50, serve); n > 20 {
			t.Errorf("%s: %v allocations", coding, n)
		}
	}
}

func TestDecompressRequest_nonsense(t *testing.T) {
	for want, f := range map[string]func(){
		"filter.DecompressRequest: limit is -1, below 0": func() { filter.DecompressRequest(-1, filter.DecompressRequestOptions{}) },
		"filter.DecompressRequest: MaxRatio is -1, below 0": func() {
			filter.DecompressRequest(1, filter.DecompressRequestOptions{MaxRatio: -1})
		},
		`filter.DecompressRequest: Encodings has "br", which is none of gzip, zstd and deflate`: func() {
			filter.DecompressRequest(1, filter.DecompressRequestOptions{Encodings: []string{"br"}})
		},
		"filter.DecompressRequest: next is nil": func() { filter.DecompressRequest(1, filter.DecompressRequestOptions{})(nil) },
	} {
		mustPanic(t, want, f)
	}
}

// FuzzDecompressRequest sends what no client should: the handler gets an error, or what the standard library decodes, and
// never more than the limit.
func FuzzDecompressRequest(f *testing.F) {
	for _, encoding := range []string{"gzip", "zstd", "deflate", "gzip, zstd", "deflate,gzip"} {
		body := []byte(page(2000))
		for name := range strings.SplitSeq(strings.ReplaceAll(encoding, " ", ""), ",") {
			body = coded(name, body)
		}
		f.Add(encoding, body)
		f.Add(encoding, body[:len(body)/2])
		f.Add(encoding, append(body, body...))
	}
	f.Add(strings.Repeat(",", 64<<10), []byte("x"))
	f.Add(strings.Repeat("gzip,", 13<<10), []byte("x"))
	const limit = 100_000
	decompress := filter.DecompressRequest(limit, filter.DecompressRequestOptions{})
	f.Fuzz(func(t *testing.T, encoding string, body []byte) {
		var got []byte
		var err error
		served := false
		h := decompress(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			served = true
			got, err = io.ReadAll(r.Body)
		}))
		r := httptest.NewRequest("POST", "/", struct{ io.Reader }{bytes.NewReader(body)})
		r.Header.Set("Content-Encoding", encoding)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if served == (w.Code == 415) {
			t.Fatalf("served: %v, status %d", served, w.Code)
		}
		var tooLong *http.MaxBytesError
		if len(got) > limit && (encoding == "gzip" || encoding == "zstd" || encoding == "deflate") {
			t.Fatalf("%d bytes", len(got))
		}
		if !served || len(body) == 0 || errors.As(err, &tooLong) {
			return
		}
		var want []byte
		var wantErr error
		switch encoding {
		case "gzip":
			want, wantErr = decodedBy(stdgzip.NewReader(bytes.NewReader(body)))
		case "deflate":
			rest := bytes.NewReader(body)
			want, wantErr = decodedBy(stdzlib.NewReader(rest))
			if rest.Len() > 0 && wantErr == nil {
				wantErr = errors.New("trailing data")
			}
		default:
			return
		}
		if (err == nil) != (wantErr == nil) || err == nil && !bytes.Equal(got, want) {
			t.Errorf("%d bytes and %v, the standard library has %d and %v", len(got), err, len(want), wantErr)
		}
	})
}

func decodedBy[R io.Reader](r R, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

func ExampleDecompressRequest() {
	intake := filter.DecompressRequest(1<<20, filter.DecompressRequestOptions{})(
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if tooLong := new(http.MaxBytesError); errors.As(err, &tooLong) {
				http.Error(w, "too much", http.StatusRequestEntityTooLarge)
				return
			}
			fmt.Fprintf(w, "%s", body)
		}))

	var body bytes.Buffer
	z := gzip.NewWriter(&body)
	io.WriteString(z, "hello")
	z.Close()
	for _, coding := range []string{"gzip", "br"} {
		r := httptest.NewRequest("POST", "/", bytes.NewReader(body.Bytes()))
		r.Header.Set("Content-Encoding", coding)
		w := httptest.NewRecorder()
		intake.ServeHTTP(w, r)
		fmt.Printf("%d %q\n", w.Code, w.Header().Get("Accept-Encoding"))
	}
	// Output:
	// 200 ""
	// 415 "gzip, zstd, deflate"
}
