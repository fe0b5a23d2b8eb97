package mount

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/http/httputil"
	"net/textproto"
	"strings"
	"sync"
	"time"

	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/rewrite"
)

// proxied is a request on its way to an application over HTTP, and its answer. It is the
// transport that httputil.ReverseProxy uses for this one request.
type proxied struct {
	fault
	target *target
	body   *body
	upload *upload      // body as it is sent; nil: there is none
	out    *proxiedBody // nil as long as there is no answer

	mu       sync.Mutex // for the header of w as long as the answer is awaited
	answered bool
}

// errTunnelled says that the answer was an upgrade, and is over.
var errTunnelled = errors.New("mount: the tunnel has ended")

var (
	proxyBuffers = buffers{}
	noLog        = log.New(io.Discard, "", 0) // the faults are ours to log
)

// flushInterval is how long a body of known length is held that comes slowly. Others are not.
const flushInterval = 100 * time.Millisecond

func (e *proxied) serve() {
	defer e.end()
	proxy := httputil.ReverseProxy{
		Rewrite: e.rewrite, Transport: e, ModifyResponse: e.modify, ErrorHandler: e.fail,
		BufferPool: proxyBuffers, ErrorLog: noLog, FlushInterval: flushInterval,
	}
	proxy.ServeHTTP(e.w, e.r)
	if e.out != nil && e.out.err == nil {
		panic(http.ErrAbortHandler) // ReverseProxy does so only below an http.Server
	}
}

// end logs what the application broke off, and cuts the answer.
func (e *proxied) end() {
	if e.upload != nil {
		_ = e.upload.Close()
	}
	if e.out != nil && e.out.err != nil && e.out.err != io.EOF {
		e.explain(e.out.err)
	}
}

// rewrite makes the request that the application is to see. What the client named in
// Connection has gone from it already, so that it cannot be what is written here.
func (e *proxied) rewrite(p *httputil.ProxyRequest) {
	out, h := p.Out, p.Out.Header
	e.target.point(out.URL, e.r)
	e.target.tell(h, e.r)
	if e.target.h2c || upgradesHTTP(h) {
		delete(h, "Connection")
		delete(h, "Upgrade")
	}
	out.Host, _ = rewrite.NamedHost(e.r)
	if e.target.host != "" {
		out.Host = e.target.host
		e.target.inward(h, e.r)
	}
	out.Trailer = nil
	if out.Body != nil {
		if len(e.r.Header["Expect"]) == 0 { // else the body may never come
			e.body.fullDuplex()
		}
		e.upload = &upload{body: e.body, out: out, user: e.target.userField}
		out.Body = e.upload
		if out.ContentLength < 0 {
			out.Trailer = announced(e.r, e.target.userField)
		}
	}
}

// RoundTrip sends the request and passes informational responses on. ReverseProxy would do
// the latter as well, but empties the header that filters around us have begun.
func (e *proxied) RoundTrip(out *http.Request) (*http.Response, error) {
	if trace := httptrace.ContextClientTrace(out.Context()); trace != nil {
		trace.Got1xxResponse = e.inform
	}
	res, err := e.target.transport.RoundTrip(out)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.answered = true
	return res, err
}

// inform sends an informational response. 100 is not sent on: net/http says it itself when
// the body is read, which the transport does when it has got it.
func (e *proxied) inform(status int, fields textproto.MIMEHeader) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if status == http.StatusSwitchingProtocols { // by HTTP/2, which has no upgrades
		return fmt.Errorf("it answers with the status %d", status)
	}
	if e.answered || status == http.StatusContinue || !e.r.ProtoAtLeast(1, 1) {
		return nil
	}
	dropConnection(http.Header(fields))
	e.target.outward(http.Header(fields), e.r)
	h := e.w.Header()
	kept := make(http.Header, len(h))
	for name, values := range h {
		kept[name] = values
	}
	for name, values := range fields {
		h[name] = values
	}
	h["Content-Length"] = nil // so that net/http takes a copy (golang/go#67940)
	e.w.WriteHeader(status)
	clear(h)
	for name, values := range kept {
		h[name] = values
	}
	return nil
}

// dropConnection deletes from h what speaks of one connection (RFC 9110 section 7.6.1), as
// ReverseProxy does with final responses.
func dropConnection(h http.Header) {
	for _, line := range h["Connection"] {
		for name := range strings.SplitSeq(line, ",") {
			h.Del(strings.Trim(name, " \t"))
		}
	}
	for _, name := range [...]string{"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade"} {
		delete(h, name)
	}
}

// modify prepares the answer to be sent.
func (e *proxied) modify(res *http.Response) error {
	if status := res.StatusCode; status < 200 && status != http.StatusSwitchingProtocols || status > 999 {
		return fmt.Errorf("it answers with the status %d", status)
	}
	e.target.outward(res.Header, e.r)
	h := e.w.Header()
	for name := range res.Header {
		if name != "Set-Cookie" && name != "Vary" {
			delete(h, name) // it was a default
		}
	}
	if vary := res.Header["Vary"]; len(vary) > 0 && len(h["Vary"]) > 0 {
		delete(res.Header, "Vary")
		capture.Vary(h, vary...)
	}
	if res.StatusCode == http.StatusSwitchingProtocols {
		return e.tunnel(res)
	}
	if _, typed := res.Header["Content-Type"]; !typed {
		h["Content-Type"] = nil // or net/http guesses
	}
	e.begun = true
	e.out = &proxiedBody{ReadCloser: res.Body}
	res.Body = e.out
	return nil
}

// fail answers a request that the application did not answer.
func (e *proxied) fail(_ http.ResponseWriter, _ *http.Request, err error) {
	ctx := e.r.Context()
	switch {
	case err == errTunnelled:
		return
	case ctx.Err() == context.Canceled && !errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		panic(http.ErrAbortHandler) // nobody is there to be answered
	}
	if e.body.broken.Load() {
		if _, tooLong := errors.AsType[*http.MaxBytesError](err); tooLong {
			http.Error(e.w, http.StatusText(http.StatusRequestEntityTooLarge), http.StatusRequestEntityTooLarge)
			return
		}
		err = errBroken
	}
	if slow, ok := errors.AsType[net.Error](err); ok && slow.Timeout() {
		e.status = http.StatusGatewayTimeout
	}
	e.explain(err)
}

// explain logs the fault and answers it.
func (e *proxied) explain(err error) {
	e.logger = e.target.logger.With(slog.String("url", e.target.scheme+"://"+e.target.address))
	e.answer(fmt.Errorf("proxy: %w", err))
}

// proxiedBody is the body of an answer. It remembers how it ended: nil as long as it did not.
type proxiedBody struct {
	io.ReadCloser
	err error
}

func (b *proxiedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 && err == io.EOF {
		return n, nil // nobody knows yet whether these bytes reach the client
	}
	if err != nil {
		b.err = err
	}
	return n, err
}

// buffers are those through which bodies are copied.
type buffers struct{}

const bufferSize = 32 << 10

var bufferPool = sync.Pool{New: func() any { return new([bufferSize]byte) }}

func (buffers) Get() []byte  { return bufferPool.Get().(*[bufferSize]byte)[:] }
func (buffers) Put(b []byte) { bufferPool.Put((*[bufferSize]byte)(b)) }
