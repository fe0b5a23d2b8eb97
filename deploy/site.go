package deploy

import (
	"io"
	"net/http"
	"path/filepath"
	"strings"
)

// Site is a site whose files have been read and checked, to be built.
type Site struct {
	// Warnings is what is odd in the files and does no harm to the site: sections that nothing
	// refers to, and files and folders that are not there.
	Warnings Errors

	root   *node
	server Server
	order  map[string]int
}

// Load reads a file, and those that it refers to, and checks all of it. The site is the app or pipeline
// main of the file, or NAME where name is "file#NAME". The parts that the files may use are those of set.
//
// The error, if any, is of type Errors and has all that is wrong. Nothing is started, and no handler made.
func Load(name string, set Set) (*Site, error) {
	site, _, err := load(name, set)
	return site, err
}

// load is Load, and also returns what was read, if there is an error, too.
func load(name string, set Set) (*Site, reads, error) {
	path, app := splitName(name)
	read := reads{}
	text, err := read.file(path)
	if err != nil {
		return nil, read, Errors{{Pos: Pos{File: path}, Message: plainError(err)}}
	}
	site, err := check(path, app, text, set, read)
	return site, read, err
}

// Parse is Load for a file whose text is given. The files that it refers to are read from the folder that
// name is in.
func Parse(name string, text []byte, set Set) (*Site, error) {
	path, app := splitName(name)
	return check(path, app, text, set, reads{})
}

func splitName(name string) (path, app string) {
	path, app, found := strings.Cut(name, "#")
	if !found {
		app = "main"
	}
	return path, app
}

func check(path, app string, text []byte, set Set, read reads) (*Site, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, Errors{{Pos: Pos{File: path}, Message: err.Error()}}
	}
	c := &checker{set: set, files: map[string]*file{}, nodes: map[any]*node{}, python: map[*section]bool{}, read: read,
		secrets: map[string]secretText{}}
	c.order = map[string]int{}
	c.warnings.order = c.order
	f := c.parse(path, absolute, text)
	root := c.root(f, app)
	server := c.server(f)
	c.unreached(f)
	s := &Site{root: root, server: server, order: c.order}
	if err := c.warnings.sorted(); err != nil {
		s.Warnings = err.(Errors)
	}
	if err := c.sorted(); err != nil {
		return nil, err
	}
	return s, nil
}

// Build makes the handlers of the site, one for each section, and returns that of its root. Closer closes
// those applications that have something to close, such as the processes of a mount.WSGI, when no request
// is in flight any more.
//
// The error, if any, is of type Errors: what the constructors of filters and apps find wrong. Then what was
// built already is closed. A site can be built several times; the results share nothing.
func (s *Site) Build() (http.Handler, io.Closer, error) { return s.build(nil) }

func (s *Site) build(probe func(*node, http.Handler) http.Handler) (http.Handler, io.Closer, error) {
	b := &building{
		site:    s,
		apps:    map[*node]http.Handler{},
		filters: map[*node]func(http.Handler) http.Handler{},
		probe:   probe,
	}
	b.order = s.order
	h := b.app(s.root)
	if len(b.errors) > 0 {
		if err := b.closers.Close(); err != nil {
			b.errors = append(b.errors, &Error{Message: err.Error()})
		}
		return nil, nil, b.sorted()
	}
	b.done = true
	return h, &b.closers, nil
}
