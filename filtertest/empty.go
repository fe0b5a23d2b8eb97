package filtertest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

func emptyRules() []rule {
	return []rule{{
		id:     "B01",
		text:   "a filter keeps a 204 empty, without fields about a body",
		reason: "a coding or length on nothing makes clients wait for a body or fail to decode it",
		ref:    "RFC 9110, 15.3.5",
		check:  noContent,
	}, {
		id:     "B02",
		text:   "a filter keeps a 304 empty, with its ETag and without a content coding",
		reason: "a cache updates the stored response with the fields of the 304",
		ref:    "RFC 9110, 15.4.5",
		check:  notModified,
	}, {
		id:     "B03",
		text:   "a filter answers HEAD with the status and the content fields of GET, and without a body",
		reason: "clients and caches take the size and the coding of the response to GET from it",
		ref:    "RFC 9110, 9.3.2",
		check:  headAgrees,
	}, {
		id:     "B05",
		text:   "a filter leaves a response empty when the handler wrote nothing",
		reason: "a compressor's 23 bytes of nothing are a body that nobody wrote",
		ref:    "net/http.Handler",
		check:  nothingWritten,
	}, {
		id:     "B10",
		text:   "a filter gives http.ErrBodyNotAllowed to a handler that writes on a 204 or 304",
		reason: "a mistake that nobody reports is never mended",
		ref:    "net/http.ErrBodyNotAllowed",
		check:  bodyNotAllowed,
	}}
}

func noContent(s *subject) error {
	a, err := s.serve(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusNoContent)
	}).expect("/", http.StatusNoContent, "")
	if err != nil {
		return err
	}
	return a.absent("Content-Encoding", "Content-Type", "Content-Length", "Transfer-Encoding")
}

func notModified(s *subject) error {
	a, err := s.serve(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"v1"`)
		w.WriteHeader(http.StatusNotModified)
	}).expect("/", http.StatusNotModified, "", "If-None-Match", `"v1"`)
	if err != nil {
		return err
	}
	if a.Header.Get("ETag") == "" {
		return errors.New("the 304 lost its ETag")
	}
	return a.absent("Content-Encoding", "Content-Length")
}

func nothingWritten(s *subject) error {
	a, err := s.serve(func(http.ResponseWriter, *http.Request) {}).expect("/", http.StatusOK, "")
	if err != nil {
		return err
	}
	return errors.Join(same(a.raw, nil), a.absent("Content-Encoding"))
}

func bodyNotAllowed(s *subject) error {
	at := s.serve(func(w http.ResponseWriter, r *http.Request) {
		status, _ := strconv.Atoi(r.URL.Path[1:])
		w.WriteHeader(status)
		if _, err := io.WriteString(w, "body"); !errors.Is(err, http.ErrBodyNotAllowed) {
			s.failf("the handler saw %v on a %d", err, status)
		}
	})
	_, err := at.expect("/204", http.StatusNoContent, "")
	_, err2 := at.expect("/304", http.StatusNotModified, "")
	return errors.Join(err, err2)
}

// headAgrees compares GET and HEAD for bodies with and without a declared length. A field that HEAD leaves out is
// no fault, one that says something else is.
func headAgrees(s *subject) error {
	at := s.serve(func(w http.ResponseWriter, r *http.Request) {
		body := prose(16 << 10)
		if r.URL.Path == "/short" {
			body = "short"
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("ETag", `"v1"`)
		if r.URL.Path == "/declared" {
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		}
		w.WriteHeader(http.StatusAccepted)
		io.WriteString(w, body)
	})
	for _, path := range []string{"/short", "/declared", "/streamed"} {
		for _, coding := range []string{"gzip", ""} {
			get, err := at.whole(at.request("GET", path, nil, "Accept-Encoding", coding))
			if err != nil {
				return err
			}
			head, err := at.whole(at.request("HEAD", path, nil, "Accept-Encoding", coding))
			if err != nil {
				return err
			}
			if err := head.is(get.StatusCode, ""); err != nil {
				return fmt.Errorf("HEAD %s: %w", path, err)
			}
			for _, name := range []string{"Content-Type", "Content-Encoding", "Content-Length", "ETag"} {
				if h, g := head.Header.Get(name), get.Header.Get(name); h != "" && h != g {
					return fmt.Errorf("HEAD %s says %s: %s, GET says %q", path, name, h, g)
				}
			}
		}
	}
	return nil
}
