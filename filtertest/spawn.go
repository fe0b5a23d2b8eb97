package filtertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"sync"
	"testing"
	"time"
)

// Spawned is a filter on a server of its own whose handler is the test. It is for scripts: a request is sent, arrives in
// the handler, which takes one step after the other as the test says, and in between the test looks at what the client
// has got.
//
//	s := filtertest.Spawn(t, mine.Filter)
//	reply := s.Send(httptest.NewRequest("GET", "/", nil))
//	call := s.Next()
//	call.WriteHeader(http.StatusEarlyHints)
//	early := reply.Early() // the client has it, and the handler has not gone on
//	call.Return()
//
// Every step is over when it returns, so no test has to sleep. What never happens ends the test with an error after ten
// seconds. The methods are for the goroutine of the test: they end it with t.Fatal. The network and the clock are real: in a
// bubble of testing/synctest use a Recorder.
type Spawned struct {
	URL string // the server's, without a path

	t        testing.TB
	client   *http.Client
	calls    chan *Call
	ending   chan struct{} // closed when the test is over
	patience time.Duration
	log      journal

	mu   sync.Mutex
	left []string // the requests whose handlers had not come to an end when the test was over
}

// Spawn serves f around a handler that the test drives, by net/http's own server for HTTP/1.1 on the loopback interface.
// It ends with the test, which fails when a request has arrived and was not brought to its end by Return, Panic or Do.
func Spawn(t testing.TB, f func(http.Handler) http.Handler) *Spawned {
	return spawn(t, f, false, patience)
}

// SpawnHTTP2 is Spawn over HTTP/2 with TLS.
func SpawnHTTP2(t testing.TB, f func(http.Handler) http.Handler) *Spawned {
	return spawn(t, f, true, patience)
}

func spawn(t testing.TB, f func(http.Handler) http.Handler, http2 bool, patience time.Duration) *Spawned {
	if f == nil {
		panic("filtertest.Spawn: f, the filter, is nil")
	}
	s := &Spawned{t: t, calls: make(chan *Call), ending: make(chan struct{}), patience: patience}
	server := httptest.NewUnstartedServer(outermost(f(http.HandlerFunc(s.handle))))
	server.Config.ErrorLog = log.New(&s.log, "", 0)
	if server.EnableHTTP2 = http2; http2 {
		server.TLS = overTLS().Clone()
		server.StartTLS()
	} else {
		server.Start()
	}
	s.URL = server.URL
	transport := server.Client().Transport.(*http.Transport).Clone()
	transport.DisableCompression = true // the request is sent as the test made it
	transport.ExpectContinueTimeout = patience
	s.client = &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	t.Cleanup(func() { s.end(server, transport) })
	return s
}

// end ends the server and what is left of the requests.
func (s *Spawned) end(server *httptest.Server, transport *http.Transport) {
	s.t.Helper()
	close(s.ending)
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		transport.CloseIdleConnections()
		server.Close()
	}()
	if !s.wait(closed) {
		s.t.Errorf("filtertest.Spawn: a request did not come out of the filter within %v after its handler had ended", s.patience)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.t.Failed() {
		for _, what := range s.left {
			s.t.Errorf("filtertest.Spawn: %s", what)
		}
	}
	if text := s.log.String(); s.t.Failed() && text != "" {
		s.t.Logf("filtertest.Spawn: the server's log:\n%s", text)
	}
}

// wait says whether ch was closed in time.
func (s *Spawned) wait(ch <-chan struct{}) bool {
	limit := time.NewTimer(s.patience)
	defer limit.Stop()
	select {
	case <-ch:
		return true
	case <-limit.C:
		return false
	}
}

