package mount

import (
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"path"
	"strings"
	"sync"
	"syscall"

	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/rewrite"
)

// Dir is a handler that sends the files of a folder, so that the media of a site need no
// other server. Its fields are set before it serves and not changed after.
//
// A request for a directory gets its index.html. Ranges, conditions (RFC 9110 sections 13
// and 14) and HEAD are those of http.ServeContent, and a file of the system reaches the
// connection without a copy, by sendfile, over HTTP/1 without TLS. Content-Type goes by the
// extension of the name, as package mime knows it, else by the content.
//
// Whatever is in the folder is sent as it is, the source of a page in PHP and a forgotten
// backup, too. What strangers put there belongs on a host of its own, for a page among it
// may do what yours may.
//
// A file has one path: "//", "/./", "/../" and an escaped slash name none, nor does a slash
// after the name of a file. So a filter outside that guards a path is not passed by writing
// it differently, unless the file system takes two names for one, as those do that ignore
// case. In the folder of os.DirFS symbolic links lead wherever they point; os.OpenRoot and
// the FS of that root keep them inside.
//
// The ETag of a file is strong, made of its size and modification time. It is weak, and
// another one, in the first two seconds after the file was changed, when a second change
// might leave both as they are. A file without a time gets the hash of its content: that
// is every embedded file, hashed once, and on other file systems a file of 1 MiB or less,
// hashed for each request, for nothing says that it is still the same; larger ones have no
// ETag. The times before 1980-01-02 that archives and reproducible builds write are none.
// Replace a file by renaming another one to it: what is written in place is sent as it is
// found, half of it new.
//
// What Dir answers itself: 404 to a path that names no file, and where nothing but a
// directory without index.html, a device, a socket or a pipe is there; 403 where the
// system denies access; 405 to methods other than GET and HEAD; 500, and a record in the
// log, to other errors of the file system, such as a link that leads out of an os.Root; and
// 308 from "/dir" to "/dir/" and from "/index.html" to "/", by a relative reference, right
// below any mount, with the query kept. A file that shrinks while it is sent is cut, and
// the client sees it cut. A request for more than 64 ranges gets the whole file.
type Dir struct {
	// FS is where the files are. In Go, it is os.DirFS("static"), the FS of an os.Root, or of
	// an embed.FS the folder, by fs.Sub; its files are io.Seekers, as theirs are.
	FS fs.FS

	// Listing sends a list of its files for a directory without index.html.
	Listing bool

	// Hidden sends also what has a name that begins with a dot, or lies below such a
	// directory, as .git or .env. Without it, such a path is 404, except below
	// "/.well-known" (RFC 8615).
	Hidden bool

	// Precompressed sends for a file the one that lies beside it with ".br", ".zst" or ".gz"
	// added to the name, to a client that takes this content coding: of those that it likes
	// most (RFC 9110 section 12.5.3) the smallest. One that is older than the plain file
	// is not used; that it has the same content nobody checks, which is why none is used
	// without this. A range counts coded bytes; several ranges come from the plain file.
	Precompressed bool

	// Fallback names a file of FS, such as "index.html", to be sent with status 200 where
	// there is none, to a request that accepts text/html by name, as a browser's for a page
	// does and those for images and scripts do not. It is for applications that find their
	// pages in the browser. Their relative links need a base element.
	Fallback string

	// Logger gets the errors of the file system, at level Error. Nil is slog.Default.
	Logger *slog.Logger

	tags sync.Map // fs.FileInfo of an embedded file → the hash of its content
}

// ServeHTTP sends the file that r names.
func (d *Dir) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if d.FS == nil {
		panic(`mount.Dir: FS is nil: set it to the files to send, such as os.DirFS("static")`)
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "405 there are files here: only GET and HEAD", http.StatusMethodNotAllowed)
		return
	}
	name, ok := d.nameOf(r.URL)
	if !ok {
		http.NotFound(w, r)
		return
	}
	err := d.serve(w, r, name)
	if d.Fallback != "" && absent(err) {
		capture.Vary(w.Header(), "Accept")
		if wantsPage(r) {
			err = d.send(w, r, d.Fallback)
		}
	}
	if err != nil {
		d.refuse(w, r, err)
	}
}

