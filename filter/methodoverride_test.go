package filter_test

import (
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/filtertest"
	"github.com/weirhttp/weir/rewrite"
)

func TestMethodOverride(t *testing.T) {
	filtertest.Run(t, filter.MethodOverride(filter.MethodOverrideOptions{}),
		filtertest.Options{RequestFields: []string{"X-Http-Method-Override"}})

	header, form := filter.MethodOverrideOptions{}, filter.MethodOverrideOptions{Field: "_method", MaxForm: 20}
	const urlencoded = "application/x-www-form-urlencoded"
	for name, c := range map[string]struct {
		o          filter.MethodOverrideOptions
		method     string
		named      []string
		kind, body string
		want       string // the method that the handler sees, or 400
	}{
		"a POST is a POST":                                  {header, "POST", nil, "", "", "POST"},
		"one that names DELETE is a DELETE":                 {header, "POST", []string{"DELETE"}, "", "", "DELETE"},
		"PUT":                                               {header, "POST", []string{"PUT"}, "", "x", "PUT"},
		"PATCH, in any case":                                {header, "POST", []string{"patch"}, "", "x", "PATCH"},
		"POST":                                              {header, "POST", []string{"POST"}, "", "", "POST"},
		"GET is refused":                                    {header, "POST", []string{"GET"}, "", "", "400"},
		"CONNECT is refused":                                {header, "POST", []string{"CONNECT"}, "", "", "400"},
		"TRACE is refused":                                  {header, "POST", []string{"TRACE"}, "", "", "400"},
		"nonsense is refused":                               {header, "POST", []string{"DELETE\r\nX: y"}, "", "", "400"},
		"the long s is no S":                                {header, "POST", []string{"PO\u017fT"}, "", "", "400"},
		"nothing is refused":                                {header, "POST", []string{""}, "", "", "400"},
		"two are refused":                                   {header, "POST", []string{"PUT", "PUT"}, "", "", "400"},
		"a list is refused":                                 {header, "POST", []string{"PUT, DELETE"}, "", "", "400"},
		"a GET stays one":                                   {header, "GET", []string{"DELETE"}, "", "", "GET"},
		"so does a PUT":                                     {header, "PUT", []string{"DELETE"}, "", "", "PUT"},
		"a form is not looked at":                           {header, "POST", nil, urlencoded, "_method=DELETE", "POST"},
		"with Field it is":                                  {form, "POST", nil, urlencoded, "_method=DELETE", "DELETE"},
		"in any case, with what else is in it":              {form, "POST", nil, urlencoded, "a=b&_method=put&c", "PUT"},
		"with parameters of the type":                       {form, "POST", nil, urlencoded + "; charset=utf-8", "_method=put", "PUT"},
		"with escapes":                                      {form, "POST", nil, urlencoded, "%5Fmethod=%50UT", "PUT"},
		"a form that names GET is refused":                  {form, "POST", nil, urlencoded, "_method=GET", "400"},
		"one that names two is refused":                     {form, "POST", nil, urlencoded, "_method=&_method=PUT", "400"},
		"one with a broken escape is refused":               {form, "POST", nil, urlencoded, "_method=%zz", "400"},
		"the header is looked at first":                     {form, "POST", []string{"PUT"}, urlencoded, "_method=DELETE", "PUT"},
		"another type is no form":                           {form, "POST", nil, "text/plain", "_method=DELETE", "POST"},
		"nor is that of uploads":                            {form, "POST", nil, "multipart/form-data", "_method=DELETE", "POST"},
		"no body is no form":                                {form, "POST", nil, urlencoded, "", "POST"},
		"a field as long as the limit counts":               {form, "POST", nil, urlencoded, "_method=DELETE&abcde", "DELETE"},
		"one within the limit of a longer form, too":        {form, "POST", nil, urlencoded, "_method=DELETE&" + strings.Repeat("x", 1000), "DELETE"},
		"one that ends at the limit of a longer form":       {form, "POST", nil, urlencoded, "abcde&_method=DELETE&" + strings.Repeat("x", 1000), "DELETE"},
		"no limit is one, too":                              {filter.MethodOverrideOptions{Field: "_method", MaxForm: math.MaxInt64}, "POST", nil, urlencoded, "_method=DELETE", "DELETE"},
		"one that ends behind it does not":                  {form, "POST", nil, urlencoded, "abcdef&_method=DELETE&" + strings.Repeat("x", 1000), "POST"},
		"one that goes on behind it does not":               {form, "POST", nil, urlencoded, "abcdef&x=&_method=PUTTER", "POST"},
		"one that only looks complete at the limit neither": {form, "POST", nil, urlencoded, "abcdefgh&_method=PUTTER", "POST"},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(c.method, "/", strings.NewReader(c.body))
			if c.named != nil {
				r.Header["X-Http-Method-Override"] = c.named
			}
			if c.kind != "" {
				r.Header.Set("Content-Type", c.kind)
			}
			got := "400"
			w := httptest.NewRecorder()
			filter.MethodOverride(c.o)(http.HandlerFunc(func(_ http.ResponseWriter, inner *http.Request) {
				got = inner.Method
				if body, err := io.ReadAll(inner.Body); string(body) != c.body || err != nil {
					t.Errorf("the body is %q, %v", body, err)
				}
				if _, ok := inner.Header["X-Http-Method-Override"]; ok && c.method == "POST" {
					t.Error("the handler sees the field")
				}
			})).ServeHTTP(w, r)
			if got != c.want || (w.Code == 400) != (c.want == "400") {
				t.Errorf("got %s, answered %d, want %s", got, w.Code, c.want)
			}
			if r.Method != c.method || len(r.Header["X-Http-Method-Override"]) != len(c.named) {
				t.Error("the request was edited")
			}
		})
	}
}

