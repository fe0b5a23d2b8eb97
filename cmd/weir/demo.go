package main

import (
	"context"
	"net/http"
	"sync"

	"github.com/spf13/cobra"

	"github.com/weirhttp/weir/cmd/weir/internal/guest"
	"github.com/weirhttp/weir/deploy"
)

const about = `Weir serves web applications below prefixes and stacks of filters, as a file
describes them.

Without a command it is a demonstration: it serves a small application of its
own at /guest/, and at / a page that says what is mounted where, below which
filters. With --cgi it serves a program of yours in its place, and with --files
folders. These flags are a way to a file: init with the same ones prints that of
the site, to go on from there.

SIGINT or SIGTERM ends it when the requests in flight have finished; a second
signal ends it at once.

It exits with 0 when all went well, with 1 when a file is wrong or serving
failed, and with 2 when a command, a flag or an argument is wrong. What is wrong
is in the first line on standard error, details below it. Colours are for
terminals alone, and not where NO_COLOR is set.`

const aboutExample = `  weir
  weir init site.toml && weir serve site.toml
  weir --cgi /usr/lib/cgi-bin/gitweb.cgi --at /code/ \
    --files /code/static/=/usr/share/gitweb/static`

// demoCommand is weir without a command.
func demoCommand() *cobra.Command {
	var o options
	c := &cobra.Command{
		Use:     "weir",
		Short:   "Serve web applications below prefixes and stacks of filters",
		Long:    about,
		Example: aboutExample,
		Args:    noCommand,
		RunE: func(c *cobra.Command, _ []string) error {
			text, err := o.file()
			if err != nil {
				return err
			}
			site, err := deploy.Parse("site.toml", []byte(text), parts())
			if err != nil {
				return err
			}
			return serveLoaded(c.Context(), site, c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	o.flags(c)
	return c
}

// demo returns the embedded guest, which knows nothing of weir. Its event streams, which have no end of their own, end when the server that it is
// asked by shuts down.
func demo() http.Handler {
	streams, end := context.WithCancel(context.Background())
	app := guest.New(streams)
	var once sync.Once
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		once.Do(func() {
			if server, ok := r.Context().Value(http.ServerContextKey).(*http.Server); ok {
				server.RegisterOnShutdown(end)
			}
		})
		app.ServeHTTP(w, r)
	})
}
