package server

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"

	"github.com/weirhttp/weir/deploy"
)

// Log is a logger as [server.log] says.
type Log struct {
	*slog.Logger

	level slog.LevelVar
	file  *logFile // nil: standard output or error
}

// Logger opens the log that s speaks of. "stdout" and "stderr" are the given writers.
func Logger(s deploy.ServerLog, stdout, stderr io.Writer) (*Log, error) {
	l := new(Log)
	l.level.Set(s.Level)
	w := stderr
	switch s.Output {
	case "stdout":
		w = stdout
	case "stderr", "":
	default:
		l.file = &logFile{name: s.Output}
		if err := l.file.reopen(); err != nil {
			return nil, err
		}
		w = l.file
	}
	options := &slog.HandlerOptions{Level: &l.level}
	if s.Format == "json" {
		l.Logger = slog.New(slog.NewJSONHandler(w, options))
	} else {
		l.Logger = slog.New(slog.NewTextHandler(w, options))
	}
	return l, nil
}

// SetLevel changes from which level on there are records, as a file that was read again says it. A change of the
// format or the output needs a new start.
func (l *Log) SetLevel(level slog.Level) { l.level.Set(level) }

// Reopen opens the file again by its name, after logrotate moved it away. If that fails, the old one is kept. It does
// nothing when there is no file.
func (l *Log) Reopen() error {
	if l.file == nil {
		return nil
	}
	return l.file.reopen()
}

// Close closes the file, if there is one. Records after that are lost.
func (l *Log) Close() error {
	if l.file == nil {
		return nil
	}
	return l.file.swap(nil)
}

// logFile is a file that is appended to and can be opened again.
type logFile struct {
	name string

	mu   sync.Mutex
	file *os.File // nil: closed
}

// Write writes one record.
func (f *logFile) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.file.Write(p) // os.ErrInvalid when it is closed
}

func (f *logFile) reopen() error {
	opened, err := os.OpenFile(f.name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640)
	if err != nil {
		return fmt.Errorf("[server.log] output: %w", err)
	}
	return f.swap(opened)
}

func (f *logFile) swap(file *os.File) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	old := f.file
	f.file = file
	if old == nil {
		return nil
	}
	return old.Close()
}
