package filter

import (
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/rewrite"
)

// BasicAuthOptions are the options of [BasicAuth]. The zero value is right for most programs.
type BasicAuthOptions struct {
	// Realm names what the credentials are for: a client may use them again for whatever has the same realm on this
	// host. It is printable ASCII. Empty means "restricted".
	Realm string

	// KeepAuthorization hands on the field Authorization, and with it the password, to the application.
	KeepAuthorization bool

	// Logger gets the errors of check, at level Error. Nil means [slog.Default], asked for each time.
	Logger *slog.Logger
}

// BasicAuth returns a filter that asks for a user name and a password (RFC 7617) and lets through whom check says yes to.
// [BasicAuthFile] is the one for passwords in a file.
//
// Who sends no credentials, malformed ones, or such that check says no to, is answered with 401 and a WWW-Authenticate
// field that names the realm and asks for UTF-8. The answers are all the same, so that they do not tell whether there is
// such a user. An error of check means that nobody could tell: it is logged and answered with 503, after which a browser
// keeps the credentials that it has. Credentials are malformed when the request has several Authorization fields, and
// when the name is empty or either of the two is not UTF-8 or has control characters. A name has no colon; what comes
// after the first one is the password.
//
// Check must take as long for a user that does not exist as for a wrong password, or its time tells which names
// exist: let it hash the password either way, and compare hashes with [crypto/subtle.ConstantTimeCompare]. It is asked
// once for every request, several times at once. The password is as long as the client likes, up to what a header may be.
//
// The handler gets a copy of the request whose context has the name under [rewrite.User], and which has no Authorization:
// what is inside has no use for the password. Every answer gets Vary: Authorization. A shared cache may keep an
// answer to credentials only where the application allows it (RFC 9111 §3.5), as one that does not know that it is
// protected may do for all its answers; with Vary, it does not give it to anybody else.
//
// The password goes with every request, in the clear: this is for TLS. A Realm that is not printable ASCII, or a check
// that is nil, panics when the filter is made.
//
// BasicAuth belongs inside of RateLimit, which then limits the attempts, and outside of everything that is protected.
func BasicAuth(check func(r *http.Request, user, password string) (bool, error), o BasicAuthOptions) func(http.Handler) http.Handler {
	if check == nil {
		panic("filter.BasicAuth: check is nil")
	}
	return basicAuthFilter("BasicAuth", check, o)
}

func basicAuthFilter(name string, check func(r *http.Request, user, password string) (bool, error), o BasicAuthOptions) func(http.Handler) http.Handler {
	challenge := "Basic realm=" + quoteRealm(name, o.Realm) + `, charset="UTF-8"`
	return func(next http.Handler) http.Handler {
		if next == nil {
			panic("filter." + name + ": next is nil")
		}
		next = varying(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			user, password, ok := basicCredentials(r)
			if ok {
				var err error
				if ok, err = check(r, user, password); err != nil {
					cannotTell(w, r, o.Logger, err)
					return
				}
			}
			if !ok {
				refuse(w, http.StatusUnauthorized, challenge)
				return
			}
			admit(w, r, r.WithContext(rewrite.User.WithValue(r.Context(), user)), o.KeepAuthorization, next)
		})
	}
}

// basicCredentials returns the credentials of r, and whether there are any that have the form of RFC 7617 §2.
func basicCredentials(r *http.Request) (user, password string, ok bool) {
	given, ok := rewrite.Authorization(r)
	if !ok || given.Scheme != "basic" {
		return "", "", false
	}
	pair, err := base64.StdEncoding.DecodeString(given.Token)
	if err != nil {
		return "", "", false
	}
	user, password, ok = strings.Cut(string(pair), ":")
	return user, password, ok && user != "" && isPlain(user) && isPlain(password)
}

// isPlain says whether s is UTF-8 without control characters.
func isPlain(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// quoteRealm returns the realm as a quoted-string of RFC 9110 §5.6.4.
func quoteRealm(filter, realm string) string {
	if realm == "" {
		realm = "restricted"
	}
	for i := range len(realm) {
		if realm[i] < ' ' || realm[i] > '~' {
			panic(fmt.Sprintf("filter.%s: Realm is %q, not printable ASCII", filter, realm))
		}
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(realm) + `"`
}

// refuse answers with a challenge.
func refuse(w http.ResponseWriter, status int, challenge string) {
	capture.Vary(w.Header(), "Authorization")
	w.Header()["Www-Authenticate"] = []string{challenge}
	http.Error(w, http.StatusText(status), status)
}

// cannotTell answers a request whose credentials could not be checked, and logs that unless it is because the client left.
func cannotTell(w http.ResponseWriter, r *http.Request, logger *slog.Logger, err error) {
	if logger == nil {
		logger = slog.Default()
	}
	if r.Context().Err() == nil {
		logger.LogAttrs(r.Context(), slog.LevelError, "credentials could not be checked",
			slog.String("method", r.Method), slog.String("path", requestPath(r)), slog.Any("error", err))
	}
	capture.Vary(w.Header(), "Authorization")
	http.Error(w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
}

// admit calls next with edited, a copy of r that says who sent it.
func admit(w http.ResponseWriter, r, edited *http.Request, keep bool, next http.Handler) {
	if !keep {
		edited.Header = r.Header.Clone()
		delete(edited.Header, "Authorization")
	}
	rewrite.Serve(w, r, edited, next)
}

// varying lets the answers of next say that they depend on the credentials.
func varying(next http.Handler) http.Handler {
	return rewrite.Response(func(h *capture.Head) { capture.Vary(h.Header, "Authorization") })(next)
}
