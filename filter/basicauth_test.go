package filter_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/filtertest"
	"github.com/weirhttp/weir/rewrite"
)

// basic is the value of Authorization for a user and a password.
func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// knows is a check that knows one user.
func knows(user, password string) func(*http.Request, string, string) (bool, error) {
	return func(_ *http.Request, u, p string) (bool, error) { return u == user && p == password, nil }
}

// with is a filter that has requests sent with an Authorization.
func with(authorization string, f func(http.Handler) http.Handler) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return rewrite.RequestHeader(rewrite.Set("Authorization", authorization))(f(next))
	}
}

// whoami tells what a handler is told.
var whoami = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	user, ok := rewrite.User.Value(r.Context())
	fmt.Fprintf(w, "%q %v %q", user, ok, r.Header["Authorization"])
})

func TestBasicAuth(t *testing.T) {
	filtertest.Run(t, with(basic("alice", "secret"), filter.BasicAuth(knows("alice", "secret"), filter.BasicAuthOptions{})),
		filtertest.Options{RequestFields: []string{"Authorization"}})

	encode := base64.StdEncoding.EncodeToString
	huge := strings.Repeat("x", 48<<10)
	for name, c := range map[string]struct {
		sent []string
		user string // "": refused
	}{
		"a user with the right password is let in":            {[]string{basic("alice", "secret")}, "alice"},
		"the scheme is in any case":                           {[]string{"bAsIc " + encode([]byte("alice:secret"))}, "alice"},
		"several spaces may follow the scheme":                {[]string{"Basic   " + encode([]byte("alice:secret"))}, "alice"},
		"nobody is refused":                                   {nil, ""},
		"a wrong password is refused":                         {[]string{basic("alice", "Secret")}, ""},
		"a user that does not exist is refused":               {[]string{basic("bob", "secret")}, ""},
		"a password may have colons":                          {[]string{basic("carol", "a:b:")}, "carol"},
		"a name ends at the first colon":                      {[]string{basic("carol:a", "b:")}, "carol"},
		"a password may be empty, if check says so":           {[]string{basic("dave", "")}, "dave"},
		"a name and a password are UTF-8":                     {[]string{basic("zoë", "пароль £")}, "zoë"},
		"a name in Latin-1 is refused":                        {[]string{basic("zo\xeb", "пароль £")}, ""},
		"an empty name is refused, whatever check says":       {[]string{basic("", "any")}, ""},
		"a name with a line feed is refused":                  {[]string{basic("any\n", "any")}, ""},
		"a password with a NUL is refused":                    {[]string{basic("any", "a\x00b")}, ""},
		"a control character beyond ASCII is refused":         {[]string{basic("any", "\u0085")}, ""},
		"credentials without a colon are refused":             {[]string{"Basic " + encode([]byte("any"))}, ""},
		"the scheme alone is refused":                         {[]string{"Basic"}, ""},
		"the scheme with a space is refused":                  {[]string{"Basic "}, ""},
		"an empty field is refused":                           {[]string{""}, ""},
		"what is not base64 is refused":                       {[]string{"Basic alice:secret"}, ""},
		"base64 without its padding is refused":               {[]string{strings.TrimRight(basic("any", "123"), "=")}, ""},
		"a tab is no space":                                   {[]string{"Basic\t" + encode([]byte("alice:secret"))}, ""},
		"another scheme is refused":                           {[]string{"Bearer " + encode([]byte("alice:secret"))}, ""},
		"two fields are refused, be they equal":               {[]string{basic("alice", "secret"), basic("alice", "secret")}, ""},
		"two fields are refused, be one of another scheme":    {[]string{basic("alice", "secret"), "Bearer x"}, ""},
		"64 KiB of a wrong password are refused":              {[]string{basic("alice", huge)}, ""},
		"64 KiB of a password are let in, if check says so":   {[]string{basic("any", huge)}, "any"},
		"64 KiB of what is no base64 are refused":             {[]string{"Basic " + strings.Repeat("=", 64<<10)}, ""},
		"64 KiB of spaces are refused":                        {[]string{"Basic" + strings.Repeat(" ", 64<<10)}, ""},
		"credentials in a list are refused, with their comma": {[]string{basic("alice", "secret") + ", " + basic("alice", "secret")}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			passwords := map[string]string{"alice": "secret", "carol": "a:b:", "dave": "", "zoë": "пароль £"}
			f := filter.BasicAuth(func(r *http.Request, user, password string) (bool, error) {
				if r.Header["Authorization"] == nil {
					t.Error("check is not given the request as it came")
				}
				want, known := passwords[user]
				return user == "any" || user == "" || known && password == want, nil
			}, filter.BasicAuthOptions{})
			w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
			if c.sent != nil {
				r.Header["Authorization"] = c.sent
			}
			f(whoami).ServeHTTP(w, r)
			if got := fmt.Sprint(r.Header["Authorization"]); got != fmt.Sprint(c.sent) {
				t.Error("the request was edited")
			}
			if w.Header().Get("Vary") != "Authorization" {
				t.Errorf("Vary is %q", w.Header()["Vary"])
			}
			if c.user != "" {
				if want := fmt.Sprintf("%q true []", c.user); w.Code != 200 || w.Body.String() != want {
					t.Errorf("got %d %s, want %s", w.Code, w.Body, want)
				}
				return
			}
			const challenge = `Basic realm="restricted", charset="UTF-8"`
			if got := w.Header()["Www-Authenticate"]; w.Code != 401 || w.Body.String() != "Unauthorized\n" || len(got) != 1 || got[0] != challenge {
				t.Errorf("got %d %q %q, want 401 with %s", w.Code, w.Body, got, challenge)
			}
		})
	}
}

