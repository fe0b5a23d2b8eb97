package filtertest

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
)

func intakeRules() []rule {
	return []rule{{
		id:     "N15",
		text:   "a filter closes the request's body when the handler does, not before, and then ends reading with an error",
		reason: "what feeds a body learns from Close that nobody reads on, and a clean end hides that it was cut",
		ref:    "net/http.ErrBodyReadAfterClose",
		check:  bodyClosed,
	}, {
		id:     "N16",
		text:   "a filter does not read the body of a request that it passes on",
		reason: "the handler may refuse the upload, verify its signature or pass it on as it comes",
		ref:    "net/http.Request.Body",
		check:  bodyUnread,
	}}
}

// A meter is a request body that counts what is done to it.
type meter struct {
	io.ReadCloser
	reads, closes atomic.Int64
}

// Read counts itself.
func (m *meter) Read(p []byte) (int, error) {
	m.reads.Add(1)
	return m.ReadCloser.Read(p)
}

// Close counts itself.
func (m *meter) Close() error {
	m.closes.Add(1)
	return m.ReadCloser.Close()
}

// metered puts a meter around the request's body, outside of the filter. It tells before of it, and after when the
// filter has returned.
func metered(before, after func(*meter)) func(http.Handler) http.HandlerFunc {
	return func(next http.Handler) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			m := &meter{ReadCloser: r.Body}
			r = r.WithContext(r.Context())
			r.Body = m
			before(m)
			next.ServeHTTP(w, r)
			after(m)
		}
	}
}

func bodyClosed(s *subject) error {
	var m *meter
	at := s.serveIn(func(w http.ResponseWriter, r *http.Request) {
		piece := make([]byte, 10)
		if _, err := io.ReadFull(r.Body, piece); err != nil {
			s.failf("reading the body: %w", err)
		}
		if m.closes.Load() > 0 {
			s.failf("the body was closed while the handler was reading it")
		}
		if err := r.Body.Close(); err != nil {
			s.failf("closing the body: %w", err)
		}
		if m.closes.Load() == 0 {
			s.failf("the handler closed the body, the one below is open")
		}
		if n, err := r.Body.Read(piece); n > 0 || err == nil || err == io.EOF {
			s.failf("reading from the closed body returned %d, %v", n, err)
		}
		io.WriteString(w, "ok")
	}, metered(func(made *meter) { m = made }, func(*meter) {}))
	_, err := at.whole(at.request("POST", "/", strings.NewReader(prose(8<<10))))
	return err
}

// bodyUnread sends bodies that filters like to look into, to a handler that does not read.
func bodyUnread(s *subject) error {
	var m *meter
	complain := func(when string) {
		if n := m.reads.Load(); n > 0 {
			s.failf("%s the filter had read %d times from a body that the handler did not read", when, n)
		}
	}
	at := s.serveIn(func(w http.ResponseWriter, r *http.Request) {
		complain("before the handler ran")
		io.WriteString(w, "ok")
	}, metered(func(made *meter) { m = made }, func(*meter) { complain("when it returned") }))
	upload, multipart := form([]byte("a file"))
	for mediaType, body := range map[string]io.Reader{
		"application/x-www-form-urlencoded": strings.NewReader("_method=PUT&csrf_token=1&a=b"),
		"application/json":                  strings.NewReader(`{"a": "b"}`),
		"application/octet-stream":          struct{ io.Reader }{strings.NewReader("a body without a length")},
		multipart:                           upload,
	} {
		if _, err := at.whole(at.request("POST", "/", body, "Content-Type", mediaType)); err != nil {
			return fmt.Errorf("%s: %w", mediaType, err)
		}
	}
	return s.shut()
}
