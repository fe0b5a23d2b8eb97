package filtertest

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
)

func declaredRules() []rule {
	return []rule{{
		id:     "N06",
		text:   "a filter passes a body that has both a declared length and a trailer",
		reason: "HTTP/2 carries both, HTTP/1.1 one of the two: what is left out must be the trailer, not the body",
		ref:    "RFC 9112, 6.2; RFC 9110, 6.5",
		check:  lengthAndTrailer,
	}}
}

func lengthAndTrailer(s *subject) error {
	at := s.serve(func(w http.ResponseWriter, r *http.Request) {
		size, _ := strconv.Atoi(r.URL.Path[1:])
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Content-Length", strconv.Itoa(size))
		w.Header().Set("Trailer", "X-Kit-Sum")
		io.WriteString(w, prose(size))
		w.Header().Set("X-Kit-Sum", "42")
	})
	for _, size := range []int{4, 1000, 64 << 10} {
		a, err := at.expect("/"+strconv.Itoa(size), http.StatusOK, prose(size))
		if err != nil {
			return fmt.Errorf("with a body of %d bytes: %w", size, err)
		}
		got := a.Trailer.Get("X-Kit-Sum")
		if got != "42" && (s.proto == http2 || got != "") {
			return fmt.Errorf("behind a body of %d bytes the trailer is %q, want %q", size, got, "42")
		}
		if v := a.Header.Get("X-Kit-Sum"); v != "" {
			return fmt.Errorf("the trailer came as a header field: %q", v)
		}
	}
	return nil
}
