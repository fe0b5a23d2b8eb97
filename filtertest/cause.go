package filtertest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

func causeRules() []rule {
	return []rule{{
		id:     "N38",
		text:   "a filter keeps the cause and the deadline of the request's context",
		reason: "the cause tells a timeout from a client that left, and a deadline limits what the handler starts",
		ref:    "context.Cause",
		check:  cause,
	}}
}

// cause ends the context outside of the filter while the handler runs.
func cause(s *subject) error {
	why := errors.New("filtertest: the cause")
	deadline := time.Now().Add(time.Hour)
	var end context.CancelCauseFunc
	at := s.serveIn(func(w http.ResponseWriter, r *http.Request) {
		if got, ok := r.Context().Deadline(); !ok || got.After(deadline) {
			s.failf("the deadline is %v (%t), outside it is %v", got, ok, deadline)
		}
		end(why)
		if !s.wait(r.Context().Done()) {
			s.failf("the context outside ended, the handler's goes on")
			return
		}
		if got := context.Cause(r.Context()); got != why {
			s.failf("the cause is %v, want %v", got, why)
		}
		io.WriteString(w, "ok")
	}, func(next http.Handler) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			ctx, cancel := context.WithDeadline(r.Context(), deadline)
			defer cancel()
			ctx, end = context.WithCancelCause(ctx)
			defer end(nil)
			next.ServeHTTP(w, r.WithContext(ctx))
		}
	})
	at.send(at.request("GET", "/", nil)) // what a filter answers to a request that was given up is its own affair
	return errors.Join(at.reached(), s.shut())
}
