// Package stacks has the stacks of filters that TestNetHTTP puts into the
// servers of net/http's own tests.
package stacks

import (
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"

	"github.com/weirhttp/weir"
	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/mount"
	"github.com/weirhttp/weir/rewrite"
)

// ByName is every stack. Nobody filters the servers of a process that was
// given no name: they are as bare as those that the others are compared with.
var ByName = map[string]func(http.Handler) http.Handler{
	"":     nil,
	"bare": nil,

	"observe":   repeat(3, observe),
	"transform": repeat(3, transform(0, nothing)),
	"peek":      repeat(2, transform(512, nothing)),
	"body":      repeat(2, transform(0, through)),
	"peekbody":  repeat(2, transform(512, through)),

	"rewrite": rewrite.Request(func(*http.Request) {}),
	"mount":   root,
	"recover": filter.Recover(filter.RecoverOptions{Logger: slog.New(serverLog{})}),

	// All that may stand before a server and not change what it says: fields
	// that the filters add are taken off again.
	"full": weir.Stack(
		rewrite.ResponseHeader(rewrite.Del("X-Request-Id", "RateLimit", "RateLimit-Policy")),
		filter.RequestID(filter.RequestIDOptions{}),
		filter.AccessLog(filter.AccessLogOptions{Logger: slog.New(slog.DiscardHandler)}),
		filter.Recover(filter.RecoverOptions{Logger: slog.New(serverLog{})}),
		filter.RateLimit(1e9, 1e9, filter.RateLimitOptions{}),
		filter.MaxBody(1<<40),
		weir.When(weir.Pattern("/"), rewrite.Request(func(*http.Request) {})),
		rewrite.RequestHeader(rewrite.Del("X-Request-Id")),
		rewrite.Response(func(*capture.Head) {}),
		rewrite.Body(func(*capture.Head) bool { return false }, discard),
		root,
	).Then,

	// Vary is the one thing that shows in a response which is not coded.
	"compress": weir.Stack(
		rewrite.ResponseHeader(rewrite.Del("Vary")),
		filter.Compress(filter.CompressOptions{}),
	).Then,
}

func root(next http.Handler) http.Handler { return mount.At("/", next) }

func discard(io.Writer) io.WriteCloser { return writer{io.Discard} }

// serverLog puts what Recover has to say where a server would have said it,
// for there the tests look.
type serverLog struct{}

func (serverLog) Enabled(context.Context, slog.Level) bool { return true }
func (l serverLog) WithAttrs([]slog.Attr) slog.Handler     { return l }
func (l serverLog) WithGroup(string) slog.Handler          { return l }

func (serverLog) Handle(ctx context.Context, record slog.Record) error {
	print := log.Print
	if server, ok := ctx.Value(http.ServerContextKey).(*http.Server); ok && server.ErrorLog != nil {
		print = server.ErrorLog.Print
	}
	text := "http: panic serving:"
	for attr := range record.Attrs {
		text += fmt.Sprintf(" %v", attr.Value)
	}
	print(text)
	return nil
}

func repeat(n int, filter func(http.Handler) http.Handler) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		for range n {
			next = filter(next)
		}
		return next
	}
}

func observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		capture.Observe(w, r, next, func(*http.Request, capture.Sent) {})
	})
}

func transform(peek int, hook capture.Hook) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			capture.Transform(w, r, next, peek, hook)
		})
	}
}

// nothing lets the body pass as it is.
func nothing(*capture.Head, io.Writer) io.WriteCloser { return nil }

// through sends the body, unchanged, through a writer.
func through(_ *capture.Head, dst io.Writer) io.WriteCloser { return writer{dst} }

type writer struct{ io.Writer }

func (writer) Close() error { return nil }
