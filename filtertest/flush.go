package filtertest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
)

func flushRules() []rule {
	return []rule{{
		id:     "A01",
		text:   "a filter hands on a writer that is a http.Flusher",
		reason: "libraries for event streams assert the interface and refuse to work without it",
		ref:    "net/http.Flusher",
		check:  isFlusher,
	}, {
		id:     "A02",
		text:   "a filter lets http.ResponseController flush",
		reason: "it is how handlers flush since Go 1.20; a writer without Unwrap, FlushError or Flush cannot be flushed",
		ref:    "net/http.ResponseController",
		check:  controllerFlushes,
	}, {
		id:     "A03",
		text:   "a filter brings what was flushed to the client before the handler ends",
		reason: "a stream that is held back until its end is no stream",
		ref:    "net/http.Flusher",
		check:  func(s *subject) error { return streams(s, "text/plain") },
		unless: holding,
	}, {
		id:     "A04",
		text:   "a filter brings each event of an event stream to the client when it is flushed",
		reason: "events that wait for later ones are late, and the last ones never come",
		ref:    "HTML Living Standard, 9.2 Server-sent events",
		check:  func(s *subject) error { return streams(s, "text/event-stream") },
		unless: holding,
	}, {
		id:     "B09",
		text:   "a filter sends the head when the handler calls WriteHeader and flushes",
		reason: "a long poll shows that it was accepted by its head",
		ref:    "net/http.Flusher",
		check:  headFirst,
		unless: holding,
	}}
}

func isFlusher(s *subject) error {
	at := s.serve(func(w http.ResponseWriter, r *http.Request) {
		if _, ok := w.(http.Flusher); !ok {
			s.failf("%T is no http.Flusher", w)
		}
	})
	_, err := at.get("/")
	return err
}

func controllerFlushes(s *subject) error {
	at := s.serve(func(w http.ResponseWriter, r *http.Request) {
		if err := http.NewResponseController(w).Flush(); err != nil {
			s.failf("Flush: %w", err)
		}
	})
	_, err := at.get("/")
	return err
}

// flush flushes w by its own method or through a controller.
func flush(w http.ResponseWriter, controller bool) error {
	if controller {
		return http.NewResponseController(w).Flush()
	}
	f, ok := w.(http.Flusher)
	if !ok {
		return errors.New("the writer is no http.Flusher")
	}
	f.Flush()
	return nil
}

// streams lets the handler write and flush a chunk at a time; it goes on when the client has read the last one. Of what
// a filter transforms the client waits for a byte at a time.
func streams(s *subject, mediaType string) error {
	const chunk = "data: a piece\n\n"
	const chunks = 3
	for _, controller := range []bool{false, true} {
		seen := make(chan struct{}, chunks)
		at := s.serve(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", mediaType)
			for range chunks {
				io.WriteString(w, chunk)
				if err := flush(w, controller); err != nil {
					s.failf("flush: %w", err)
					return
				}
				if !s.wait(seen) {
					return
				}
			}
		})
		res, err := at.client.Do(at.request("GET", "/", nil))
		if err != nil {
			return fmt.Errorf("no head came while the handler ran (controller: %t): %w", controller, err)
		}
		body := decode(res.Header, res.Body)
		got := make([]byte, len(chunk))
		if s.declared.Transforms {
			got = got[:1]
		}
		for i := range chunks {
			if _, err := io.ReadFull(body, got); err != nil {
				return fmt.Errorf("flushed chunk %d did not come while the handler ran (controller: %t): %w", i+1, controller, err)
			}
			if err := same(got, []byte(chunk)); err != nil && !s.declared.Transforms {
				return err
			}
			seen <- struct{}{}
		}
		if rest, err := io.ReadAll(body); err != nil || len(rest) > 0 && !s.declared.Transforms {
			return fmt.Errorf("after the last chunk came %q, %v", rest, err)
		}
		res.Body.Close()
	}
	return nil
}

func headFirst(s *subject) error {
	seen := make(chan struct{})
	at := s.serve(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusAccepted)
		http.NewResponseController(w).Flush()
		if s.wait(seen) {
			io.WriteString(w, "done")
		}
	})
	res, err := at.client.Do(at.request("GET", "/", nil))
	if err != nil {
		return fmt.Errorf("the flushed head did not come while the handler ran: %w", err)
	}
	close(seen)
	a := at.read(res)
	return errors.Join(a.cut, a.bad, a.is(http.StatusAccepted, "done"))
}
