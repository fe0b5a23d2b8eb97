package filtertest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/pprof"
)

func goneRules() []rule {
	return []rule{{
		id:     "N36",
		text:   "a filter lets the handler see that the client left in the middle, and leaves no goroutine behind",
		reason: "half an upload that ends without an error is kept as a whole one; a response to nobody is work for nobody",
		ref:    "io.ErrUnexpectedEOF; net/http.Request.Context",
		check:  gone,
		unless: holding,
	}}
}

// gone lets clients leave in the middle of an upload, with and without a declared length, and of a download. The length
// is small: net/http waits for a while before it closes a connection on which much more was to come.
func gone(s *subject) error {
	inner := s.again()
	reading := make(chan struct{}, 1)
	bound := s.filter(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			if _, err := io.ReadFull(r.Body, make([]byte, 10)); err != nil {
				s.failf("reading the first bytes of an upload: %w", err)
			}
			reading <- struct{}{}
			if n, err := io.Copy(io.Discard, r.Body); err == nil {
				s.failf("the client left in the middle of its upload, and the handler read %d bytes to a clean end", n)
			}
			return
		}
		w.Header().Set("Content-Type", "text/plain")
		io.WriteString(w, prose(8<<10))
		flush(w, true)
		if writeUntilGone(w, r) == nil {
			s.failf("the client left in the middle of its download, and the handler wrote 8 MiB and saw no error")
		}
	}))
	// Bound outside the label, as under G02.
	inner.filter = func(http.Handler) http.Handler { return bound }
	mark := rand.Text()
	var err error
	pprof.Do(s.ctx, pprof.Labels("filtertest", mark), func(context.Context) {
		at := inner.serve(nil)
		err = errors.Join(
			at.leaves("POST", 1000, reading),
			at.leaves("POST", -1, reading),
			at.leaves("GET", 0, reading),
			inner.shut(),
		)
	})
	if err != nil || s.eventually(func() bool { return !bytes.Contains(stacks(), []byte(mark)) }) {
		return err
	}
	return fmt.Errorf("goroutines are left:\n%s", labelled(stacks(), mark))
}

// leaves sends a request and goes away in the middle: of an upload of that length, of which the handler got 10 bytes,
// or of a download, of which the client has read as much.
func (at *site) leaves(method string, length int64, reading <-chan struct{}) error {
	ctx, goAway := context.WithCancel(at.ctx)
	defer goAway()
	var body io.Reader
	if length != 0 {
		r, client := io.Pipe()
		context.AfterFunc(ctx, func() { client.CloseWithError(context.Canceled) })
		go io.WriteString(client, "ten bytes.")
		body = r
	}
	r := at.request(method, "/", body).WithContext(ctx)
	r.ContentLength = length
	answered := make(chan error, 1)
	go func() {
		res, err := at.client.Do(r)
		if err != nil {
			answered <- err
			return
		}
		_, err = io.ReadFull(decode(res.Header, res.Body), make([]byte, 10))
		answered <- err
		<-ctx.Done()
		res.Body.Close()
	}()
	if method != http.MethodPost {
		if err := <-answered; err != nil {
			return fmt.Errorf("what was flushed did not come: %w", err)
		}
		return nil
	}
	select {
	case <-reading:
		return nil
	case err := <-answered:
		return errors.Join(&unreached{"an answer came before the handler had read the upload"}, err)
	}
}

// writeUntilGone writes and flushes up to 8 MiB that do not compress, until it learns that the client left.
func writeUntilGone(w http.ResponseWriter, r *http.Request) error {
	rc := http.NewResponseController(w)
	piece := noise(32 << 10)
	for range 256 {
		if err := r.Context().Err(); err != nil {
			return err
		}
		if _, err := w.Write(piece); err != nil {
			return err
		}
		if err := rc.Flush(); err != nil {
			return err
		}
	}
	return nil
}
