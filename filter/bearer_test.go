package filter_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/filtertest"
)

var (
	errExpired = errors.New("it has expired")
	errDown    = errors.New("the authorization server is down")
)

// tokens is a check that knows some tokens, and anybody whose token begins with "any".
func tokens(_ *http.Request, token string) (user string, scopes []string, err error) {
	switch token {
	case "alice":
		return "alice", []string{"read", "write"}, nil
	case "bob==":
		return "bob", []string{"read"}, nil
	case "carol":
		return "carol", []string{"reader", "READ"}, nil
	case "expired":
		return "alice", []string{"read", "write"}, fmt.Errorf("the token of alice: %w", errExpired)
	case "down":
		return "alice", []string{"read", "write"}, errDown // an error wins
	}
	if strings.HasPrefix(token, "any") {
		return "any", nil, nil
	}
	return "", []string{"read", "write"}, nil
}

func TestBearer(t *testing.T) {
	filtertest.Run(t, with("Bearer alice", filter.Bearer(tokens, filter.BearerOptions{})),
		filtertest.Options{RequestFields: []string{"Authorization"}})

	const (
		none    = `401 Bearer realm="the \"api\""`
		invalid = none + `, error="invalid_token"`
		request = `400 Bearer realm="the \"api\"", error="invalid_request"`
		scope   = `403 Bearer realm="the \"api\"", error="insufficient_scope", scope="read write"`
	)
	any8k := "any" + strings.Repeat("x", 8<<10-3)
	for name, c := range map[string]struct {
		sent   []string
		target string
		scopes []string
		want   string
	}{
		"a token that check knows is let in":           {[]string{"Bearer alice"}, "/", nil, `200 "alice" true []`},
		"the scheme is in any case":                    {[]string{"bEARER alice"}, "/", nil, `200 "alice" true []`},
		"several spaces may follow the scheme":         {[]string{"Bearer   alice"}, "/", nil, `200 "alice" true []`},
		"a token may end with signs of equality":       {[]string{"Bearer bob=="}, "/", nil, `200 "bob" true []`},
		"a token may have all that token68 has":        {[]string{"Bearer any-._~+/09AZ="}, "/", nil, `200 "any" true []`},
		"a token may have 8 KiB":                       {[]string{"Bearer " + any8k}, "/", nil, `200 "any" true []`},
		"a token with all scopes is let in":            {[]string{"Bearer alice"}, "/", []string{"read", "write"}, `200 "alice" true []`},
		"one with a scope more is":                     {[]string{"Bearer alice"}, "/", []string{"write"}, `200 "alice" true []`},
		"one with a scope less is forbidden":           {[]string{"Bearer bob=="}, "/", []string{"read", "write"}, scope},
		"one with none is forbidden":                   {[]string{"Bearer any"}, "/", []string{"read", "write"}, scope},
		"a scope has its case and its end":             {[]string{"Bearer carol"}, "/", []string{"read", "write"}, scope},
		"nobody is asked for a token":                  {nil, "/", nil, none},
		"an empty list of fields is none":              {[]string{}, "/", nil, none},
		"another scheme is none":                       {[]string{basic("alice", "secret")}, "/", nil, none},
		"one with parameters is none":                  {[]string{`Digest username="alice"`}, "/", nil, none},
		"one alone is none":                            {[]string{"Negotiate"}, "/", nil, none},
		"a token in the query does not count":          {nil, "/?access_token=alice", nil, none},
		"a token that check does not know is bad":      {[]string{"Bearer bob="}, "/", []string{"read"}, invalid},
		"one of another case is":                       {[]string{"Bearer Alice"}, "/", nil, invalid},
		"one that check says is bad is":                {[]string{"Bearer expired"}, "/", nil, invalid},
		"an error is no judgment":                      {[]string{"Bearer down"}, "/", nil, `503 `},
		"an empty field is malformed":                  {[]string{""}, "/", nil, request},
		"the scheme alone is":                          {[]string{"Bearer"}, "/", nil, request},
		"the scheme with a space is":                   {[]string{"Bearer "}, "/", nil, request},
		"a tab is no space":                            {[]string{"Bearer\talice"}, "/", nil, request},
		"no space is none":                             {[]string{"Bearer,alice"}, "/", nil, request},
		"two tokens in a field are malformed":          {[]string{"Bearer any any"}, "/", nil, request},
		"a list is":                                    {[]string{"Bearer any, Bearer any"}, "/", nil, request},
		"a parameter is":                               {[]string{`Bearer token="any"`}, "/", nil, request},
		"a quote is":                                   {[]string{`Bearer "any"`}, "/", nil, request},
		"a sign of equality within is":                 {[]string{"Bearer any=any"}, "/", nil, request},
		"signs of equality alone are":                  {[]string{"Bearer ="}, "/", nil, request},
		"a byte beyond ASCII is":                       {[]string{"Bearer any\xff"}, "/", nil, request},
		"a line feed is":                               {[]string{"Bearer any\nany"}, "/", nil, request},
		"two fields are, be they equal":                {[]string{"Bearer alice", "Bearer alice"}, "/", nil, request},
		"two fields are, be one of another scheme":     {[]string{basic("alice", ""), "Bearer alice"}, "/", nil, request},
		"two fields of other schemes are":              {[]string{basic("alice", ""), "Negotiate"}, "/", nil, request},
		"a second token in the query is":               {[]string{"Bearer alice"}, "/?a&%61ccess_token=alice", nil, request},
		"another parameter of the query is not":        {[]string{"Bearer alice"}, "/?access_tokens=alice&b=access_token", nil, `200 "alice" true []`},
		"one byte more than 8 KiB is too long":         {[]string{"Bearer x" + any8k}, "/", nil, request},
		"64 KiB of a token are too long":               {[]string{"Bearer " + strings.Repeat("x", 64<<10)}, "/", nil, request},
		"64 KiB of spaces are malformed":               {[]string{"Bearer" + strings.Repeat(" ", 64<<10)}, "/", nil, request},
		"64 KiB of commas are":                         {[]string{"Bearer " + strings.Repeat(",", 64<<10)}, "/", nil, request},
		"64 KiB of parameters are":                     {[]string{"Bearer " + strings.Repeat("a=", 32<<10)}, "/", nil, request},
		"64 KiB of a query with a token are looked at": {[]string{"Bearer alice"}, "/?" + strings.Repeat("%61&", 16<<10) + "access_token", nil, request},
	} {
		t.Run(name, func(t *testing.T) {
			f := filter.Bearer(func(r *http.Request, token string) (string, []string, error) {
				if r.Header["Authorization"] == nil {
					t.Error("check is not given the request as it came")
				}
				return tokens(r, token)
			}, filter.BearerOptions{Realm: `the "api"`, Scopes: c.scopes, InvalidToken: []error{io.EOF, errExpired}, Logger: quiet})
			w, r := httptest.NewRecorder(), httptest.NewRequest("GET", c.target, nil)
			if c.sent != nil {
				r.Header["Authorization"] = c.sent
			}
			f(whoami).ServeHTTP(w, r)
			got := fmt.Sprint(w.Code, " ", w.Header().Get("WWW-Authenticate"))
			if w.Code == 200 {
				got += w.Body.String()
			}
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if w.Header().Get("Vary") != "Authorization" || fmt.Sprint(r.Header["Authorization"]) != fmt.Sprint(c.sent) {
				t.Errorf("Vary is %q; the request is %q", w.Header()["Vary"], r.Header)
			}
			if body := w.Body.String(); w.Code != 200 && body != http.StatusText(w.Code)+"\n" {
				t.Errorf("the body is %q", body)
			}
		})
	}
}

