package weir_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/weirhttp/weir"
	"github.com/weirhttp/weir/mount"
)

// rawStreams are what clients send that try to make two servers read one
// stream of bytes as different requests. A line ends in CRLF; ~ is the place
// where the application is mounted. The path decides how much of a body the
// application reads: /all, /some or /none.
var rawStreams = map[string]string{
	"a plain request":                     "GET ~/all HTTP/1.1\nHost: h\n\n",
	"two requests at once":                "GET ~/all?1 HTTP/1.1\nHost: h\n\nGET ~/all?2 HTTP/1.1\nHost: h\n\n",
	"a body and a request behind it":      "POST ~/all HTTP/1.1\nHost: h\nContent-Length: 3\n\nabcGET ~/all?2 HTTP/1.1\nHost: h\n\n",
	"an unread body and a request":        "POST ~/none HTTP/1.1\nHost: h\nContent-Length: 3\n\nabcGET ~/all?2 HTTP/1.1\nHost: h\n\n",
	"a body that is read in part":         "POST ~/some HTTP/1.1\nHost: h\nContent-Length: 30\n\nGET ~/all?smuggled HTTP/1.1\n\n  GET ~/all?2 HTTP/1.1\nHost: h\n\n",
	"an unread body in chunks":            "POST ~/none HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n\n3\nabc\n0\n\nGET ~/all?2 HTTP/1.1\nHost: h\n\n",
	"a body in chunks":                    "POST ~/all HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n\n3\nabc\n0\n\nGET ~/all?2 HTTP/1.1\nHost: h\n\n",
	"chunks with extensions":              "POST ~/all HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n\n3;a=b;c=\"d\"\nabc\n0;x\n\nGET ~/all?2 HTTP/1.1\nHost: h\n\n",
	"chunks with a trailer":               "POST ~/all HTTP/1.1\nHost: h\nTrailer: X-Sum\nTransfer-Encoding: chunked\n\n3\nabc\n0\nX-Sum: 1\nContent-Length: 9\n\nGET ~/all?2 HTTP/1.1\nHost: h\n\n",
	"a length and chunks":                 "POST ~/all HTTP/1.1\nHost: h\nContent-Length: 6\nTransfer-Encoding: chunked\n\n0\n\nGET ~/all?2 HTTP/1.1\nHost: h\n\n",
	"chunks and a length":                 "POST ~/all HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\nContent-Length: 3\n\n8\nSMUGGLED\n0\n\n",
	"chunks in capitals":                  "POST ~/all HTTP/1.1\nHost: h\nTransfer-Encoding: Chunked\n\n3\nabc\n0\n\n",
	"chunked twice":                       "POST ~/all HTTP/1.1\nHost: h\nTransfer-Encoding: chunked, chunked\n\n0\n\n",
	"two transfer codings":                "POST ~/all HTTP/1.1\nHost: h\nTransfer-Encoding: gzip, chunked\n\n0\n\n",
	"an unknown transfer coding":          "POST ~/all HTTP/1.1\nHost: h\nTransfer-Encoding: xchunked\n\n0\n\n",
	"identity and a length":               "POST ~/all HTTP/1.1\nHost: h\nTransfer-Encoding: identity\nContent-Length: 3\n\nabc",
	"a tab before chunked":                "POST ~/all HTTP/1.1\nHost: h\nTransfer-Encoding:\tchunked\n\n3\nabc\n0\n\n",
	"a control character before chunked":  "POST ~/all HTTP/1.1\nHost: h\nTransfer-Encoding: \x0bchunked\n\n0\n\n",
	"a space before the colon":            "POST ~/all HTTP/1.1\nHost: h\nTransfer-Encoding : chunked\nContent-Length: 5\n\n0\n\nX",
	"a space before the colon of another": "GET ~/all HTTP/1.1\nHost: h\nX-Name : v\n\n",
	"a space before a field":              "GET ~/all HTTP/1.1\nHost: h\n X-Name: v\n\n",
	"a folded line":                       "GET ~/all HTTP/1.1\nHost: h\nX-Name: a\n b\n\n",
	"a folded length":                     "POST ~/all HTTP/1.1\nHost: h\nContent-Length:\n 3\n\nabc",
	"lines that end in LF":                "GET ~/all HTTP/1.1\vHost: h\v\vGET ~/all?2 HTTP/1.1\vHost: h\v\v",
	"a chunk size that ends in LF":        "POST ~/all HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n\n3\vabc\n0\n\n",
	"a chunk extension with an LF":        "POST ~/all HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n\n3;a\vb\nabc\n0\n\n",
	"a CR within a value":                 "GET ~/all HTTP/1.1\nHost: h\nX-Name: a\rb\n\n",
	"a NUL within a value":                "GET ~/all HTTP/1.1\nHost: h\nX-Name: a\x00b\n\n",
	"a field without a name":              "GET ~/all HTTP/1.1\nHost: h\n: v\n\n",
	"a field without a colon":             "GET ~/all HTTP/1.1\nHost: h\nX-Name\n\n",
	"the same length twice":               "POST ~/all HTTP/1.1\nHost: h\nContent-Length: 3\nContent-Length: 3\n\nabc",
	"two lengths":                         "POST ~/all HTTP/1.1\nHost: h\nContent-Length: 3\nContent-Length: 4\n\nabcd",
	"two lengths in one line":             "POST ~/all HTTP/1.1\nHost: h\nContent-Length: 3, 3\n\nabc",
	"a negative length":                   "POST ~/all HTTP/1.1\nHost: h\nContent-Length: -3\n\nabc",
	"a length with a sign":                "POST ~/all HTTP/1.1\nHost: h\nContent-Length: +3\n\nabc",
	"a length in hexadecimal":             "POST ~/all HTTP/1.1\nHost: h\nContent-Length: 0x3\n\nabc",
	"an empty length":                     "POST ~/all HTTP/1.1\nHost: h\nContent-Length:\n\nabc",
	"a length beyond 64 bits":             "POST ~/all HTTP/1.1\nHost: h\nContent-Length: 18446744073709551619\n\nabc",
	"a body that falls short":             "POST ~/all HTTP/1.1\nHost: h\nContent-Length: 9\n\nabc",
	"chunks that fall short":              "POST ~/all HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n\n9\nabc",
	"a chunk size beyond 64 bits":         "POST ~/all HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n\n10000000000000003\nabc\n0\n\n",
	"a negative chunk size":               "POST ~/all HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n\n-3\nabc\n0\n\n",
	"a chunk longer than its size":        "POST ~/all HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n\n3\nabcd\n0\n\n",
	"a GET with a body":                   "GET ~/none HTTP/1.1\nHost: h\nContent-Length: 3\n\nabcGET ~/all?2 HTTP/1.1\nHost: h\n\n",
	"the absolute form":                   "GET http://other.example~/all HTTP/1.1\nHost: h\n\n",
	"the absolute form with a user":       "GET http://me:secret@h~/all HTTP/1.1\nHost: h\n\n",
	"a form that is none":                 "GET ~/all?1 HTTP/1.1 HTTP/1.1\nHost: h\n\n",
	"a fragment":                          "GET ~/all#x HTTP/1.1\nHost: h\n\n",
	"two slashes":                         "GET ~//all HTTP/1.1\nHost: h\n\n",
	"a query that does not parse":         "GET ~/all?a=%zz;b=%&c==;;&%00 HTTP/1.1\nHost: h\n\n",
	"the asterisk":                        "OPTIONS * HTTP/1.1\nHost: h\n\n",
	"CONNECT":                             "CONNECT h:443 HTTP/1.1\nHost: h:443\n\nGET ~/all?smuggled HTTP/1.1\nHost: h\n\n",
	"another method":                      "BREW ~/all HTTP/1.1\nHost: h\n\n",
	"a method that is none":               "GE(T ~/all HTTP/1.1\nHost: h\n\n",
	"HTTP/0.9":                            "GET ~/all\n\n",
	"HTTP/1.0":                            "GET ~/all HTTP/1.0\n\n",
	"HTTP/1.0 that stays":                 "GET ~/all HTTP/1.0\nConnection: keep-alive\n\nGET ~/all?2 HTTP/1.0\n\n",
	"HTTP/1.0 in chunks":                  "POST ~/all HTTP/1.0\nTransfer-Encoding: chunked\nContent-Length: 3\n\n0\n\n",
	"HTTP/2 by name":                      "GET ~/all HTTP/2.0\nHost: h\n\n",
	"HTTP/1.2":                            "GET ~/all HTTP/1.2\nHost: h\n\n",
	"no host":                             "GET ~/all HTTP/1.1\n\n",
	"two hosts":                           "GET ~/all HTTP/1.1\nHost: a\nHost: b\n\n",
	"a host with a space":                 "GET ~/all HTTP/1.1\nHost: a b\n\n",
	"a host with a user":                  "GET ~/all HTTP/1.1\nHost: me@h/x\n\n",
	"an expectation that nobody has":      "GET ~/all HTTP/1.1\nHost: h\nExpect: tea\n\n",
	"100-continue, read":                  "POST ~/all HTTP/1.1\nHost: h\nExpect: 100-continue\nContent-Length: 3\n\nabcGET ~/all?2 HTTP/1.1\nHost: h\n\n",
	"100-continue, unread":                "POST ~/none HTTP/1.1\nHost: h\nExpect: 100-continue\nContent-Length: 3\n\nabcGET ~/all?2 HTTP/1.1\nHost: h\n\n",
	"100-continue, echoed":                "POST ~/echo HTTP/1.1\nHost: h\nExpect: 100-continue\nContent-Length: 3\n\nabc",
	"an upgrade that nobody does":         "GET ~/all HTTP/1.1\nHost: h\nConnection: Upgrade\nUpgrade: websocket\n\nGET ~/all?2 HTTP/1.1\nHost: h\n\n",
	"an end that the client asks for":     "GET ~/all HTTP/1.1\nHost: h\nConnection: close\n\nGET ~/all?2 HTTP/1.1\nHost: h\n\n",
	"empty lines before it":               "\n\nGET ~/all HTTP/1.1\nHost: h\n\n",
	"rubbish":                             "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n\n",
}

