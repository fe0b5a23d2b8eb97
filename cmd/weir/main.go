// Weir serves a web application below a prefix and a stack of filters: a small embedded one that knows nothing of
// weir, any CGI program, or the site that a file describes. Run it with -h for its commands and flags.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the first signal lets requests finish, a second one ends the program at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the whole program. It serves until ctx ends and returns the exit code: 0 when all went well, 1 when serving
// failed, 2 when the arguments are wrong.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	switch command(args) {
	case "check":
		return checkFile(args[1:], stdout, stderr)
	case "serve":
		return serveFile(ctx, args[1:], stdout, stderr)
	}
	o, err := parse(args)
	if err != nil {
		return refuse(err, stdout, stderr)
	}
	if err := serve(ctx, o, stdout, slog.New(slog.NewTextHandler(stderr, nil))); err != nil {
		fmt.Fprintf(stderr, "weir: %v\n", err)
		return 1
	}
	return 0
}

func command(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}

// refuse says what is wrong with the arguments, or what there is when that was the question.
func refuse(err error, stdout, stderr io.Writer) int {
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, help)
		return 0
	}
	fmt.Fprintf(stderr, "weir: %v (weir -h says what there is)\n", err)
	return 2
}

// listen listens at a TCP address.
func listen(address string) (net.Listener, error) {
	listener, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s is taken: give another with -listen HOST:PORT", address)
	}
	return listener, err
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
