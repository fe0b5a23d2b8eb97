package server_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/weirhttp/weir/cmd/weir/internal/server"
	"github.com/weirhttp/weir/deploy"
)

// pair makes a certificate for 127.0.0.1 and localhost that signs itself, and its key, both in PEM.
func pair(t testing.TB, serial int64, end time.Time) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(serial),
		Subject:               pkix.Name{CommonName: "weir test"},
		NotBefore:             time.Now().Add(-2 * time.Hour),
		NotAfter:              end,
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
		DNSNames:              []string{"localhost"},
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
}

// files are a certificate and its key in files.
type files struct {
	t *testing.T
	deploy.ServerTLS
}

func newFiles(t *testing.T) files {
	dir := t.TempDir()
	f := files{t, deploy.ServerTLS{Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem"), MinVersion: "1.2"}}
	f.replace(1)
	return f
}

// replace makes a new pair.
func (f files) replace(serial int64) {
	cert, key := pair(f.t, serial, time.Now().Add(time.Hour))
	f.write(f.Cert, cert)
	f.write(f.Key, key)
}

// write replaces a file by another one, as certbot and the like do it.
func (f files) write(name string, text []byte) {
	f.t.Helper()
	if err := os.WriteFile(name+".new", text, 0o600); err != nil {
		f.t.Fatal(err)
	}
	if err := os.Rename(name+".new", name); err != nil {
		f.t.Fatal(err)
	}
}

// serial is the number of the certificate that a new client gets.
func serial(t *testing.T, url string) int64 {
	t.Helper()
	res, _ := get(t, client(t, nil), url)
	return res.TLS.PeerCertificates[0].SerialNumber.Int64()
}

func TestACertificateIsReadAgainWhenItsFilesChange(t *testing.T) {
	f := newFiles(t)
	v := start(t, deploy.Server{TLS: f.ServerTLS}, hello, nil)
	url := v.URLs()[0]
	if !strings.HasPrefix(url, "https://127.0.0.1:") || serial(t, url) != 1 {
		t.Fatalf("%s", url)
	}
	f.replace(2)
	if got := serial(t, url); got != 2 {
		t.Errorf("after they were replaced a new client gets number %d", got)
	}

	f.write(f.Cert, []byte("no certificate"))
	for range 3 {
		if got := serial(t, url); got != 2 {
			t.Errorf("after the certificate broke a new client gets number %d", got)
		}
	}
	if err := os.Remove(f.Key); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if got := serial(t, url); got != 2 {
			t.Errorf("after the key went a new client gets number %d", got)
		}
	}
	if n := strings.Count(v.log.String(), "the old one stays"); n != 2 {
		t.Errorf("two changes that broke it were logged %d times:\n%s", n, v.log)
	}

	f.replace(3)
	if got := serial(t, url); got != 3 {
		t.Errorf("after all was well again a new client gets number %d", got)
	}
}

func TestAHalfReplacedPairKeepsTheOldOne(t *testing.T) {
	f := newFiles(t)
	v := start(t, deploy.Server{TLS: f.ServerTLS}, hello, nil)
	url := v.URLs()[0]
	cert, key := pair(t, 2, time.Now().Add(time.Hour))
	f.write(f.Cert, cert)
	if got := serial(t, url); got != 1 {
		t.Errorf("with the new certificate and the old key a new client gets number %d", got)
	}
	f.write(f.Key, key)
	if got := serial(t, url); got != 2 {
		t.Errorf("with both new a new client gets number %d", got)
	}
}

func TestAnExpiredCertificateIsInTheLog(t *testing.T) {
	f := newFiles(t)
	cert, key := pair(t, 7, time.Now().Add(-time.Hour))
	f.write(f.Cert, cert)
	f.write(f.Key, key)
	v := listen(t, deploy.Server{TLS: f.ServerTLS})
	if !strings.Contains(v.log.String(), "the certificate has expired") {
		t.Errorf("log %q", v.log)
	}
}

func TestCertificatesThatCannotBeRead(t *testing.T) {
	f := newFiles(t)
	none := write(t, "none.pem", "hello")
	for _, test := range []struct {
		name string
		s    deploy.Server
		want string
	}{
		{"a file that is not there", deploy.Server{TLS: deploy.ServerTLS{Cert: "/no/cert.pem", Key: f.Key}}, "[server.tls] cert /no/cert.pem, key "},
		{"a file without a certificate", deploy.Server{TLS: deploy.ServerTLS{Cert: none, Key: f.Key}}, "[server.tls] cert " + none},
		{"the two mixed up", deploy.Server{TLS: deploy.ServerTLS{Cert: f.Key, Key: f.Cert}}, "[server.tls] cert " + f.Key},
		{"a version that there is not", deploy.Server{TLS: deploy.ServerTLS{Cert: f.Cert, Key: f.Key, MinVersion: "1.1"}}, `[server.tls] min-version "1.1": write "1.2" or "1.3"`},
		{"no address that speaks TLS", deploy.Server{Listen: []string{"http://127.0.0.1:0"}, TLS: f.ServerTLS}, "no address speaks TLS"},
		{"roots that are none", deploy.Server{ACME: deploy.ServerACME{Hosts: []string{"weir.example"}, CA: none, Cache: "x"}}, "[server.acme] ca " + none + ": there is no certificate in it"},
		{"a host of one word", deploy.Server{ACME: deploy.ServerACME{Hosts: []string{"localhost"}, Cache: "x"}}, `[server.acme] hosts: no authority knows "localhost"`},
		{"no folder to keep them", deploy.Server{ACME: deploy.ServerACME{Hosts: []string{"weir.example"}}}, "[server.acme] cache: name a folder"},
	} {
		t.Run(test.name, func(t *testing.T) {
			v, err := server.Listen(defaults(test.s), slog.New(slog.DiscardHandler))
			if err == nil {
				v.Close()
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v, want %q", err, test.want)
			}
		})
	}
}

func TestProtocols(t *testing.T) {
	f := newFiles(t)
	only := func(set func(*http.Protocols, bool)) func(*http.Transport) {
		return func(x *http.Transport) {
			x.Protocols = new(http.Protocols)
			set(x.Protocols, true)
		}
	}
	version := func(v uint16) func(*http.Transport) {
		return func(x *http.Transport) { x.TLSClientConfig.MaxVersion = v }
	}
	tls13 := f.ServerTLS
	tls13.MinVersion = "1.3"
	for _, test := range []struct {
		name   string
		s      deploy.Server
		client func(*http.Transport)
		want   string // empty: refused
	}{
		{"HTTP/1.1", deploy.Server{}, only((*http.Protocols).SetHTTP1), "HTTP/1.1"},
		{"HTTP/2 without TLS, not asked for", deploy.Server{}, only((*http.Protocols).SetUnencryptedHTTP2), ""},
		{"HTTP/2 without TLS", deploy.Server{H2C: true}, only((*http.Protocols).SetUnencryptedHTTP2), "HTTP/2.0"},
		{"HTTP/1.1 beside it", deploy.Server{H2C: true}, only((*http.Protocols).SetHTTP1), "HTTP/1.1"},
		{"HTTP/2 with TLS", deploy.Server{TLS: f.ServerTLS}, nil, "HTTP/2.0"},
		{"HTTP/1.1 with TLS", deploy.Server{TLS: f.ServerTLS}, only((*http.Protocols).SetHTTP1), "HTTP/1.1"},
		{"TLS 1.1", deploy.Server{TLS: f.ServerTLS}, version(tls.VersionTLS11), ""},
		{"TLS 1.2", deploy.Server{TLS: f.ServerTLS}, version(tls.VersionTLS12), "HTTP/2.0"},
		{"TLS 1.2 where 1.3 is wanted", deploy.Server{TLS: tls13}, version(tls.VersionTLS12), ""},
		{"TLS 1.3 where it is wanted", deploy.Server{TLS: tls13}, version(tls.VersionTLS13), "HTTP/2.0"},
	} {
		t.Run(test.name, func(t *testing.T) {
			v := start(t, test.s, hello, nil)
			c := client(t, test.client)
			if test.want == "" {
				if res, err := c.Get(v.URLs()[0]); err == nil {
					res.Body.Close()
					t.Errorf("it answered by %s", res.Proto)
				}
				return
			}
			if res, body := get(t, c, v.URLs()[0]); res.Proto != test.want || body != "hello by "+test.want {
				t.Errorf("%s, %q", res.Proto, body)
			}
		})
	}
}

func TestPlainAddressesBesideTLS(t *testing.T) {
	f := newFiles(t)
	path := filepath.Join(socketDir(t), "socket")
	v := start(t, deploy.Server{Listen: []string{"http://127.0.0.1:0", "unix:" + path, "127.0.0.1:0"}, TLS: f.ServerTLS}, hello, nil)
	urls := v.URLs()
	if _, body := get(t, overUnix(t, path), "http://any/"); body != "hello by HTTP/1.1" {
		t.Errorf("the unix socket has body %q", body)
	}
	plain := urls[0]
	port := strings.TrimSuffix(urls[2][strings.LastIndex(urls[2], ":"):], "/")
	for _, test := range []struct {
		name, method, path, host string
		status                   int
		location                 string
	}{
		{"a client that sees our ports is sent to that of TLS", "GET", "/a%2Fb//c?x=%41", "example.org:8080", 308, "https://example.org" + port + "/a%2Fb//c?x=%41"},
		{"one that sees port 80 is sent to port 443", "GET", "/a", "example.org", 308, "https://example.org/a"},
		{"HEAD is as GET", "HEAD", "/a", "example.org", 308, "https://example.org/a"},
		{"an IPv6 address", "GET", "/", "[::1]", 308, "https://[::1]/"},
		{"an IPv6 address with a port", "GET", "/", "[::1]:8080", 308, "https://[::1]" + port + "/"},
		{"a path that looks like a host", "GET", "//evil.example/", "example.org", 308, "https://example.org//evil.example/"},
		{"a host that is none", "GET", "/", "a@evil.example", 400, ""},
		{"a port that is none", "GET", "/", "example.org:x", 400, ""},
		{"a target that is absolute", "GET", "/", "example.org/@evil.example", 400, ""},
		{"a request that changes something", "POST", "/a", "example.org", 400, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			res, _ := ask(t, client(t, nil), test.method, strings.TrimSuffix(plain, "/")+test.path, "Host: "+test.host)
			if res.StatusCode != test.status || res.Header.Get("Location") != test.location {
				t.Errorf("%d to %q, want %q", res.StatusCode, res.Header.Get("Location"), test.location)
			}
		})
	}
	t.Run("a client that follows", func(t *testing.T) {
		c := client(t, nil)
		c.CheckRedirect = nil
		if _, body := get(t, c, plain); body != "hello by HTTP/2.0" {
			t.Errorf("body %q", body)
		}
	})
}

