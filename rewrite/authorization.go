package rewrite

import (
	"net/http"
	"strings"
)

// Credentials are what a request says in Authorization (RFC 9110 section 11.4): a scheme
// and either a token or parameters, or neither.
type Credentials struct {
	// Scheme is in lower case: "basic", "bearer", "digest".
	Scheme string

	// Token is what Basic, Bearer and Negotiate have: base64, or text that looks like it.
	Token string

	// Params are what Digest has, without quotes, by name in lower case.
	Params map[string]string
}

// Authorization returns the credentials of a request. It is false where there are none,
// more than one line of them, or what the grammar does not allow: a parameter twice, or one
// without a value. Whether they are right is another question.
//
// Request.BasicAuth decodes those of Basic.
func Authorization(r *http.Request) (Credentials, bool) {
	lines := r.Header["Authorization"]
	if len(lines) != 1 {
		return Credentials{}, false
	}
	s := scanner{rest: trim(lines[0])}
	c := Credentials{Scheme: strings.ToLower(s.token())}
	if c.Scheme == "" || s.rest != "" && s.rest[0] != ' ' {
		return Credentials{}, false
	}
	s.space()
	switch {
	case s.rest == "":
		return c, true
	case isToken68(s.rest):
		c.Token = s.rest
		return c, true
	}
	c.Params = map[string]string{}
	for s.next() {
		name, value, ok := s.parameter()
		name = strings.ToLower(name)
		if _, twice := c.Params[name]; twice || !ok {
			return Credentials{}, false
		}
		c.Params[name] = value
	}
	return c, true
}

// isToken68 reports whether s is what RFC 9110 section 11.2 calls token68.
func isToken68(s string) bool {
	s = strings.TrimRight(s, "=")
	return s != "" && !strings.ContainsFunc(s, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("-._~+/", c)
	})
}
