package deploy

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"syscall"
)

// outputInfo describes what output reads.
func outputInfo() *ValueInfo {
	x := textInfo("path of a file, or standard output or error", "access.log")
	x.Words = []string{"stdout", "stderr"}
	return x
}

// output reads where lines are written to. A site that is traced writes none: they are records of slog.Default then.
func (r reading) output(v *value, t reflect.Type) plan {
	s, ok := r.text(v)
	if !ok {
		return nil
	}
	var w io.Writer
	switch s {
	case "":
		r.fail(v.at, "", `this is neither "stderr" nor "stdout" nor the path of a file`)
		return nil
	case "stdout":
		w = os.Stdout
	case "stderr":
		w = os.Stderr
	default:
		s = r.absolute(s)
		r.checkOutput(v.at, s)
	}
	return func(b *building) reflect.Value {
		switch {
		case b.probe != nil:
			return reflect.ValueOf(tracedOutput{})
		case w != nil:
			return reflect.ValueOf(w)
		}
		file := &outputFile{name: s}
		b.closers.open = append(b.closers.open, opened{file, r.section})
		return reflect.ValueOf(file)
	}
}

// checkOutput warns where a file cannot be made by a name.
func (r reading) checkOutput(at span, name string) {
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		r.warnings.add(at, r.section, "this is a folder, not a file", "")
	} else if _, err := os.Stat(filepath.Dir(name)); err != nil {
		r.warnings.add(at, r.section, "its folder: "+plainError(err), "")
	}
}

// tracedOutput makes a record of each line.
type tracedOutput struct{}

func (tracedOutput) Write(line []byte) (int, error) {
	slog.Info(strings.TrimSuffix(string(line), "\n"))
	return len(line), nil
}

// outputFile is a file that is appended to. It is opened for the first line, since a site may be built only to be
// checked, and again by its name when it was moved away or removed, as logrotate does.
type outputFile struct {
	name string

	mu     sync.Mutex
	file   *os.File    // nil: not open
	info   os.FileInfo // of file
	failed bool        // it could not be opened, which was logged
	closed bool        // with the site: what is written then keeps nothing open
}

// Write writes one line, in one piece. A request that Shutdown cuts ends after the site was closed, and is logged, too:
// its line opens the file for itself.
func (f *outputFile) Write(line []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		defer f.close()
	}
	if now, err := os.Stat(f.name); f.file == nil || err != nil || !os.SameFile(now, f.info) {
		f.reopen()
	}
	if f.file == nil {
		return 0, os.ErrNotExist
	}
	return f.file.Write(line)
}

// reopen opens the file by its name. If that fails, the old one is kept. It does not wait for who reads a named pipe.
func (f *outputFile) reopen() {
	file, err := os.OpenFile(f.name, os.O_APPEND|os.O_CREATE|os.O_WRONLY|syscall.O_NONBLOCK, 0o640)
	var info os.FileInfo
	if err == nil {
		info, err = file.Stat()
	}
	if err != nil {
		if file != nil {
			_ = file.Close()
		}
		if !f.failed {
			slog.Error("deploy: lines cannot be written", "error", err)
		}
		f.failed = true
		return
	}
	_ = f.close()
	f.file, f.info, f.failed = file, info, false
}

// Close closes the file.
func (f *outputFile) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	return f.close()
}

func (f *outputFile) close() error {
	if f.file == nil {
		return nil
	}
	file := f.file
	f.file = nil
	return file.Close()
}
