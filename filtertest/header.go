package filtertest

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
)

func headerRules() []rule {
	return []rule{{
		id:     "C03",
		text:   "a filter keeps the handler's Vary and adds its own to it",
		reason: "a cache that does not know what a response depends on serves it to the wrong client",
		ref:    "RFC 9110, 12.5.5",
		check:  varyKept,
	}, {
		id:     "C12",
		text:   "a filter keeps several Set-Cookie fields apart and in order",
		reason: "Set-Cookie is the one field whose values cannot be joined by commas",
		ref:    "RFC 6265, 3",
		check:  cookiesApart,
	}, {
		id:     "C13",
		text:   "a filter respects a Content-Type that the handler set to nil",
		reason: "it is how a handler says that the type shall not be guessed",
		ref:    "net/http.ResponseWriter",
		check:  noType,
	}, {
		id:     "C14",
		text:   "a filter lets the Content-Type be guessed from the bytes that the handler wrote",
		reason: "guessed from a coded body it says application/x-gzip, and browsers offer a download",
		ref:    "net/http.DetectContentType",
		check:  typeGuessed,
	}, {
		id:     "C15",
		text:   "a filter does not send fields that the handler set after WriteHeader or Write",
		reason: "net/http sends the fields as they were at WriteHeader; handlers are written and tested against that",
		ref:    "net/http.ResponseWriter",
		check:  lateFields,
	}}
}

func cookiesApart(s *subject) error {
	want := []string{"a=1; Path=/", "b=2; Expires=Wed, 09 Jun 2027 10:18:14 GMT", "c=3"}
	a, err := s.serve(func(w http.ResponseWriter, r *http.Request) {
		for _, c := range want {
			w.Header().Add("Set-Cookie", c)
		}
		io.WriteString(w, "ok")
	}).expect("/", http.StatusOK, "ok")
	if err != nil {
		return err
	}
	// A filter may set cookies of its own; ours must stand among them as they were.
	got := slices.DeleteFunc(a.Header.Values("Set-Cookie"), func(c string) bool { return !slices.Contains(want, c) })
	if !slices.Equal(got, want) {
		return fmt.Errorf("the cookies are %q, want %q", a.Header.Values("Set-Cookie"), want)
	}
	return nil
}

func noType(s *subject) error {
	a, err := s.serve(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Content-Type"] = nil
		io.WriteString(w, prose(8<<10))
	}).expect("/", http.StatusOK, prose(8<<10))
	if err != nil {
		return err
	}
	return a.absent("Content-Type")
}

func typeGuessed(s *subject) error {
	page := "<!DOCTYPE html><title>kit</title>" + prose(8<<10)
	a, err := s.serve(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, page)
	}).expect("/", http.StatusOK, page)
	if err != nil {
		return err
	}
	if got := a.Header.Get("Content-Type"); !strings.HasPrefix(got, "text/html") {
		return fmt.Errorf("the type is %q, want text/html", got)
	}
	return nil
}

// tokens returns the members of a list field in lower case.
func tokens(h http.Header, name string) []string {
	var all []string
	for _, v := range h.Values(name) {
		for t := range strings.SplitSeq(v, ",") {
			all = append(all, strings.ToLower(strings.TrimSpace(t)))
		}
	}
	return all
}

func varyKept(s *subject) error {
	a, err := s.serve(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Vary", "Cookie")
		io.WriteString(w, prose(64<<10))
	}).expect("/", http.StatusOK, prose(64<<10))
	if err != nil {
		return err
	}
	vary := tokens(a.Header, "Vary")
	if slices.Contains(vary, "*") {
		return nil
	}
	if !slices.Contains(vary, "cookie") {
		return fmt.Errorf("the handler said Vary: Cookie, the client reads %q", vary)
	}
	if a.Header.Get("Content-Encoding") != "" && !slices.Contains(vary, "accept-encoding") {
		return fmt.Errorf("the response is coded, and Vary is %q", vary)
	}
	return nil
}

func lateFields(s *subject) error {
	at := s.serve(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Kit-Early", "yes")
		if r.URL.Path == "/status" {
			w.WriteHeader(http.StatusOK)
		} else {
			io.WriteString(w, "o")
		}
		w.Header().Set("X-Kit-Late", "yes")
		w.Header().Set("X-Kit-Early", "no")
		io.WriteString(w, "ok")
	})
	for path, body := range map[string]string{"/status": "ok", "/write": "ook"} {
		a, err := at.expect(path, http.StatusOK, body)
		if err != nil {
			return err
		}
		if got := a.Header.Get("X-Kit-Early"); got != "yes" {
			return fmt.Errorf("%s: the field set in time is %q, want %q", path, got, "yes")
		}
		if err := a.absent("X-Kit-Late"); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}
