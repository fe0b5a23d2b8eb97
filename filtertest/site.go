package filtertest

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync/atomic"
)

// A site is a handler below the filter on a server of its own, and a client that keeps its connections to itself.
type site struct {
	*subject
	server *httptest.Server
	client *http.Client
	calls  atomic.Int64 // how often the handler was reached
}

// serve starts a server for h below the filter.
func (s *subject) serve(h http.HandlerFunc) *site { return s.serveIn(h, nil) }

// serveIn is serve with something around the filter too: outer is called with the filtered handler.
func (s *subject) serveIn(h http.HandlerFunc, outer func(http.Handler) http.HandlerFunc) *site {
	return s.serveBelow(s.filter, h, outer)
}

// serveBelow is serveIn below a filter that need not be the one under test.
func (s *subject) serveBelow(f func(http.Handler) http.Handler, h http.HandlerFunc, outer func(http.Handler) http.HandlerFunc) *site {
	at := &site{subject: s}
	filtered := f(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at.calls.Add(1)
		if s.declared.Rewrites {
			restore(r)
		}
		h(w, r)
	}))
	if outer != nil {
		filtered = outer(filtered)
	}
	at.server = httptest.NewUnstartedServer(filtered)
	at.server.Config.ErrorLog = log.New(&s.log, "", 0)
	if s.proto == http2 {
		at.server.EnableHTTP2 = true
		at.server.TLS = overTLS().Clone()
		at.server.StartTLS()
	} else {
		at.server.Start()
	}
	s.closing(at.server.Close)
	at.client = at.newClient()
	return at
}

// restore gives the request of the handler the path and query that the client asked for: the kit's own handlers go by
// them. A filter that rewrites them does so on a URL of its own, or breaks F02.
func restore(r *http.Request) {
	if u, err := url.ParseRequestURI(r.RequestURI); err == nil && *u != *r.URL {
		r.URL = u
	}
}

// newClient returns a client that shares no connection with any other.
func (at *site) newClient() *http.Client {
	transport := at.server.Client().Transport.(*http.Transport).Clone()
	transport.DisableCompression = true // the kit asks for codings itself, to see what is sent
	transport.ExpectContinueTimeout = at.limit
	transport.MaxIdleConnsPerHost = 100
	at.closing(transport.CloseIdleConnections)
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// request makes a request to the site. Fields come as names and values in turn; the value "" leaves a field out.
// Unless they say otherwise the client accepts gzip: compressors are filters too.
func (at *site) request(method, path string, body io.Reader, fields ...string) *http.Request {
	r, err := http.NewRequestWithContext(at.ctx, method, at.server.URL+path, body)
	if err != nil {
		panic("filtertest: " + err.Error()) // a mistake in the kit itself
	}
	r.Header.Set("Accept-Encoding", "gzip")
	for pair := range slices.Chunk(fields, 2) {
		if r.Header.Del(pair[0]); pair[1] != "" {
			r.Header.Set(pair[0], pair[1])
		}
	}
	return r
}

// An answer is a response that was read to its end, or as far as it came.
type answer struct {
	*http.Response        // nil when not even a head came
	raw            []byte // the body as it was sent
	body           []byte // the body without its content coding
	cut            error  // why the response is not complete; nil when it is
	bad            error  // why a complete body does not decode; nil when it does
	free           bool   // the filter transforms bodies: is compares none
}

// send sends r and reads the answer.
func (at *site) send(r *http.Request) *answer { return at.sendBy(at.client, r) }

// sendBy is send by another client, over another connection.
func (at *site) sendBy(client *http.Client, r *http.Request) *answer {
	res, err := client.Do(r)
	if err != nil {
		return &answer{cut: err}
	}
	return at.read(res)
}

// read reads a response to its end.
func (at *site) read(res *http.Response) *answer {
	defer res.Body.Close()
	a := &answer{Response: res, free: at.declared.Transforms}
	a.raw, a.cut = io.ReadAll(res.Body)
	a.body = a.raw
	if a.cut == nil && res.Header.Get("Content-Encoding") == "gzip" && len(a.raw) > 0 {
		a.body, a.bad = io.ReadAll(decode(res.Header, bytes.NewReader(a.raw)))
	}
	return a
}

// unreached is the complaint that a request did not reach the handler.
type unreached struct{ what string }

func (u *unreached) Error() string { return u.what }

// reached returns an error when no request reached the handler.
func (at *site) reached() error {
	if at.calls.Load() == 0 {
		return &unreached{"the handler was not called"}
	}
	return nil
}

// get fetches path and fails unless a complete response came and the handler was reached.
func (at *site) get(path string, fields ...string) (*answer, error) {
	return at.whole(at.request("GET", path, nil, fields...))
}

// whole sends r and fails unless a complete response came and the handler was reached.
func (at *site) whole(r *http.Request) (*answer, error) {
	before := at.calls.Load()
	a := at.send(r)
	if a.cut != nil {
		return a, fmt.Errorf("%s %s: the response is not complete: %w", r.Method, r.URL.Path, a.cut)
	}
	if a.bad != nil {
		return a, fmt.Errorf("%s %s: the coded body does not decode: %w", r.Method, r.URL.Path, a.bad)
	}
	if at.calls.Load() == before {
		return a, &unreached{fmt.Sprintf("%s %s: the filter answered %d itself: the handler was not called", r.Method, r.URL.Path, a.StatusCode)}
	}
	return a, nil
}

// expect fetches path and fails unless the handler's status and body came.
func (at *site) expect(path string, status int, body string, fields ...string) (*answer, error) {
	a, err := at.get(path, fields...)
	if err != nil {
		return a, err
	}
	return a, a.is(status, body)
}

// is compares status and decoded body.
func (a *answer) is(status int, body string) error {
	if a.StatusCode != status {
		return fmt.Errorf("the status is %d, want %d", a.StatusCode, status)
	}
	if a.free && body != "" {
		return nil
	}
	return same(a.body, []byte(body))
}

// same compares two bodies and says where they part.
func same(got, want []byte) error {
	if bytes.Equal(got, want) {
		return nil
	}
	at := 0
	for at < min(len(got), len(want)) && got[at] == want[at] {
		at++
	}
	return fmt.Errorf("the body has %d bytes, want %d; they differ from byte %d on: %.40q, want %.40q",
		len(got), len(want), at, got[at:], want[at:])
}

// decode returns body without its content coding, as a stream: it blocks for the first bytes when they are read,
// not now.
func decode(h http.Header, body io.Reader) io.Reader {
	if h.Get("Content-Encoding") != "gzip" {
		return body
	}
	return &gunzip{from: body}
}

type gunzip struct {
	from io.Reader
	gz   *gzip.Reader
}

// Read reads decoded bytes.
func (g *gunzip) Read(p []byte) (int, error) {
	if g.gz == nil {
		gz, err := gzip.NewReader(g.from)
		if errors.Is(err, io.EOF) {
			return 0, io.ErrUnexpectedEOF
		}
		if err != nil {
			return 0, err
		}
		g.gz = gz
	}
	return g.gz.Read(p)
}
