package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// grace is how long requests may take to finish after the program was asked to end.
const grace = 10 * time.Second

// serveUntil serves until ctx ends; then it takes no new connections, calls end so that endless streams do end, and
// waits for the requests in flight.
func serveUntil(ctx context.Context, l net.Listener, h http.Handler, end func(), log *slog.Logger) error {
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		// No ReadTimeout and no WriteTimeout: uploads take their time, and event streams live long.
	}
	server.RegisterOnShutdown(end)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	log.Info("shutting down", "grace", grace)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		server.Close()
		return fmt.Errorf("requests were cut that had not finished after %v", grace)
	}
	return nil
}
