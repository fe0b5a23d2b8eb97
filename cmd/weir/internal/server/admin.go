package server

import (
	_ "embed"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"net/http/pprof" // it registers with http.DefaultServeMux, which nothing here ever serves
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

//go:embed admin.html
var adminPage string

// listenAdmin opens the address of [server.admin], if there is one, if only this machine can reach it.
func listenAdmin(address string) (*listener, error) {
	if address == "" {
		return nil, nil
	}
	all, err := listenAll([]string{address}, new(sockets))
	if err != nil {
		return nil, fmt.Errorf("[server.admin] listen: %w", err)
	}
	l := all[0]
	if tcp, ok := l.Addr().(*net.TCPAddr); ok && !tcp.IP.IsLoopback() {
		l.Close()
		return nil, fmt.Errorf("[server.admin] listen: others than this machine can reach %s: write one such as 127.0.0.1:8081", address)
	}
	return l, nil
}

// serveAdmin begins to serve the admin listener, if there is one.
func (s *Server) serveAdmin() {
	if s.admin == nil {
		return
	}
	s.private = &http.Server{Handler: s.adminHandler(), ReadHeaderTimeout: 10 * time.Second, ErrorLog: s.errorLog()}
	s.serve(func() error { return s.private.Serve(s.admin) })
}

func (s *Server) closeAdmin() {
	if s.admin != nil {
		s.private.Close()
	}
}

// adminHandler serves what only those on this machine may see.
func (s *Server) adminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", s.adminIndex())
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if !s.ready.Load() {
			http.Error(w, "not ready", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{EnableOpenMetrics: true}))
	if s.settings.Admin.Pprof {
		mux.HandleFunc("/debug/pprof/", pprof.Index)
		mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
		mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	}
	return guard(mux)
}

// guard refuses what a browser on this machine may ask for a page of somebody else: by a name that was made to
// lead here (DNS rebinding), or across sites. A client without a Host field is no browser.
func guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
		_, unix := local.(*net.UnixAddr)
		if !unix && r.Host != "" && !isLoopback(r.Host) {
			http.Error(w, "This server answers to localhost and loopback addresses only", http.StatusMisdirectedRequest)
			return
		}
		if r.Header.Get("Sec-Fetch-Site") == "cross-site" {
			http.Error(w, "This server does not answer to the pages of other sites", http.StatusForbidden)
			return
		}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}

// isLoopback says whether a Host field names this machine to itself.
func isLoopback(host string) bool {
	name := (&url.URL{Host: host}).Hostname()
	if strings.EqualFold(name, "localhost") {
		return true
	}
	address, err := netip.ParseAddr(name)
	return err == nil && address.Unmap().IsLoopback()
}

// adminIndex lists what there is.
func (s *Server) adminIndex() http.Handler {
	page := template.Must(template.New("admin").Parse(adminPage))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		page.Execute(w, map[string]any{"URLs": s.URLs(), "Ready": s.ready.Load(), "Pprof": s.settings.Admin.Pprof})
	})
}