// An authentication server with rules about methods is told the method that the application gets, if MethodOverride stands
// outside.
func TestMethodOverride_forwardAuth(t *testing.T) {
	noDelete := filter.ForwardAuth(authServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Forwarded-Method") == "DELETE" {
			w.WriteHeader(http.StatusForbidden)
		}
	}), filter.ForwardAuthOptions{})
	override := filter.MethodOverride(filter.MethodOverrideOptions{})
	for want, h := range map[int]http.Handler{
		http.StatusForbidden: override(noDelete(nothing)),
		http.StatusOK:        noDelete(override(nothing)), // as both comments say
	} {
		w, r := httptest.NewRecorder(), httptest.NewRequest("POST", "/", nil)
		r.Header.Set("X-HTTP-Method-Override", "DELETE")
		if h.ServeHTTP(w, r); w.Code != want {
			t.Errorf("got %d, want %d", w.Code, want)
		}
	}
}

// No spelling of the field that an application may take for it reaches the handler of a POST, and only the one counts.
func TestMethodOverride_spellings(t *testing.T) {
	for name, c := range map[string]struct {
		fields http.Header
		form   string
		want   string
	}{
		"underscores do not count":             {http.Header{"X_http_method_override": {"DELETE"}}, "", "POST"},
		"nor do some of them":                  {http.Header{"X-Http_method-Override": {"DELETE"}}, "", "POST"},
		"nor do points":                        {http.Header{"X.http.method.override": {"DELETE"}}, "", "POST"},
		"nor another case":                     {http.Header{"x-http-method-override": {"DELETE"}}, "", "POST"},
		"nor does one of them make a second":   {http.Header{"X-Http-Method-Override": {"PUT"}, "X_http_method_override": {"DELETE"}}, "", "PUT"},
		"nor does it hide the form":            {http.Header{"X_http_method_override": {"PATCH"}}, "_method=DELETE", "DELETE"},
		"nor can a proxy be told to remove it": {http.Header{"X-Http-Method-Override": {"PUT"}, "Connection": {"x_http_method_override, close"}}, "", "PUT"},
		"other fields stay":                    {http.Header{"X-Http-Method": {"DELETE"}, "X-Http-Method-Overrides": {"DELETE"}}, "", "POST"},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("POST", "/", strings.NewReader(c.form))
			r.Header = c.fields.Clone()
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			before := r.Header.Clone()
			var got *http.Request
			filter.MethodOverride(filter.MethodOverrideOptions{Field: "_method"})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				got = r
			})).ServeHTTP(httptest.NewRecorder(), r)
			if got == nil || got.Method != c.want {
				t.Fatalf("got %v, want %s", got, c.want)
			}
			for name, values := range got.Header {
				if rewrite.Like(name, "X-HTTP-Method-Override") || name == "Connection" && values[0] != "close" {
					t.Errorf("the handler sees %s: %s", name, values)
				}
			}
			if c.want == "POST" && strings.Contains(fmt.Sprint(c.fields), "Overrides") && len(got.Header) != len(before) {
				t.Errorf("the handler sees %v of %v", got.Header, before)
			}
			if fmt.Sprint(r.Header) != fmt.Sprint(before) {
				t.Error("the request was edited")
			}
		})
	}
}

