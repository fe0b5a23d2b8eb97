package mount

import (
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/weirhttp/weir/rewrite"
)

// scripts is the folder of an application that is made of scripts.
type scripts struct {
	dir   string // absolute
	files fs.FS
	front string
}

// script is one of them, and the path of a request cut in two there.
type script struct {
	scripts *scripts
	name    string // "/sub/index.php"
	mounted string // the script name of the folder
	info    string // the path after it
}

// scriptSuffix tells scripts from files.
const scriptSuffix = ".php"

func newScripts(dir, front string) *scripts {
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	return &scripts{dir: dir, files: os.DirFS(dir), front: strings.TrimPrefix(front, "/")}
}

// serve answers r with a file of the folder, or has run answer it with a script.
func (s *scripts) serve(w http.ResponseWriter, r *http.Request, run func(http.ResponseWriter, *http.Request, *script)) {
	if hasNUL(r.URL.Path) {
		refuseNUL(w)
		return
	}
	name, info := s.find(r.URL.Path)
	if name != "" {
		run(w, r, &script{s, name, rewrite.ScriptName(r), info})
		return
	}
	file := strings.TrimPrefix(r.URL.Path, "/")
	switch mode := s.mode(strings.TrimSuffix(file, "/")); {
	case mode.IsDir() && file != "" && !strings.HasSuffix(file, "/"):
		redirectToFolder(w, r)
	case mode.IsDir() && s.mode(path.Join(file, "index"+scriptSuffix)).IsRegular():
		run(w, r, &script{s, path.Join("/", file, "index"+scriptSuffix), rewrite.ScriptName(r), ""})
	case mode.IsRegular() && !strings.HasSuffix(file, "/") && !isSource(file):
		s.send(w, r, file)
	case s.front != "" && !isSource(file):
		run(w, r, &script{s, "/" + s.front, rewrite.ScriptName(r), ""})
	default:
		http.NotFound(w, r)
	}
}

// find returns the script that is part of a path, and the path after it.
func (s *scripts) find(p string) (name, info string) {
	for end := 0; end < len(p); {
		next := strings.IndexByte(p[end+1:], '/')
		if next < 0 {
			next = len(p) - end - 1
		}
		end += 1 + next
		if strings.HasSuffix(p[:end], scriptSuffix) && s.mode(p[1:end]).IsRegular() {
			return p[:end], p[end:]
		}
	}
	return "", ""
}

// mode returns the mode of what is there by that name, and that of nothing for what is
// hidden, not there, or no name.
func (s *scripts) mode(name string) fs.FileMode {
	if name == "" {
		name = "."
	} else if strings.HasPrefix(name, ".") || strings.Contains(name, "/.") {
		return fs.ModeIrregular
	}
	info, err := fs.Stat(s.files, name)
	if err != nil {
		return fs.ModeIrregular
	}
	return info.Mode()
}

func (s *scripts) send(w http.ResponseWriter, r *http.Request, file string) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		return
	}
	// Not http.ServeFileFS, which sends clients from an index.html to its folder.
	opened, err := s.files.Open(file)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	defer opened.Close()
	content, seeks := opened.(io.ReadSeeker)
	info, err := opened.Stat()
	if err != nil || !seeks {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	http.ServeContent(w, r, info.Name(), info.ModTime(), content)
}

// isSource reports whether a file is, or was, source: a script that is not in place, such as
// the copy that an editor left, is nothing to send.
func isSource(file string) bool {
	base := strings.ToLower(path.Base(file))
	return strings.Contains(base, scriptSuffix) || strings.HasSuffix(base, ".phtml") || strings.HasSuffix(base, ".inc")
}

// redirectToFolder sends a client to the same path with a slash at its end. The reference
// is relative, so that it is right wherever the folder is mounted.
func redirectToFolder(w http.ResponseWriter, r *http.Request) {
	escaped := r.URL.EscapedPath()
	to := "./" + escaped[strings.LastIndexByte(escaped, '/')+1:] + "/"
	if r.URL.RawQuery != "" {
		to += "?" + r.URL.RawQuery
	}
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusPermanentRedirect)
}

// describe tells the server which script it is.
func (s *script) describe(e *environ) {
	if s == nil {
		return
	}
	e.set("SCRIPT_NAME", s.mounted+s.name)
	e.set("PATH_INFO", s.info)
	e.add("DOCUMENT_ROOT", s.scripts.dir)
	e.add("SCRIPT_FILENAME", filepath.Join(s.scripts.dir, filepath.FromSlash(s.name)))
	e.add("REDIRECT_STATUS", "200") // or a php that was built with force-cgi-redirect refuses
	if s.info != "" {
		inside := path.Clean(s.info) // no ".." leads out of the folder
		e.add("PATH_TRANSLATED", filepath.Join(s.scripts.dir, filepath.FromSlash(inside)))
	}
}
