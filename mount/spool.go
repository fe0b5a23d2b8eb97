package mount

import (
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
)

// spooled is a request body in a temporary file that goes away when it is closed.
type spooled struct{ *os.File }

func (s spooled) Close() error {
	return errors.Join(s.File.Close(), os.Remove(s.Name()))
}

// spool puts the body of r, whose length is unknown, into a file and gives it to asked with
// its length. Where it cannot it answers and returns false.
func (c CGI) spool(w http.ResponseWriter, r, asked *http.Request) (io.Closer, bool) {
	if c.Spool <= 0 {
		http.Error(w, "411 Length Required", http.StatusLengthRequired)
		return nil, false
	}
	file, err := os.CreateTemp("", "weir-cgi-")
	if err != nil {
		http.Error(w, "500 Internal Server Error", http.StatusInternalServerError)
		return nil, false
	}
	body := spooled{file}
	size, err := io.Copy(file, io.LimitReader(r.Body, c.Spool+1))
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err == nil && size <= c.Spool {
		asked.Body, asked.ContentLength = file, size
		return body, true
	}
	body.Close()
	status := http.StatusBadRequest // the client did not send all
	if _, limited := errors.AsType[*http.MaxBytesError](err); limited || err == nil {
		status = http.StatusRequestEntityTooLarge
	} else if _, ours := errors.AsType[*fs.PathError](err); ours {
		status = http.StatusInternalServerError
	}
	http.Error(w, http.StatusText(status), status)
	return nil, false
}