// TestBasicAuth_crosstalk is CVE-2026-71326: two logins that look alike when name and password are put together.
func TestBasicAuth_crosstalk(t *testing.T) {
	f := filter.BasicAuth(func(_ *http.Request, u, p string) (bool, error) { return u+p == "abc", nil }, filter.BasicAuthOptions{})
	crosstalk(t, f(whoami), []string{"a", "ab", "abc"}, []string{"bc", "c", ""})
}

// crosstalk holds that each of many logins at once sees itself.
func crosstalk(t *testing.T, h http.Handler, users, passwords []string) {
	t.Helper()
	var wait sync.WaitGroup
	for i := range 201 {
		wait.Go(func() {
			user := users[i%len(users)]
			w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
			r.Header.Set("Authorization", basic(user, passwords[i%len(users)]))
			h.ServeHTTP(w, r)
			if want := fmt.Sprintf("%q true []", user); w.Body.String() != want {
				t.Errorf("got %d %s, want %s", w.Code, w.Body, want)
			}
		})
	}
	wait.Wait()
}

func TestBasicAuth_options(t *testing.T) {
	var log bytes.Buffer
	o := filter.BasicAuthOptions{Realm: `the "back\office"`, KeepAuthorization: true, Logger: slog.New(slog.NewTextHandler(&log, nil))}
	down := errors.New("the directory is down")
	h := filter.BasicAuth(func(_ *http.Request, user, password string) (bool, error) {
		if user == "eve" {
			return true, down // an error wins
		}
		return user == "alice", nil
	}, o)(whoami)
	for name, c := range map[string]struct {
		user, body, challenge string
		status                int
	}{
		"the field stays":         {"alice", fmt.Sprintf("%q true [%q]", "alice", basic("alice", "secret")), "", 200},
		"the realm is quoted":     {"bob", "Unauthorized\n", `Basic realm="the \"back\\office\"", charset="UTF-8"`, 401},
		"an error is no judgment": {"eve", "Service Unavailable\n", "", 503},
	} {
		t.Run(name, func(t *testing.T) {
			w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/x?y", nil)
			r.Header.Set("Authorization", basic(c.user, "secret"))
			h.ServeHTTP(w, r)
			if w.Code != c.status || w.Body.String() != c.body || w.Header().Get("WWW-Authenticate") != c.challenge || w.Header().Get("Vary") != "Authorization" {
				t.Errorf("got %d %q %v", w.Code, w.Body, w.Header())
			}
		})
	}
	if got := log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, `level=ERROR msg="credentials could not be checked" method=GET path=/x error="the directory is down"`) {
		t.Errorf("the log has %q", got)
	}
}

// TestBasicAuth_left is that nobody can fill the log by leaving.
func TestBasicAuth_left(t *testing.T) {
	var log bytes.Buffer
	h := filter.BasicAuth(func(r *http.Request, _, _ string) (bool, error) { return false, r.Context().Err() },
		filter.BasicAuthOptions{Logger: slog.New(slog.NewTextHandler(&log, nil))})(whoami)
	ctx, leave := context.WithCancel(t.Context())
	leave()
	r := httptest.NewRequest("GET", "/", nil).WithContext(ctx)
	r.Header.Set("Authorization", basic("alice", "secret"))
	w := httptest.NewRecorder()
	if h.ServeHTTP(w, r); w.Code != http.StatusServiceUnavailable || log.Len() != 0 {
		t.Errorf("got %d, the log has %q", w.Code, &log)
	}
}

