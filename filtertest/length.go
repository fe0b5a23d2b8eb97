package filtertest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

func lengthRules() []rule {
	return []rule{{
		id:     "C01",
		text:   "a filter never declares a length that is not that of the body",
		reason: "a wrong length truncates the body or breaks the connection",
		ref:    "RFC 9110, 8.6",
		check: func(s *subject) error {
			for _, n := range []int{1, 1000, 5000, 100_000} {
				err := answers(http.StatusOK, prose(n), func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Content-Type", "text/plain")
					w.Header().Set("Content-Length", strconv.Itoa(n))
					io.WriteString(w, prose(n))
				})(s)
				if err != nil {
					return fmt.Errorf("with a body of %d bytes: %w", n, err)
				}
			}
			return nil
		},
	}, {
		id:     "C02",
		text:   "a filter gives an error to a handler that writes more than it declared",
		reason: "what is too much is lost, and nobody else can tell the handler",
		ref:    "net/http.ErrContentLength",
		check:  tooLong,
	}, {
		id:     "C20",
		text:   "a filter never makes a body that is shorter than declared look complete",
		reason: "half a file that looks whole is kept; one that was cut is fetched again",
		ref:    "RFC 9112, 8",
		check:  tooShort,
	}}
}

func tooLong(s *subject) error {
	at := s.serve(func(w http.ResponseWriter, r *http.Request) {
		size := 10
		if r.URL.Path == "/long" {
			size = 64 << 10
		}
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Content-Length", strconv.Itoa(size))
		if n, err := io.WriteString(w, prose(size)); n != size || err != nil {
			s.failf("writing the declared %d bytes returned %d, %v", size, n, err)
		}
		if s.proto == http2 {
			flush(w, true) // net/http counts only from the head on
		}
		_, err := io.WriteString(w, "more")
		if err == nil || s.proto == http1 && !errors.Is(err, http.ErrContentLength) {
			s.failf("writing more than the declared %d bytes returned %v", size, err)
		}
	})
	for _, path := range []string{"/short", "/long"} {
		at.send(at.request("GET", path, nil))
		if err := at.reached(); err != nil {
			return err
		}
	}
	return nil
}

func tooShort(s *subject) error {
	at := s.serve(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		switch r.URL.Path {
		case "/little":
			w.Header().Set("Content-Length", "10")
			io.WriteString(w, "half")
		case "/much":
			w.Header().Set("Content-Length", strconv.Itoa(128<<10))
			io.WriteString(w, prose(64<<10))
		case "/flushed":
			w.Header().Set("Content-Length", strconv.Itoa(128<<10))
			io.WriteString(w, prose(64<<10))
			flush(w, true)
		}
	})
	for _, path := range []string{"/little", "/much", "/flushed"} {
		for _, coding := range []string{"gzip", "identity"} {
			a := at.send(at.request("GET", path, nil, "Accept-Encoding", coding))
			if err := at.reached(); err != nil {
				return err
			}
			if a.cut == nil && a.StatusCode < 500 {
				return fmt.Errorf("%s, asked for %s: half a body came as a complete %d of %d bytes", path, coding, a.StatusCode, len(a.raw))
			}
		}
	}
	return nil
}
