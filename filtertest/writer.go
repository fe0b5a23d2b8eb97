package filtertest

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

func writerRules() []rule {
	return []rule{{
		id:     "A08",
		text:   "a filter lets the handler set a read deadline, and it fires",
		reason: "a client that sends slowly keeps a goroutine and a connection for as long as it likes",
		ref:    "net/http.ResponseController",
		check:  readDeadline,
	}, {
		id:      "A09",
		text:    "a filter lets the handler set a write deadline, and it fires",
		reason:  "a client that reads slowly keeps a goroutine and a connection for as long as it likes",
		ref:     "net/http.ResponseController",
		check:   writeDeadline,
		changes: "Holds: the handler need not see an error, the client still sees no complete response",
	}, {
		id:     "A10",
		text:   "a filter lets the handler ask for full duplex",
		reason: "handlers that answer while they read fail over HTTP/1.1 without it",
		ref:    "net/http.ResponseController",
		check: func(s *subject) error {
			at := s.serve(func(w http.ResponseWriter, r *http.Request) {
				if err := http.NewResponseController(w).EnableFullDuplex(); err != nil {
					s.failf("EnableFullDuplex: %w", err)
				}
			})
			_, err := at.get("/")
			return err
		},
	}, {
		id:     "N02",
		text:   "a filter lets a handler read and write by turns",
		reason: "proxies and remote calls answer while the request still comes in",
		ref:    "net/http.ResponseController",
		check:  fullDuplex,
		unless: func(o Options) string { return cmp.Or(holding(o), transforming(o)) },
	}}
}

// longAgo is a deadline that has passed, so that no check has to wait for one.
func longAgo() time.Time { return time.Unix(1, 0) }

// readDeadline has the handler read from a client that sends nothing.
func readDeadline(s *subject) error {
	done := make(chan struct{})
	at := s.serve(func(w http.ResponseWriter, r *http.Request) {
		defer close(done)
		rc := http.NewResponseController(w)
		if err := rc.SetReadDeadline(time.Now().Add(time.Hour)); err != nil {
			s.failf("SetReadDeadline: %w", err)
			return
		}
		if err := rc.SetReadDeadline(longAgo()); err != nil {
			s.failf("SetReadDeadline: %w", err)
			return
		}
		if _, err := r.Body.Read(make([]byte, 1)); err == nil || s.ctx.Err() != nil {
			s.failf("the deadline had passed, yet reading the body went on")
		}
	})
	body, _ := s.pipe()
	answered := make(chan *answer, 1)
	go func() { answered <- at.send(at.request("POST", "/", body)) }()
	select {
	case <-done:
		return nil
	case a := <-answered:
		if err := at.reached(); err != nil {
			return errors.Join(err, a.cut)
		}
		return nil // shut waits for the handler
	}
}

func writeDeadline(s *subject) error {
	at := s.serve(func(w http.ResponseWriter, r *http.Request) {
		rc := http.NewResponseController(w)
		if err := rc.SetWriteDeadline(time.Now().Add(time.Hour)); err != nil {
			s.failf("SetWriteDeadline: %w", err)
			return
		}
		if err := rc.SetWriteDeadline(longAgo()); err != nil {
			s.failf("SetWriteDeadline: %w", err)
			return
		}
		if err := writeUntilError(w); err == nil && !s.declared.Holds {
			s.failf("the deadline had passed, yet 8 MiB were written without an error")
		}
	})
	if a := at.send(at.request("GET", "/", nil)); a.cut == nil {
		return fmt.Errorf("the deadline had passed, yet a complete %d came", a.StatusCode)
	}
	return nil
}

// writeUntilError writes and flushes up to 8 MiB that do not compress.
func writeUntilError(w http.ResponseWriter) error {
	rc := http.NewResponseController(w)
	piece := noise(32 << 10)
	for range 256 {
		if _, err := w.Write(piece); err != nil {
			return err
		}
		if err := rc.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// fullDuplex plays ping and pong inside one request.
func fullDuplex(s *subject) error {
	at := s.serve(func(w http.ResponseWriter, r *http.Request) {
		rc := http.NewResponseController(w)
		rc.EnableFullDuplex() // A10 asks for its error
		w.Header().Set("Content-Type", "text/plain")
		for lines := bufio.NewScanner(r.Body); lines.Scan(); {
			fmt.Fprintf(w, "%s back\n", lines.Text())
			rc.Flush()
		}
	})
	body, client := s.pipe()
	go io.WriteString(client, "0\n") // the head comes with the first answer
	res, err := at.client.Do(at.request("POST", "/", body))
	if err != nil {
		return fmt.Errorf("no answer came while the request was open: %w", err)
	}
	defer res.Body.Close()
	lines := bufio.NewReader(decode(res.Header, res.Body))
	for i := range 3 {
		got, err := lines.ReadString('\n')
		if want := fmt.Sprintf("%d back\n", i); got != want {
			return fmt.Errorf("answer %d inside the request is %q, want %q: %v", i, got, want, err)
		}
		if i < 2 {
			fmt.Fprintf(client, "%d\n", i+1)
		}
	}
	client.Close()
	if rest, err := io.ReadAll(lines); err != nil || len(rest) > 0 {
		return fmt.Errorf("after the last answer came %q, %v", rest, err)
	}
	return nil
}
