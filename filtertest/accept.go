package filtertest

import (
	"fmt"
	"net/http"
	"strings"
)

func acceptRules() []rule {
	return []rule{{
		id:     "N19",
		text:   "a filter answers whatever Accept-Encoding says, and codes nothing that was refused",
		reason: "a parser that is made for browsers fails on, or chokes at, what everybody else may send",
		ref:    "RFC 9110, 12.5.3",
		check:  hostileAccept,
	}}
}

// An accept is what a client says that it accepts.
type accept struct {
	name  string
	lines []string
	plain bool // gzip is refused
}

func accepts() []accept {
	const large = 64 << 10
	many := func(member string) string { return strings.Repeat(member, large/len(member)) }
	return []accept{
		{"nothing but commas", []string{many(",")}, false},
		{"nothing but semicolons", []string{many(";")}, false},
		{"nothing but blanks between commas", []string{"gzip" + many(" ,\t") + "x"}, false},
		{"thousands of members", []string{many("x;q=0.001,") + "gzip"}, false},
		{"thousands of members, the last one a refusal", []string{many("x;q=0.5,") + "gzip;q=0"}, true},
		{"thousands of parameters", []string{"gzip" + many(";q=1")}, false},
		{"one long member", []string{many("gzip")}, true},
		{"a long weight", []string{"gzip;q=0." + many("0")}, false},
		{"weights that are none", []string{`gzip;q=, gzip;q=x, gzip;q=-1, gzip;q=1e400, gzip;q=NaN, ;q=1, =, "gzip`}, false},
		{"a refusal in the second line", []string{"identity", "gzip;q=0"}, true},
		{"a refusal with blanks", []string{"identity , gzip ; q=0.000"}, true},
		{"another coding whose name has gzip in it", []string{"notgzip, gzipped, identity"}, true},
		{"a refusal of everything", []string{"identity;q=0, *;q=0"}, true},
	}
}

func hostileAccept(s *subject) error {
	at := s.serve(textWith("X-Kit", "text"))
	if _, err := at.get("/"); err != nil {
		return err
	}
	for _, c := range accepts() {
		r := at.request("GET", "/", nil)
		r.Header["Accept-Encoding"] = c.lines
		a := at.send(r)
		switch {
		case a.cut != nil || a.bad != nil:
			return fmt.Errorf("%s: no readable answer came: %v %v", c.name, a.cut, a.bad)
		case a.StatusCode >= 400 && a.StatusCode < 500:
			continue // a filter may refuse it
		case c.plain && a.Header.Get("Content-Encoding") == "gzip":
			return fmt.Errorf("%s: gzip was refused, and came", c.name)
		case a.Header.Get("Content-Encoding") == "" || a.Header.Get("Content-Encoding") == "gzip":
			if err := a.is(http.StatusOK, prose(64<<10)); err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
		default:
			return fmt.Errorf("%s: the body came in a coding that nobody asked for: %s", c.name, a.Header["Content-Encoding"])
		}
	}
	return nil
}
