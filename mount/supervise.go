package mount

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
)

const (
	livedWell    = time.Second            // a process that lived as long is replaced at once
	firstBackoff = 100 * time.Millisecond // else it takes this long, doubled each time
	lastBackoff  = 10 * time.Second       // up to this
)

// begin starts the first workers, and goes on trying where that fails.
func (ws *workers) begin() {
	go func() {
		ws.first = ws.replace()
		close(ws.tried)
		err := ws.first
		for backoff := firstBackoff; err != nil; backoff = min(2*backoff, lastBackoff) {
			if !ws.wait(backoff, nil) || ws.serves() {
				return
			}
			err = ws.replace()
		}
	}()
}

// start starts the first workers and returns when they serve, or why they do not.
func (ws *workers) start() error {
	ws.once.Do(ws.begin)
	<-ws.tried
	if ws.isClosed() {
		return errClosed
	}
	if ws.serves() { // by now
		return nil
	}
	return ws.first
}

// reload replaces the workers.
func (ws *workers) reload() error {
	ws.once.Do(ws.begin)
	<-ws.tried
	return ws.replace()
}

// close ends the workers.
func (ws *workers) close() error {
	ws.once.Do(func() { close(ws.tried) })
	ws.mu.Lock()
	select {
	case <-ws.closing:
	default:
		close(ws.closing)
	}
	list, killed := slices.Clone(ws.list), ws.killed.Load()
	ws.mu.Unlock()
	for _, w := range list {
		ws.retire(w)
	}
	ws.mu.Lock()
	ws.fail(errClosed)
	ws.mu.Unlock()
	ws.turn.Lock() // a start that is under way has given up
	defer ws.turn.Unlock()
	ws.ended.Wait()
	if n := ws.killed.Load() - killed; n > 0 {
		return fmt.Errorf("processes were killed that had requests to finish: %d", n)
	}
	return nil
}

// replace starts a set of workers, and lets those that are there finish. On an error
// nothing changes.
func (ws *workers) replace() error {
	ws.turn.Lock()
	defer ws.turn.Unlock()
	list, err := ws.spawnAll()
	ws.mu.Lock()
	if err == nil && ws.isClosed() {
		err = errClosed
	}
	if err != nil {
		ws.fail(err)
		ws.mu.Unlock()
		for _, w := range list {
			ws.retire(w)
		}
		return err
	}
	old, over := ws.list, ws.over
	set := make(chan struct{})
	ws.list, ws.over = nil, set
	for _, w := range list {
		ws.adopt(w)
		ws.ended.Go(func() { ws.supervise(w, set) })
	}
	ws.mu.Unlock()
	if over != nil {
		close(over)
	}
	for _, w := range old {
		ws.retire(w)
	}
	return nil
}

// supervise puts another worker in the place of w when that has died or is retired, until
// the set that it belongs to is over.
func (ws *workers) supervise(w *worker, over chan struct{}) {
	backoff := firstBackoff
	for w != nil {
		select {
		case <-w.gone:
		case <-w.retired:
		case <-over:
			return
		case <-ws.closing:
			return
		}
		delay := time.Duration(0)
		if time.Since(w.began) < livedWell {
			delay, backoff = backoff, min(2*backoff, lastBackoff)
		} else {
			backoff = firstBackoff
		}
		ws.retire(w)
		w = ws.another(delay, over)
	}
}

// another starts a worker, after a while, as often as it takes; nil when there is no need
// any more.
func (ws *workers) another(delay time.Duration, over chan struct{}) *worker {
	for ws.wait(delay, over) {
		w, err := ws.spawn()
		ws.mu.Lock()
		needed := ws.over == over && !ws.isClosed()
		switch {
		case err != nil:
			ws.fail(err)
		case needed:
			ws.adopt(w)
		}
		ws.mu.Unlock()
		if err == nil && needed {
			return w
		}
		if err == nil {
			ws.retire(w)
		}
		delay = min(max(2*delay, firstBackoff), lastBackoff)
	}
	return nil
}

// wait reports whether d has passed before the set of workers is over, or all are closed.
func (ws *workers) wait(d time.Duration, over chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-over:
		return false
	case <-ws.closing:
		return false
	case <-timer.C:
		return true
	}
}

// spawn starts a worker.
func (ws *workers) spawn() (*worker, error) {
	logger := ws.logger.With("process", ws.started.Add(1))
	w, err := startWorker(ws.command(), ws.threads, logger, ws.closing)
	if err != nil && !errors.Is(err, errClosed) {
		logger.Error("wsgi: the application cannot be started", slog.Any("error", err))
	}
	return w, err
}

// spawnAll starts a set of workers: all of them or, on an error, none.
func (ws *workers) spawnAll() ([]*worker, error) {
	list, errs := make([]*worker, ws.processes), make([]error, ws.processes)
	var all sync.WaitGroup
	for i := range list {
		all.Go(func() { list[i], errs[i] = ws.spawn() })
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			for _, w := range slices.DeleteFunc(list, func(w *worker) bool { return w == nil }) {
				ws.retire(w)
			}
			return nil, err
		}
	}
	return list, nil
}

func (ws *workers) serves() bool {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	return ws.over != nil
}

func (ws *workers) isClosed() bool {
	select {
	case <-ws.closing:
		return true
	default:
		return false
	}
}
