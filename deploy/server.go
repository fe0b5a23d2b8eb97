package deploy

import (
	"log/slog"
	"net/url"
	"reflect"
	"time"
)

// Server is what [server] says of how a site is served. It is data alone: the program that serves the
// site reads it from Site.Server. Paths in it are absolute.
type Server struct {
	// Listen are the addresses to listen at: "host:port", "unix:/path", "systemd" or "systemd:NAME" for
	// sockets that systemd hands over. Beside addresses that speak TLS, port 80 and what is written
	// "http://host:port" send clients there. Default: "127.0.0.1:8080".
	Listen []string

	// H2C serves HTTP/2 without TLS, too.
	H2C bool

	ReadHeaderTimeout time.Duration // for the head of a request; default 10s; 0: none
	ReadTimeout       time.Duration // for all of a request; default 0, none: uploads take their time
	WriteTimeout      time.Duration // for the response; default 0, none: event streams live long
	IdleTimeout       time.Duration // between the requests of a connection; default 2m; 0: that of ReadTimeout
	ShutdownTimeout   time.Duration // for requests in flight when the program ends; default 10s; 0: none is waited for

	// MaxHeader is how many bytes the head of a request may have. Default: 64 KiB.
	MaxHeader int64

	TLS   ServerTLS
	ACME  ServerACME
	Admin ServerAdmin
	Log   ServerLog
}

// ServerTLS is [server.tls]. The zero value: no TLS.
type ServerTLS struct {
	Cert       string // a file with the certificate and those that lead to its root, in PEM
	Key        string // a file with its key, in PEM
	MinVersion string // "1.2", the default, or "1.3"
}

// ServerACME is [server.acme]: certificates come by ACME (RFC 8555). Without Hosts there is none.
type ServerACME struct {
	Hosts     []string // the names to have certificates for
	Email     string   // of who is told of trouble with them; empty: nobody
	Cache     string   // the folder that keeps them and the key of the account
	Directory *url.URL // of the authority; default: that of Let's Encrypt
	CA        string   // a file in PEM with the roots to trust the directory by; empty: those of the system
}

// ServerAdmin is [server.admin]: what only those on this machine may see.
type ServerAdmin struct {
	Listen string // "unix:/path", or "host:port" with a loopback address; empty: none
	Pprof  bool   // serve the profiles of package net/http/pprof there
}

// ServerLog is [server.log].
type ServerLog struct {
	Format string     // "text", the default, or "json"
	Level  slog.Level // what is below it is not logged; default: info
	Output string     // "stderr", the default, "stdout", or the path of a file to append to
}

// serverDefaults is the server of a file that says nothing of it.
func serverDefaults() Server {
	return Server{
		Listen:            []string{"127.0.0.1:8080"},
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ShutdownTimeout:   10 * time.Second,
		MaxHeader:         64 << 10,
		TLS:               ServerTLS{MinVersion: "1.2"},
		ACME:              ServerACME{Directory: &url.URL{Scheme: "https", Host: "acme-v02.api.letsencrypt.org", Path: "/directory"}},
		Log:               ServerLog{Format: "text", Output: "stderr"},
	}
}

// Server returns what the file of the site says of how it is served, and the defaults for what it does
// not say.
func (s *Site) Server() Server { return s.server }

// serverKeys says of the keys of a section what Filter and App are told of those of a part.
func serverKeys(section string) []string {
	switch section {
	case "server":
		return []string{"max-header:size"}
	case "server.tls":
		return []string{"cert:file!", "key:file!"}
	case "server.acme":
		return []string{"hosts!", "cache:folder!", "ca:file"}
	}
	return nil
}

// serverReading reads [server].
type serverReading struct {
	reading
	Server
	set map[string]*value // what the file has and could be read, such as "tls.cert"
}

// server returns what a file says of its server.
func (c *checker) server(f *file) Server {
	s := &serverReading{reading{checker: c, section: "server", file: f}, serverDefaults(), map[string]*value{}}
	if f.paste {
		s.section = "server:main"
	}
	if f.server != nil {
		s.table(s.reading, f.server, reflect.ValueOf(&s.Server).Elem(), "")
		s.check()
	}
	return s.Server
}

// table reads a table into the fields of x. What is wrong, or not there, keeps its default.
func (s *serverReading) table(r reading, v *value, x reflect.Value, path string) {
	if v.form != tableForm {
		r.fail(v.at, "", "a table is needed here, not %s", v.form)
		return
	}
	p := Part{keys: fieldKeys(x.Type()), rest: -1}
	p.annotate("Server", serverKeys(r.section))
	for _, e := range v.table.entries {
		k := p.key(e.key)
		if k == nil {
			r.fail(e.at, suggest(e.key, p.names()[1:]), "there is no key %q here", e.key)
			continue
		}
		if isOptions(k.typ) {
			inner := r
			inner.section += "." + k.name
			s.set[path+k.name] = e.value
			s.table(inner, e.value, x.Field(k.field), path+k.name+".")
			continue
		}
		r.note = k.note
		if made := r.plan(e.value, k.typ); made != nil {
			x.Field(k.field).Set(made(nil))
			s.set[path+k.name] = e.value
		}
	}
	for _, k := range p.keys {
		if k.required && !r.partial && v.table.get(k.name) == nil {
			r.fail(v.at, "", "%q is missing", k.name)
		}
	}
}