// rawApp answers and notes what it sees of each request.
type rawApp struct {
	mu   sync.Mutex
	seen []string
}

func (a *rawApp) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	limit := int64(0)
	switch {
	case strings.HasSuffix(r.URL.Path, "/all"):
		limit = 1 << 20
	case strings.HasSuffix(r.URL.Path, "/some"):
		limit = 5
	}
	w.Header().Set("Content-Type", "text/plain")
	if strings.HasSuffix(r.URL.Path, "/echo") {
		_, _ = io.Copy(w, r.Body)
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, limit))
	header := r.Header.Clone()
	header.Del("X-Request-Id") // what the stacks set
	header.Del("X-Seen")
	a.mu.Lock()
	a.seen = append(a.seen, fmt.Sprintf("%s %s %s host %q length %d coded %q close %v %v trailer %v body %q, %v", r.Method, r.RequestURI,
		r.Proto, r.Host, r.ContentLength, r.TransferEncoding, r.Close, header, r.Trailer, body, err))
	a.mu.Unlock()
	_, _ = fmt.Fprintf(w, "seen %d", len(body))
}

// TestRawStreams sends the same bytes to an application alone and behind each
// stack: it sees the same requests, and the client the same answers.
func TestRawStreams(t *testing.T) {
	for _, f := range faultStacks {
		for _, place := range []string{"", "/app"} {
			t.Run(f.name+place, func(t *testing.T) {
				bare, behind := new(rawApp), new(rawApp)
				one, two := new(faultSite), new(faultSite)
				one.open(t, bare)
				two.open(t, weir.Stack(f.stack(silent)...).Then(mount.At(place, behind)))
				for name, stream := range rawStreams {
					if line, _, _ := strings.Cut(stream, "\n"); place != "" && !strings.Contains(line, "~") {
						continue // not for this application
					}
					stream = strings.NewReplacer("\n", "\r\n", "\v", "\n", "~", place).Replace(stream)
					want, got := bare.answers(one, stream), behind.answers(two, stream)
					if !slices.Equal(want, got) {
						t.Errorf("%s:\nbare   %q\nbehind %q", name, want, got)
					}
				}
			})
		}
	}
}

// answers returns what comes of a stream: the requests that the application saw
// and the responses that the client got.
func (a *rawApp) answers(s *faultSite, stream string) []string {
	a.mu.Lock()
	a.seen = nil
	a.mu.Unlock()
	conn := s.dial()
	defer conn.Close()
	_, _ = io.WriteString(conn, stream)
	_ = conn.CloseWrite()
	all, _ := io.ReadAll(conn)
	a.mu.Lock()
	got := slices.Clone(a.seen)
	a.mu.Unlock()
	in := bufio.NewReader(bytes.NewReader(all))
	for {
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			rest, _ := io.ReadAll(in)
			return append(got, fmt.Sprintf("and then %q", rest))
		}
		e := readExchange(res)
		got = append(got, fmt.Sprintf("%s length %d coded %q close %v type %q body %q, %v", res.Status, e.length, res.TransferEncoding,
			res.Close, res.Header.Get("Content-Type"), e.text, e.cut))
	}
}
