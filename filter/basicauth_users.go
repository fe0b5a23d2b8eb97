package filter

import (
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// users are the users of a file.
type users struct {
	hashes map[string]string
	costs  map[string]int
	cost   int // the highest one
}

// parseUsers reads the text of a file called path.
func parseUsers(path, text string) (*users, error) {
	u := &users{hashes: map[string]string{}, costs: map[string]int{}}
	number := 0
	for line := range strings.SplitSeq(text, "\n") {
		number++
		line = strings.TrimRight(line, " \t\r")
		if line == "" || line[0] == '#' {
			continue
		}
		if err := u.add(line); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, number, err)
		}
	}
	if len(u.hashes) == 0 {
		return nil, fmt.Errorf("%s has no user: add one with htpasswd -B", path)
	}
	return u, nil
}

func (u *users) add(line string) error {
	name, rest, ok := strings.Cut(line, ":")
	hash, _, _ := strings.Cut(rest, ":")
	if !ok || name == "" || !isPlain(name) {
		return fmt.Errorf("this is no user: write the line with htpasswd -B")
	}
	if _, twice := u.hashes[name]; twice {
		return fmt.Errorf("%q is there twice: remove one", name)
	}
	cost, err := bcryptCost(hash)
	if err != nil {
		return fmt.Errorf("%q %w: make it anew with htpasswd -B", name, err)
	}
	u.hashes[name], u.costs[name] = hash, cost
	u.cost = max(u.cost, cost)
	return nil
}

// passwordFile is a file of users that is read again when it has changed.
type passwordFile struct {
	path   string
	open   func(path string) (fs.File, error)
	logger *slog.Logger // nil: the default
	users  atomic.Pointer[users]

	start  time.Time
	looked atomic.Int64 // since start

	mu    sync.Mutex
	seen  os.FileInfo // of what was read last
	read  time.Time   // when
	wrong error       // with it
	fault string      // what was logged last
}

const (
	lookAgain = time.Second

	// aFresh file may change once more without another time of its change.
	fresh = 2 * time.Second

	maxFile = 16 << 20 // bytes
)

func openPasswords(path string, logger *slog.Logger) (*passwordFile, error) {
	open := func(path string) (fs.File, error) { return os.Open(path) }
	f := &passwordFile{path: path, open: open, logger: logger, start: time.Now()}
	return f, f.load()
}

// current returns the users as of a second ago or later.
func (f *passwordFile) current() *users {
	last, now := f.looked.Load(), int64(time.Since(f.start))
	if now-last >= int64(lookAgain) && f.looked.CompareAndSwap(last, now) {
		f.refresh()
	}
	return f.users.Load()
}

// refresh reads the file if it has changed.
func (f *passwordFile) refresh() {
	f.mu.Lock()
	defer f.mu.Unlock()
	now, err := os.Stat(f.path)
	switch {
	case err != nil:
	case f.same(now):
		err = f.wrong
	default:
		err = f.load()
	}
	f.complain(err)
}

// same says whether the file is what was read.
func (f *passwordFile) same(now os.FileInfo) bool {
	return os.SameFile(f.seen, now) && f.seen.Size() == now.Size() && f.seen.ModTime().Equal(now.ModTime()) &&
		f.read.Sub(now.ModTime()) > fresh
}

// load reads the file and takes its users, if nothing is wrong with it.
func (f *passwordFile) load() error {
	file, err := f.open(f.path)
	if err != nil {
		return err
	}
	defer file.Close()
	now := time.Now()
	seen, err := file.Stat()
	if err != nil {
		return err
	}
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return err
	}
	f.read, f.seen = now, seen
	f.wrong = f.take(text)
	return f.wrong
}

// take takes the users of a text.
func (f *passwordFile) take(text []byte) error {
	if len(text) > maxFile {
		return fmt.Errorf("%s has more than %d MiB", f.path, maxFile>>20)
	}
	u, err := parseUsers(f.path, string(text))
	if err == nil {
		f.users.Store(u)
	}
	return err
}

// complain logs what is wrong, once for each fault.
func (f *passwordFile) complain(err error) {
	if err == nil {
		f.fault = ""
		return
	}
	if f.fault == err.Error() {
		return
	}
	f.fault = err.Error()
	logger := f.logger
	if logger == nil {
		logger = slog.Default()
	}
	logger.Error("the users stay as they were: their file is not to be used", "error", err)
}