// serve answers the request for name. After an error nothing was sent.
func (d *Dir) serve(w http.ResponseWriter, r *http.Request, name string) error {
	// A look before anything is opened: to open a named pipe is to wait for its other end.
	info, err := fs.Stat(d.FS, name)
	switch {
	case err != nil:
		return err
	case info.IsDir():
		return d.serveDir(w, r, name)
	case strings.HasSuffix(r.URL.Path, "/"):
		return fs.ErrNotExist
	case path.Base(name) == "index.html":
		redirectTo(w, r, "./")
		return nil
	}
	return d.sendFile(w, r, name, info)
}

// serveDir answers the request for a directory.
func (d *Dir) serveDir(w http.ResponseWriter, r *http.Request, name string) error {
	if !strings.HasSuffix(r.URL.Path, "/") {
		escaped := rewrite.EscapedScriptName(r) + r.URL.EscapedPath()
		if last := escaped[strings.LastIndexByte(escaped, '/')+1:]; last != "" {
			redirectTo(w, r, "./"+last+"/") // with the dot, or a colon in it would end a scheme
			return nil
		}
	}
	err := d.send(w, r, path.Join(name, "index.html"))
	if d.Listing && absent(err) {
		return d.list(w, r, name)
	}
	return err
}

// send sends the file name.
func (d *Dir) send(w http.ResponseWriter, r *http.Request, name string) error {
	info, err := fs.Stat(d.FS, name)
	if err != nil {
		return err
	}
	return d.sendFile(w, r, name, info)
}

// sendFile sends the file name, whose info was looked up, or a coded form of it.
func (d *Dir) sendFile(w http.ResponseWriter, r *http.Request, name string, info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return fs.ErrNotExist
	}
	r = withoutManyRanges(r)
	if d.Precompressed {
		if c := d.choose(w, r, name, info); c.coding != "" && d.sendCoded(w, r, name, c) {
			return nil
		}
	}
	f, err := d.open(name)
	if err != nil {
		return err
	}
	defer f.content.Close()
	if err := d.setETag(w, f, ""); err != nil {
		return err
	}
	http.ServeContent(w, r, name, f.modTime(), f.content)
	return nil
}

// openFile is a file that is open.
type openFile struct {
	content io.ReadSeekCloser // an *os.File undisguised, which the connection knows
	info    fs.FileInfo
}

var errNoSeeker = errors.New("the file is no io.Seeker: copy its file system to a folder and serve that by os.DirFS")

// open opens a regular file. Its info is that of what is open, whatever lay there before.
func (d *Dir) open(name string) (openFile, error) {
	opened, err := d.FS.Open(name)
	if err != nil {
		return openFile{}, err
	}
	content, ok := opened.(io.ReadSeekCloser)
	info, err := opened.Stat()
	switch {
	case err != nil:
	case !info.Mode().IsRegular():
		err = fs.ErrNotExist
	case !ok:
		err = errNoSeeker
	}
	if err != nil {
		opened.Close()
	}
	return openFile{content, info}, err
}

// refuse answers a request that ended in err.
func (d *Dir) refuse(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case absent(err):
		http.NotFound(w, r)
	case errors.Is(err, fs.ErrPermission):
		http.Error(w, "403 the system denies access to this file", http.StatusForbidden)
	default:
		orDefaultLogger(d.Logger).LogAttrs(r.Context(), slog.LevelError, "mount: a file cannot be sent",
			slog.String("method", r.Method), slog.String("uri", requestURI(r)), slog.Any("error", err))
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
	}
}

// absent reports whether err says that there is no such file, or that no file can have such
// a name.
func absent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) ||
		errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ENAMETOOLONG)
}

// redirectTo answers with a reference to a place beside the path that was asked for.
func redirectTo(w http.ResponseWriter, r *http.Request, to string) {
	if r.URL.RawQuery != "" || r.URL.ForceQuery {
		to += "?" + r.URL.RawQuery
	}
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusPermanentRedirect)
}

// wantsPage reports whether a request is one of a browser for a page.
func wantsPage(r *http.Request) bool {
	for _, line := range r.Header["Accept"] {
		if strings.Contains(line, "text/html") {
			return true
		}
	}
	return false
}

// maxRanges is how many ranges a client gets. For each there is a head in the answer, longer
// than the range in the request (CVE-2011-3192).
const maxRanges = 64

// withoutManyRanges returns r, or a copy that asks for the whole instead of for too many
// ranges (RFC 9110 section 14.2).
func withoutManyRanges(r *http.Request) *http.Request {
	if lines := r.Header["Range"]; len(lines) == 0 || strings.Count(lines[0], ",") < maxRanges {
		return r
	}
	whole := r.WithContext(r.Context())
	whole.Header = r.Header.Clone()
	whole.Header.Del("Range")
	return whole
}
