package filtertest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
)

func panicRules() []rule {
	return []rule{{
		id:     "E01",
		text:   "a filter lets a panic with http.ErrAbortHandler cut the connection",
		reason: "httputil.ReverseProxy reports a broken upstream by it, and a complete response hides that",
		ref:    "net/http.ErrAbortHandler",
		check:  abortFirst,
	}, {
		id:     "E02",
		text:   "a filter never makes a success of a panic before output",
		reason: "the handler did not do what it was asked",
		ref:    "net/http.Handler",
		check:  panicFirst,
	}, {
		id:      "E03",
		text:    "a filter never makes a panic after flushed output look complete",
		reason:  "the client keeps half a response for a whole one",
		ref:     "net/http.Handler",
		check:   panicFlushed,
		changes: "Recovers with Holds: a complete response of 500 or more will do",
	}, {
		id:     "E04",
		text:   "a filter lets http.ErrAbortHandler cut a response that was flushed",
		reason: "httputil.ReverseProxy does that when the upstream breaks off; a complete response hides it",
		ref:    "net/http.ErrAbortHandler",
		check:  abortFlushed,
	}, {
		id:     "E05",
		text:   "a filter never makes a success of a panic after output that was not flushed",
		reason: "a buffer that is sent when the handler panics holds half a response",
		ref:    "net/http.Handler",
		check:  panicUnflushed,
	}}
}

func abortFirst(s *subject) error {
	return cut(s, false, func(w http.ResponseWriter, r *http.Request) {
		panic(http.ErrAbortHandler)
	})
}

func panicFirst(s *subject) error {
	return cut(s, true, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		panic("filtertest: a handler that fails before output")
	})
}

func panicFlushed(s *subject) error {
	return cut(s, s.declared.Recovers && s.declared.Holds, func(w http.ResponseWriter, r *http.Request) {
		half(w)
		flush(w, true)
		panic("filtertest: a handler that fails after output")
	})
}

func abortFlushed(s *subject) error {
	return cut(s, false, func(w http.ResponseWriter, r *http.Request) {
		half(w)
		flush(w, true)
		panic(http.ErrAbortHandler)
	})
}

func panicUnflushed(s *subject) error {
	return errors.Join(
		cut(s, true, func(w http.ResponseWriter, r *http.Request) {
			half(w)
			panic("filtertest: a handler that fails after output")
		}),
		cut(s, true, func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "ha")
			panic("filtertest: a handler that fails after two bytes")
		}),
		cut(s, true, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusOK)
			panic("filtertest: a handler that fails after the status")
		}),
	)
}

// half writes what a handler that is about to fail has got so far.
func half(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/plain")
	io.WriteString(w, prose(32<<10))
}

// cut fails when a complete response comes. A complete one with a status of 500 or more will do where
// the filter may report the failure.
func cut(s *subject, mayReport bool, h http.HandlerFunc) error {
	at := s.serve(h)
	for _, coding := range []string{"gzip", "identity"} {
		a := at.send(at.request("GET", "/", nil, "Accept-Encoding", coding))
		if err := at.reached(); err != nil {
			return err
		}
		if a.cut == nil && (!mayReport || a.StatusCode < 500) {
			return fmt.Errorf("asked for %s, a complete %d of %d bytes came", coding, a.StatusCode, len(a.raw))
		}
	}
	return nil
}
