package server

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"sync"
)

// Serve serves site until ctx ends, and then as the documentation of the package says. The end, if not nil, is called
// when that begins: it has streams end that would never do so. The error says how many requests were cut, or why an
// address could not be served any more.
func (s *Server) Serve(ctx context.Context, site http.Handler, end func()) error {
	if site == nil {
		panic("server.Serve: site is nil") // net/http would serve http.DefaultServeMux
	}
	requests, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	s.ready.Store(true) // who connects is served, if it takes until the next line
	servers := s.start(requests, site, end)
	var err error
	select {
	case err = <-s.failed:
	case <-ctx.Done():
	}
	s.ready.Store(false)
	err = errors.Join(err, s.finish(ctx, servers))
	for _, one := range servers {
		one.Close()
	}
	cut()          // afterwards, so that nobody answers in a hurry; Close does not reach connections that an application took over
	s.closeAdmin() // the last one, so that it can tell
	s.running.Wait()
	return err
}

// start serves each address in a goroutine. The contexts of requests are made of ctx.
func (s *Server) start(ctx context.Context, handler http.Handler, end func()) []*http.Server {
	site := s.httpServer(ctx, handler)
	if end != nil {
		site.RegisterOnShutdown(end)
	}
	site.TLSConfig = s.tls
	servers := []*http.Server{site}
	for _, l := range s.sites {
		switch {
		case s.tls == nil || l.isUnix():
			s.serve(func() error { return site.Serve(l) })
		case l.plain:
			other := s.httpServer(ctx, s.beside())
			servers = append(servers, other)
			s.serve(func() error { return other.Serve(l) })
		default:
			s.serve(func() error { return site.ServeTLS(l, "", "") })
		}
	}
	if s.authority != nil {
		go s.authority.obtain(ctx, s.log)
	}
	return servers
}

func (s *Server) serve(f func() error) {
	s.running.Go(func() {
		if err := f(); !errors.Is(err, http.ErrServerClosed) {
			s.failed <- err
		}
	})
}

func (s *Server) httpServer(ctx context.Context, h http.Handler) *http.Server {
	o := s.settings
	v := &http.Server{
		Handler:           s.metrics.measure(h),
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ReadHeaderTimeout: o.ReadHeaderTimeout,
		ReadTimeout:       o.ReadTimeout,
		WriteTimeout:      o.WriteTimeout,
		IdleTimeout:       o.IdleTimeout,
		MaxHeaderBytes:    int(o.MaxHeader),
		ErrorLog:          s.errorLog(),
		Protocols:         new(http.Protocols),
	}
	v.Protocols.SetHTTP1(true)
	v.Protocols.SetHTTP2(true)
	v.Protocols.SetUnencryptedHTTP2(o.H2C)
	return v
}

// errorLog takes what package net/http has to say.
func (s *Server) errorLog() *log.Logger { return slog.NewLogLogger(s.log.Handler(), slog.LevelWarn) }

// beside is what is served without TLS beside a site that has it.
func (s *Server) beside() http.Handler {
	to := redirect{}
	for _, l := range s.sites {
		if !l.plain && to.port == 0 {
			to.port = l.port()
		}
	}
	if s.authority == nil {
		return to
	}
	return s.authority.HTTPHandler(to)
}

// finish lets requests finish for as long as the file says. The error says how many did not.
func (s *Server) finish(ctx context.Context, servers []*http.Server) error {
	timeout := s.settings.ShutdownTimeout
	s.log.Info("shutting down", "timeout", timeout)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
	defer cancel()
	var waiting sync.WaitGroup
	for _, one := range servers {
		waiting.Go(func() { one.Shutdown(ctx) })
	}
	waiting.Wait()
	if n := s.metrics.inFlight.Load(); n > 0 && ctx.Err() != nil {
		return fmt.Errorf("requests were cut that had not finished after %v (%d): shutdown-timeout in [server] gives them longer",
			timeout, n)
	}
	return nil
}
