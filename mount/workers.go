package mount

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"os/exec"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weirhttp/weir/internal/fcgi"
)

var (
	errClosed = errors.New("it is closed")
	errBusy   = errors.New("too many requests wait for a thread: raise Processes, Threads or Queue")
)

// workers are the processes of an application, and the requests that wait for one of their
// threads.
type workers struct {
	command            func() *exec.Cmd
	processes, threads int
	queue              int
	grace              time.Duration
	logger             *slog.Logger

	started atomic.Int64 // processes, ever

	once    sync.Once
	tried   chan struct{} // closed when the first start has succeeded or failed
	first   error         // how
	closing chan struct{} // closed by close
	ended   sync.WaitGroup
	killed  atomic.Int64
	turn    sync.Mutex // held while a set of workers is replaced

	mu      sync.Mutex
	list    []*worker // those that take requests
	waiting []chan *thread
	over    chan struct{} // of the set that serves now: closed when another has replaced it
	failed  error         // why there is no worker
}

// thread is one of a worker's, lent to a request.
type thread struct {
	worker *worker
	conn   *fcgi.Conn
}

// take returns a thread of the worker that has the least to do, when there is one.
func (ws *workers) take(ctx context.Context) (*thread, error) {
	ws.once.Do(ws.begin)
	ws.mu.Lock()
	if t := ws.pick(); t != nil {
		ws.mu.Unlock()
		return t, nil
	}
	err := ws.failed
	if err == nil && len(ws.waiting) >= ws.queue {
		err = errBusy
	}
	if err != nil {
		ws.mu.Unlock()
		return nil, err
	}
	turn := make(chan *thread, 1)
	ws.waiting = append(ws.waiting, turn)
	ws.mu.Unlock()
	select {
	case t := <-turn:
		return t, ws.whyNot(t)
	case <-ctx.Done():
	}
	ws.mu.Lock()
	i := slices.Index(ws.waiting, turn)
	if i >= 0 {
		ws.waiting = slices.Delete(ws.waiting, i, i+1)
	}
	ws.mu.Unlock()
	if i < 0 { // it came all the same
		if t := <-turn; t != nil {
			ws.release(t)
		}
	}
	return nil, ctx.Err()
}

// whyNot is the error of having got t.
func (ws *workers) whyNot(t *thread) error {
	if t != nil {
		return nil
	}
	ws.mu.Lock()
	defer ws.mu.Unlock()
	return cmp.Or(ws.failed, errBusy)
}

// pick returns an idle thread, nil if there is none. The lock is held.
func (ws *workers) pick() *thread {
	for {
		var best *worker
		for _, w := range ws.list {
			if len(w.idle) > 0 && (best == nil || w.busy < best.busy) {
				best = w
			}
		}
		if best == nil {
			return nil
		}
		last := len(best.idle) - 1
		conn := best.idle[last]
		best.idle = best.idle[:last]
		if conn.Alive() {
			best.busy++
			return &thread{best, conn}
		}
		go ws.retire(best) // it has died, or hung up
	}
}

// give takes a thread back. One that has not ended its request, since the client left, is
// asked to, and is free when it has.
func (ws *workers) give(t *thread) {
	if t.conn.Ended() {
		ws.release(t)
	} else {
		go ws.reclaim(t)
	}
}

// reclaim waits for the end of a request that nobody waits for any more.
func (ws *workers) reclaim(t *thread) {
	stuck := time.AfterFunc(ws.grace, func() {
		ws.logger.Error("wsgi: a thread does not end although its client has left; its process is replaced")
		ws.retire(t.worker)
	})
	defer stuck.Stop()
	if t.conn.Abandon() {
		ws.release(t)
	} else {
		ws.lose(t)
	}
}

// release makes a thread free for another request.
func (ws *workers) release(t *thread) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	switch {
	case t.worker.leaving:
		_ = t.conn.Close()
	case len(ws.waiting) > 0:
		ws.waiting[0] <- t
		ws.waiting = slices.Delete(ws.waiting, 0, 1)
		return
	default:
		t.worker.idle = append(t.worker.idle, t.conn)
	}
	t.worker.busy--
}

// lose is for a thread whose process has died or broken the protocol: the whole process
// is replaced.
func (ws *workers) lose(t *thread) {
	_ = t.conn.Close()
	ws.mu.Lock()
	t.worker.busy--
	ws.mu.Unlock()
	ws.retire(t.worker)
}

// adopt lets a worker take requests, first those that wait. The lock is held.
func (ws *workers) adopt(w *worker) {
	ws.failed = nil
	ws.list = append(ws.list, w)
	for len(ws.waiting) > 0 {
		t := ws.pick()
		if t == nil {
			return
		}
		ws.waiting[0] <- t
		ws.waiting = slices.Delete(ws.waiting, 0, 1)
	}
}

// retire lets a worker finish what it works on, and end, or ends it after a while.
func (ws *workers) retire(w *worker) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if w.leaving {
		return
	}
	ws.list = slices.DeleteFunc(ws.list, func(other *worker) bool { return other == w })
	w.leaving = true
	close(w.retired)
	for _, conn := range w.idle {
		_ = conn.Close()
	}
	w.idle = nil
	ws.ended.Go(func() {
		if w.endWithin(ws.grace, ws.logger) {
			ws.killed.Add(1)
		}
	})
}

// fail answers all that wait, when there is nobody who will serve them. The lock is held.
func (ws *workers) fail(err error) {
	if len(ws.list) > 0 {
		return
	}
	ws.failed = err
	for _, turn := range ws.waiting {
		turn <- nil
	}
	ws.waiting = nil
}
