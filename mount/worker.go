package mount

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/weirhttp/weir/internal/fcgi"
)

// worker is a process that serves requests, one for each of its connections at a time. It
// lives as long as it has connections. What follows done belongs to the workers' lock.
type worker struct {
	cmd     *exec.Cmd
	control io.Closer // the process ends when this end of it is closed
	began   time.Time
	gone    chan struct{} // closed when the process has ended
	retired chan struct{} // closed when it takes no more requests
	err     error         // how it ended, once it is gone

	conns   []*fcgi.Conn
	idle    []*fcgi.Conn
	busy    int
	leaving bool
}

// startWorker starts cmd and returns when it is ready, or why it will never be. It gives
// up when stop is closed.
func startWorker(cmd *exec.Cmd, threads int, logger *slog.Logger, stop <-chan struct{}) (*worker, error) {
	ours, theirs, err := socketPairs(threads + 1)
	if err != nil {
		return nil, err
	}
	w := &worker{cmd: cmd, control: ours[0], gone: make(chan struct{}), retired: make(chan struct{})}
	for _, c := range ours[1:] {
		w.conns = append(w.conns, fcgi.NewConn(c))
	}
	w.idle = append(w.idle, w.conns...)
	stderr := &lines{ctx: context.Background(), logger: logger, message: "wsgi: standard error"}
	cmd.ExtraFiles, cmd.Stderr, cmd.WaitDelay = theirs, stderr, killAfter
	inGroup(cmd)
	err = cmd.Start()
	for _, file := range theirs {
		_ = file.Close()
	}
	if err != nil {
		w.hangUp()
		if _, missing := os.Stat(cmp.Or(cmd.Dir, ".")); missing != nil {
			err = missing // the system's error names the program only
		}
		return nil, err
	}
	go func() {
		w.err = cmd.Wait()
		stderr.end()
		close(w.gone)
	}()
	said := make(chan string, 1)
	go func() { said <- readReady(ours[0]) }()
	select {
	case text := <-said:
		if w.began = time.Now(); text == readyLine {
			return w, nil
		}
		err = w.startError(text)
	case <-stop:
		err = errClosed
	}
	w.hangUp()
	_ = killGroup(cmd)
	<-w.gone
	return nil, err
}

// readyLine is what a process says when it can serve.
const readyLine = "ready\n"

// readReady returns that, or all else that a process says.
func readReady(control io.Reader) string {
	text := make([]byte, 64<<10)
	n, err := io.ReadFull(control, text[:len(readyLine)])
	if err == nil && string(text[:n]) != readyLine {
		more, _ := io.ReadFull(control, text[n:])
		n += more
	}
	return string(text[:n])
}

// startError is why a process that said text is not ready.
func (w *worker) startError(text string) error {
	if reason, ok := strings.CutPrefix(text, "error\n"); ok {
		return errors.New(strings.TrimSpace(reason))
	}
	<-w.gone
	return fmt.Errorf("the process ended before it was ready, see the log for what it wrote: %w", w.err)
}

// hangUp closes all that ties the process to us.
func (w *worker) hangUp() {
	_ = w.control.Close()
	for _, c := range w.conns {
		_ = c.Close()
	}
}

// endWithin kills the process if it does not end by itself, and reports whether it had to.
func (w *worker) endWithin(grace time.Duration, logger *slog.Logger) (killed bool) {
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-w.gone:
	case <-timer.C:
		killed = true
		logger.Error("wsgi: a process is killed that had requests to finish", slog.Duration("grace", grace))
	}
	_ = killGroup(w.cmd) // and what it left behind
	<-w.gone
	w.hangUp()
	if w.err != nil && !killed {
		logger.Error("wsgi: a process died", slog.Any("error", w.err))
	}
	return killed
}

// command returns the command of a process that serves the application.
func (a *WSGI) command() *exec.Cmd {
	python := a.Python
	switch info, err := os.Stat(python); {
	case python == "":
		python = "python3"
	case err == nil && info.IsDir():
		python = filepath.Join(absolute(python), "bin", "python")
	case strings.Contains(python, "/"):
		python = absolute(python)
	}
	cmd := exec.Command(python, "-", a.App, strconv.Itoa(a.workers.threads), strconv.Itoa(a.workers.processes))
	cmd.Stdin = strings.NewReader(wsgiWorker)
	cmd.Dir = a.Dir
	cmd.Env = append(os.Environ(), a.Env...)
	return cmd
}

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

//go:embed wsgi.py
var wsgiWorker string