// Send sends r to the server, whatever scheme, host and port its URL has; its Host stays. It returns at once. Both
// http.NewRequest and httptest.NewRequest make requests for it.
func (s *Spawned) Send(r *http.Request) *Reply {
	s.t.Helper()
	to, err := http.NewRequest(http.MethodGet, s.URL, nil)
	if err != nil {
		s.t.Fatalf("filtertest.Spawn: %v", err)
	}
	reply := &Reply{s: s, early: make(chan Early, 64), headed: make(chan struct{})}
	ctx, cancel := context.WithCancelCause(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{
		Got1xxResponse: func(status int, fields textproto.MIMEHeader) error {
			select {
			case reply.early <- Early{status, http.Header(fields)}:
				return nil
			default:
				return errors.New("filtertest: the test has not asked for that many informational responses")
			}
		},
	}))
	context.AfterFunc(s.t.Context(), func() { cancel(errTestOver) })
	reply.cancel = cancel
	out := r.Clone(ctx)
	out.URL.Scheme, out.URL.Host, out.RequestURI = to.URL.Scheme, to.URL.Host, ""
	if out.Host == "" {
		out.Host = r.URL.Host
	}
	go func() {
		defer close(reply.headed)
		reply.res, reply.err = s.client.Do(out)
	}()
	return reply
}

var errTestOver = errors.New("filtertest: the test is over")

// Next waits for the next request to arrive in the handler. The test fails when none does.
func (s *Spawned) Next() *Call {
	s.t.Helper()
	limit := time.NewTimer(s.patience)
	defer limit.Stop()
	select {
	case c := <-s.calls:
		return c
	case <-limit.C:
		s.t.Fatalf("filtertest.Spawn: no request arrived in the handler within %v", s.patience)
		return nil
	}
}

// A Reply is what the client gets for a request.
type Reply struct {
	s      *Spawned
	cancel context.CancelCauseFunc
	early  chan Early
	headed chan struct{} // closed when res or err is there
	res    *http.Response
	err    error
}

// Early waits for the next informational response. The test fails when none comes, or the final head before it.
func (reply *Reply) Early() Early {
	reply.s.t.Helper()
	limit := time.NewTimer(reply.s.patience)
	defer limit.Stop()
	select {
	case e := <-reply.early:
		return e
	case <-reply.headed:
	case <-limit.C:
		reply.s.t.Fatalf("filtertest.Spawn: no informational response came within %v", reply.s.patience)
	}
	select {
	case e := <-reply.early:
		return e
	default:
	}
	if reply.err != nil {
		reply.s.t.Fatalf("filtertest.Spawn: no informational response came: %v", reply.err)
	}
	reply.s.t.Fatalf("filtertest.Spawn: no informational response came before the final one: %s", reply.res.Status)
	return Early{}
}

// Head waits for the final head. The test fails when none comes. The body is there to be read, by Head().Body or by
// Read, which does not wait forever; the trailers are in Head().Trailer after the body's end.
func (reply *Reply) Head() *http.Response {
	reply.s.t.Helper()
	if !reply.s.wait(reply.headed) {
		reply.s.t.Fatalf("filtertest.Spawn: no final head came within %v", reply.s.patience)
	}
	if reply.err != nil {
		reply.s.t.Fatalf("filtertest.Spawn: no final head came: %v", reply.err)
	}
	return reply.res
}

// Read reads from the body and waits for its next bytes. Its error is io.EOF after the last one of a complete response,
// and something else when the response was cut, even before its head, or nothing came within ten seconds.
func (reply *Reply) Read(p []byte) (int, error) {
	limit := time.AfterFunc(reply.s.patience, func() {
		reply.cancel(fmt.Errorf("filtertest: nothing came within %v", reply.s.patience))
	})
	defer limit.Stop()
	<-reply.headed
	if reply.err != nil {
		return 0, reply.err
	}
	return reply.res.Body.Read(p)
}

// Text reads the next n bytes of the body. The test fails when they do not come.
func (reply *Reply) Text(n int) string {
	reply.s.t.Helper()
	p := make([]byte, n)
	if got, err := io.ReadFull(reply, p); err != nil {
		reply.s.t.Fatalf("filtertest.Spawn: the body goes no further than %q, want %d bytes: %v", p[:got], n, err)
	}
	return string(p)
}

// Rest reads what is left of the body. The error says how the response was cut, even if that was before its head; it is
// nil for a complete one.
func (reply *Reply) Rest() (string, error) {
	text, err := io.ReadAll(reply)
	return string(text), err
}

// Cancel lets the client go away.
func (reply *Reply) Cancel() { reply.cancel(context.Canceled) }
