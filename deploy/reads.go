package deploy

import (
	"crypto/sha256"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// reads is what was read of the files that a site is made of, by absolute path, to tell whether any of it
// has changed since. What could not be read has an error.
type reads map[string]read

type read struct {
	sum [sha256.Size]byte
	err string
}

// note keeps what came of reading a file.
func (r reads) note(name string, text []byte, err error) {
	if absolute, e := filepath.Abs(name); e == nil {
		name = absolute
	}
	one := read{sum: sha256.Sum256(text)}
	if err != nil {
		one.err = plainError(err)
	}
	r[name] = one
}

// file reads a file and keeps what came of it.
func (r reads) file(name string) ([]byte, error) {
	text, err := os.ReadFile(name)
	r.note(name, text, err)
	return text, err
}

// names returns the paths of what was read, or could not be.
func (r reads) names() []string { return slices.Sorted(maps.Keys(r)) }
