package filtertest

import (
	"fmt"
	"io"
	"net/http"
	"slices"
)

func twiceRules() []rule {
	return []rule{{
		id:     "N27",
		text:   "a filter that stands in a stack twice does what it does once",
		reason: "stacks are put together by more than one hand: fields double, and bodies are coded twice",
		ref:    "func(http.Handler) http.Handler",
		check:  stackedTwice,
	}}
}

// core are the rules that the filter has to keep around itself too, those that two of a kind break most easily.
var core = [...]string{"B08", "C06", "C09", "C16", "C20", "F02", "F04"}

// journey are the fields to which each layer adds an entry of its own: where the message was, and under which limits.
var journey = [...]string{"Via", "Server-Timing", "Forwarded", "X-Forwarded-For", "Ratelimit", "Ratelimit-Policy"}

// double returns what is asked of the filter around itself.
func (s *subject) double() *subject {
	d := newSubject(func(next http.Handler) http.Handler { return s.filter(s.filter(next)) }, s.proto, s.limit)
	d.declared = s.declared
	return d
}

func stackedTwice(s *subject) error {
	once, request, err := fieldsOf(s.again())
	if err != nil {
		return err
	}
	twice, doubled, err := fieldsOf(s.double())
	if err != nil {
		return fmt.Errorf("twice: %w", err)
	}
	if err := noMore(twice.Header, once.Header); err != nil {
		return fmt.Errorf("twice, the response has %w", err)
	}
	if err := noMore(doubled, request); err != nil {
		return fmt.Errorf("twice, the handler's request has %w", err)
	}
	for _, r := range rules() {
		if !slices.Contains(core[:], r.id) || r.unless != nil && r.unless(s.declared) != "" {
			continue
		}
		d := s.double()
		if err := d.finish(r.check(d)); err != nil {
			if a := s.again(); a.finish(r.check(a)) != nil {
				continue // once is as bad, which the rule itself says
			}
			return fmt.Errorf("twice, %s is not kept: %w", r.id, err)
		}
	}
	return nil
}

// again returns a subject like this one.
func (s *subject) again() *subject {
	a := newSubject(s.filter, s.proto, s.limit)
	a.declared = s.declared
	return a
}

// fieldsOf returns an answer that reads right, and the fields of the request as the handler saw them.
func fieldsOf(s *subject) (a *answer, request http.Header, err error) {
	seen := make(chan http.Header, 1)
	at := s.serve(func(w http.ResponseWriter, r *http.Request) {
		select {
		case seen <- r.Header.Clone():
		default:
		}
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Vary", "Cookie")
		w.Header().Set("ETag", `"v1"`)
		io.WriteString(w, prose(64<<10))
	})
	a, err = at.expect("/", http.StatusOK, prose(64<<10))
	if err == nil {
		request = <-seen
	}
	return a, request, s.finish(err)
}

// noMore compares the number of values of each field, and of the members of those that are lists.
func noMore(twice, once http.Header) error {
	for name := range twice {
		if slices.Contains(journey[:], name) {
			continue
		}
		if t, o := len(twice.Values(name)), len(once.Values(name)); t > o {
			return fmt.Errorf("%d values of %s, where it has %d with the filter once: %q", t, name, o, twice.Values(name))
		}
	}
	for _, name := range []string{"Vary", "Content-Encoding", "Cache-Control", "Connection"} {
		if t, o := tokens(twice, name), tokens(once, name); len(t) > len(o) {
			return fmt.Errorf("%s: %q, where it is %q with the filter once", name, t, o)
		}
	}
	return nil
}
