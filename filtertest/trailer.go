package filtertest

import (
	"fmt"
	"io"
	"net/http"
)

func trailerRules() []rule {
	return []rule{{
		id:     "C16",
		text:   "a filter brings declared trailers to the client",
		reason: "checksums and the status of remote calls travel in them",
		ref:    "RFC 9110, 6.5",
		check:  func(s *subject) error { return trailers(s, "Trailer", "") },
	}, {
		id:     "C17",
		text:   "a filter brings trailers with http.TrailerPrefix to the client after a flush",
		reason: "proxies learn a trailer's name only when it comes",
		ref:    "net/http.TrailerPrefix",
		check:  func(s *subject) error { return trailers(s, "", http.TrailerPrefix) },
	}}
}

// trailers asks for a trailer behind bodies of several shapes. It is declared in the field of that name, or set with
// the prefix.
func trailers(s *subject, declare, prefix string) error {
	at := s.serve(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		if declare != "" {
			w.Header().Set(declare, "X-Kit-Sum")
		}
		switch r.URL.Path {
		case "/empty":
			flush(w, true)
		case "/short":
			io.WriteString(w, "body")
			flush(w, true)
		case "/long":
			io.WriteString(w, prose(64<<10))
			flush(w, true)
			io.WriteString(w, prose(64<<10))
		case "/unflushed":
			io.WriteString(w, prose(64<<10))
		}
		w.Header().Set(prefix+"X-Kit-Sum", "42")
	})
	for path, body := range map[string]string{
		"/empty": "", "/short": "body", "/long": prose(64<<10) + prose(64<<10), "/unflushed": prose(64 << 10),
	} {
		a, err := at.expect(path, http.StatusOK, body)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		// net/http itself loses undeclared trailers of unflushed bodies that fit its buffer, coded ones may.
		if path == "/unflushed" && declare == "" {
			continue
		}
		if got := a.Trailer.Get("X-Kit-Sum"); got != "42" {
			return fmt.Errorf("%s: the trailer is %q, want %q", path, got, "42")
		}
		if a.Header.Get("X-Kit-Sum") != "" {
			return fmt.Errorf("%s: the trailer came as a header field", path)
		}
	}
	return nil
}
