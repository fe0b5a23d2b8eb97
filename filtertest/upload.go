package filtertest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
)

func uploadRules() []rule {
	return []rule{{
		id:     "D06",
		text:   "a filter lets the request's context end when the client goes away",
		reason: "work for nobody goes on",
		ref:    "net/http.Request.Context",
		check: func(s *subject) error {
			return leave(s, func(w http.ResponseWriter, r *http.Request) {})
		},
	}, {
		id:     "G04",
		text:   "a filter gives the handler an error when it writes to a client that went away",
		reason: "a handler that sees no error produces the rest for nobody",
		ref:    "net/http.ResponseWriter",
		unless: holding,
		check: func(s *subject) error {
			return leave(s, func(w http.ResponseWriter, r *http.Request) {
				if writeUntilError(w) == nil {
					s.failf("8 MiB were written to nobody without an error")
				}
			})
		},
	}, {
		id:     "D07",
		text:   "a filter passes a request body of 1 MiB without a declared length",
		reason: "uploads have to arrive whole",
		ref:    "RFC 9112, 7.1",
		check:  upload,
	}, {
		id:     "D09",
		text:   "a filter brings the request's trailers to the handler",
		reason: "signatures of streamed uploads come in them; a cloned request has a Trailer map that nobody fills",
		ref:    "net/http.Request.Trailer",
		check:  requestTrailers,
	}}
}

// leave has the client go away when the handler runs, and calls then in the handler when the context tells of that.
func leave(s *subject, then http.HandlerFunc) error {
	started, done := make(chan struct{}), make(chan struct{})
	at := s.serve(func(w http.ResponseWriter, r *http.Request) {
		defer close(done)
		close(started)
		if !s.wait(r.Context().Done()) || s.ctx.Err() != nil {
			s.failf("the client left, and the context went on")
			return
		}
		w.Header().Set("Content-Type", "text/plain")
		then(w, r)
	})
	ctx, goAway := context.WithCancel(s.ctx)
	defer goAway()
	answered := make(chan *answer, 1)
	go func() { answered <- at.send(at.request("GET", "/", nil).WithContext(ctx)) }()
	select {
	case <-started:
	case a := <-answered:
		if err := at.reached(); err != nil {
			return errors.Join(err, a.cut)
		}
		return errors.New("an answer came before the handler had ended")
	}
	goAway()
	if !s.wait(done) {
		return errors.New("the handler did not end after the client had left")
	}
	return nil
}

func upload(s *subject) error {
	body := noise(1 << 20)
	at := s.serve(func(w http.ResponseWriter, r *http.Request) {
		got, err := io.ReadAll(r.Body)
		if err != nil {
			s.failf("reading the request's body: %w", err)
		}
		if err := same(got, body); err != nil {
			s.failf("the handler read something else: %w", err)
		}
		if n, err := r.Body.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			s.failf("reading behind the end returned %d, %v", n, err)
		}
		if err := r.Body.Close(); err != nil {
			s.failf("closing the body: %w", err)
		}
		io.WriteString(w, "ok")
	})
	a, err := at.whole(at.request("POST", "/", struct{ io.Reader }{bytes.NewReader(body)}))
	if err != nil {
		return err
	}
	return a.is(http.StatusOK, "ok")
}

func requestTrailers(s *subject) error {
	at := s.serve(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		if got := r.Trailer.Get("X-Kit-Sum"); got != "42" {
			s.failf("the handler reads the trailer %q after the body, want %q", got, "42")
		}
		io.WriteString(w, "ok")
	})
	r := at.request("POST", "/", struct{ io.Reader }{bytes.NewReader(noise(8 << 10))})
	r.Trailer = http.Header{"X-Kit-Sum": {"42"}}
	a, err := at.whole(r)
	if err != nil {
		return err
	}
	return a.is(http.StatusOK, "ok")
}