// TestBearer_protocols is that fields come as they are sent, over both versions of HTTP.
func TestBearer_protocols(t *testing.T) {
	for _, version := range []int{1, 2} {
		s := httptest.NewUnstartedServer(filter.Bearer(tokens, filter.BearerOptions{})(whoami))
		s.EnableHTTP2 = version == 2
		s.StartTLS()
		defer s.Close()
		for _, c := range []struct {
			sent []string
			want int
		}{
			{nil, 401}, {[]string{"Bearer nobody"}, 401}, {[]string{"Bearer alice"}, 200}, {[]string{"bearer  alice "}, 200},
			{[]string{"Bearer alice", "Bearer alice"}, 400}, {[]string{"Bearer alice", ""}, 400},
		} {
			r, _ := http.NewRequest("GET", s.URL, nil)
			r.Header["Authorization"] = c.sent
			res, err := s.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if res.ProtoMajor != version || res.StatusCode != c.want {
				t.Errorf("%q by %s gets %d, want %d", c.sent, res.Proto, res.StatusCode, c.want)
			}
		}
	}
}

func TestBearer_options(t *testing.T) {
	h := filter.Bearer(tokens, filter.BearerOptions{KeepAuthorization: true, MaxToken: 5})(whoami)
	for token, want := range map[string]string{
		"alice":  `200 "alice" true ["Bearer alice"]`,
		"any456": "400 Bad Request\n",
	} {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		h.ServeHTTP(w, r)
		if got := fmt.Sprint(w.Code, " ", w.Body); got != want {
			t.Errorf("%s: got %s, want %s", token, got, want)
		}
	}
}

