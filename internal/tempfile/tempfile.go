// Package tempfile has temporary files that nobody has to clean up after.
package tempfile

import (
	"errors"
	"os"
)

// File is a temporary file that is gone when it is closed. Where the system lets go of the name of an open file, as Unix
// does, it has no name from the beginning, so that not even a process that is killed leaves it behind.
type File struct {
	*os.File
	name string // empty: it has none any more
}

// Create makes and opens a file in dir, or in [os.TempDir] if dir is empty, that its user alone may read. Pattern is that of
// [os.CreateTemp].
func Create(dir, pattern string) (*File, error) {
	file, err := os.CreateTemp(dir, pattern)
	if err != nil {
		return nil, err
	}
	if os.Remove(file.Name()) == nil {
		return &File{File: file}, nil
	}
	return &File{file, file.Name()}, nil
}

// Close closes the file, and removes it where it still has a name.
func (f *File) Close() error {
	err := f.File.Close()
	if f.name != "" {
		err = errors.Join(err, os.Remove(f.name))
		f.name = ""
	}
	return err
}
