package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/weirhttp/weir/cmd/weir/internal/server"
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
flight have finished, or have had the shutdown-timeout of [server]; a second
signal ends it at once.

SIGHUP has it read its files again, and with --reload a change of these, too: if
anything is wrong, it says so and goes on as before; else requests that come from
then on get the new site, and those in flight finish on the old one. Of [server],
only the level of the log changes then: all else counts when weir starts. SIGHUP
also has it open the file of its log again, for logrotate.`,
		Example:           "  weir serve site.toml\n  weir serve --reload site.toml\n  weir serve --listen 127.0.0.1:0 'site.toml#staging'",
		Args:              files(1, 1),
		ValidArgsFunction: siteFiles,
		RunE: func(c *cobra.Command, args []string) error {
			if err := listenable(address); address != "" && err != nil {
				return err
			}
			return serveSite(c.Context(), args[0], address, reload, c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	listenFlag(c, &address, "", ", in place of what [server] says")
	c.Flags().BoolVar(&reload, "reload", false, "read the files again when they change")
	return c
}

// listenFlag adds --listen to the flags of a command.
func listenFlag(c *cobra.Command, address *string, without, more string) {
	c.Flags().StringVar(address, "listen", without, "the `HOST:PORT` to listen on"+more+"; port 0 takes a free one")
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
	early := make(chan os.Signal, 1)
	signal.Notify(early, syscall.SIGHUP) // it must not end the program before and after the watcher takes it
	defer signal.Stop(early)
	live, err := deploy.Open(name, parts())
	if err != nil {
		return err
	}
	warn(live.Site(), stderr)
	s, err := listen(live.Site(), address, stdout, stderr)
	if err != nil {
		return errors.Join(err, live.Close())
	}
	defer s.log.Close()
	return s.watched(ctx, live, reload, stdout)
}

// serveLoaded serves a site until ctx ends.
func serveLoaded(ctx context.Context, site *deploy.Site, stdout, stderr io.Writer) error {
	warn(site, stderr)
	s, err := listen(site, "", stdout, stderr)
	if err != nil {
		return err
	}
	defer s.log.Close()
	h, closer, err := site.Build()
	if err != nil {
		s.Close()
		return err
	}
	return errors.Join(s.serve(ctx, h, stdout), closer.Close())
}

// serving is a server with its log, as [server] says.
type serving struct {
	*server.Server
	log     *server.Log
	address string // of --listen; empty: those of [server]
}

// listen opens the log and the addresses of a site. The log is also that of what the file does not give another one.
func listen(site *deploy.Site, address string, stdout, stderr io.Writer) (*serving, error) {
	s := &serving{address: address}
	settings := s.settings(site)
	var err error
	if s.log, err = server.Logger(settings.Log, stdout, stderr); err != nil {
		return nil, err
	}
	slog.SetDefault(s.log.Logger)
	if s.Server, err = server.Listen(settings, s.log.Logger); err != nil {
		s.log.Close()
		return nil, err
	}
	return s, nil
}

// settings are those of a site, with the address that the command line has.
func (s *serving) settings(site *deploy.Site) deploy.Server {
	settings := site.Server()
	if s.address != "" {
		settings.Listen = []string{s.address}
	}
	return settings
}

// watched serves a site and reads it again when there is a reason to.
func (s *serving) watched(ctx context.Context, live *deploy.Live, reload bool, stdout io.Writer) error {
	w, err := newWatcher(live, reload, s.log.Logger)
	if err != nil {
		s.Close()
		return errors.Join(err, endOf(live, s.log.Logger))
	}
	w.hungUp = s.reopen
	w.counted = func(err error) { s.reloaded(live.Site(), err) }
	watching, stop := context.WithCancel(context.WithoutCancel(ctx)) // also while requests finish
	done := make(chan struct{})
	go func() {
		w.run(watching)
		close(done)
	}()
	err = s.serve(ctx, live, stdout)
	stop()
	<-done
	return errors.Join(err, endOf(live, s.log.Logger))
}

// reopen opens the file of the log again, after it was moved away.
func (s *serving) reopen() {
	if err := s.log.Reopen(); err != nil {
		s.log.Error("the log goes on where it is", "error", err)
	}
}

// reloaded takes what can change of [server] without a new start.
func (s *serving) reloaded(site *deploy.Site, err error) {
	s.Reloaded(err)
	if err != nil {
		return
	}
	settings := s.settings(site)
	s.log.SetLevel(settings.Log.Level)
	if s.NeedsRestart(settings) {
		s.log.Warn("what [server] says has changed, and counts when the program is started again")
	}
}

// serve says where it listens, and serves until ctx ends.
func (s *serving) serve(ctx context.Context, h http.Handler, stdout io.Writer) error {
	for _, url := range s.URLs() {
		fmt.Fprintf(stdout, "weir: open %s\n", url)
	}
	if url := s.AdminURL(); url != "" {
		fmt.Fprintf(stdout, "weir: admin at %s\n", url)
	}
	return s.Serve(ctx, h, nil)
}

// closeTimeout is how long the applications of a site may take to end. A process that is asked to is killed after
// some seconds; they end one after the other.
const closeTimeout = time.Minute

// endOf closes a site when the server has waited for its requests. What is in flight then is connections that an
// upgrade has taken from the server, such as WebSockets: these are cut.
// An application that does not end in time is an error, which names it.
func endOf(live *deploy.Live, log *slog.Logger) error {
	now, cancel := context.WithCancel(context.Background())
	cancel()
	_ = live.Shutdown(now) // and so says the next one
	limited, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	err := live.Shutdown(limited)
	if errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		log.Warn("connections were cut that had not ended", "error", err)
		return nil
	}
	return err
}
