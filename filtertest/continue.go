package filtertest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
)

func continueRules() []rule {
	return []rule{{
		id:     "D08",
		text:   "a filter asks for no body that the handler does not read, and does not wait for it",
		reason: "an upload that is refused should not be sent; a Body set in place makes the server wait for it",
		ref:    "RFC 9110, 10.1.1; golang/go#63152",
		check: func(s *subject) error {
			at := s.serve(func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(http.StatusUnauthorized)
				io.WriteString(w, "who are you?")
			})
			a, asked, err := expectContinue(at)
			if err != nil {
				return err
			}
			if asked {
				return fmt.Errorf("the client was sent 100 Continue, then %d", a.StatusCode)
			}
			return a.is(http.StatusUnauthorized, "who are you?")
		},
	}, {
		id:     "D11",
		text:   "a filter lets 100 Continue be sent when the handler reads",
		reason: "a client that waits for it sends nothing, and the handler waits for the client",
		ref:    "RFC 9110, 10.1.1",
		check: func(s *subject) error {
			at := s.serve(func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					s.failf("reading the body: %w", err)
				}
				w.Write(body)
			})
			a, asked, err := expectContinue(at)
			if err != nil {
				return err
			}
			if !asked {
				return fmt.Errorf("no 100 Continue came before the %d", a.StatusCode)
			}
			return a.is(http.StatusOK, "the upload")
		},
	}}
}

// expectContinue uploads with Expect: 100-continue and says whether the server asked for the body.
func expectContinue(at *site) (a *answer, asked bool, err error) {
	r := at.request("POST", "/", strings.NewReader("the upload"), "Expect", "100-continue")
	var got atomic.Bool
	r = r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{
		Got100Continue: func() { got.Store(true) },
	}))
	a, err = at.whole(r)
	return a, got.Load(), err
}