func TestBasicAuth_vary(t *testing.T) {
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Vary"] = []string{"Accept"}
		w.Header().Set("Cache-Control", "public, max-age=60")
	})
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
	with(basic("alice", ""), filter.BasicAuth(knows("alice", ""), filter.BasicAuthOptions{}))(app).ServeHTTP(w, r)
	if got := strings.Join(w.Header()["Vary"], ", "); got != "Accept, Authorization" {
		t.Errorf("an answer that a cache may keep says Vary: %s", got)
	}
}

func FuzzBasicAuth(f *testing.F) {
	f.Add("Basic YWxpY2U6c2VjcmV0")
	f.Add("basic  Og==")
	f.Fuzz(func(t *testing.T, field string) {
		var user, password string
		h := filter.BasicAuth(func(_ *http.Request, u, p string) (bool, error) {
			user, password = u, p
			return true, nil
		}, filter.BasicAuthOptions{})(whoami)
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
		r.Header["Authorization"] = []string{field}
		h.ServeHTTP(w, r)
		scheme, rest, _ := strings.Cut(field, " ")
		r.Header["Authorization"] = []string{scheme + " " + strings.TrimLeft(rest, " ")}
		u, p, ok := r.BasicAuth() // of net/http, which takes one space
		if w.Code == 200 && (!ok || u != user || p != password || user == "" || strings.ContainsAny(user+password, "\r\n\x00")) {
			t.Errorf("%q is %q and %q, and %q and %q to net/http", field, user, password, u, p)
		}
		if w.Code != 200 && w.Code != 401 {
			t.Errorf("%q is answered with %d", field, w.Code)
		}
	})
}

func TestBasicAuth_panics(t *testing.T) {
	panics(t, map[string]func(){
		"filter.BasicAuth: check is nil": func() { filter.BasicAuth(nil, filter.BasicAuthOptions{}) },
		"filter.BasicAuth: next is nil":  func() { filter.BasicAuth(knows("", ""), filter.BasicAuthOptions{})(nil) },
		`filter.BasicAuth: Realm is "a\nb", not printable ASCII`: func() {
			filter.BasicAuth(knows("", ""), filter.BasicAuthOptions{Realm: "a\nb"})
		},
	})
}

// panics holds that each function panics with its key.
func panics(t *testing.T, table map[string]func()) {
	t.Helper()
	for want, f := range table {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); got != want {
					t.Errorf("panics with %q, want %q", got, want)
				}
			}()
			f()
		}()
	}
}

func ExampleBasicAuth() {
	hash := func(s string) []byte { sum := sha256.Sum256([]byte(s)); return sum[:] }
	key := hash("a key of 128 random bits") // of a machine: a password of a human asks for bcrypt or the like
	robot := filter.BasicAuth(func(_ *http.Request, user, password string) (bool, error) {
		ok := subtle.ConstantTimeCompare(hash(password), key)
		return ok == 1 && user == "robot", nil
	}, filter.BasicAuthOptions{Realm: "metrics"})

	h := robot(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, _ := rewrite.User.Value(r.Context())
		io.WriteString(w, "hello "+user)
	}))
	for _, password := range []string{"a guess", "a key of 128 random bits"} {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
		r.SetBasicAuth("robot", password)
		h.ServeHTTP(w, r)
		fmt.Println(w.Code, w.Header().Get("WWW-Authenticate"), strings.TrimSpace(w.Body.String()))
	}
	// Output:
	// 401 Basic realm="metrics", charset="UTF-8" Unauthorized
	// 200  hello robot
}

// A check that looks at the name first costs a hash only where the user exists: who measures the time learns the names.
func ExampleBasicAuth_wrong() {
	hashes := 0
	hash := func(string) string { hashes++; return "" } // bcrypt or the like
	users := map[string]string{"alice": hash("secret")}
	nobody := hash("")

	wrong := func(_ *http.Request, user, password string) (bool, error) {
		stored, known := users[user]
		return known && hash(password) == stored, nil
	}
	right := func(_ *http.Request, user, password string) (bool, error) {
		stored, known := users[user]
		if !known {
			stored = nobody
		}
		same := hash(password) == stored
		return same && known, nil
	}
	for _, check := range []func(*http.Request, string, string) (bool, error){wrong, right} {
		for _, user := range []string{"alice", "bob"} {
			hashes = 0
			r := httptest.NewRequest("GET", "/", nil)
			r.SetBasicAuth(user, "a guess")
			filter.BasicAuth(check, filter.BasicAuthOptions{})(whoami).ServeHTTP(httptest.NewRecorder(), r)
			fmt.Println(user, hashes)
		}
	}
	// Output:
	// alice 1
	// bob 0
	// alice 1
	// bob 1
}
