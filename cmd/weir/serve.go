package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/weirhttp/weir/deploy"
)

// serveCommand is weir serve.
func serveCommand() *cobra.Command {
	var address string
	var reload bool
	c := &cobra.Command{
		Use:   "serve FILE",
		Short: "Serve the site that a file describes",
		Long: `Serve serves the app or pipeline main of a file, or NAME of FILE#NAME, until
SIGINT or SIGTERM. Then it takes no new connections and ends when the requests in
flight have finished; a second signal ends it at once.

SIGHUP has it read its files again, and with --reload a change of these, too: if
anything is wrong, it says so and goes on as before; else requests that come from
then on get the new site, and those in flight finish on the old one. What [server]
says counts when weir starts.`,
		Example:           "  weir serve site.toml\n  weir serve --reload site.toml\n  weir serve --listen 127.0.0.1:0 'site.toml#staging'",
		Args:              files(1, 1),
		ValidArgsFunction: siteFiles,
		RunE: func(c *cobra.Command, args []string) error {
			if err := listenable(address); err != nil {
				return err
			}
			return serveSite(c.Context(), args[0], address, reload, c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	listenFlag(c, &address)
	c.Flags().BoolVar(&reload, "reload", false, "read the files again when they change")
	return c
}

// listenFlag adds --listen to the flags of a command.
func listenFlag(c *cobra.Command, address *string) {
	c.Flags().StringVar(address, "listen", "127.0.0.1:8080", "the `HOST:PORT` to listen on; port 0 takes a free one")
}

// listenable says whether one can listen at an address, as far as its text tells.
func listenable(address string) error {
	host, port, err := net.SplitHostPort(address)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil || strings.ContainsAny(host, " /\\\"'{}") {
		return wrong("--listen %q is no HOST:PORT", address)
	}
	return nil
}

// serveSite serves the site of a file until ctx ends, and reads it again on SIGHUP or, if it is asked to, when files
// change.
func serveSite(ctx context.Context, name, address string, reload bool, stdout, stderr io.Writer) error {
	log := newLog(stderr)
	live, err := deploy.Open(name, parts())
	if err != nil {
		return err
	}
	warn(live.Site(), stderr)
	w, err := newWatcher(live, reload, log)
	if err == nil {
		watching, stop := context.WithCancel(ctx)
		done := make(chan struct{})
		go func() {
			w.run(watching)
			close(done)
		}()
		err = serveHandler(ctx, live, address, stdout, log)
		stop()
		<-done
	}
	return errors.Join(err, endOf(live, log))
}

// endOf closes a site when the server has waited for its requests. What is in flight then is connections that an
// upgrade has taken from the server, such as WebSockets: these are cut.
func endOf(live *deploy.Live, log *slog.Logger) error {
	now, cancel := context.WithCancel(context.Background())
	cancel()
	err := live.Shutdown(now)
	if errors.Is(err, context.Canceled) {
		log.Warn("connections were cut that had not ended", "error", err)
		return nil
	}
	return err
}

// serveLoaded serves a site until ctx ends.
func serveLoaded(ctx context.Context, site *deploy.Site, address string, stdout, stderr io.Writer) error {
	log := newLog(stderr)
	warn(site, stderr)
	h, closer, err := site.Build()
	if err != nil {
		return err
	}
	return errors.Join(serveHandler(ctx, h, address, stdout, log), closer.Close())
}

// newLog returns the log, which is also that of what the file does not give another one.
func newLog(stderr io.Writer) *slog.Logger {
	log := slog.New(slog.NewTextHandler(stderr, nil))
	slog.SetDefault(log)
	return log
}

// serveHandler listens, says where, and serves until ctx ends.
func serveHandler(ctx context.Context, h http.Handler, address string, stdout io.Writer, log *slog.Logger) error {
	listener, err := listen(address)
	if err != nil {
		return err
	}
	defer listener.Close()
	fmt.Fprintf(stdout, "weir: open http://%s/\n", listener.Addr())
	return serveUntil(ctx, listener, h, log)
}

// listen listens at a TCP address.
func listen(address string) (net.Listener, error) {
	listener, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s is taken: give another with --listen HOST:PORT", address)
	}
	return listener, err
}

// grace is how long requests may take to finish after the program was asked to end.
const grace = 10 * time.Second

// serveUntil serves until ctx ends; then it takes no new connections and waits for the requests in flight.
func serveUntil(ctx context.Context, l net.Listener, h http.Handler, log *slog.Logger) error {
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		// No ReadTimeout and no WriteTimeout: uploads take their time, and event streams live long.
	}
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
