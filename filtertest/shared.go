package filtertest

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
)

func sharedRules() []rule {
	return []rule{{
		id:     "C21",
		text:   "a filter gives each response field values of its own",
		reason: "a slice that every response shares turns one handler's edit into everybody's, and is a data race",
		ref:    "net/http.Header",
		check:  responseFieldsOwn,
	}, {
		id:     "C22",
		text:   "a filter does not write into the slices that the handler put into the header",
		reason: "handlers keep such slices for all their responses",
		ref:    "net/http.Header",
		check:  handlerSlices,
	}}
}

// A tamperer does to the fields of responses what a handler may do to them.
type tamperer struct {
	*subject
	added []http.Header // every response's fields, in order, with what was added
}

const poison = "spoilt by another response"

// touch adds the path to each field, or spoils each, or looks for what was spoilt.
func (t *tamperer) touch(h http.Header, path string) {
	for name, values := range h {
		switch path {
		case "/1", "/2":
			h.Add(name, path)
		case "/spoil":
			for i := range values {
				values[i] = poison
			}
		case "/":
			if slices.Contains(values, poison) {
				t.failf("field %s has the value that it was given in another response", name)
			}
		}
	}
	t.added = append(t.added, maps.Clone(h))
}

// responseFieldsOwn tampers with responses in the handler, and once more around the filter, and looks for that in the
// next ones. What two responses add must not meet in the spare room of one slice.
func responseFieldsOwn(s *subject) error {
	t := &tamperer{subject: s}
	at := s.serveIn(func(w http.ResponseWriter, r *http.Request) {
		t.touch(w.Header(), r.URL.Path)
		w.Header().Set("Content-Type", "text/plain")
		io.WriteString(w, prose(8<<10))
		flush(w, true)
	}, func(next http.Handler) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r)
			t.touch(w.Header(), r.URL.Path)
		}
	})
	// These responses may be wrong, a length may be among what is touched: that is the kit's own doing.
	for _, path := range []string{"/1", "/2", "/spoil", "/", "/"} {
		at.send(at.request("GET", path, nil))
	}
	if err := s.shut(); err != nil {
		return err
	}
	if err := at.reached(); err != nil {
		return err
	}
	for _, h := range t.added[:min(2, len(t.added))] { // those of /1, seen after /2
		for name, values := range h {
			if slices.Contains(values, "/2") {
				return fmt.Errorf("what one response added to %s overwrote what another one had added", name)
			}
		}
	}
	return nil
}

func handlerSlices(s *subject) error {
	fields := make(map[string][]string)
	for _, name := range []string{"Vary", "Cache-Control", "Etag", "Set-Cookie", "Accept-Ranges", "Link", "Content-Type"} {
		fields[name] = make([]string, 1, 4)
	}
	fields["Vary"][0], fields["Cache-Control"][0], fields["Etag"][0] = "Cookie", "private", `"v1"`
	fields["Set-Cookie"][0], fields["Accept-Ranges"][0], fields["Link"][0] = "a=1", "bytes", "</a>; rel=next"
	fields["Content-Type"][0] = "text/plain; charset=utf-8"
	before := make(map[string][]string)
	for name, values := range fields {
		before[name] = slices.Clone(values[:cap(values)])
	}
	at := s.serve(func(w http.ResponseWriter, r *http.Request) {
		for name, values := range fields {
			w.Header()[name] = values
		}
		io.WriteString(w, prose(8<<10))
	})
	for range 2 {
		if _, err := at.expect("/", http.StatusOK, prose(8<<10)); err != nil {
			return err
		}
	}
	if err := s.shut(); err != nil {
		return err
	}
	for name, values := range fields {
		if got := values[:cap(values)]; !slices.Equal(got, before[name]) {
			return fmt.Errorf("the handler's slice for %s became %q, was %q", name, got, before[name])
		}
	}
	return nil
}
