package guest

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// uploadMemory is how many bytes of an upload stay in memory; the rest goes to a temporary file, which net/http
// removes when the request is over.
const uploadMemory = 32 << 10

type uploaded struct {
	Name, Type, Sum string
	Size            int64 // bytes
}

func (a *app) showUpload(w http.ResponseWriter, r *http.Request) {
	a.show(w, r, http.StatusOK, "upload.html", "Upload", nil)
}

// upload answers with the size and the SHA-256 of the file that came.
func (a *app) upload(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseMultipartForm(uploadMemory); err != nil {
		http.Error(w, "the upload could not be read: "+err.Error(), refusal(err))
		return
	}
	file, head, err := r.FormFile("file")
	if err != nil {
		http.Error(w, "choose a file to upload", http.StatusUnprocessableEntity)
		return
	}
	defer file.Close()
	sum := sha256.New()
	size, err := io.Copy(sum, file)
	if err != nil {
		http.Error(w, "the upload could not be kept", http.StatusInternalServerError)
		return
	}
	a.show(w, r, http.StatusOK, "upload.html", "Upload",
		&uploaded{head.Filename, head.Header.Get("Content-Type"), fmt.Sprintf("%x", sum.Sum(nil)), size})
}

// refusal returns the status that answers a body which could not be read: 413 when it was larger than the host lets
// in, else 400.
func refusal(err error) int {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return http.StatusRequestEntityTooLarge
	}
	return http.StatusBadRequest
}
