package filtertest

import (
	"errors"
	"io"
	"net/http"
	"sync/atomic"
)

func reachRules() []rule {
	return []rule{{
		id:     "A07",
		text:   "a filter that leaves bodies as they are hands on a writer that is an io.ReaderFrom",
		reason: "files go to the network inside the kernel, by sendfile, when io.Copy finds the way down",
		ref:    "io.ReaderFrom",
		over:   []protocol{http1},
		check:  readerFrom,
		unless: holding,
	}, {
		id:     "A13",
		text:   "a filter lets the server's own writer be reached by Unwrap",
		reason: "http.MaxBytesReader closes the connection of an upload that is too long only if it gets that very writer",
		ref:    "golang/go#73754",
		check:  ownWriter,
	}}
}

// readerFrom lets a filter off that changes a text or a page.
func readerFrom(s *subject) error {
	bodies := map[string]string{
		"text/plain": prose(16 << 10),
		"text/html":  "<!DOCTYPE html><html><head><title>kit</title></head><body><p>" + prose(16<<10) + "</body></html>",
	}
	var missing atomic.Bool
	at := s.serve(func(w http.ResponseWriter, r *http.Request) {
		if _, ok := w.(io.ReaderFrom); !ok {
			missing.Store(true)
		}
		mediaType := r.URL.Path[1:]
		w.Header().Set("Content-Type", mediaType)
		io.WriteString(w, bodies[mediaType])
	})
	for mediaType, body := range bodies {
		a, err := at.get("/" + mediaType)
		if err != nil {
			return err
		}
		if same(a.raw, []byte(body)) != nil {
			return nil
		}
	}
	if missing.Load() {
		return errors.New("the writer is no io.ReaderFrom, and the bodies came as they were written")
	}
	return nil
}

// innermost follows Unwrap as far as it goes.
func innermost(w http.ResponseWriter) http.ResponseWriter {
	for range 1000 { // more than any stack has, and an end for a writer that unwraps to itself
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			break
		}
		below := u.Unwrap()
		if below == nil {
			break
		}
		w = below
	}
	return w
}

// ownWriter leaves it at the identity of the writer. What net/http does with it costs half a second of its patience
// for each connection that it closes.
func ownWriter(s *subject) error {
	var server http.ResponseWriter
	at := s.serveIn(func(w http.ResponseWriter, r *http.Request) {
		if own := innermost(w); own != server {
			s.failf("from %T one gets to %T and not to the server's %T", w, own, server)
		}
	}, func(next http.Handler) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			server = w
			next.ServeHTTP(w, r)
		}
	})
	_, err := at.get("/")
	return err
}
