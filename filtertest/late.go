package filtertest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

func lateRules() []rule {
	return []rule{{
		id:     "N07",
		text:   "a filter that hands on a writer of its own refuses what is written to it after the request",
		reason: "bare net/http lets a stale writer write into another client's response; a pooled one does that with certainty",
		ref:    "net/http.Handler: after ServeHTTP returned it is not valid to use the ResponseWriter",
		check:  lateWrite,
	}}
}

// lateWrite keeps a writer that the filter made, and uses it while the next request on the same connection and one on
// another connection are being answered. All steps are ordered by channels: a data race is the filter's.
func lateWrite(s *subject) error {
	var outer http.ResponseWriter // the server's
	var kept http.ResponseWriter  // what the handler was given in its place
	over, waiting, used := make(chan struct{}), make(chan struct{}, 2), make(chan struct{})
	at := s.serveIn(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		if r.URL.Path == "/first" {
			kept = w
			io.WriteString(w, prose(4<<10))
			return
		}
		io.WriteString(w, "one ")
		waiting <- struct{}{}
		s.wait(used)
		io.WriteString(w, "two")
	}, func(next http.Handler) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/first" {
				outer = w
				defer close(over)
			}
			next.ServeHTTP(w, r)
		}
	})
	if _, err := at.expect("/first", http.StatusOK, prose(4<<10)); err != nil {
		return err
	}
	later := make(chan error, 2)
	for _, client := range []*http.Client{at.client, at.newClient()} {
		go func() {
			a := at.sendBy(client, at.request("GET", "/next", nil))
			if err := errors.Join(a.cut, a.bad); err != nil {
				later <- fmt.Errorf("a later response broke: %w", err)
				return
			}
			later <- a.is(http.StatusOK, "one two")
		}()
	}
	if !s.wait(over) || !s.wait(waiting) || !s.wait(waiting) {
		return errors.New("the next requests did not reach the handler")
	}
	late := useLate(kept, outer)
	close(used)
	return errors.Join(late, <-later, <-later)
}

// useLate fails unless every way to write is refused with an error. It leaves the server's own writer alone.
func useLate(w, server http.ResponseWriter) (err error) {
	if w == server {
		return nil
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("late use panicked: %v", p)
		}
	}()
	const text = "bytes of a request that is over"
	if n, err := w.Write([]byte(text)); err == nil {
		return fmt.Errorf("a late Write returned %d and no error", n)
	}
	if n, err := io.WriteString(w, text); err == nil {
		return fmt.Errorf("a late WriteString returned %d and no error", n)
	}
	if n, err := io.Copy(w, struct{ io.Reader }{strings.NewReader(text)}); err == nil {
		return fmt.Errorf("a late io.Copy returned %d and no error", n)
	}
	w.Header().Set("X-Late", text)
	w.WriteHeader(http.StatusTeapot)
	http.NewResponseController(w).Flush()
	return nil
}