// TestBearer_log is that what is logged has no token, however an error of check says it.
func TestBearer_log(t *testing.T) {
	for name, c := range map[string]struct {
		token string
		err   func(token string) error
		want  string
	}{
		"an error is logged":                    {"s3cret+/=", func(string) error { return errDown }, "the authorization server is down"},
		"a token in it is replaced":             {"s3cret+/=", func(s string) error { return fmt.Errorf("token %s, %q", s, s) }, `token [token], "[token]"`},
		"so is one in a query":                  {"s3cret+/=", func(s string) error { return errors.New("/?token=" + url.QueryEscape(s)) }, "/?token=[token]"},
		"so is one in a path":                   {"s3cret+/=", func(s string) error { return errors.New("/" + url.PathEscape(s) + "/x") }, "/[token]/x"},
		"so is one in the error within":         {"s3cret+/=", func(s string) error { return &url.Error{Op: "Get", URL: "/" + s, Err: errDown} }, `Get "/[token]": the authorization server is down`},
		"one of a letter makes no endless text": {"e", func(string) error { return errors.New("token e") }, "tok[token]n [token]"},
	} {
		t.Run(name, func(t *testing.T) {
			var got string
			log := slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
				if a.Key == "error" {
					got = fmt.Sprintf("%v", a.Value)
					if all := fmt.Sprintf("%+v %#v", a.Value.Any(), a.Value.Any()); len(c.token) > 1 && strings.Contains(all, c.token) {
						t.Errorf("a token is in %s", all)
					}
				}
				return a
			}}))
			h := filter.Bearer(func(r *http.Request, token string) (string, []string, error) {
				return "alice", nil, c.err(token)
			}, filter.BearerOptions{Logger: log})(whoami)
			w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/?access=x", nil)
			r.Header.Set("Authorization", "Bearer "+c.token)
			h.ServeHTTP(w, r)
			if w.Code != 503 || got != c.want || strings.Contains(w.Body.String(), c.token) && len(c.token) > 1 {
				t.Errorf("got %d %s, and %q is logged, want %q", w.Code, w.Body, got, c.want)
			}
		})
	}
}

var bearerField = regexp.MustCompile(`^(?i:bearer) +([A-Za-z0-9\-._~+/]+=*)$`)

func FuzzBearer(f *testing.F) {
	f.Add("Bearer mF_9.B5f-4.1JqM")
	f.Add("bearer  a==")
	f.Add("Bearer a, b=\"c\"")
	f.Fuzz(func(t *testing.T, field string) {
		var given []string
		h := filter.Bearer(func(_ *http.Request, token string) (string, []string, error) {
			given = append(given, token)
			return "any", nil, nil
		}, filter.BearerOptions{})(whoami)
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
		r.Header["Authorization"] = []string{field}
		h.ServeHTTP(w, r)
		var want []string
		if m := bearerField.FindStringSubmatch(strings.Trim(field, " \t")); m != nil && len(m[1]) <= 8<<10 {
			want = m[1:]
		}
		if fmt.Sprint(given) != fmt.Sprint(want) || (w.Code == 200) != (want != nil) {
			t.Errorf("check is given %q of %q, want %q; the answer is %d", given, field, want, w.Code)
		}
		if w.Code != 200 && w.Code != 400 && w.Code != 401 {
			t.Errorf("%q is answered with %d", field, w.Code)
		}
	})
}

