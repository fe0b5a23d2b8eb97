package server

import (
	"crypto/tls"
	"errors"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/weirhttp/weir/deploy"
)

// Server has its addresses open and its certificates read. Serve serves, or Close gives them up.
type Server struct {
	settings  deploy.Server
	log       *slog.Logger
	sites     []*listener
	tls       *tls.Config // nil: none
	authority *authority  // nil: no ACME
	metrics   *metrics
	ready     atomic.Bool
	admin     *listener    // nil: none
	private   *http.Server // of admin
	running   sync.WaitGroup
	failed    chan error // an address cannot be served any more
}

// Listen opens all addresses that s names, or none, and reads the certificates. The error says which address or file it
// is, and what to do. The admin listener answers from now on, and is not ready.
func Listen(s deploy.Server, log *slog.Logger) (*Server, error) {
	v := &Server{settings: s, log: log, metrics: newMetrics()}
	if err := v.secure(); err != nil {
		return nil, err
	}
	inherited := inheritedSockets()
	var err error
	v.sites, err = listenAll(s.Listen, inherited)
	if left := inherited.close(); len(left) > 0 && err == nil {
		log.Warn("systemd passed sockets that nothing listens at: name them in listen", "names", strings.Join(left, ", "))
	}
	if err == nil {
		err = v.reachable()
	}
	if err != nil {
		closeAll(v.sites)
		return nil, err
	}
	if v.admin, err = listenAdmin(s.Admin.Listen); err != nil {
		closeAll(v.sites)
		return nil, err
	}
	v.failed = make(chan error, len(v.sites)+1)
	v.serveAdmin()
	return v, nil
}

// secure makes what TLS needs, if the file has any of it.
func (s *Server) secure() (err error) {
	switch o := s.settings; {
	case len(o.ACME.Hosts) > 0:
		if s.authority, err = newAuthority(o.ACME); err != nil {
			return err
		}
		s.tls = s.authority.TLSConfig()
	case o.TLS.Cert != "":
		pair, err := newKeyPair(o.TLS, s.log)
		if err != nil {
			return err
		}
		s.tls = &tls.Config{
			GetCertificate: pair.GetCertificate,
			NextProtos:     []string{"h2", "http/1.1"}, // or Serve for a plain listener that comes first sets up no HTTP/2
		}
	default:
		return nil
	}
	s.tls.MinVersion, err = minVersion(s.settings.TLS.MinVersion)
	return err
}

// reachable says whether there is an address for the certificates.
func (s *Server) reachable() error {
	if s.tls == nil || slices.ContainsFunc(s.sites, func(l *listener) bool { return !l.plain }) {
		return nil
	}
	return errors.New("[server] listen: there are certificates, and no address speaks TLS: add one such as \":443\"")
}

// URLs are the addresses as a browser takes them; a unix socket is "unix:" and its path.
func (s *Server) URLs() []string {
	var all []string
	for _, l := range s.sites {
		all = append(all, l.url(s.tls != nil))
	}
	return all
}

// AdminURL is that of the admin listener, or "" if there is none.
func (s *Server) AdminURL() string {
	if s.admin == nil {
		return ""
	}
	return s.admin.url(false)
}

// Reloaded counts that the file of the site was read again, well if err is nil.
func (s *Server) Reloaded(err error) { s.metrics.reload(err) }

// NeedsRestart says whether a file that was read again has something in [server] that only a new start brings about:
// anything but the level of the log.
func (s *Server) NeedsRestart(now deploy.Server) bool {
	now.Log.Level = s.settings.Log.Level
	return !reflect.DeepEqual(s.settings, now)
}

// Close closes all addresses. It is for a server that does not come to serve.
func (s *Server) Close() {
	closeAll(s.sites)
	s.closeAdmin()
}
