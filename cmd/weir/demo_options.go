package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

// options is what the flags say of a site.
type options struct {
	listen string    // HOST:PORT
	cgi    string    // a CGI program; "" for the embedded guest
	at     string    // where the application is mounted: / or /a/b/
	user   string    // who everybody is signed in as; "" for nobody
	files  []fileDir // what else is mounted
}

// fileDir is a folder of files and the prefix where they are mounted.
type fileDir struct{ at, dir string }

// flags adds the flags of the options to a command.
func (o *options) flags(c *cobra.Command) {
	listenFlag(c, &o.listen, "127.0.0.1:8080", "")
	f := c.Flags()
	f.StringVar(&o.cgi, "cgi", "", "mount this CGI `PROGRAM` in place of the embedded guest; it gets weir's environment, less the names that belong to CGI")
	f.StringVar(&o.at, "at", "", "mount the application at this `PREFIX` (default /guest/, or /cgi/ with --cgi); at / there is no index page")
	f.StringVar(&o.user, "user", "", "tell the application that `NAME` is signed in; everybody is")
	f.Func("files", "also mount a folder of files, `PREFIX=DIR`; may be given more than once", o.addFiles)
}

// place finds the CGI program and settles where the application is mounted.
func (o *options) place() error {
	if err := listenable(o.listen); err != nil {
		return err
	}
	if o.at == "" {
		o.at = "/guest/"
		if o.cgi != "" {
			o.at = "/cgi/"
		}
	}
	var err error
	if o.at, err = prefix(o.at); err != nil {
		return wrong("--at %w", err)
	}
	places := map[string]bool{o.at: true}
	for _, f := range o.files {
		if places[f.at] {
			return wrong("two applications are at %s: give --at and each --files a PREFIX of its own", f.at)
		}
		places[f.at] = true
	}
	if o.cgi == "" {
		return nil
	}
	program, err := exec.LookPath(o.cgi)
	if err != nil && !errors.Is(err, exec.ErrDot) {
		return wrong("--cgi %q is no program that can be run", o.cgi)
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
	if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	o.files = append(o.files, fileDir{at, dir})
	return nil
}

// prefix returns a prefix with a slash at either end. It takes only what is the same in a path and in its escaped
// form, so that what is printed is what can be asked for.
func prefix(at string) (string, error) {
	clean := path.Clean(at)
	if !strings.HasPrefix(at, "/") || clean != strings.TrimSuffix(at, "/") && at != "/" || at != (&url.URL{Path: at}).EscapedPath() || strings.Contains(at, ";") {
		return "", fmt.Errorf("%q is no plain path such as /app/", at)
	}
	if clean == "/" {
		return clean, nil
	}
	return clean + "/", nil
}
