package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/spf13/cobra"
)

// demoCommand is weir without a command.
func demoCommand() *cobra.Command {
	var o options
	c := &cobra.Command{
		Use:   "weir",
		Short: "Mount web applications below prefixes and stacks of filters",
		Long:  help,
		Args:  noCommand,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := listenable(o.listen); err != nil {
				return err
			}
			if err := o.place(); err != nil {
				return err
			}
			return serve(c.Context(), o, c.OutOrStdout(), slog.New(slog.NewTextHandler(c.ErrOrStderr(), nil)))
		},
	}
	listenFlag(c, &o.listen)
	o.flags(c)
	return c
}

// serve listens, says where, and serves the site until ctx ends.
func serve(ctx context.Context, o options, stdout io.Writer, log *slog.Logger) error {
	listener, err := listen(o.listen)
	if err != nil {
		return err
	}
	streams, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	s := newSite(streams, o, log)
	fmt.Fprintf(stdout, "weir: open http://%s/\n", listener.Addr())
	return serveUntil(ctx, listener, s.handler(), end, log)
}
