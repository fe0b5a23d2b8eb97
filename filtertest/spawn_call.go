package filtertest

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
)

// A Call is a request that has arrived in the handler below a spawned filter. Its methods are the steps that the handler
// takes: each of them runs in the handler's goroutine and returns when it has been done there. A Call is an
// http.ResponseWriter and reads like the request's body, so that fmt.Fprint, http.Error or io.ReadAll take it; for
// everything else there is Do.
type Call struct {
	Request *http.Request // as the handler got it

	s     *Spawned
	w     http.ResponseWriter
	steps chan func()
	over  chan struct{} // closed when the handler has ended
	out   *outcome      // nil when the filter hides the context
}

// outcome is how a request came out of the filter.
type outcome struct {
	done     chan struct{}
	panicked any
}

type outcomeKey struct{}

// outermost stands outside of the filter and sees how it ends.
func outermost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out := &outcome{done: make(chan struct{})}
		inner := r.WithContext(context.WithValue(r.Context(), outcomeKey{}, out))
		defer func() {
			defer close(out.done)
			r.MultipartForm = inner.MultipartForm // the server removes its files
			if out.panicked = recover(); out.panicked != nil {
				panic(out.panicked)
			}
		}()
		next.ServeHTTP(w, inner)
	})
}

// handle is the handler: it does nothing but what the test says.
func (s *Spawned) handle(w http.ResponseWriter, r *http.Request) {
	c := &Call{Request: r, s: s, w: w, steps: make(chan func()), over: make(chan struct{})}
	c.out, _ = r.Context().Value(outcomeKey{}).(*outcome)
	defer close(c.over)
	select {
	case s.calls <- c:
	case <-s.ending:
		s.abandon("%s %s arrived in the handler and the test did not ask for it by Next", r)
	}
	for {
		select {
		case step := <-c.steps:
			if step == nil {
				return
			}
			step()
		case <-s.ending:
			s.abandon("%s %s was not brought to its end by Return or Panic", r)
		}
	}
}

// abandon notes a request that is left when the test is over, and aborts it.
func (s *Spawned) abandon(format string, r *http.Request) {
	s.mu.Lock()
	s.left = append(s.left, fmt.Sprintf(format, r.Method, r.URL.Path))
	s.mu.Unlock()
	panic(http.ErrAbortHandler)
}

// Do runs step in the handler's goroutine and waits for it. A panic of step, or runtime.Goexit, is the handler's: it
// goes on into the filter, and ends the call.
func (c *Call) Do(step func(w http.ResponseWriter, r *http.Request)) {
	c.s.t.Helper()
	c.do("Do", func() { step(c.w, c.Request) })
}

// do runs one step and says whether it returned.
func (c *Call) do(name string, step func()) (returned bool) {
	c.s.t.Helper()
	done := make(chan struct{})
	c.send(name, func() {
		defer close(done)
		step()
		returned = true
	})
	if !c.s.wait(done) {
		c.s.t.Fatalf("filtertest.Spawn: the handler's %s did not return within %v", name, c.s.patience)
	}
	if !returned {
		c.ended(name)
	}
	return returned
}

// must runs a step that does not panic below a right filter.
func (c *Call) must(name string, step func()) {
	c.s.t.Helper()
	var p any
	if c.do(name, func() {
		defer func() {
			if p = recover(); p != nil {
				panic(p)
			}
		}()
		step()
	}) {
		return
	}
	c.s.t.Fatalf("filtertest.Spawn: the handler's %s panicked: %v", name, p)
}

// send hands a step to the handler; nil ends it.
func (c *Call) send(name string, step func()) {
	c.s.t.Helper()
	select {
	case c.steps <- step:
	case <-c.over:
		c.s.t.Fatalf("filtertest.Spawn: %s after the handler's end", name)
	}
}

// ended waits for the handler's end.
func (c *Call) ended(name string) {
	c.s.t.Helper()
	if !c.s.wait(c.over) {
		c.s.t.Fatalf("filtertest.Spawn: the handler did not end by its %s within %v", name, c.s.patience)
	}
}

// Header returns the fields of the response. The handler is waiting and the test may edit them.
func (c *Call) Header() (h http.Header) {
	c.s.t.Helper()
	c.must("Header", func() { h = c.w.Header() })
	return h
}

// WriteHeader sends a head, final or informational.
func (c *Call) WriteHeader(status int) {
	c.s.t.Helper()
	c.must("WriteHeader", func() { c.w.WriteHeader(status) })
}

// Write writes to the response. The results are the handler's.
func (c *Call) Write(p []byte) (n int, err error) {
	c.s.t.Helper()
	c.must("Write", func() { n, err = c.w.Write(p) })
	return n, err
}

// Flush flushes as http.ResponseController does.
func (c *Call) Flush() (err error) {
	c.s.t.Helper()
	c.must("Flush", func() { err = http.NewResponseController(c.w).Flush() })
	return err
}

// Read reads from the request's body. The results are the handler's.
func (c *Call) Read(p []byte) (n int, err error) {
	c.s.t.Helper()
	c.must("Read", func() { n, err = c.Request.Body.Read(p) })
	return n, err
}

// Return lets the handler return and waits until it has. What the filter does afterwards may still be going on: see
// Ended.
func (c *Call) Return() {
	c.s.t.Helper()
	c.send("Return", nil)
	c.ended("Return")
}

// Panic lets the handler panic with v and waits until it has. What the filter makes of it is seen in the reply and by
// Ended.
func (c *Call) Panic(v any) {
	c.s.t.Helper()
	c.do("Panic", func() { panic(v) })
}

// Goexit lets the handler's goroutine end by runtime.Goexit, as t.FailNow in a handler does.
func (c *Call) Goexit() {
	c.s.t.Helper()
	c.do("Goexit", runtime.Goexit)
}

// Ended waits, after the handler's end, until the filter has ended as well, and returns what it panicked with, or nil.
// Only then has a filter certainly done what it does last, like writing a line to its log.
func (c *Call) Ended() (panicked any) {
	c.s.t.Helper()
	if c.out == nil {
		c.s.t.Fatal("filtertest.Spawn: the filter does not hand on the context of the request, so its end cannot be seen")
	}
	if !c.s.wait(c.out.done) {
		c.s.t.Fatalf("filtertest.Spawn: the filter did not end within %v after its handler", c.s.patience)
	}
	return c.out.panicked
}
