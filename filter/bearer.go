package filter

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/weirhttp/weir/rewrite"
)

// BearerOptions are the options of [Bearer]. The zero value is right for most programs.
type BearerOptions struct {
	// Realm names what the tokens are for. It is printable ASCII. Empty means "restricted".
	Realm string

	// Scopes are those that a token must have, all of them, such as "read" (RFC 6749 §3.3). Nil means none.
	Scopes []string

	// InvalidToken are errors of check, as [errors.Is] tells them, which say that the token is bad. All others say
	// that nobody could tell. Nil means that there are none.
	InvalidToken []error

	// MaxToken is how long a token may be, in bytes. Zero means 8 KiB.
	MaxToken int

	// KeepAuthorization hands on the field Authorization, and with it the token, to the application.
	KeepAuthorization bool

	// Logger gets the errors of check that InvalidToken does not have, at level Error. Nil means [slog.Default], asked for
	// each time.
	Logger *slog.Logger
}

// Bearer returns a filter that asks for a token (RFC 6750) and lets through those whom check knows by it: people and
// programs that got it from an authorization server, or keys of an API.
//
// Check says whose token it is and what scopes it has. No user means that the token is bad: unknown, expired, revoked,
// forged. An error means the same where InvalidToken has it, and otherwise that nobody could tell. Check is the place
// for a library that verifies JWTs (RFC 7519, with their issuer, audience, time and algorithm) or asks an
// authorization server (RFC 7662). It is asked once for every request, several times at once. Whoever keeps tokens keeps
// hashes of them, as the example does.
//
// What is refused is answered as RFC 6750 §3.1 says, with a WWW-Authenticate that names the realm:
//
//	401                     there is no Authorization, or one of another scheme
//	401 invalid_token       the token is bad
//	403 insufficient_scope  the token has not all of Scopes, which the answer names
//	400 invalid_request     Authorization is malformed, longer than MaxToken, or there twice; or there is a second token in
//	                        the query, as access_token
//	503                     nobody could tell; it is logged
//
// A token is what RFC 9110 §11.2 calls token68: letters, digits, any of "-._~+/", and then any number of "=". It comes in
// the field Authorization alone. One in the query does not count, since URLs are kept in logs and histories and sent in
// Referer (RFC 6750 §2.3, which RFC 9700 §4.3.2 forbids to use), nor does one in a form, which this would have to read.
//
// The handler gets a copy of the request whose context has the user under [rewrite.User], and which has no Authorization:
// what is inside has no use for the token. Every answer gets Vary: Authorization, and a shared cache keeps it only where
// the application allows that (RFC 9111 §3.5), as with [BasicAuth]. No token is logged: in the text of an error it is
// replaced.
//
// Whoever has the token is let in: this is for TLS. A Realm that is not printable ASCII, a scope that RFC 6749 does not
// allow, an InvalidToken that is nil, a MaxToken below zero, and a check that is nil panic when the filter is made.
//
// Bearer belongs inside of RateLimit, which then limits the attempts, and outside of everything that is protected. Where
// handlers need different scopes, each gets a Bearer of its own.
func Bearer(check func(r *http.Request, token string) (user string, scopes []string, err error), o BearerOptions) func(http.Handler) http.Handler {
	if check == nil {
		panic("filter.Bearer: check is nil")
	}
	b := newBearer(o)
	b.check = check
	return func(next http.Handler) http.Handler {
		if next == nil {
			panic("filter.Bearer: next is nil")
		}
		next = varying(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { b.serve(w, r, next) })
	}
}

type bearer struct {
	BearerOptions
	check     func(r *http.Request, token string) (user string, scopes []string, err error)
	challenge string
}

func newBearer(o BearerOptions) *bearer {
	for i, scope := range o.Scopes {
		if scope == "" || strings.ContainsFunc(scope, notInScope) {
			panic(fmt.Sprintf("filter.Bearer: Scopes[%d] is %q, no scope: printable ASCII without spaces, quotes and backslashes", i, scope))
		}
	}
	if i := slices.Index(o.InvalidToken, nil); i >= 0 {
		panic(fmt.Sprintf("filter.Bearer: InvalidToken[%d] is nil", i))
	}
	if o.MaxToken < 0 {
		panic(fmt.Sprintf("filter.Bearer: MaxToken is %d, below 0", o.MaxToken))
	}
	if o.MaxToken == 0 {
		o.MaxToken = 8 << 10
	}
	o.Scopes, o.InvalidToken = slices.Clone(o.Scopes), slices.Clone(o.InvalidToken)
	return &bearer{BearerOptions: o, challenge: "Bearer realm=" + quoteRealm("Bearer", o.Realm)}
}

// notInScope says whether c can be no part of a scope (RFC 6749 §3.3).
func notInScope(c rune) bool { return c <= ' ' || c > '~' || c == '"' || c == '\\' }

func (b *bearer) serve(w http.ResponseWriter, r *http.Request, next http.Handler) {
	given, ok := rewrite.Authorization(r)
	switch {
	case len(r.Header["Authorization"]) == 0, ok && given.Scheme != "bearer":
		refuse(w, http.StatusUnauthorized, b.challenge)
		return
	case given.Token == "", len(given.Token) > b.MaxToken, hasTokenInQuery(r):
		refuse(w, http.StatusBadRequest, b.challenge+`, error="invalid_request"`)
		return
	}
	user, scopes, err := b.check(r, given.Token)
	switch {
	case err != nil && !b.saysInvalid(err):
		cannotTell(w, r, b.Logger, withoutToken(err, given.Token))
	case err != nil, user == "":
		refuse(w, http.StatusUnauthorized, b.challenge+`, error="invalid_token"`)
	case slices.ContainsFunc(b.Scopes, func(scope string) bool { return !slices.Contains(scopes, scope) }):
		refuse(w, http.StatusForbidden, b.challenge+`, error="insufficient_scope", scope="`+strings.Join(b.Scopes, " ")+`"`)
	default:
		admit(w, r, r.WithContext(rewrite.User.WithValue(r.Context(), user)), b.KeepAuthorization, next)
	}
}

func (b *bearer) saysInvalid(err error) bool {
	return slices.ContainsFunc(b.InvalidToken, func(invalid error) bool { return errors.Is(err, invalid) })
}

// hasTokenInQuery says whether r has a token where RFC 6750 §2.3 puts it.
func hasTokenInQuery(r *http.Request) bool {
	for name := range rewrite.Query(r) {
		if name == "access_token" {
			return true
		}
	}
	return false
}

// withoutToken returns an error that says what err says, but for the token, which may stand in a URL there.
func withoutToken(err error, token string) error {
	const hidden = "[token]"
	return errors.New(strings.NewReplacer(token, hidden, url.QueryEscape(token), hidden, url.PathEscape(token), hidden).Replace(err.Error()))
}
