package filter

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/weirhttp/weir/internal/tempfile"
)

// keptBody is what has been read of the body of one request, for those who read it again.
type keptBody struct {
	source    io.ReadCloser
	memoryMax int64
	dir       string
	reading   sync.Mutex  // held while source is read, which may take as long as the client likes
	asked     atomic.Bool // source was read, so that the client has been told to send it

	mu     sync.Mutex
	memory []byte         // the beginning
	file   *tempfile.File // what is behind it, once there is more
	size   int64          // of both
	err    error          // what comes behind size, once it is known
	closed bool           // by one of the readers
	over   bool           // the handler has returned
}

// again returns the body from its start.
func (k *keptBody) again() (io.ReadCloser, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.over {
		return nil, http.ErrBodyReadAfterClose
	}
	return &rewound{kept: k}, nil
}

// keep takes in what was read from the source, as much as there is room for.
func (k *keptBody) keep(p []byte) (n int, err error) {
	n = int(min(int64(len(p)), k.memoryMax-int64(len(k.memory))))
	k.memory = append(k.memory, p[:n]...)
	if n < len(p) {
		var filed int
		filed, err = k.keepInFile(p[n:])
		n += filed
	}
	k.size += int64(n)
	return n, err
}

func (k *keptBody) keepInFile(p []byte) (n int, err error) {
	if k.file == nil {
		k.file, err = tempfile.Create(k.dir, "weir-rewind-")
	}
	if err == nil {
		n, err = k.file.WriteAt(p, max(0, k.size-k.memoryMax))
	}
	if err != nil {
		err = fmt.Errorf("filter.Rewind: what is more than Memory cannot be kept in Dir: %w", err)
	}
	return n, err
}

// readAt reads at a place before size.
func (k *keptBody) readAt(p []byte, at int64) (int, error) {
	if at < int64(len(k.memory)) {
		return copy(p, k.memory[at:]), nil
	}
	n, err := k.file.ReadAt(p[:min(int64(len(p)), k.size-at)], at-int64(len(k.memory)))
	if err != nil {
		err = fmt.Errorf("filter.Rewind: what was kept in Dir cannot be read: %w", err)
	}
	return n, err
}

// givenUp says whether a handler closed the body before its end.
func (k *keptBody) givenUp() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.closed && k.err == nil
}

// leave ends the body: the handler has returned.
func (k *keptBody) leave() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.over, k.memory = true, nil
	if k.file != nil {
		k.file.Close()
	}
}

// rewound is a keptBody as one reader has it.
type rewound struct {
	kept   *keptBody
	at     int64
	closed bool
}

func (b *rewound) Read(p []byte) (int, error) {
	if n, err, done := b.fromKept(p); done {
		return n, err
	}
	k := b.kept
	k.reading.Lock()
	defer k.reading.Unlock()
	if n, err, done := b.fromKept(p); done { // somebody else was reading
		return n, err
	}
	k.asked.Store(true)
	n, err := k.source.Read(p)
	return b.fromSource(p[:n], err)
}

// fromKept reads what need not come from the source.
func (b *rewound) fromKept(p []byte) (n int, err error, done bool) {
	k := b.kept
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.over, b.closed:
		return 0, http.ErrBodyReadAfterClose, true
	case b.at < k.size:
		n, err = k.readAt(p, b.at)
		b.at += int64(n)
		return n, err, true
	}
	return 0, k.err, k.err != nil
}

// fromSource reads what came from the source.
func (b *rewound) fromSource(p []byte, err error) (int, error) {
	k := b.kept
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.over {
		return 0, http.ErrBodyReadAfterClose
	}
	n, failed := k.keep(p)
	if failed != nil {
		err = failed
	}
	b.at, k.err = b.at+int64(n), err
	return n, err
}

var errSeek = errors.New("filter.Rewind: a body can be sought up to where it has been read, and not from an end that was not reached")

// Seek goes to a place up to which the body has been read, also when it was closed.
func (b *rewound) Seek(offset int64, whence int) (int64, error) {
	k := b.kept
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.over:
		return 0, http.ErrBodyReadAfterClose
	case whence == io.SeekStart:
	case whence == io.SeekCurrent:
		offset += b.at
	case whence == io.SeekEnd && k.err == io.EOF:
		offset += k.size
	default:
		return 0, errSeek
	}
	if offset < 0 || offset > k.size { // a sum that is too large is below 0
		return 0, errSeek
	}
	b.at, b.closed = offset, false
	return offset, nil
}

// Close ends reading until the next Seek.
func (b *rewound) Close() error {
	b.kept.mu.Lock()
	defer b.kept.mu.Unlock()
	b.closed, b.kept.closed = true, true
	return nil
}
