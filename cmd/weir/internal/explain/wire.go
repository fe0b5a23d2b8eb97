package explain

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"sync"
	"time"
)

// kept is how much of a body is kept to be shown, in bytes.
const kept = 4 << 10

// settle is how long a handler may go on when its client has gone.
const settle = 2 * time.Second

// received is the response as the client got it.
type received struct {
	Informational []informed `json:"informational,omitempty"` // 1xx, before the answer
	reply
	Error string `json:"error,omitempty"` // that came while the body was read
	body  []byte // the beginning
}

// informed is an informational response.
type informed struct {
	Status int         `json:"status"`
	Header http.Header `json:"header"`
}

// exchange sends a request to a handler by a connection that nobody else has, through a server as net/http has it, and
// reads the answer. Peer is who the handler takes for the client; nil: whoever it is.
func exchange(req *http.Request, h http.Handler, peer net.Addr, rec *Recorder) (*received, error) {
	client, server, err := connect(peer)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	if req.URL.Scheme == "https" {
		if server, err = secured(server); err != nil {
			return nil, err
		}
	}
	listener := &single{conns: make(chan net.Conn, 1), addr: server.LocalAddr()}
	listener.conns <- server
	site := &http.Server{Handler: rec.site(h), ErrorLog: log.New(rec, "", 0)}
	defer site.Close()
	go func() { _ = site.Serve(listener) }()
	transport := &http.Transport{
		DisableCompression:    true,
		ExpectContinueTimeout: time.Second,
		DialContext:           func(context.Context, string, string) (net.Conn, error) { return client, nil },
		TLSClientConfig:       &tls.Config{InsecureSkipVerify: true}, // the other end is this program
	}
	defer transport.CloseIdleConnections()
	ctx, cancel := context.WithCancel(context.WithoutCancel(req.Context()))
	context.AfterFunc(req.Context(), func() {
		rec.stop() // before handlers see that the client has gone
		cancel()
	})
	res, err := receive(req.WithContext(ctx), transport)
	if err == nil {
		rec.wait(ctx.Done()) // with the client still there: a handler may have more to do than to answer
	} else if late := req.Context().Err(); late != nil {
		err = late
	}
	rec.stop()
	cancel()
	_ = client.Close()
	late, enough := context.WithTimeout(context.Background(), settle)
	defer enough()
	rec.wait(late.Done())
	return res, err
}

// site notes when the request comes, and when it has been served.
func (rec *Recorder) site(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec.mu.Lock()
		rec.entered = true
		rec.mu.Unlock()
		defer close(rec.ended)
		h.ServeHTTP(w, r)
	})
}

// wait waits for the site to return, if the request came to it, or until nobody waits any longer.
func (rec *Recorder) wait(enough <-chan struct{}) {
	rec.mu.Lock()
	entered := rec.entered
	rec.mu.Unlock()
	if !entered {
		return
	}
	select {
	case <-rec.ended:
	case <-enough:
	}
}

// receive sends a request and reads the answer, of whose body it keeps the beginning.
func receive(req *http.Request, transport http.RoundTripper) (*received, error) {
	got := &received{}
	var mu sync.Mutex
	ctx := httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		Got1xxResponse: func(status int, header textproto.MIMEHeader) error {
			mu.Lock()
			defer mu.Unlock()
			got.Informational = append(got.Informational, informed{status, http.Header(header)})
			return nil
		},
	})
	res, err := transport.RoundTrip(req.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	mu.Lock()
	defer mu.Unlock()
	got.reply = reply{Status: res.StatusCode, Header: res.Header}
	if len(res.TransferEncoding) > 0 { // net/http keeps the two apart
		got.Header["Transfer-Encoding"] = res.TransferEncoding
	}
	if res.Close {
		got.Header["Connection"] = []string{"close"}
	}
	if res.StatusCode == http.StatusSwitchingProtocols {
		got.Hijacked = true
		return got, nil
	}
	got.read(res)
	return got, nil
}

// read reads the body, to its end or as long as there is time.
func (got *received) read(res *http.Response) {
	sum := sha256.New()
	first := &beginning{most: kept}
	n, err := io.Copy(io.MultiWriter(sum, first), res.Body)
	got.Bytes, got.body, got.Trailer = n, first.bytes, res.Trailer
	if n > 0 {
		got.Hash = hex.EncodeToString(sum.Sum(nil))[:12]
	}
	switch {
	case errors.Is(err, context.Canceled):
		got.Error = "it was still going on when the time was up"
	case err != nil:
		got.Cut, got.Error = true, "it was cut"
	}
}

// beginning keeps the first bytes that are written to it.
type beginning struct {
	bytes []byte
	most  int
}

func (b *beginning) Write(p []byte) (int, error) {
	b.bytes = append(b.bytes, p[:min(len(p), b.most-len(b.bytes))]...)
	return len(p), nil
}

// connect returns the two ends of a connection of this machine with itself. Of the server's end the peer is as given,
// unless it is nil.
func connect(peer net.Addr) (client, server net.Conn, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	defer listener.Close()
	client, err = net.Dial("tcp", listener.Addr().String())
	if err != nil {
		return nil, nil, err
	}
	for {
		server, err = listener.Accept()
		if err != nil {
			client.Close()
			return nil, nil, err
		}
		if server.RemoteAddr().String() == client.LocalAddr().String() {
			break
		}
		server.Close() // somebody else's
	}
	if peer != nil {
		server = from{server, peer}
	}
	return client, server, nil
}

// from is a connection that says that it is with somebody else.
type from struct {
	net.Conn
	peer net.Addr
}

func (f from) RemoteAddr() net.Addr { return f.peer }

// secured returns the server's end of a connection by TLS, with a certificate that nobody else trusts.
func secured(conn net.Conn) (net.Conn, error) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		return nil, err
	}
	certificate := tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}
	return tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{certificate}}), nil
}

// single is a listener that has one connection.
type single struct {
	conns chan net.Conn
	addr  net.Addr
	once  sync.Once
}

func (s *single) Accept() (net.Conn, error) {
	if conn, ok := <-s.conns; ok {
		return conn, nil
	}
	return nil, net.ErrClosed
}

func (s *single) Close() error {
	s.once.Do(func() { close(s.conns) })
	return nil
}

func (s *single) Addr() net.Addr { return s.addr }
