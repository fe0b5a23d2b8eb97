package filtertest

import (
	"fmt"
	"io"
	"net/http"
)

func overdueRules() []rule {
	return []rule{{
		id:     "N42",
		text:   "a filter sends no informational response once the handler has given the final status",
		reason: "net/http ignores it then; a filter that holds the final head back must not let it overtake",
		ref:    "RFC 9110, 15.2",
		check:  overdueHint,
	}}
}

func overdueHint(s *subject) error {
	seen, a, err := earlyAnswer(s, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(http.StatusAccepted)
		w.WriteHeader(http.StatusEarlyHints)
		io.WriteString(w, "done")
		w.WriteHeader(http.StatusEarlyHints)
	})
	if err != nil {
		return err
	}
	if len(seen) > 0 {
		return fmt.Errorf("after the handler's 202 a %d was sent", seen[0].status)
	}
	return a.is(http.StatusAccepted, "done")
}
