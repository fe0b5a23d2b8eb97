package filtertest

import (
	"fmt"
	"net/http"
)

func originRules() []rule {
	return []rule{{
		id:      "N39",
		text:    "a filter keeps Date, Server and Connection: close as the handler set them",
		reason:  "caches compute ages from Date, and a handler closes a connection that it no longer trusts",
		ref:     "RFC 9110, 6.6.1, 7.6.1 and 10.2.4",
		check:   originFields,
		changes: "ResponseFields: Date and Server are not compared where they are named",
	}}
}

func originFields(s *subject) error {
	const date = "Sun, 06 Nov 1994 08:49:37 GMT"
	at := s.serve(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/none" {
			w.Header()["Date"] = nil // net/http's way of saying that none be sent
			w.WriteHeader(http.StatusOK)
			return
		}
		w.Header().Set("Date", date)
		w.Header().Set("Server", "kit/1")
		w.Header().Set("Connection", "close")
		textWith("X-Kit", "text")(w, r)
	})
	a, err := at.expect("/", http.StatusOK, prose(64<<10))
	if err != nil {
		return err
	}
	for name, want := range map[string]string{"Date": date, "Server": "kit/1"} {
		if got := a.Header.Get(name); got != want && !edits(s.declared.ResponseFields, name) {
			return fmt.Errorf("%s is %q, the handler set %q", name, got, want)
		}
	}
	if s.proto == http1 && !a.Close {
		return fmt.Errorf("the handler set Connection: close, the client sees none of it")
	}
	if a, err = at.expect("/none", http.StatusOK, ""); err != nil || edits(s.declared.ResponseFields, "Date") {
		return err
	}
	return a.absent("Date")
}
