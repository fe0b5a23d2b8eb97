package filter_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"regexp"
	"strings"
	"testing"

	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/filtertest"
)

var newID = regexp.MustCompile(`^[0-9a-v]{26}$`)

func TestRequestID(t *testing.T) {
	filtertest.Run(t, filter.RequestID(filter.RequestIDOptions{}), filtertest.Options{RequestFields: []string{"X-Request-Id"}})

	always := func(*http.Request) bool { return true }
	never := func(*http.Request) bool { return false }
	for name, c := range map[string]struct {
		o    filter.RequestIDOptions
		sent []string
		kept bool
	}{
		"no id is made":                                 {filter.RequestIDOptions{}, nil, false},
		"a client's id is not believed":                 {filter.RequestIDOptions{}, []string{"mine"}, false},
		"nor that of somebody who is not trusted":       {filter.RequestIDOptions{Trust: never}, []string{"mine"}, false},
		"that of somebody who is stays":                 {filter.RequestIDOptions{Trust: always}, []string{"Mine/1.a-b_c~d+e="}, true},
		"somebody who is trusted need not have one":     {filter.RequestIDOptions{Trust: always}, nil, false},
		"one character is enough":                       {filter.RequestIDOptions{Trust: always}, []string{"0"}, true},
		"128 characters are not too many":               {filter.RequestIDOptions{Trust: always}, []string{strings.Repeat("x", 128)}, true},
		"129 are":                                       {filter.RequestIDOptions{Trust: always}, []string{strings.Repeat("x", 129)}, false},
		"an empty id is none":                           {filter.RequestIDOptions{Trust: always}, []string{""}, false},
		"two ids are none":                              {filter.RequestIDOptions{Trust: always}, []string{"a", "b"}, false},
		"a list is no id":                               {filter.RequestIDOptions{Trust: always}, []string{"a,b"}, false},
		"a space is not safe":                           {filter.RequestIDOptions{Trust: always}, []string{"a b"}, false},
		"nor is a quote":                                {filter.RequestIDOptions{Trust: always}, []string{`a"b`}, false},
		"nor is a line feed":                            {filter.RequestIDOptions{Trust: always}, []string{"a\nb"}, false},
		"nor is what is not ASCII":                      {filter.RequestIDOptions{Trust: always}, []string{"ä"}, false},
		"nor are the neighbours of the letters":         {filter.RequestIDOptions{Trust: always}, []string{"@"}, false},
		"the field may have another name, in any case":  {filter.RequestIDOptions{Header: "trace-ID", Trust: always}, []string{"mine"}, true},
		"a made id goes into the field of another name": {filter.RequestIDOptions{Header: "trace-ID"}, []string{"mine"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			field := "X-Request-Id"
			if c.o.Header != "" {
				field = "Trace-Id"
			}
			r := httptest.NewRequest("GET", "/", nil)
			if c.sent != nil {
				r.Header[field] = c.sent
			}
			w := httptest.NewRecorder()
			var id string
			filter.RequestID(c.o)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				id, _ = filter.ID.Value(r.Context())
				if got := r.Header[field]; len(got) != 1 || got[0] != id {
					t.Errorf("the handler finds %q in the header, %q in the context", got, id)
				}
			})).ServeHTTP(w, r)
			if got := w.Header()[field]; len(got) != 1 || got[0] != id {
				t.Errorf("the response has %q, the handler %q", got, id)
			}
			if c.kept && id != c.sent[0] {
				t.Errorf("got %q, want that of the client", id)
			}
			if !c.kept && !newID.MatchString(id) {
				t.Errorf("got %q, want a new id", id)
			}
			if got := fmt.Sprint(r.Header[field]); got != fmt.Sprint(c.sent) {
				t.Error("the request was edited:", got)
			}
		})
	}
}

func TestRequestID_lastWord(t *testing.T) {
	var id string
	h := filter.RequestID(filter.RequestIDOptions{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, _ = filter.ID.Value(r.Context())
		w.WriteHeader(http.StatusEarlyHints)
		w.Header()["X-Request-Id"] = []string{"another", "server's"}
		if r.URL.Path == "/clear" {
			clear(w.Header())
		}
		w.WriteHeader(http.StatusTeapot)
	}))
	s := httptest.NewServer(h)
	defer s.Close()
	for _, path := range []string{"/", "/clear"} {
		r, _ := http.NewRequest("GET", s.URL+path, nil)
		early := 0
		r = r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{
			Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
				if early++; h.Get("X-Request-Id") != "" {
					t.Error("the id is in an informational response")
				}
				return nil
			},
		}))
		res, err := s.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if got := res.Header["X-Request-Id"]; res.StatusCode != 418 || early != 1 || len(got) != 1 || got[0] != id {
			t.Errorf("%s: %d with %q, want 418 with %q; %d early", path, res.StatusCode, got, id, early)
		}
	}
}

func TestRequestID_unlike(t *testing.T) {
	seen := map[string]bool{}
	h := filter.RequestID(filter.RequestIDOptions{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, _ := filter.ID.Value(r.Context())
		seen[id] = true
	}))
	for range 10_000 {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	}
	if len(seen) != 10_000 {
		t.Errorf("%d ids of 10,000 requests", len(seen))
	}
	for i := range 26 { // every place takes part
		values := map[byte]bool{}
		for id := range seen {
			values[id[i]] = true
		}
		if len(values) < 16 {
			t.Errorf("place %d has %d values", i, len(values))
		}
	}
}

func TestRequestID_nonsense(t *testing.T) {
	for want, f := range map[string]func(){
		`filter.RequestID: Header is "X Request", not a field name`: func() { filter.RequestID(filter.RequestIDOptions{Header: "X Request"}) },
		`filter.RequestID: next is nil`:                             func() { filter.RequestID(filter.RequestIDOptions{})(nil) },
	} {
		mustPanic(t, want, f)
	}
}

func ExampleRequestID() {
	fromProxy := func(r *http.Request) bool { return strings.HasPrefix(r.RemoteAddr, "192.0.2.") }
	h := filter.RequestID(filter.RequestIDOptions{Trust: fromProxy})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, _ := filter.ID.Value(r.Context())
		fmt.Println("handling", id)
	}))

	r := httptest.NewRequest("GET", "/", nil) // from 192.0.2.1
	r.Header.Set("X-Request-Id", "from-the-proxy")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	fmt.Println("answered", w.Header().Get("X-Request-Id"))
	// Output:
	// handling from-the-proxy
	// answered from-the-proxy
}
