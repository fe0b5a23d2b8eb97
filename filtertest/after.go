package filtertest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
)

func afterRules() []rule {
	return []rule{{
		id:     "N05",
		text:   "a filter serves the requests beside and after those whose handler panicked",
		reason: "a lock or a place that is given back on the ordinary way alone is lost, and in the end nobody is served",
		ref:    "net/http.Handler",
		check:  afterPanics,
		unless: holding,
	}}
}

// afterPanics holds one response open while the handlers of others panic, over HTTP/2 on the same connection. What comes
// of those is for the rules about panics to say.
func afterPanics(s *subject) error {
	release := make(chan struct{})
	at := s.serve(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/panic":
			half(w)
			panic(http.ErrAbortHandler)
		case "/beside":
			w.Header().Set("Content-Type", "text/plain")
			io.WriteString(w, "one ")
			flush(w, true)
			s.wait(release)
			io.WriteString(w, "two")
		default:
			io.WriteString(w, "next")
		}
	})
	res, err := at.client.Do(at.request("GET", "/beside", nil))
	if err != nil {
		return fmt.Errorf("what was flushed did not come: %w", err)
	}
	for range 16 {
		if at.send(at.request("GET", "/panic", nil)); s.ctx.Err() != nil {
			res.Body.Close()
			return errors.New("after a panic the next request is not served")
		}
	}
	close(release)
	if a := at.read(res); a.cut != nil || a.bad != nil {
		return fmt.Errorf("the response beside the panics broke: %w", errors.Join(a.cut, a.bad))
	} else if err := a.is(http.StatusOK, "one two"); err != nil {
		return fmt.Errorf("the response beside the panics: %w", err)
	}
	if _, err := at.expect("/next", http.StatusOK, "next"); err != nil {
		return fmt.Errorf("after the panics: %w", err)
	}
	return nil
}
