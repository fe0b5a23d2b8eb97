// Package late has a logger that looks for slog.Default when a record comes, and not when it is made: a handler is
// often made before the program has said where its log goes.
package late

import (
	"context"
	"log/slog"
)

// Logger returns a logger whose records go to the handler that is slog.Default's by then, with the attributes and
// groups that the logger was given.
func Logger() *slog.Logger { return slog.New(handler{}) }

type handler struct {
	with []func(slog.Handler) slog.Handler
}

func (h handler) Enabled(ctx context.Context, level slog.Level) bool {
	return slog.Default().Enabled(ctx, level)
}

func (h handler) Handle(ctx context.Context, record slog.Record) error {
	to := slog.Default().Handler()
	for _, w := range h.with {
		to = w(to)
	}
	return to.Handle(ctx, record)
}

func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return h.and(func(to slog.Handler) slog.Handler { return to.WithAttrs(attrs) })
}

func (h handler) WithGroup(name string) slog.Handler {
	return h.and(func(to slog.Handler) slog.Handler { return to.WithGroup(name) })
}

func (h handler) and(w func(slog.Handler) slog.Handler) slog.Handler {
	return handler{append(h.with[:len(h.with):len(h.with)], w)}
}