// A form that did not come whole names no method, and a handler that reads it is told so.
func TestMethodOverride_cut(t *testing.T) {
	cut := func(form string) func() io.Reader {
		return func() io.Reader {
			return io.MultiReader(strings.NewReader(form), iotest.ErrReader(io.ErrClosedPipe))
		}
	}
	limited := func() io.Reader {
		return http.MaxBytesReader(nil, io.NopCloser(strings.NewReader("_method=DELETE&a=b")), 14)
	}
	resumed := func() io.Reader {
		return iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("_method=DELETE")))
	}
	for name, c := range map[string]struct {
		body    func() io.Reader
		maxForm int64
		want    string
	}{
		"behind a pair that is whole":           {cut("_method=DELETE&a=b"), 0, "POST"},
		"behind its last byte":                  {cut("_method=DELETE"), 0, "POST"},
		"in a pair that could go on":            {cut("_method=PUT"), 0, "POST"},
		"before any":                            {cut(""), 0, "POST"},
		"by a limit":                            {limited, 0, "POST"},
		"by what goes on after an error":        {resumed, 0, "POST"},
		"behind what is looked at, it may be":   {cut("_method=DELETE&a=b"), 15, "DELETE"},
		"where the last that is looked at ends": {cut("_method=DELETE&"), 14, "DELETE"},
	} {
		for _, rewind := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, behind Rewind: %v", name, rewind), func(t *testing.T) {
				var method string
				var failed error
				h := filter.MethodOverride(filter.MethodOverrideOptions{Field: "_method", MaxForm: c.maxForm})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					method = r.Method
					_, failed = io.Copy(io.Discard, r.Body)
				}))
				if rewind {
					h = filter.Rewind(filter.RewindOptions{})(h)
				}
				r := httptest.NewRequest("POST", "/", c.body())
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				h.ServeHTTP(httptest.NewRecorder(), r)
				if method != c.want || failed == nil {
					t.Errorf("got %s and %v, want %s and an error", method, failed, c.want)
				}
			})
		}
	}
}

