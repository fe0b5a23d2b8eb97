package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"

	"github.com/weirhttp/weir/deploy"
)

// checkFile is weir check: it prints all that is wrong in a file, and returns the exit code.
func checkFile(args []string, stdout, stderr io.Writer) int {
	f := newFlags("weir check")
	name, err := oneFile(f, args)
	if err != nil {
		return refuse(err, stdout, stderr)
	}
	site, err := deploy.Load(name, deploy.Builtin())
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	warn(site, stderr)
	return 0
}

// serveFile is weir serve: it serves the site of a file until ctx ends, and returns the exit code.
func serveFile(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	f := newFlags("weir serve")
	address := f.String("listen", "127.0.0.1:8080", "")
	name, err := oneFile(f, args)
	if err == nil {
		err = listenable(*address)
	}
	if err != nil {
		return refuse(err, stdout, stderr)
	}
	if err := serveSite(ctx, name, *address, stdout, stderr); err != nil {
		if _, wrong := errors.AsType[deploy.Errors](err); wrong {
			fmt.Fprintln(stderr, err)
		} else {
			fmt.Fprintf(stderr, "weir: %v\n", err)
		}
		return 1
	}
	return 0
}

func serveSite(ctx context.Context, name, address string, stdout, stderr io.Writer) (err error) {
	log := slog.New(slog.NewTextHandler(stderr, nil))
	slog.SetDefault(log) // what the file does not give another one
	site, err := deploy.Load(name, deploy.Builtin())
	if err != nil {
		return err
	}
	warn(site, stderr)
	listener, err := listen(address)
	if err != nil {
		return err
	}
	defer listener.Close()
	h, closer, err := site.Build()
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "weir: open http://%s/\n", listener.Addr())
	return errors.Join(serveUntil(ctx, listener, h, func() {}, log), closer.Close())
}

func warn(site *deploy.Site, stderr io.Writer) {
	for _, w := range site.Warnings {
		fmt.Fprintf(stderr, "warning: %v\n", w)
	}
}

func newFlags(name string) *flag.FlagSet {
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.SetOutput(io.Discard) // one line says what is wrong
	return f
}

// oneFile reads the flags and the one argument after them.
func oneFile(f *flag.FlagSet, args []string) (string, error) {
	if err := f.Parse(args); err != nil {
		return "", err
	}
	if f.NArg() != 1 {
		return "", fmt.Errorf("%s takes one FILE after its flags, there are %d arguments", f.Name(), f.NArg())
	}
	return f.Arg(0), nil
}
