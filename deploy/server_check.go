package deploy

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// check finds what types do not tell, and makes paths of addresses and outputs absolute.
func (s *serverReading) check() {
	s.checkListen()
	s.checkLimits()
	s.checkTLS()
	s.checkAdmin()
	s.choice("log.format", s.Log.Format, "text", "json")
	s.notEmpty("log.output", s.Log.Output, `this is neither "stderr" nor "stdout" nor the path of a file`)
	if s.Log.Output != "stderr" && s.Log.Output != "stdout" {
		s.Log.Output = s.absolute(s.Log.Output)
	}
}

// wrong reports an error at the value of a key, such as "tls.cert".
func (s *serverReading) wrong(key string, v *value, hint, format string, args ...any) {
	r := s.reading
	if i := strings.LastIndexByte(key, '.'); i >= 0 {
		r.section += "." + key[:i]
	}
	r.fail(v.at, hint, format, args...)
}

// choice checks the value of a key that may be one of two.
func (s *serverReading) choice(key, got, a, b string) {
	if v := s.set[key]; v != nil && got != a && got != b {
		s.wrong(key, v, "", "this is neither %q nor %q", a, b)
	}
}

// notEmpty checks the value of a key that has to say something.
func (s *serverReading) notEmpty(key, got, message string) {
	if v := s.set[key]; v != nil && got == "" {
		s.wrong(key, v, "", "%s", message)
	}
}

const listenHint = `write one such as "127.0.0.1:8080", ":443", "unix:/run/weir.sock" or "systemd"`

func (s *serverReading) checkListen() {
	all := s.set["listen"]
	if all == nil {
		return
	}
	if len(s.Listen) == 0 {
		s.wrong("listen", all, "leave the key out for "+strconv.Quote(serverDefaults().Listen[0]), "there is no address to listen at")
	}
	for i, v := range all.list {
		switch a, err := s.address(s.Listen[i]); {
		case err != nil:
			s.wrong("listen", v, listenHint, "this is no address to listen at: %v", err)
		case slices.Contains(s.Listen[:i], a) && !strings.HasSuffix(a, ":0"):
			s.wrong("listen", v, "", "this address is there already")
		default:
			s.Listen[i] = a
		}
	}
}

// address checks an address to listen at, and makes the path of a socket absolute.
func (s *serverReading) address(a string) (string, error) {
	if path, ok := strings.CutPrefix(a, "unix:"); ok {
		if path == "" {
			return "", errors.New("it has no path")
		}
		return "unix:" + s.absolute(path), nil
	}
	if name, ok := strings.CutPrefix(a, "systemd:"); ok && name == "" {
		return "", errors.New("it has no name")
	} else if ok || a == "systemd" {
		return a, nil
	}
	host, port, err := net.SplitHostPort(strings.TrimPrefix(a, "http://"))
	if err != nil {
		var e *net.AddrError
		if errors.As(err, &e) {
			err = errors.New(e.Err) // without the address, which stands in the excerpt
		}
		return "", err
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", errors.New("its port is no number from 0 to 65535")
	}
	if _, err := netip.ParseAddr(host); err != nil && host != "" && !isHostName(host) {
		return "", errors.New("its host is none")
	}
	return a, nil
}

// isHostName says whether s can be the name of a host in DNS. One whose last part is a number is an
// address with a fault.
func isHostName(s string) bool {
	labels := strings.Split(strings.TrimSuffix(s, "."), ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") ||
			strings.Trim(label, "-_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
			return false
		}
	}
	return len(s) <= 253 && strings.Trim(labels[len(labels)-1], "0123456789") != ""
}

func (s *serverReading) checkLimits() {
	for key, d := range map[string]time.Duration{"read-header-timeout": s.ReadHeaderTimeout, "read-timeout": s.ReadTimeout,
		"write-timeout": s.WriteTimeout, "idle-timeout": s.IdleTimeout, "shutdown-timeout": s.ShutdownTimeout} {
		if v := s.set[key]; v != nil && d < 0 {
			s.wrong(key, v, "", "a time is not below 0")
		}
	}
	if v := s.set["max-header"]; v != nil && (s.MaxHeader <= 0 || s.MaxHeader > 1<<30) {
		s.wrong("max-header", v, "", "the head of a request may have from 1 byte to 1 GiB")
	}
}

func (s *serverReading) checkTLS() {
	s.choice("tls.min-version", s.TLS.MinVersion, "1.2", "1.3")
	s.notEmpty("tls.cert", s.TLS.Cert, "this names no file")
	s.notEmpty("tls.key", s.TLS.Key, "this names no file")
	acme := s.set["acme"]
	if acme == nil {
		return
	}
	if tls := s.set["tls"]; tls != nil {
		s.fail(acme.at, "leave one of them out", "certificates come by acme or from the files of tls, at %s, not both", tls.at.pos())
	}
	if v := s.set["acme.hosts"]; v != nil {
		s.checkHosts(v)
	}
	s.notEmpty("acme.cache", s.ACME.Cache, "this names no folder")
	if v := s.set["acme.directory"]; v != nil && s.ACME.Directory.Scheme != "https" {
		s.wrong("acme.directory", v, "", "a directory of ACME has a URL that begins with https")
	}
}

// checkHosts checks the names that certificates are to be for.
func (s *serverReading) checkHosts(all *value) {
	if len(all.list) == 0 {
		s.wrong("acme.hosts", all, `write one such as ["example.org"]`, "there is no name to have a certificate for")
	}
	for i, v := range all.list {
		if !isHostName(s.ACME.Hosts[i]) {
			s.wrong("acme.hosts", v, `write one such as "example.org"`, "this is no name of a host")
		}
	}
}

func (s *serverReading) checkAdmin() {
	v := s.set["admin.listen"]
	if s.Admin.Listen == "" {
		if pprof := s.set["admin.pprof"]; pprof != nil && s.Admin.Pprof {
			s.warnings.add(pprof.at, "server.admin", "this does nothing without listen", "")
		}
		return
	}
	hint := `write one such as "127.0.0.1:8081" or "unix:/run/weir-admin.sock"`
	a, err := s.address(s.Admin.Listen)
	switch {
	case err != nil:
		s.wrong("admin.listen", v, hint, "this is no address to listen at: %v", err)
	case !isLocal(a):
		s.wrong("admin.listen", v, hint, "others than this machine can reach this address: it has to be a loopback one or a unix socket")
	case slices.Contains(s.Listen, a) && !strings.HasSuffix(a, ":0"):
		s.wrong("admin.listen", v, "", "the site itself listens at this address")
	default:
		s.Admin.Listen = a
	}
}

// isLocal says whether only this machine can reach an address.
func isLocal(a string) bool {
	if strings.HasPrefix(a, "unix:") {
		return true
	}
	host, _, err := net.SplitHostPort(strings.TrimPrefix(a, "http://"))
	if err != nil { // systemd
		return false
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback() || strings.EqualFold(host, "localhost")
}
