package filtertest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"slices"
)

func earlyRules() []rule {
	return []rule{{
		id:     "B08",
		text:   "a filter passes a 103 with its fields and keeps the final status",
		reason: "a writer that takes 103 for the answer turns every later 404 into a 200",
		ref:    "RFC 8297, 2",
		check:  earlyHints,
	}, {
		id:     "N03",
		text:   "a filter passes several informational responses in their order",
		reason: "each of them carries news of its own",
		ref:    "RFC 9110, 15.2",
		check:  severalEarly,
	}, {
		id:     "N04",
		text:   "a filter adds no fields about the final body to an informational response",
		reason: "a 103 has no body: a coding or a length on it says something wrong about the final response",
		ref:    "RFC 8297, 2",
		check: func(s *subject) error {
			seen, _, err := earlyAnswer(s, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Link", "</a.css>; rel=preload")
				w.WriteHeader(http.StatusEarlyHints)
				w.Header().Set("Content-Type", "text/plain")
				io.WriteString(w, prose(64<<10))
			})
			if err != nil {
				return err
			}
			for _, e := range seen {
				for _, name := range []string{"Content-Encoding", "Content-Length", "Content-Type", "Transfer-Encoding"} {
					if v := e.fields.Get(name); v != "" {
						return fmt.Errorf("the %d carries %s: %s", e.status, name, v)
					}
				}
			}
			return nil
		},
	}}
}

// early is an informational response as the client saw it.
type early struct {
	status int
	fields textproto.MIMEHeader
}

// earlyAnswer returns the informational responses and the final one.
func earlyAnswer(s *subject, h http.HandlerFunc) ([]early, *answer, error) {
	at := s.serve(h)
	var seen []early
	r := at.request("GET", "/", nil)
	r = r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{
		Got1xxResponse: func(code int, header textproto.MIMEHeader) error {
			seen = append(seen, early{code, header})
			return nil
		},
	}))
	a, err := at.whole(r)
	return seen, a, err
}

func earlyHints(s *subject) error {
	const link = "</style.css>; rel=preload; as=style"
	seen, a, err := earlyAnswer(s, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", link)
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Del("Link")
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(http.StatusNotFound)
		io.WriteString(w, "not here")
	})
	if err != nil {
		return err
	}
	if len(seen) != 1 || seen[0].status != http.StatusEarlyHints {
		return fmt.Errorf("the informational responses are %v, want one 103", seen)
	}
	if got := seen[0].fields.Get("Link"); got != link {
		return fmt.Errorf("the 103 carries Link: %q, want %q", got, link)
	}
	return a.is(http.StatusNotFound, "not here")
}

func severalEarly(s *subject) error {
	seen, a, err := earlyAnswer(s, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusProcessing)
		for _, link := range []string{"</1>", "</2>"} {
			w.Header().Set("Link", link)
			w.WriteHeader(http.StatusEarlyHints)
		}
		w.WriteHeader(http.StatusAccepted)
		io.WriteString(w, "done")
	})
	if err != nil {
		return err
	}
	var got []string
	for _, e := range seen {
		got = append(got, fmt.Sprint(e.status, e.fields.Get("Link")))
	}
	if want := []string{"102", "103</1>", "103</2>"}; !slices.Equal(got, want) {
		return fmt.Errorf("the informational responses are %q, want %q", got, want)
	}
	return a.is(http.StatusAccepted, "done")
}
