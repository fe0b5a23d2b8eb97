package mount

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"time"
)

// maxHashed is the size in bytes up to which a file is hashed for each request.
const maxHashed = 1 << 20

// earliest is the time before which a modification time is none: zero, and the beginnings of
// Unix time and of that of archives (1980-01-01 in any zone), which reproducible builds
// write into all files. A new version of such a file often has the size of the old one.
var earliest = time.Date(1980, 1, 2, 0, 0, 0, 0, time.UTC)

// young is how long after a change a file may be changed again and keep its modification
// time: the resolution of the coarsest file systems.
const young = 2 * time.Second

// modTime returns when f was modified, zero where nothing says so.
func (f openFile) modTime() time.Time {
	if t := f.info.ModTime(); !t.Before(earliest) {
		return t
	}
	return time.Time{}
}

// setETag sets the entity tag of f, where it has one. Each coding has its own (RFC 9110
// section 8.8.3.3).
//
// The tag of a young file is weak, so that no client puts two versions together from ranges
// (section 8.8.1), and differs from the one that it gets later, so that a client which has
// the first version asks again.
func (d *Dir) setETag(w http.ResponseWriter, f openFile, coding string) error {
	var buf [64]byte
	tag := append(buf[:0], '"')
	if modified := f.modTime(); modified.IsZero() {
		hash, err := d.hash(f)
		if hash == "" || err != nil {
			return err
		}
		tag = append(tag, hash...)
	} else {
		if time.Since(modified) < young {
			tag = append(buf[:0], `W/"new-`...)
		}
		tag = strconv.AppendInt(tag, modified.UnixNano(), 36)
		tag = strconv.AppendInt(append(tag, '-'), f.info.Size(), 36)
	}
	if coding != "" {
		tag = append(append(tag, '-'), coding...)
	}
	w.Header()["Etag"] = []string{string(append(tag, '"'))}
	return nil
}

// hash returns the hash of the content of f, as text; empty: f is too large. That of an
// embedded file is kept: there are no more of them than the program has in it, and they
// never change.
func (d *Dir) hash(f openFile) (string, error) {
	embedded := isEmbedded(f.content)
	if embedded {
		if hash, ok := d.tags.Load(f.info); ok {
			return hash.(string), nil
		}
	} else if f.info.Size() > maxHashed {
		return "", nil
	}
	h := sha256.New()
	if _, err := io.Copy(h, f.content); err != nil {
		return "", fmt.Errorf("hashing: %w", err)
	}
	if _, err := f.content.Seek(0, io.SeekStart); err != nil {
		return "", fmt.Errorf("hashing: %w", err)
	}
	hash := hashText(h.Sum(nil))
	if embedded {
		d.tags.Store(f.info, hash)
	}
	return hash, nil
}

// hashText returns 128 bits of a hash as text.
func hashText(sum []byte) string { return base64.RawURLEncoding.EncodeToString(sum[:16]) }

// isEmbedded reports whether f is a file of an embed.FS, also by way of fs.Sub. Its
// FileInfo is then a pointer to what the program has of the file.
func isEmbedded(f io.ReadSeekCloser) bool {
	t := reflect.TypeOf(f)
	return t.Kind() == reflect.Pointer && t.Elem().PkgPath() == "embed"
}
