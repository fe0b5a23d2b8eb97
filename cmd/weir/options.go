package main

import (
	_ "embed"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

//go:embed help.txt
var help string

// options is what the command line says.
type options struct {
	listen string    // HOST:PORT
	cgi    string    // the absolute path of a CGI program; "" for the embedded guest
	at     string    // where the application is mounted: / or /a/b/
	user   string    // who everybody is signed in as; "" for nobody
	files  []fileDir // what else is mounted
}

// fileDir is a folder of files and the prefix where they are mounted.
type fileDir struct{ at, dir string }

// parse reads the command line. Its error is one line, or flag.ErrHelp when help was asked for.
func parse(args []string) (options, error) {
	var o options
	f := newFlags("weir")
	f.StringVar(&o.listen, "listen", "127.0.0.1:8080", "")
	f.StringVar(&o.cgi, "cgi", "", "")
	f.StringVar(&o.at, "at", "", "")
	f.StringVar(&o.user, "user", "", "")
	f.Func("files", "", o.addFiles)
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	if err := listenable(o.listen); err != nil {
		return o, err
	}
	return o, o.place()
}

// listenable says whether one can listen at an address, as far as its text tells.
func listenable(address string) error {
	_, port, err := net.SplitHostPort(address)
	if err == nil {
		_, err = net.LookupPort("tcp", port)
	}
	if err != nil {
		return fmt.Errorf("-listen %q is no HOST:PORT", address)
	}
	return nil
}

// place finds the CGI program and settles where the application is mounted.
func (o *options) place() error {
	if o.at == "" {
		o.at = "/guest/"
		if o.cgi != "" {
			o.at = "/cgi/"
		}
	}
	var err error
	if o.at, err = prefix(o.at); err != nil {
		return fmt.Errorf("-at %w", err)
	}
	for _, f := range o.files {
		if f.at == o.at {
			return fmt.Errorf("-at and -files both name %s", o.at)
		}
	}
	if o.cgi == "" {
		return nil
	}
	program, err := exec.LookPath(o.cgi)
	if err != nil && !errors.Is(err, exec.ErrDot) {
		return fmt.Errorf("-cgi %q is no program that can be run", o.cgi)
	}
	o.cgi, err = filepath.Abs(program)
	return err
}

// addFiles reads one PREFIX=DIR.
func (o *options) addFiles(value string) error {
	at, dir, ok := strings.Cut(value, "=")
	if !ok {
		return errors.New("it takes PREFIX=DIR")
	}
	at, err := prefix(at)
	if err != nil {
		return err
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return fmt.Errorf("%q is no folder", dir)
	}
	o.files = append(o.files, fileDir{at, dir})
	return nil
}

// prefix returns a prefix with a slash at either end. It takes only what is the same in a path and in its escaped
// form, so that what is printed is what can be asked for.
func prefix(at string) (string, error) {
	clean := path.Clean(at)
	if !strings.HasPrefix(at, "/") || clean != strings.TrimSuffix(at, "/") && at != "/" || strings.ContainsAny(at, "%?#;\\ \"<>") {
		return "", fmt.Errorf("%q is no plain path such as /app/", at)
	}
	if clean == "/" {
		return clean, nil
	}
	return clean + "/", nil
}
