package filter_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/filtertest"
	"github.com/weirhttp/weir/internal/setcookie"
)

func TestCookiePolicy(t *testing.T) {
	filtertest.Run(t, filter.CookiePolicy(filter.CookiePolicyOptions{}), filtertest.Options{
		ResponseFields: []string{"Set-Cookie"},
		Except:         map[string]string{"C12": "cookies get attributes"},
	})

	var (
		none    filter.CookiePolicyOptions
		strict  = filter.CookiePolicyOptions{SameSite: http.SameSiteStrictMode}
		loose   = filter.CookiePolicyOptions{SameSite: http.SameSiteDefaultMode}
		always  = filter.CookiePolicyOptions{AlwaysSecure: true}
		apart   = filter.CookiePolicyOptions{Partitioned: true, SameSite: http.SameSiteDefaultMode}
		names   = filter.CookiePolicyOptions{Except: []string{"idp", "__Host-idp"}, Readable: []string{"csrf", "__Host-csrf", "__Http-csrf"}}
		big     = "a=" + strings.Repeat("x", 64<<10)
		https   = "https://x/"
		plain   = "http://x/"
		all     = "; Secure; HttpOnly; SameSite=Lax"
		guarded = "; HttpOnly; SameSite=Lax"
	)
	for name, c := range map[string]struct {
		o          filter.CookiePolicyOptions
		url        string
		line, want string
	}{
		"a cookie gets what it lacks":                   {none, https, "a=b", "a=b" + all},
		"over HTTP it is not Secure":                    {none, plain, "a=b", "a=b" + guarded},
		"unless the options say so":                     {always, plain, "a=b", "a=b" + all},
		"one that is Secure stays so":                   {none, plain, "a=b; Secure", "a=b; Secure" + guarded},
		"what it has is not said twice":                 {none, https, "a=b;secure ; HTTPONLY;\tSameSite = lax", "a=b;secure ; HTTPONLY;\tSameSite = lax"},
		"an attribute has a value that means nothing":   {none, https, "a=b; Secure=false; HttpOnly=0", "a=b; Secure=false; HttpOnly=0; SameSite=Lax"},
		"what is not known stays":                       {none, https, "a=b; Priority=High;; Domain=x;Path=\"/y\"", "a=b; Priority=High;; Domain=x;Path=\"/y\"" + all},
		"a longer word is another":                      {none, https, "a=b; Securely; XHttpOnly", "a=b; Securely; XHttpOnly" + all},
		"the value is no attribute":                     {none, https, "Secure=HttpOnly", "Secure=HttpOnly" + all},
		"a semicolon in quotes ends it":                 {none, https, `a="b; Secure"`, `a="b; Secure"` + all},
		"None becomes Lax, in its place":                {none, https, "a=b; SameSite=None; Secure; X=y", "a=b; SameSite=Lax; Secure; X=y; HttpOnly"},
		"so does a word that browsers do not know":      {none, https, "a=b; SameSite=Maybe", "a=b; SameSite=Lax; Secure; HttpOnly"},
		"and none at all":                               {none, https, "a=b; SameSite", "a=b; SameSite=Lax; Secure; HttpOnly"},
		"all of several do":                             {none, https, "a=b; SameSite=Strict; samesite=none", "a=b; SameSite=Strict; SameSite=Lax; Secure; HttpOnly"},
		"nor one whose value is too long for browsers":  {none, https, "a=b; HttpOnly=" + big, "a=b; HttpOnly=" + big + all},
		"Strict stays Strict":                           {none, https, "a=b; SameSite=strict", "a=b; SameSite=strict; Secure; HttpOnly"},
		"Lax becomes Strict where that is the policy":   {strict, https, "a=b; SameSite=Lax", "a=b; SameSite=Strict; Secure; HttpOnly"},
		"SameSite may be left to the handlers":          {loose, https, "a=b; SameSite=None", "a=b; SameSite=None; Secure; HttpOnly"},
		"also by none of them":                          {loose, https, "a=b", "a=b; Secure; HttpOnly"},
		"a cookie may be for one site's frames":         {apart, https, "a=b; SameSite=None", "a=b; SameSite=None; Secure; HttpOnly; Partitioned"},
		"that is not said twice":                        {apart, https, "a=b; partitioned", "a=b; partitioned; Secure; HttpOnly"},
		"nor of one that is not Secure":                 {apart, plain, "a=b", "a=b; HttpOnly"},
		"but of one that is by itself":                  {apart, plain, "a=b; Secure", "a=b; Secure; HttpOnly; Partitioned"},
		"an exception stays as it is":                   {names, https, "idp=b; SameSite=None", "idp=b; SameSite=None"},
		"with blanks around its name":                   {names, https, " idp\t=b", " idp\t=b"},
		"a value is not the name of one":                {names, https, "idp", "idp" + all},
		"a longer name is none":                         {names, https, "idp2=b", "idp2=b" + all},
		"names are compared as they are":                {names, https, "IDP=b", "IDP=b" + all},
		"a name with a promise may be an exception":     {names, plain, "__Host-idp=b", "__Host-idp=b"},
		"scripts may read what they have to":            {names, https, "csrf=b", "csrf=b; Secure; SameSite=Lax"},
		"HttpOnly of the handler stays all the same":    {names, https, "csrf=b; HttpOnly", "csrf=b; HttpOnly; Secure; SameSite=Lax"},
		"a name may promise Secure, also over HTTP":     {none, plain, "__Secure-a=b", "__Secure-a=b" + all},
		"in any case of letters":                        {none, plain, "__hOST-a=b; Path=/", "__hOST-a=b; Path=/" + all},
		"scripts may read such":                         {names, plain, "__Host-csrf=b; Path=/", "__Host-csrf=b; Path=/; Secure; SameSite=Lax"},
		"unless the name promises that they do not":     {names, plain, "__Http-csrf=b", "__Http-csrf=b" + all},
		"what breaks a promise is left to the browsers": {none, https, "__Host-a=b; Domain=x", "__Host-a=b; Domain=x" + all},
		"a cookie that is deleted keeps to it, too":     {none, https, "a=; Max-Age=0", "a=; Max-Age=0" + all},
		"an empty line is no cookie":                    {none, https, " \t", " \t"},
		"a long one stays":                              {none, https, big, big + all},
		"a cookie without a name is one":                {none, https, "=b", "=b" + all},
		"a line that ends in a semicolon is well":       {none, plain, "a=b;", "a=b;" + guarded},
	} {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			lines := []string{c.line, c.line, "spare"}[:2]
			filter.CookiePolicy(c.o)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header()["Set-Cookie"] = lines
			})).ServeHTTP(w, httptest.NewRequest("GET", c.url, nil))
			if got := w.Result().Header["Set-Cookie"]; len(got) != 2 || got[0] != c.want || got[1] != c.want {
				t.Errorf("got %.200q, want %.200q twice", got, c.want)
			}
			if !slices.Equal(lines[:3], []string{c.line, c.line, "spare"}) {
				t.Error("the handler's own slice was written to")
			}
		})
	}
}

