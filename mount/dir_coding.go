package mount

import (
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/weirhttp/weir/capture"
)

// coded is a content coding of a file, and what is added to the file's name for it.
type coded struct{ coding, suffix string }

var codings = [...]coded{{"br", ".br"}, {"zstd", ".zst"}, {"gzip", ".gz"}}

// choose returns which coded form of the file name is to be sent, and says in the header
// that there is a choice. The zero value stands for the plain file.
func (d *Dir) choose(w http.ResponseWriter, r *http.Request, name string, plain fs.FileInfo) coded {
	var best coded
	accepted := r.Header["Accept-Encoding"]
	liked, size := acceptance(accepted, "identity"), plain.Size()
	choice := false
	for _, c := range codings {
		info, err := fs.Stat(d.FS, name+c.suffix)
		if err != nil || !info.Mode().IsRegular() || stale(info.ModTime(), plain.ModTime()) {
			continue
		}
		choice = true
		q := acceptance(accepted, c.coding)
		if q > liked || q == liked && q > 0 && info.Size() < size {
			best, liked, size = c, q, info.Size()
		}
	}
	if choice {
		capture.Vary(w.Header(), "Accept-Encoding")
	}
	// Of several ranges it is not clear what Content-Encoding speaks of: each, or all together.
	if strings.Contains(r.Header.Get("Range"), ",") {
		return coded{}
	}
	return best
}

// stale reports whether a coded form is older than its original. Some encoders copy the
// time of the original without its fraction.
func stale(form, original time.Time) bool {
	if form.Nanosecond() == 0 {
		original = original.Truncate(time.Second)
	}
	return form.Before(original)
}

// sendCoded sends the coded form c of the file name, and reports whether it did: by now the
// form may be gone, or not for us to read.
func (d *Dir) sendCoded(w http.ResponseWriter, r *http.Request, name string, c coded) bool {
	f, err := d.open(name + c.suffix)
	if err != nil {
		return false
	}
	defer f.content.Close()
	if d.setETag(w, f, c.coding) != nil {
		return false
	}
	if _, typed := w.Header()["Content-Type"]; !typed {
		w.Header().Set("Content-Type", d.typeOf(name))
	}
	content := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, name, f.modTime(), f.content)
	})
	// Where there is a Content-Encoding, http.ServeContent declares no Content-Length, and a
	// file that shrinks would not look cut. So the field comes when the head is sent.
	capture.Transform(w, r, content, 0, func(h *capture.Head, _ io.Writer) io.WriteCloser {
		if h.Status == http.StatusOK || h.Status == http.StatusPartialContent {
			h.Header["Content-Encoding"] = []string{c.coding}
		}
		return nil
	})
	return true
}

// typeOf returns the media type of the plain file name, as http.ServeContent finds it.
func (d *Dir) typeOf(name string) string {
	if kind := mime.TypeByExtension(path.Ext(name)); kind != "" {
		return kind
	}
	var head [512]byte
	n := 0
	if f, err := d.FS.Open(name); err == nil {
		n, _ = io.ReadFull(f, head[:])
		f.Close()
	}
	return http.DetectContentType(head[:n])
}

// acceptance returns how much a client likes a content coding by its lines of Accept-Encoding,
// from 0, not at all, to 1 (RFC 9110 section 12.5.3). A coding that no line mentions is not
// liked, whether or not it is acceptable. Of two weights the first counts, and members that
// are not well formed do not.
func acceptance(lines []string, coding string) float64 {
	others := -1.0
	for _, line := range lines {
		for member := range strings.SplitSeq(line, ",") {
			name, parameter, weighted := strings.Cut(member, ";")
			q, ok := 1.0, true
			if weighted {
				q, ok = qvalue(strings.Trim(parameter, " \t"))
			}
			switch name = strings.Trim(name, " \t"); {
			case !ok:
			case strings.EqualFold(name, coding):
				return q
			case name == "*" && others < 0:
				others = q
			}
		}
	}
	return max(others, 0)
}

// qvalue parses a weight, such as "q=0.5" (RFC 9110 section 12.4.2).
func qvalue(s string) (float64, bool) {
	name, number, _ := strings.Cut(s, "=")
	whole, fraction, _ := strings.Cut(number, ".")
	if !strings.EqualFold(name, "q") || whole != "0" && whole != "1" ||
		len(fraction) > 3 || strings.Trim(fraction, "0123456789") != "" {
		return 0, false
	}
	q, err := strconv.ParseFloat(number, 64)
	return q, err == nil && q <= 1
}
