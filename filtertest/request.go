package filtertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
)

func requestRules() []rule {
	return []rule{{
		id:     "F01",
		text:   "a filter keeps the values in the request's context",
		reason: "identity, request IDs and traces from outside live there",
		ref:    "net/http.Request.Context",
		check:  contextValues,
	}, {
		id:     "F02",
		text:   "a filter does not edit the request that it was given",
		reason: "the filters around it still use that request, for their logs above all",
		ref:    "net/http.Handler",
		check:  requestUnedited,
	}, {
		id:     "F06",
		text:   "a filter gives each request fields of its own",
		reason: "a slice that every request shares turns one handler's edit into everybody's",
		ref:    "net/http.Header",
		check:  requestFieldsOwn,
	}}
}

type contextKey struct{}

func contextValues(s *subject) error {
	at := s.serveIn(func(w http.ResponseWriter, r *http.Request) {
		if got := r.Context().Value(contextKey{}); got != "kit" {
			s.failf("the value in the context is %v, want kit", got)
		}
		if r.Context().Value(http.ServerContextKey) == nil {
			s.failf("http.ServerContextKey is gone from the context")
		}
	}, func(next http.Handler) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), contextKey{}, "kit")))
		}
	})
	_, err := at.get("/")
	return err
}

// A view is what a request looked like. Pattern, MultipartForm and Form are not in it: what the handler found out may
// be handed back.
type view struct {
	plain  http.Request
	url    url.URL
	header http.Header
}

func look(r *http.Request) view {
	return view{*r, *r.URL, r.Header.Clone()}
}

// edits names what changed between two looks at one request.
func (v view) edits(r *http.Request) []string {
	now := look(r)
	var names []string
	note := func(name string, unchanged bool) {
		if !unchanged {
			names = append(names, name)
		}
	}
	note("Method", now.plain.Method == v.plain.Method)
	note("URL", now.plain.URL == v.plain.URL && reflect.DeepEqual(now.url, v.url))
	note("Proto", now.plain.Proto == v.plain.Proto)
	note("Header", reflect.DeepEqual(now.header, v.header))
	note("Body", now.plain.Body == v.plain.Body)
	note("ContentLength", now.plain.ContentLength == v.plain.ContentLength)
	note("TransferEncoding", slices.Equal(now.plain.TransferEncoding, v.plain.TransferEncoding))
	note("Close", now.plain.Close == v.plain.Close)
	note("Host", now.plain.Host == v.plain.Host)
	note("Trailer", maps.EqualFunc(now.plain.Trailer, v.plain.Trailer, slices.Equal))
	note("RemoteAddr", now.plain.RemoteAddr == v.plain.RemoteAddr)
	note("RequestURI", now.plain.RequestURI == v.plain.RequestURI)
	note("TLS", now.plain.TLS == v.plain.TLS)
	note("Context", now.plain.Context() == v.plain.Context())
	return names
}

// requestUnedited looks at the request from outside: when the handler runs, and when the filter has returned. The
// fields are those that filters like to act on.
func requestUnedited(s *subject) error {
	var given *http.Request
	var before view
	complain := func(when string) {
		if edits := before.edits(given); len(edits) > 0 {
			s.failf("the filter edited %s of the request that it was given (seen %s)", strings.Join(edits, ", "), when)
		}
	}
	at := s.serveIn(func(w http.ResponseWriter, r *http.Request) {
		complain("inside")
		io.WriteString(w, "ok")
	}, func(next http.Handler) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			given, before = r, look(r)
			next.ServeHTTP(w, r)
			complain("afterwards")
		}
	})
	r := at.request("POST", "/a//b/%2Fc/?q=1&q=%2F;x", strings.NewReader("field=value"),
		"Content-Type", "application/x-www-form-urlencoded",
		"X-Forwarded-For", "192.0.2.7", "X-Forwarded-Proto", "https", "X-Forwarded-Host", "other.example",
		"Forwarded", `for=192.0.2.7;proto=https;host=other.example`, "X-Real-IP", "192.0.2.7",
		"X-HTTP-Method-Override", "PUT", "X-Request-ID", "kit-1", "If-None-Match", `"v1"`, "Range", "bytes=0-1")
	_, err := at.whole(r)
	return errors.Join(err, s.shut())
}

// requestFieldsOwn spoils every request field inside the first request and looks for that in the second one.
func requestFieldsOwn(s *subject) error {
	const poison = "spoilt by another request"
	at := s.serve(func(w http.ResponseWriter, r *http.Request) {
		for name, values := range r.Header {
			for i, v := range values {
				if v == poison {
					s.failf("request field %s has the value that the handler gave it in another request", name)
				}
				values[i] = poison
			}
		}
	})
	for range 3 {
		if _, err := at.get("/"); err != nil {
			return fmt.Errorf("request: %w", err)
		}
	}
	return nil
}
