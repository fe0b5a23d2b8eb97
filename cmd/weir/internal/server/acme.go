package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/weirhttp/weir/deploy"
	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// authority gets certificates for its hosts and for no others, keeps them in a folder and renews them.
type authority struct {
	*autocert.Manager
	hosts []string
}

// newAuthority is made of [server.acme]. Whoever writes that section agrees to the terms of the authority.
func newAuthority(s deploy.ServerACME) (*authority, error) {
	for _, host := range s.Hosts {
		if !strings.Contains(strings.Trim(host, "."), ".") {
			return nil, fmt.Errorf("[server.acme] hosts: no authority knows %q: write the whole name, such as %q", host, host+".example.org")
		}
	}
	client := &acme.Client{DirectoryURL: autocert.DefaultACMEDirectory, UserAgent: "weir"}
	if s.Directory != nil {
		client.DirectoryURL = s.Directory.String()
	}
	if s.CA != "" {
		transport, err := trusting(s.CA)
		if err != nil {
			return nil, fmt.Errorf("[server.acme] ca %s: %w", s.CA, err)
		}
		client.HTTPClient = &http.Client{Transport: transport}
	}
	if s.Cache == "" {
		return nil, errors.New("[server.acme] cache: name a folder: without one, each start would ask for new certificates, " +
			"until the authority gives no more")
	}
	return &authority{&autocert.Manager{
		Prompt:     autocert.AcceptTOS,
		Cache:      autocert.DirCache(s.Cache),
		HostPolicy: autocert.HostWhitelist(s.Hosts...),
		Email:      s.Email,
		Client:     client,
	}, s.Hosts}, nil
}

// trusting returns a transport for servers whose certificates lead to the roots in a file.
func trusting(ca string) (*http.Transport, error) {
	text, err := os.ReadFile(ca)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, errors.New("there is no certificate in it: it has to be in PEM")
	}
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSClientConfig = &tls.Config{RootCAs: roots}
	return t, nil
}

// obtain gets the certificate of each host that has none yet, one after the other, so that the first visitor does not
// have to wait for it and what is wrong is in the log at once. It tries each once: the next try is that of a visitor.
func (a *authority) obtain(ctx context.Context, log *slog.Logger) {
	for _, host := range a.hosts {
		cert, err := a.GetCertificate(modern(host))
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			log.Error("there is no certificate yet", "host", host, "error", err)
		default:
			log.Info("there is a certificate", "host", host, "expires", cert.Leaf.NotAfter.Format(time.RFC3339))
		}
	}
}

// modern is the beginning of a handshake with a client that takes ECDSA, as autocert wants to see it.
func modern(host string) *tls.ClientHelloInfo {
	return &tls.ClientHelloInfo{ServerName: host, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}}
}
