package rewrite_test

import (
	"fmt"
	"maps"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/weirhttp/weir/rewrite"
)

func TestAuthorization(t *testing.T) {
	type params = map[string]string
	for name, c := range map[string]struct {
		line, scheme, token string
		params              params
	}{
		"Basic":                       {"Basic dTpw", "basic", "dTpw", nil},
		"a token with padding":        {"Basic dTpwcA==", "basic", "dTpwcA==", nil},
		"Bearer":                      {"BEARER abc-._~+/9", "bearer", "abc-._~+/9", nil},
		"several spaces":              {"Bearer   abc  ", "bearer", "abc", nil},
		"a scheme alone":              {"Negotiate", "negotiate", "", nil},
		"a token that ends with =":    {"X a=", "x", "a=", nil},
		"a parameter":                 {"X a=b", "x", "", params{"a": "b"}},
		"Digest":                      {`Digest username="Mufasa", realm="a, \"b\"", uri="/x?y=z", nc=1,qop=auth`, "digest", "", params{"username": "Mufasa", "realm": `a, "b"`, "uri": "/x?y=z", "nc": "1", "qop": "auth"}},
		"parameters' case":            {"X A=B", "x", "", params{"a": "B"}},
		"spaces about the sign":       {"X a = b ,, c\t=\"\"", "x", "", params{"a": "b", "c": ""}},
		"no scheme":                   {"", "", "", nil},
		"spaces":                      {"  ", "", "", nil},
		"a tab instead of a space":    {"X\tabc", "", "", nil},
		"a scheme that is no token":   {"B:sic abc", "", "", nil},
		"two tokens":                  {"Basic a b", "", "", nil},
		"a token and a parameter":     {"Basic abc, a=b", "", "", nil},
		"a parameter without a value": {"X a=b, c", "", "", nil},
		"an empty value":              {"X a=, b=c", "", "", nil},
		"a parameter twice":           {"X a=b, A=c", "", "", nil},
		"an open quote":               {`X a="b`, "", "", nil},
		"an escape at the end":        {`X a="b\`, "", "", nil},
		"text after a quote":          {`X a="b"c`, "", "", nil},
		"no comma":                    {"X a=b c=d", "", "", nil},
		"=":                           {"X =", "", "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := ask("/")
			r.Header["Authorization"] = []string{c.line}
			got, ok := rewrite.Authorization(r)
			if got.Scheme != c.scheme || got.Token != c.token || !maps.Equal(got.Params, c.params) || ok != (c.scheme != "") {
				t.Errorf("%q is %+v, %v", c.line, got, ok)
			}
		})
	}
	r := ask("/")
	for _, lines := range [][]string{nil, {}, {"Basic a", "Basic a"}} {
		r.Header["Authorization"] = lines
		if got, ok := rewrite.Authorization(r); ok || got.Scheme != "" {
			t.Errorf("%q is %+v", lines, got)
		}
	}
}

func FuzzAuthorization(f *testing.F) {
	f.Add("Basic dTpw")
	f.Add(`Digest a="b\"", c=d,,`)
	f.Fuzz(func(t *testing.T, line string) {
		r := ask("/")
		r.Header["Authorization"] = []string{line}
		c, ok := rewrite.Authorization(r)
		if !ok {
			return
		}
		if c.Scheme == "" || c.Token != "" && len(c.Params) > 0 {
			t.Fatalf("%q is %+v", line, c)
		}
		if user, password, basic := r.BasicAuth(); basic && (c.Scheme != "basic" || c.Token == "") {
			t.Fatalf("%q is %q and %q to net/http, and %+v", line, user, password, c)
		}
		written := c.Scheme + " " + c.Token
		for name, value := range c.Params {
			written += name + `="` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `",`
		}
		r.Header["Authorization"] = []string{written}
		if again, ok := rewrite.Authorization(r); !ok || again.Scheme != c.Scheme || again.Token != c.Token || !maps.Equal(again.Params, c.Params) {
			t.Fatalf("%q is %+v, and %q is %+v", line, c, written, again)
		}
	})
}

func ExampleAuthorization() {
	r := httptest.NewRequest("GET", "/", nil)
	for _, line := range []string{"Bearer mF_9.B5f", `Digest username="Mufasa", qop=auth`, `Digest username="Mufasa`} {
		r.Header.Set("Authorization", line)
		c, ok := rewrite.Authorization(r)
		fmt.Printf("%v %q %q %q\n", ok, c.Scheme, c.Token, c.Params)
	}
	// Output:
	// true "bearer" "mF_9.B5f" map[]
	// true "digest" "" map["qop":"auth" "username":"Mufasa"]
	// false "" "" map[]
}
