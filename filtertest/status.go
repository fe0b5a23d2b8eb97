package filtertest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing/fstest"
)

func statusRules() []rule {
	return []rule{{
		id:     "B04",
		text:   "a filter sends the status of the first WriteHeader",
		reason: "an error page must not turn into what a later line of the handler says",
		ref:    "net/http.ResponseWriter",
		check: answers(http.StatusNotFound, "gone", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusNotFound)
			w.WriteHeader(http.StatusInternalServerError)
			io.WriteString(w, "gone")
		}),
	}, {
		id:     "B06",
		text:   "a filter takes the first Write for a 200, whatever WriteHeader says later",
		reason: "the body that the client gets belongs to the status under which it was written",
		ref:    "net/http.ResponseWriter",
		check: answers(http.StatusOK, "fine", func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "fine")
			w.WriteHeader(http.StatusInternalServerError)
		}),
	}, {
		id:     "B07",
		text:   "a filter takes an empty Write for a 200, whatever WriteHeader says later",
		reason: "net/http commits the status with any Write; a filter that waits for bytes changes the answer",
		ref:    "net/http.ResponseWriter",
		check: answers(http.StatusOK, "", func(w http.ResponseWriter, r *http.Request) {
			w.Write(nil)
			w.WriteHeader(http.StatusInternalServerError)
		}),
	}, {
		id:     "B11",
		text:   "a filter gives the server nothing to complain about",
		reason: "a superfluous WriteHeader in the log hides the one that is the handler's fault",
		ref:    "net/http.Server.ErrorLog",
		check:  quiet,
	}, {
		id:     "C18",
		text:   "a filter leaves the errors of http.Error and http.ServeFileFS readable",
		reason: "the latter deletes Content-Encoding, and a filter that set it before sends a coded body without its label",
		ref:    "RFC 9110, 8.4; golang/go#66343",
		check:  errorPages,
	}}
}

func errorPages(s *subject) error {
	at := s.serve(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/file" {
			http.ServeFileFS(w, r, fstest.MapFS{}, "missing")
			return
		}
		http.Error(w, prose(4<<10), http.StatusNotFound)
	})
	_, err := at.expect("/error", http.StatusNotFound, prose(4<<10)+"\n")
	_, err2 := at.expect("/file", http.StatusNotFound, "404 page not found\n")
	return errors.Join(err, err2)
}

// answers checks that the handler's status and body come.
func answers(status int, body string, h http.HandlerFunc) func(*subject) error {
	return func(s *subject) error {
		_, err := s.serve(h).expect("/", status, body)
		return err
	}
}

func quiet(s *subject) error {
	at := s.serve(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/none":
			w.WriteHeader(http.StatusNoContent)
		case "/same":
			w.WriteHeader(http.StatusNotModified)
		case "/flush":
			flush(w, true)
			io.WriteString(w, prose(8<<10))
		case "/text":
			io.WriteString(w, prose(8<<10))
		}
	})
	for _, path := range []string{"/", "/none", "/same", "/flush", "/text"} {
		for _, method := range []string{"GET", "HEAD"} {
			if _, err := at.whole(at.request(method, path, nil)); err != nil {
				return err
			}
		}
	}
	if err := s.shut(); err != nil {
		return err
	}
	// Lines of other kinds are the network's, not the filter's.
	for line := range strings.Lines(s.log.String()) {
		if strings.Contains(line, "superfluous") || strings.Contains(line, "panic") {
			return fmt.Errorf("the server logged: %s", line)
		}
	}
	return nil
}

// prose returns n bytes of text that compresses well.
func prose(n int) string {
	const line = "The filter hands on what it was given, and the client reads what the handler wrote.\n"
	return strings.Repeat(line, n/len(line)+1)[:n]
}

// absent fails when the answer carries one of the fields.
func (a *answer) absent(fields ...string) error {
	var errs []error
	for _, name := range fields {
		if v, ok := a.Header[name]; ok {
			errs = append(errs, fmt.Errorf("the response carries %s: %s", name, strings.Join(v, ", ")))
		}
	}
	return errors.Join(errs...)
}