func TestCookiePolicy_nonsense(t *testing.T) {
	for want, o := range map[string]filter.CookiePolicyOptions{
		"SameSite is None: write Lax, Strict, or Default to leave it alone": {SameSite: http.SameSiteNoneMode},
		"SameSite is 5: write Lax, Strict, or Default to leave it alone":    {SameSite: 5},
		`Readable has "a b", which is no name of a cookie`:                  {Readable: []string{"a", "a b"}},
		`Except has "", which is no name of a cookie`:                       {Except: []string{""}},
	} {
		mustPanic(t, "filter.CookiePolicy: "+want, func() { filter.CookiePolicy(o) })
	}
	mustPanic(t, "filter.CookiePolicy: next is nil", func() { filter.CookiePolicy(filter.CookiePolicyOptions{})(nil) })
}

// Whatever a handler sets: the cookie is the same, all that it had is there but for SameSite, what the policy asks for
// is, too, and a second time changes nothing.
func FuzzCookiePolicy(f *testing.F) {
	for _, seed := range []string{"a=b; Path=/; Secure", "a", ";;", "__Host-a=b; SameSite=None; SameSite", "a=\"; HttpOnly\"; x", "=;\tsecure\n=1"} {
		f.Add(seed)
	}
	policy := filter.CookiePolicy(filter.CookiePolicyOptions{AlwaysSecure: true, Partitioned: true})
	apply := func(line string) string {
		w := httptest.NewRecorder()
		policy(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header()["Set-Cookie"] = []string{line}
		})).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		return w.Header()["Set-Cookie"][0]
	}
	f.Fuzz(func(t *testing.T, line string) {
		if strings.Trim(line, " \t\r\n") == "" {
			return
		}
		got := apply(line)
		before, _, _ := strings.Cut(line, ";")
		if after, _, _ := strings.Cut(got, ";"); after != before {
			t.Fatalf("%q became %q", line, got)
		}
		var kept []string
		last := map[string]string{}
		for a := range setcookie.Attributes(got) {
			kept = append(kept, got[a.Begin:a.End])
			last[strings.ToLower(a.Name)] = strings.ToLower(strings.Trim(a.Value, " \t\r\n"))
		}
		n := 0
		for a := range setcookie.Attributes(line) {
			if !a.Is("SameSite") && kept[n] != line[a.Begin:a.End] {
				t.Fatalf("%q became %q", line, got)
			}
			n++
		}
		_, secure := last["secure"]
		_, httpOnly := last["httponly"]
		_, partitioned := last["partitioned"]
		if !secure || !httpOnly || !partitioned || last["samesite"] != "lax" && last["samesite"] != "strict" {
			t.Fatalf("%q became %q", line, got)
		}
		if again := apply(got); again != got {
			t.Fatalf("%q became %q, and then %q", line, got, again)
		}
	})
}

func ExampleCookiePolicy() {
	policy := filter.CookiePolicy(filter.CookiePolicyOptions{Readable: []string{"csrftoken"}})
	h := policy(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "sid", Value: "1", Path: "/", SameSite: http.SameSiteNoneMode})
		http.SetCookie(w, &http.Cookie{Name: "csrftoken", Value: "2"})
	}))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "https://example.com/", nil))
	for _, line := range w.Header()["Set-Cookie"] {
		fmt.Println(line)
	}
	// Output:
	// sid=1; Path=/; SameSite=Lax; Secure; HttpOnly
	// csrftoken=2; Secure; SameSite=Lax
}