func TestBearer_panics(t *testing.T) {
	o := func(o filter.BearerOptions) func() { return func() { filter.Bearer(tokens, o) } }
	panics(t, map[string]func(){
		"filter.Bearer: check is nil":                         func() { filter.Bearer(nil, filter.BearerOptions{}) },
		"filter.Bearer: next is nil":                          func() { filter.Bearer(tokens, filter.BearerOptions{})(nil) },
		`filter.Bearer: Realm is "a\nb", not printable ASCII`: o(filter.BearerOptions{Realm: "a\nb"}),
		"filter.Bearer: MaxToken is -1, below 0":              o(filter.BearerOptions{MaxToken: -1}),
		"filter.Bearer: InvalidToken[1] is nil":               o(filter.BearerOptions{InvalidToken: []error{io.EOF, nil}}),
		`filter.Bearer: Scopes[1] is "a b", no scope: printable ASCII without spaces, quotes and backslashes`: o(filter.BearerOptions{Scopes: []string{"a", "a b"}}),
		`filter.Bearer: Scopes[0] is "", no scope: printable ASCII without spaces, quotes and backslashes`:    o(filter.BearerOptions{Scopes: []string{""}}),
		`filter.Bearer: Scopes[0] is "a\"", no scope: printable ASCII without spaces, quotes and backslashes`: o(filter.BearerOptions{Scopes: []string{`a"`}}),
	})
}

// Tokens of 128 random bits and more need no slow hash, as the passwords of people do.
func ExampleBearer() {
	keys := map[string][sha256.Size]byte{ // of the tokens, which are kept nowhere
		"robot":   sha256.Sum256([]byte("2YotnFZFEjr1zCsicMWpAA")),
		"grafana": sha256.Sum256([]byte("tGzv3JOkF0XG5Qx2TlKWIA")),
	}
	scopes := map[string][]string{"robot": {"read", "write"}, "grafana": {"read"}}
	check := func(_ *http.Request, token string) (user string, granted []string, err error) {
		given := sha256.Sum256([]byte(token))
		for name, key := range keys {
			if subtle.ConstantTimeCompare(given[:], key[:]) == 1 {
				user = name
			}
		}
		return user, scopes[user], nil
	}

	h := filter.Bearer(check, filter.BearerOptions{Realm: "api", Scopes: []string{"write"}})(whoami)
	for _, token := range []string{"a-guess", "tGzv3JOkF0XG5Qx2TlKWIA", "2YotnFZFEjr1zCsicMWpAA"} {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		h.ServeHTTP(w, r)
		fmt.Println(w.Code, w.Header().Get("WWW-Authenticate"))
	}
	// Output:
	// 401 Bearer realm="api", error="invalid_token"
	// 403 Bearer realm="api", error="insufficient_scope", scope="write"
	// 200
}

// A library that verifies tokens says by an error that one is bad. To the filter, an error is a failure of the server, and
// no client gets a new token because of a 503: InvalidToken says which errors are about the token.
func ExampleBearer_wrong() {
	errSignature := errors.New("the signature is wrong") // of the library
	verify := func(*http.Request, string) (user string, scopes []string, err error) {
		return "", nil, fmt.Errorf("verifying: %w", errSignature)
	}
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	for _, o := range []filter.BearerOptions{
		{Logger: logger}, // wrong
		{Logger: logger, InvalidToken: []error{errSignature}},
	} {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", "Bearer forged")
		filter.Bearer(verify, o)(whoami).ServeHTTP(w, r)
		fmt.Printf("%d %q\n", w.Code, w.Header().Get("WWW-Authenticate"))
	}
	// Output:
	// 503 ""
	// 401 "Bearer realm=\"restricted\", error=\"invalid_token\""
}