// A handler that reads its form has all of its fields, and nothing is read of a body that is none.
func TestMethodOverride_bodies(t *testing.T) {
	h := filter.MethodOverride(filter.MethodOverrideOptions{Field: "_method"})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Method, " ", r.PostFormValue("a"), " ", len(r.PostFormValue("b")))
	}))
	s := httptest.NewServer(h)
	defer s.Close()
	res, err := http.Post(s.URL, "application/x-www-form-urlencoded", strings.NewReader("a=1&_method=PUT&b="+strings.Repeat("x", 1<<20)))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got, _ := io.ReadAll(res.Body); string(got) != "PUT 1 1048576" {
		t.Errorf("got %q", got)
	}
	body := &endless{}
	r := httptest.NewRequest("POST", "/", body)
	r.Header.Set("Content-Type", "application/octet-stream")
	filter.MethodOverride(filter.MethodOverrideOptions{Field: "_method"})(nothing).ServeHTTP(httptest.NewRecorder(), r)
	if body.taken != 0 {
		t.Errorf("%d bytes were read of what is no form", body.taken)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	filter.MethodOverride(filter.MethodOverrideOptions{Field: "_method", MaxForm: 1000})(nothing).ServeHTTP(httptest.NewRecorder(), r)
	if body.taken > 1001 {
		t.Errorf("%d bytes were read of a form without end", body.taken)
	}
}

func TestMethodOverride_nonsense(t *testing.T) {
	for want, f := range map[string]func(){
		"filter.MethodOverride: MaxForm is -1, below 0":                func() { filter.MethodOverride(filter.MethodOverrideOptions{Field: "_method", MaxForm: -1}) },
		"filter.MethodOverride: MaxForm is set, but there is no Field": func() { filter.MethodOverride(filter.MethodOverrideOptions{MaxForm: 1}) },
		"filter.MethodOverride: next is nil":                           func() { filter.MethodOverride(filter.MethodOverrideOptions{})(nil) },
	} {
		mustPanic(t, want, f)
	}
}

// FuzzMethodOverride holds that the handler gets the body as it came, and one of four methods.
func FuzzMethodOverride(f *testing.F) {
	for _, s := range []string{"_method=PUT", "&&_method", "_method=delete&x", "%5fmethod=%70ut", "=&=", "x=_method=PUT"} {
		f.Add(s, int64(8))
	}
	f.Fuzz(func(t *testing.T, form string, limit int64) {
		if limit < 0 || limit > 1<<20 {
			return
		}
		r := httptest.NewRequest("POST", "/", strings.NewReader(form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		filter.MethodOverride(filter.MethodOverrideOptions{Field: "_method", MaxForm: limit})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if body, err := io.ReadAll(r.Body); string(body) != form || err != nil {
				t.Errorf("%q came as %q, %v", form, body, err)
			}
			if !strings.Contains(" POST PUT PATCH DELETE ", " "+r.Method+" ") {
				t.Errorf("%q made it a %q", form, r.Method)
			}
		})).ServeHTTP(httptest.NewRecorder(), r)
	})
}

func ExampleMethodOverride() {
	h := filter.MethodOverride(filter.MethodOverrideOptions{Field: "_method"})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Method, r.URL.Path)
	}))
	r := httptest.NewRequest("POST", "/notes/7", strings.NewReader("_method=delete"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	h.ServeHTTP(httptest.NewRecorder(), r)
	// Output: DELETE /notes/7
}

// TestRefusalsSayTheirStatusOnce holds that the page of an ErrorPage, which begins with the status, does not have it again
// in the text of the filter that refused.
func TestRefusalsSayTheirStatusOnce(t *testing.T) {
	for name, f := range map[string]func(http.Handler) http.Handler{
		"MethodOverride": filter.MethodOverride(filter.MethodOverrideOptions{}),
		"AllowHosts":     filter.AllowHosts("example.org"),
		"HTTPS":          filter.HTTPS(filter.HTTPSOptions{}),
	} {
		r := httptest.NewRequest("POST", "/", nil)
		if r.Header.Set("X-Http-Method-Override", "GET"); name != "MethodOverride" {
			r.Host = "a/b"
		}
		w := httptest.NewRecorder()
		filter.ErrorPage(filter.ErrorPageOptions{})(f(http.NotFoundHandler())).ServeHTTP(w, r)
		if body := w.Body.String(); w.Code != 400 || strings.Count(body, "400") != 1 {
			t.Errorf("%s: %d %q", name, w.Code, body)
		}
	}
}