// Package net/http sets HTTP/2 up once for a server, and which of its listeners comes first is chance.
func TestHTTP2BesideAPlainListener(t *testing.T) {
	f, dir := newFiles(t), socketDir(t)
	for range 10 {
		v := start(t, deploy.Server{Listen: []string{"unix:" + dir + "/a", "127.0.0.1:0", "unix:" + dir + "/b"}, TLS: f.ServerTLS}, hello, nil)
		c := client(t, nil)
		if _, body := get(t, c, v.URLs()[1]); body != "hello by HTTP/2.0" {
			t.Errorf("body %q", body)
		}
		c.CloseIdleConnections() // an idle one of HTTP/2 keeps a server for a second
		if err := v.end(); err != nil {
			t.Error(err)
		}
	}
}

// Whatever a client says in Host, it is not sent to another host than that.
func FuzzRedirect(f *testing.F) {
	cert, key := pair(f, 1, time.Now().Add(time.Hour))
	dir := f.TempDir()
	tls := deploy.ServerTLS{Cert: filepath.Join(dir, "cert"), Key: filepath.Join(dir, "key")}
	if err := errors.Join(os.WriteFile(tls.Cert, cert, 0o600), os.WriteFile(tls.Key, key, 0o600)); err != nil {
		f.Fatal(err)
	}
	v := start(f, deploy.Server{Listen: []string{"http://127.0.0.1:0", "127.0.0.1:0"}, TLS: tls}, hello, nil)
	address := strings.TrimSuffix(strings.TrimPrefix(v.URLs()[0], "http://"), "/")
	for _, host := range []string{"example.org", "example.org:80", "[::1]:8080", "[fe80::1%25eth0]", "a@b", "a:b:c", "[::1", "//a", ".", ""} {
		f.Add(host, "/a?b")
	}
	for _, target := range []string{"*", "a:.evil.example", "http://example.net/a", "http://example.net", "//a"} {
		f.Add("example.org", target)
	}
	f.Fuzz(func(t *testing.T, host, target string) {
		if strings.ContainsAny(host+target, "\r\n") {
			return
		}
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", target, host)
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != http.StatusPermanentRedirect {
			return
		}
		to, err := url.Parse(res.Header.Get("Location"))
		if err != nil || to.Scheme != "https" || to.User != nil || to.Hostname() == "" {
			t.Fatalf("Location %q, %v", res.Header.Get("Location"), err)
		}
		if absolute, err := url.Parse(target); err == nil && absolute.Host != "" && strings.Contains(target, "://") {
			host = absolute.Host // RFC 9112, section 3.2.2
		}
		if !strings.HasPrefix(strings.Trim(host, " \t["), to.Hostname()) {
			t.Errorf("Host %q leads to %q", host, to)
		}
	})
}
