package mount

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"html"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"time"
	"unicode/utf8"
)

// list answers with a page that links what may be sent of the directory name.
func (d *Dir) list(w http.ResponseWriter, r *http.Request, name string) error {
	entries, err := fs.ReadDir(d.FS, name)
	if err != nil {
		return err
	}
	var page bytes.Buffer
	fmt.Fprintf(&page, "<!doctype html>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n"+
		"<title>%s</title>\n<ul>\n", html.EscapeString(r.URL.Path))
	for _, entry := range entries {
		text, kind := entry.Name(), entry.Type()
		if !d.Hidden && hidden(path.Join(name, text)) || !utf8.ValidString(text) || !kind.IsRegular() && kind&(fs.ModeDir|fs.ModeSymlink) == 0 {
			continue
		}
		if entry.IsDir() {
			text += "/"
		}
		link := url.URL{Path: text}
		fmt.Fprintf(&page, "<li><a href=\"%s\">%s</a>\n", html.EscapeString(link.String()), html.EscapeString(text))
	}
	page.WriteString("</ul>\n")
	sum := sha256.Sum256(page.Bytes())
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Etag", `"`+hashText(sum[:])+`"`)
	http.ServeContent(w, withoutManyRanges(r), "", time.Time{}, bytes.NewReader(page.Bytes()))
	return nil
}
