package filtertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// A subject is the filter under test during one rule over one protocol: what the check and its handlers share.
type subject struct {
	filter   func(http.Handler) http.Handler
	proto    protocol
	declared Options         // what the filter declares
	ctx      context.Context // ends when the rule's patience does, or the rule itself
	cancel   context.CancelFunc
	limit    time.Duration
	log      journal // what the servers logged

	mu     sync.Mutex
	found  []error // what handlers complained about
	closes []func()
}

func newSubject(f func(http.Handler) http.Handler, p protocol, patience time.Duration) *subject {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	return &subject{filter: f, proto: p, ctx: ctx, cancel: cancel, limit: patience}
}

// failf notes a complaint, once. Handlers use it: they have no way to return an error to the check.
func (s *subject) failf(format string, args ...any) {
	err := fmt.Errorf(format, args...)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.ContainsFunc(s.found, func(e error) bool { return e.Error() == err.Error() }) {
		s.found = append(s.found, err)
	}
}

// pipe returns a request body and the end that a check feeds it from. It breaks when the rule ends: a client that
// waits for its own body cannot be stopped in another way.
func (s *subject) pipe() (io.Reader, *io.PipeWriter) {
	r, w := io.Pipe()
	context.AfterFunc(s.ctx, func() { w.CloseWithError(context.Cause(s.ctx)) })
	return r, w
}

// wait waits for ch and says whether it was signalled or closed before the rule ended.
func (s *subject) wait(ch <-chan struct{}) bool {
	select {
	case <-ch:
		return true
	case <-s.ctx.Done():
		return false
	}
}

// eventually waits until ok says yes, for what sends no event. It says whether that happened in time.
func (s *subject) eventually(ok func() bool) bool {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-s.ctx.Done():
			return ok()
		}
	}
	return true
}

// closing registers what has to happen when the rule ends; the last one registered happens first.
func (s *subject) closing(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closes = append(s.closes, f)
}

// shut closes every server and client and waits for the handlers to end, so that all complaints are in.
// Handlers that wait for something are released first.
func (s *subject) shut() error {
	s.cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			s.mu.Lock()
			n := len(s.closes)
			if n == 0 {
				s.mu.Unlock()
				return
			}
			f := s.closes[n-1]
			s.closes = s.closes[:n-1]
			s.mu.Unlock()
			f()
		}
	}()
	limit := time.NewTimer(s.limit)
	defer limit.Stop()
	select {
	case <-done:
		return nil
	case <-limit.C:
		return errors.New("a request never came out of the filter")
	}
}

// finish ends the rule: it joins what the check returned with what handlers complained about.
func (s *subject) finish(err error) error {
	late := errors.Is(s.ctx.Err(), context.DeadlineExceeded)
	stuck := s.shut()
	s.mu.Lock()
	defer s.mu.Unlock()
	err = errors.Join(err, errors.Join(s.found...), stuck)
	if late && err != nil {
		return fmt.Errorf("after waiting for %v: %w", s.limit, err)
	}
	return err
}

// A journal is a log that several goroutines write to.
type journal struct {
	mu   sync.Mutex
	text []byte
}

// Write adds a line.
func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.text = append(j.text, p...)
	return len(p), nil
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return string(j.text)
}
