package filtertest

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

func validatorRules() []rule {
	return []rule{{
		id:     "C05",
		text:   "a filter does not give two codings of a body the same strong ETag",
		reason: "a strong tag promises the same bytes; ranges and conditional writes rely on it",
		ref:    "RFC 9110, 8.8.3.3",
		check:  strongTags,
	}, {
		id:     "C06",
		text:   "a filter answers 304 to a client that sends back the ETag it was given",
		reason: "a tag that was changed on the way out and not on the way in means a full response every time",
		ref:    "RFC 9110, 13.1.2",
		unless: func(o Options) string {
			if edits(o.RequestFields, "If-None-Match") {
				return "the filter declares that it edits If-None-Match"
			}
			return ""
		},
		check: revalidate,
	}, {
		id:     "C07",
		text:   "a filter leaves the bytes of a 206 as they are",
		reason: "the client puts them between bytes that it has; a coded range corrupts the file",
		ref:    "RFC 9110, 15.3.7",
		check:  partial,
	}}
}

// document is what http.ServeContent makes of a text with a strong ETag.
func document(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("ETag", `"edition-1"`)
	http.ServeContent(w, r, "", time.Unix(1_700_000_000, 0), strings.NewReader(prose(64<<10)))
}

func strongTags(s *subject) error {
	at := s.serve(document)
	coded, err := at.expect("/", http.StatusOK, prose(64<<10))
	if err != nil {
		return err
	}
	bare, err := at.expect("/", http.StatusOK, prose(64<<10), "Accept-Encoding", "identity")
	if err != nil {
		return err
	}
	tag := coded.Header.Get("ETag")
	if same(coded.raw, bare.raw) != nil && strings.HasPrefix(tag, `"`) && tag == bare.Header.Get("ETag") {
		return fmt.Errorf("ETag: %s stands for %d coded bytes and for %d plain ones", tag, len(coded.raw), len(bare.raw))
	}
	return nil
}

func revalidate(s *subject) error {
	at := s.serve(document)
	for _, coding := range []string{"gzip", "identity"} {
		first, err := at.expect("/", http.StatusOK, prose(64<<10), "Accept-Encoding", coding)
		if err != nil {
			return err
		}
		tag := first.Header.Get("ETag")
		if tag == "" {
			continue // the filter may drop it; then there is nothing to send back
		}
		again, err := at.expect("/", http.StatusNotModified, "", "Accept-Encoding", coding, "If-None-Match", tag)
		if err != nil {
			return fmt.Errorf("If-None-Match: %s: %w", tag, err)
		}
		if got := again.Header.Get("ETag"); got != tag {
			return fmt.Errorf("the 304 to If-None-Match: %s says ETag: %s", tag, got)
		}
	}
	return nil
}

func partial(s *subject) error {
	at := s.serve(document)
	for _, coding := range []string{"gzip", "identity"} {
		a, err := at.get("/", "Accept-Encoding", coding, "Range", "bytes=1000-40999")
		if err != nil {
			return err
		}
		if a.StatusCode == http.StatusOK && a.Header.Get("Content-Range") == "" {
			return a.is(http.StatusOK, prose(64<<10)) // a filter may take Range off the request
		}
		if a.StatusCode != http.StatusPartialContent {
			return fmt.Errorf("the status is %d, want 206", a.StatusCode)
		}
		if err := errors.Join(same(a.body, []byte(prose(64 << 10)[1000:41000])), a.absent("Content-Encoding")); err != nil {
			return err
		}
		if got := a.Header.Get("Content-Range"); got != "bytes 1000-40999/65536" {
			return fmt.Errorf("Content-Range is %q", got)
		}
	}
	return nil
}
