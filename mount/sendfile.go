package mount

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/weirhttp/weir/capture"
)

// sendfileName takes the fields out of a response by which an application asks for a file
// in place of its body, and returns the file's name.
func sendfileName(res *http.Response) (name string) {
	for _, field := range [...]string{"X-Accel-Redirect", "X-Sendfile"} {
		if values := res.Header[field]; len(values) > 0 {
			name = values[0]
			delete(res.Header, field)
		}
	}
	return name
}

// sendFile sends the file, which no name leads out of the folder, with the fields of res.
func (e *exchange) sendFile(res *http.Response, name string) error {
	root, err := os.OpenRoot(e.sendfile)
	if err != nil {
		return err
	}
	defer root.Close()
	inside := strings.TrimPrefix(name, strings.TrimSuffix(e.sendfile, string(filepath.Separator)))
	file, err := root.Open(filepath.FromSlash(strings.TrimLeft(inside, `/\`)))
	if err != nil {
		return fmt.Errorf("X-Sendfile: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return fmt.Errorf("X-Sendfile: %s is no file: %w", name, err)
	}
	h := e.w.Header()
	for field, values := range res.Header {
		switch field {
		case "Content-Length", "Transfer-Encoding", "Connection", "Accept-Ranges":
		case "Vary":
			capture.Vary(h, values...)
		case "Set-Cookie":
			h[field] = append(slices.Clone(h[field]), values...)
		default:
			h[field] = values
		}
	}
	e.begun = true
	http.ServeContent(e.w, e.r, info.Name(), info.ModTime(), file)
	return nil
}
