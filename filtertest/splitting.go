package filtertest

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

func splittingRules() []rule {
	return []rule{{
		id:     "N32",
		text:   "a filter lets no line break or NUL from the request into a response field",
		reason: "it splits the response; net/http hides that, with blanks over HTTP/1.1 and by dropping the field over HTTP/2",
		ref:    "RFC 9110, 5.5",
		check:  splitting,
	}}
}

// intruder is the name of a field that stands in the response when a filter lets it in.
const intruder = "X-Kit-Intruder"

// An attempt is a request that carries line breaks in one of the spellings in which they pass the server.
type attempt struct{ method, target, host, field, value string }

func (a attempt) String() string {
	if a.field != "" {
		return "with " + a.field + ": " + a.value
	}
	return a.method + " " + a.target
}

// attempts are many requests with one hostile part each: a filter that refuses one part shall still meet the others.
func attempts() []attempt {
	const coded = "a%0d%0a" + intruder + ":%20yes%0d%0a%0d%0aHTTP/1.1%20200%20OK%0d%0a%0d%0a%00"
	const wide = "a%E5%98%8D%E5%98%8A" + intruder + ":%20yes" // whose runes end in CR and LF
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("a\r\n"+intruder+": yes\x00:b"))
	all := []attempt{
		{method: "GET", target: "/" + coded},
		{method: "GET", target: "/" + coded + "/"},
		{method: "GET", target: "//" + coded + "//"},
		{method: "GET", target: "/" + wide + "/"},
		{method: "OPTIONS", target: "/" + coded},
		{method: "GET", target: "/?q=" + coded + "&next=" + coded + "&return=" + coded + "&callback=" + coded},
		{method: "GET", target: "/" + coded + "=" + coded + "?" + coded},
		{method: "GET", target: "/", host: "kit.example%0d%0a" + intruder + ":%20yes"},
		{method: "GET", target: "/", field: "Authorization", value: basic},
		{method: "GET", target: "/", field: "Proxy-Authorization", value: basic},
	}
	for _, name := range []string{
		"Accept", "Accept-Encoding", "Accept-Language", "Access-Control-Request-Headers", "Cookie", "Forwarded",
		"If-None-Match", "Last-Event-Id", "Origin", "Range", "Referer", "Traceparent", "User-Agent", "X-Correlation-Id",
		"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Prefix", "X-Forwarded-Proto", "X-Forwarded-Uri",
		"X-Http-Method-Override", "X-Original-Url", "X-Real-Ip", "X-Request-Id", "X-Rewrite-Url",
	} {
		all = append(all, attempt{method: "GET", target: "/", field: name, value: coded})
	}
	return all
}

func splitting(s *subject) error {
	at := s.serveIn(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "X-Kit-Sum")
		w.Header().Set("Content-Type", "text/plain")
		io.WriteString(w, "ok")
		flush(w, true)
		w.Header().Set("X-Kit-Sum", "42")
	}, func(next http.Handler) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r)
			// What net/http is about to make harmless shows here alone.
			if err := unbroken(w.Header()); err != nil {
				s.failf("%s %.80q: %w", r.Method, r.RequestURI, err)
			}
		}
	})
	if _, err := at.get("/"); err != nil {
		return err
	}
	for _, a := range attempts() {
		r := at.request(a.method, "/", nil)
		if a.field != "" {
			r.Header.Set(a.field, a.value)
		}
		aim(r, a.target)
		r.Host = a.host
		var err error
		if s.proto == http1 {
			err = at.sendRaw(r)
		} else {
			err = clean(at.send(r))
		}
		if err != nil {
			return fmt.Errorf("%s: %w", a, err)
		}
	}
	return s.shut()
}

// unbroken looks for line breaks and NUL in names and values.
func unbroken(h http.Header) error {
	for name, values := range h {
		for _, text := range append([]string{name}, values...) {
			if strings.ContainsAny(text, "\r\n\x00") {
				return fmt.Errorf("field %q has the value %q", name, values)
			}
		}
	}
	return nil
}

// clean looks for what got in.
func clean(a *answer) error {
	if a.cut != nil {
		return fmt.Errorf("no complete response came: %w", a.cut)
	}
	for _, h := range []http.Header{a.Header, a.Trailer} {
		if _, ok := h[intruder]; ok {
			return fmt.Errorf("field %s came out of the request", intruder)
		}
		if err := unbroken(h); err != nil {
			return err
		}
	}
	return nil
}

// sendRaw sends r over a connection of its own and reads whatever comes, which has to be one response.
func (at *site) sendRaw(r *http.Request) error {
	conn, err := at.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	r.Close = true
	if err := r.Write(conn); err != nil {
		return err
	}
	all := bufio.NewReader(conn)
	for final := false; ; {
		if _, err := all.Peek(1); err != nil {
			if final && errors.Is(err, io.EOF) {
				return nil
			}
			return fmt.Errorf("no complete response came: %w", err)
		}
		res, err := http.ReadResponse(all, r)
		if err != nil {
			return fmt.Errorf("what comes is not a response: %w", err)
		}
		if final {
			return errors.New("more than one response came")
		}
		final = res.StatusCode >= 200
		if err := clean(at.read(res)); err != nil {
			return err
		}
	}
}
