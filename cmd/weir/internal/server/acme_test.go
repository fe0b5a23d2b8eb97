package server_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weirhttp/weir/deploy"
)

// host is the name that the tests have certificates for. Only nameServer knows it.
const host = "weir.example"

// pebble is a running Pebble, the ACME server that Let's Encrypt makes for tests.
type pebble struct {
	address string // of its directory
	roots   *x509.CertPool
	stop    func()
}

// buildPebble builds the command, which is a tool of module bench, so that nobody's go.sum has it. Go keeps it in its cache.
func buildPebble(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "pebble")
	c := exec.Command("go", "-C", "../../../../bench", "build", "-o", program, "github.com/letsencrypt/pebble/v2/cmd/pebble")
	c.Env = append(os.Environ(), "GOWORK=off")
	if out, err := c.CombinedOutput(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%v\n%s", err, out)
		}
		t.Skipf("Pebble cannot be built here: %v\n%s", err, out)
	}
	return program
}

// freeAddress is one that was free a moment ago: Pebble does not say which port it got.
func freeAddress(t *testing.T) string {
	t.Helper()
	l := tcp(t)
	defer l.Close()
	return l.Addr().String()
}

// portOf is the port of a URL of a server.
func portOf(t *testing.T, base string) int {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// startPebble has Pebble listen at an address and look for the host at the given ports.
func startPebble(t *testing.T, program, address string, f files, httpPort, tlsPort int) *pebble {
	t.Helper()
	management := freeAddress(t)
	config, err := json.Marshal(map[string]any{"pebble": map[string]any{
		"listenAddress": address, "managementListenAddress": management,
		"certificate": f.Cert, "privateKey": f.Key,
		"httpPort": httpPort, "tlsPort": tlsPort,
		"keyAlgorithm": "ecdsa", "retryAfter": map[string]int{"authz": 1, "order": 1},
	}})
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(program, "-config", write(t, "pebble.json", string(config)), "-dnsserver", nameServer(t))
	c.Env = append(os.Environ(), "PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=0")
	var log bytes.Buffer
	c.Stdout, c.Stderr = &log, &log
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	p := &pebble{address: address, stop: func() {
		c.Process.Kill()
		c.Wait()
	}}
	t.Cleanup(func() {
		p.stop()
		if t.Failed() {
			t.Logf("Pebble said:\n%s", &log)
		}
	})
	p.roots = p.root(t, "https://"+management+"/roots/0")
	return p
}

// root asks for the root certificate until Pebble answers. It is a new one in each run.
func (p *pebble) root(t *testing.T, address string) *x509.CertPool {
	t.Helper()
	c := client(t, nil)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(20 * time.Second); ; <-tick.C {
		res, err := c.Get(address)
		if err != nil {
			if time.Now().After(end) {
				t.Fatal(err)
			}
			continue
		}
		text, err := io.ReadAll(res.Body)
		res.Body.Close()
		pool := x509.NewCertPool()
		if err != nil || !pool.AppendCertsFromPEM(text) {
			t.Fatalf("%v, %q", err, text)
		}
		return pool
	}
}

// nameServer is a DNS server over TCP for which every name has the address 127.0.0.1, and nothing else.
func nameServer(t *testing.T) string {
	l := tcp(t)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go answerNames(c)
		}
	}()
	return l.Addr().String()
}

func answerNames(c net.Conn) {
	defer c.Close()
	for r := bufio.NewReader(c); ; {
		var size uint16
		if binary.Read(r, binary.BigEndian, &size) != nil || size < 17 {
			return
		}
		query := make([]byte, size)
		if _, err := io.ReadFull(r, query); err != nil {
			return
		}
		end := 12 + bytes.IndexByte(query[12:], 0) + 5 // RFC 1035, section 4.1: the head, one name, its type and class
		answer := append(query[:2:2], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0)
		answer = append(answer, query[12:end]...)
		if query[end-3] == 1 { // A
			answer[7] = 1
			answer = append(answer, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1)
		}
		c.Write(binary.BigEndian.AppendUint16(nil, uint16(len(answer))))
		c.Write(answer)
	}
}

// port80 stands for a port 80 that leads to one of ours: clients name no port.
func port80(t *testing.T, base string) string {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(u)
		r.Out.Host = (&url.URL{Host: r.In.Host}).Hostname()
	}})
	t.Cleanup(s.Close)
	return s.URL
}

// visit is a browser that goes to the host and trusts roots.
func visit(t *testing.T, base string, roots *x509.CertPool, name string) (*http.Response, error) {
	t.Helper()
	c := client(t, func(x *http.Transport) {
		x.TLSClientConfig = &tls.Config{RootCAs: roots, ServerName: name}
	})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c.Do(req)
}

// waitFor waits until the log of a server has a text.
func (v *serving) waitFor(text string) {
	v.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(60 * time.Second); !strings.Contains(v.log.String(), text); <-tick.C {
		if time.Now().After(end) {
			v.t.Fatalf("the log does not get %q:\n%s", text, v.log)
		}
	}
}

func TestCertificatesOfARealACMEServer(t *testing.T) {
	program := buildPebble(t)
	for _, test := range []struct {
		name   string
		listen []string
		ports  func(v *serving) (http, tls int) // where Pebble looks
	}{
		{"TLS-ALPN-01", []string{"127.0.0.1:0"}, func(v *serving) (int, int) { return 1, portOf(t, v.URLs()[0]) }},
		{"HTTP-01", []string{"127.0.0.1:0", "http://127.0.0.1:0"}, func(v *serving) (int, int) { return portOf(t, port80(t, v.URLs()[1])), 1 }},
	} {
		t.Run(test.name, func(t *testing.T) {
			f, address := newFiles(t), freeAddress(t)
			s := deploy.Server{Listen: test.listen, ACME: deploy.ServerACME{
				Hosts: []string{host}, Email: "admin@" + host, Cache: filepath.Join(t.TempDir(), "acme"),
				Directory: &url.URL{Scheme: "https", Host: address, Path: "/dir"}, CA: f.Cert,
			}}
			v := listen(t, s)
			http, tls := test.ports(v)
			p := startPebble(t, program, address, f, http, tls)
			v.serve(hello, nil)
			v.waitFor("there is a certificate")
			wantCertificate(t, v, p)

			p.stop()
			again := start(t, s, hello, nil)
			wantCertificate(t, again, p)
		})
	}
}

// wantCertificate wants a visitor to get one for the host, and none for other names.
func wantCertificate(t *testing.T, v *serving, p *pebble) {
	t.Helper()
	res, err := visit(t, v.URLs()[0], p.roots, host)
	if err != nil {
		t.Fatalf("%v; log:\n%s", err, v.log)
	}
	res.Body.Close()
	if res.ProtoMajor != 2 {
		t.Errorf("protocol %s", res.Proto)
	}
	if _, err := visit(t, v.URLs()[0], p.roots, "other.example"); err == nil {
		t.Error("there is a certificate for another name")
	}
}

func TestAnAuthorityThatCannotBeReachedIsInTheLog(t *testing.T) {
	f := newFiles(t)
	s := deploy.Server{ACME: deploy.ServerACME{Hosts: []string{host}, Cache: t.TempDir(), CA: f.Cert,
		Directory: &url.URL{Scheme: "https", Host: freeAddress(t), Path: "/dir"}}}
	v := start(t, s, hello, nil)
	v.waitFor(`level=ERROR msg="there is no certificate yet" host=` + host)
	if err := v.end(); err != nil {
		t.Error(err)
	}
}
