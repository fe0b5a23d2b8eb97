package server

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/weirhttp/weir/deploy"
)

// keyPair is a certificate and its key, in files that are read again when they change.
type keyPair struct {
	cert, key string
	log       *slog.Logger

	mu      sync.Mutex
	stamps  [2]stamp // of the files when they were read last, well or not
	current *tls.Certificate
}

// stamp is what tells a file from what it was.
type stamp struct {
	info os.FileInfo
}

func stampOf(name string) (stamp, error) {
	info, err := os.Stat(name) // the target of a link, as certbot and Kubernetes have them
	return stamp{info}, err
}

func (s stamp) same(other stamp) bool {
	a, b := s.info, other.info
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size() && os.SameFile(a, b)
}

// newKeyPair reads the files for the first time.
func newKeyPair(s deploy.ServerTLS, log *slog.Logger) (*keyPair, error) {
	p := &keyPair{cert: s.Cert, key: s.Key, log: log}
	p.stamps, _ = p.stamp()
	if err := p.read(); err != nil {
		return nil, fmt.Errorf("[server.tls] cert %s, key %s: %w", p.cert, p.key, err)
	}
	return p, nil
}

// GetCertificate is that of tls.Config. It looks at the files in each handshake, which costs little beside it, so that the
// next client gets the certificate that is there. A pair that is broken, or half replaced, keeps the old one.
func (p *keyPair) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now, err := p.stamp()
	if now[0].same(p.stamps[0]) && now[1].same(p.stamps[1]) {
		return p.current, nil
	}
	p.stamps = now
	if err == nil {
		err = p.read()
	}
	if err != nil {
		p.log.Error("the certificate has changed and cannot be read, the old one stays",
			"cert", p.cert, "key", p.key, "error", err)
	} else {
		p.log.Info("the certificate has changed", "cert", p.cert, "expires", p.current.Leaf.NotAfter)
	}
	return p.current, nil
}

func (p *keyPair) stamp() (now [2]stamp, err error) {
	if now[0], err = stampOf(p.cert); err != nil {
		return now, err
	}
	now[1], err = stampOf(p.key)
	return now, err
}

// read reads the pair. The files were looked at before: what is written meanwhile is seen the next time.
func (p *keyPair) read() error {
	pair, err := tls.LoadX509KeyPair(p.cert, p.key)
	if err != nil {
		return err
	}
	if pair.Leaf.NotAfter.Before(time.Now()) {
		p.log.Warn("the certificate has expired", "cert", p.cert, "expired", pair.Leaf.NotAfter)
	}
	p.current = &pair
	return nil
}

// minVersion reads a version as it is written in the file.
func minVersion(s string) (uint16, error) {
	switch s {
	case "", "1.2":
		return tls.VersionTLS12, nil
	case "1.3":
		return tls.VersionTLS13, nil
	}
	return 0, fmt.Errorf(`[server.tls] min-version %q: write "1.2" or "1.3"`, s)
}
