package filtertest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime/multipart"
	"net/http"
	"os"
)

func multipartRules() []rule {
	return []rule{{
		id:     "D10",
		text:   "a filter lets the temporary files of an upload be removed after the request",
		reason: "the server removes those of the request that it made; a copy has to give MultipartForm back, or the disk fills",
		ref:    "net/http.Request.ParseMultipartForm",
		check:  temporaryFiles,
	}}
}

// form returns an upload of one file and its media type.
func form(file []byte) (*bytes.Buffer, string) {
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	part, _ := m.CreateFormFile("upload", "kit.bin") // a buffer takes everything
	part.Write(file)
	m.Close()
	return &body, m.FormDataContentType()
}

func temporaryFiles(s *subject) error {
	names := make(chan string, 1)
	at := s.serve(func(w http.ResponseWriter, r *http.Request) {
		// With no memory to keep it in the file goes to the disk.
		if err := r.ParseMultipartForm(0); err != nil {
			s.failf("ParseMultipartForm: %w", err)
			return
		}
		file, _, err := r.FormFile("upload")
		if err != nil {
			s.failf("FormFile: %w", err)
			return
		}
		defer file.Close()
		if f, ok := file.(*os.File); ok {
			names <- f.Name()
		}
		io.Copy(w, file)
	})
	body, mediaType := form(noise(64 << 10))
	a, err := at.whole(at.request("POST", "/", body, "Content-Type", mediaType))
	if err != nil {
		return err
	}
	if err := a.is(http.StatusOK, string(noise(64<<10))); err != nil {
		return err
	}
	if err := s.shut(); err != nil { // over HTTP/1.1 the files go after the response
		return err
	}
	select {
	case name := <-names:
		if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) {
			os.Remove(name)
			return fmt.Errorf("%s is still there after the request (%v)", name, err)
		}
	default:
	}
	return nil
}
