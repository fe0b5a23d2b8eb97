package filtertest

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
)

func codingRules() []rule {
	return []rule{{
		id:     "C04",
		text:   "a filter that codes a response says Vary: Accept-Encoding on the plain variant too",
		reason: "a cache that stored the plain one first never asks for the coded one, or the other way round",
		ref:    "RFC 9110, 12.5.5",
		check:  varyOnPlain,
	}, {
		id:     "C08",
		text:   "a filter that codes a body does not offer byte ranges of it",
		reason: "a range of the plain body appended to half a coded one is a corrupt file",
		ref:    "RFC 9110, 14.3",
		check:  noRangesOfCoded,
	}, {
		id:     "C09",
		text:   "a filter leaves a body that is coded already as it is, with its label",
		reason: "a body coded twice under one label, or under a wrong one, is unreadable",
		ref:    "RFC 9110, 8.4",
		check:  codedAlready,
	}, {
		id:     "C10",
		text:   "a filter respects Cache-Control: no-transform",
		reason: "the origin asked for these very bytes",
		ref:    "RFC 9111, 5.2.2.6",
		check: func(s *subject) error {
			return plain(s.serve(textWith("Cache-Control", "public, no-transform")))
		},
	}, {
		id:     "C11",
		text:   "a filter does not send a coding that the client refused with q=0",
		reason: "a search for the word gzip finds it in gzip;q=0",
		ref:    "RFC 9110, 12.5.3",
		check:  refusedCoding,
	}, {
		id:     "C19",
		text:   "a filter that changes a body drops the digests of the old one",
		reason: "a client that checks them throws the response away",
		ref:    "RFC 9530, 2",
		check:  digests,
	}}
}

func noRangesOfCoded(s *subject) error {
	a, err := s.serve(textWith("Accept-Ranges", "bytes")).expect("/", http.StatusOK, prose(64<<10))
	if err == nil && a.Header.Get("Content-Encoding") != "" {
		return a.absent("Accept-Ranges")
	}
	return err
}

func refusedCoding(s *subject) error {
	at := s.serve(textWith("X-Kit", "text"))
	return errors.Join(
		plain(at, "Accept-Encoding", "gzip;q=0"),
		plain(at, "Accept-Encoding", "gzip; q=0.000, identity"),
		plain(at, "Accept-Encoding", "*;q=0, identity;q=1"),
	)
}

// textWith is a handler whose text compresses well, with one more field.
func textWith(name, value string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set(name, value)
		io.WriteString(w, prose(64<<10))
	}
}

// plain fails unless the text comes without a content coding.
func plain(at *site, fields ...string) error {
	a, err := at.get("/", fields...)
	if err != nil {
		return err
	}
	if err := a.absent("Content-Encoding"); err != nil {
		return fmt.Errorf("asked with %q: %w", fields, err)
	}
	return a.is(http.StatusOK, prose(64<<10))
}

func varyOnPlain(s *subject) error {
	at := s.serve(textWith("X-Kit", "text"))
	coded, err := at.get("/")
	if err != nil || coded.Header.Get("Content-Encoding") == "" {
		return err
	}
	bare, err := at.get("/", "Accept-Encoding", "identity")
	if err != nil {
		return err
	}
	for _, a := range []*answer{coded, bare} {
		if vary := tokens(a.Header, "Vary"); !slices.Contains(vary, "accept-encoding") && !slices.Contains(vary, "*") {
			return fmt.Errorf("with Content-Encoding %q, Vary is %q", a.Header.Get("Content-Encoding"), vary)
		}
	}
	return nil
}

func codedAlready(s *subject) error {
	var zipped bytes.Buffer
	gz := gzip.NewWriter(&zipped)
	io.WriteString(gz, prose(64<<10))
	gz.Close()
	bodies := map[string][]byte{"gzip": zipped.Bytes(), "br": noise(8 << 10)} // nobody here decodes the second
	at := s.serve(func(w http.ResponseWriter, r *http.Request) {
		coding := r.URL.Path[1:]
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Content-Encoding", coding)
		w.Write(bodies[coding])
	})
	for coding, body := range bodies {
		a, err := at.get("/" + coding)
		if err != nil {
			return err
		}
		if got := a.Header.Values("Content-Encoding"); !slices.Equal(got, []string{coding}) {
			return fmt.Errorf("the label is %q, want %q", got, coding)
		}
		if err := same(a.raw, body); err != nil {
			return fmt.Errorf("coded with %s: %w", coding, err)
		}
	}
	return nil
}

// digests lets a digest pass only when it is that of the bytes that came. The digest of the representation is one of
// the coded bytes too: a coding is part of a representation.
func digests(s *subject) error {
	sum := func(b []byte) string {
		h := sha256.Sum256(b)
		return "sha-256=:" + base64.StdEncoding.EncodeToString(h[:]) + ":"
	}
	names := []string{"Content-Digest", "Repr-Digest"}
	a, err := s.serve(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		for _, name := range names {
			w.Header().Set(name, sum([]byte(prose(64<<10))))
		}
		io.WriteString(w, prose(64<<10))
	}).expect("/", http.StatusOK, prose(64<<10))
	if err != nil {
		return err
	}
	for _, name := range names {
		if got := a.Header.Get(name); got != "" && !strings.Contains(got, sum(a.raw)) {
			return fmt.Errorf("%s is %s, the bytes that came have %s", name, got, sum(a.raw))
		}
	}
	return nil
}
