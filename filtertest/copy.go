package filtertest

import (
	"context"
	"crypto/tls"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
)

func copyRules() []rule {
	return []rule{{
		id:     "N17",
		text:   "a filter that copies the request copies every part of it",
		reason: "a request that is put together by hand forgets what its author did not need",
		ref:    "net/http.Request.WithContext",
		check:  partsCopied,
	}, {
		id:     "N18",
		text:   "a filter that copies the request's header or URL copies them whole",
		reason: "values that two headers share let an edit inside show outside, in logs and in the next attempt",
		ref:    "net/http.Header.Clone",
		check:  copiesApart,
	}}
}

// partsCopied puts something into every part of the request that servers or filters outside may have filled, and
// compares it with what the handler gets.
func partsCopied(s *subject) error {
	var given *http.Request
	at := s.serveIn(func(w http.ResponseWriter, r *http.Request) {
		for name, same := range map[string]bool{
			"GetBody":          r.GetBody != nil,
			"TransferEncoding": slices.Equal(r.TransferEncoding, given.TransferEncoding),
			"Close":            r.Close == given.Close,
			"TLS":              r.TLS != nil && reflect.DeepEqual(r.TLS, given.TLS),
			"MultipartForm":    reflect.DeepEqual(r.MultipartForm, given.MultipartForm),
			"Form":             reflect.DeepEqual(r.Form, given.Form),
			"PostForm":         reflect.DeepEqual(r.PostForm, given.PostForm),
			"Trailer":          maps.EqualFunc(r.Trailer, given.Trailer, slices.Equal),
			"RemoteAddr":       r.RemoteAddr == given.RemoteAddr,
			"ContentLength":    r.ContentLength == given.ContentLength,
			"ProtoMajor":       r.ProtoMajor == given.ProtoMajor,
			"ProtoMinor":       r.ProtoMinor == given.ProtoMinor,
		} {
			if !same {
				s.failf("the handler's request has another %s than the one that the filter was given", name)
			}
		}
		io.WriteString(w, "ok")
	}, func(next http.Handler) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			given = r.WithContext(r.Context())
			given.GetBody = func() (io.ReadCloser, error) { return http.NoBody, nil }
			given.TransferEncoding = []string{"chunked"}
			given.Close = true
			given.TLS = &tls.ConnectionState{ServerName: "kit.example", HandshakeComplete: true}
			given.MultipartForm = &multipart.Form{Value: map[string][]string{"a": {"b"}}}
			given.Form = url.Values{"a": {"b"}, "q": {"1"}}
			given.PostForm = url.Values{"a": {"b"}}
			given.Trailer = http.Header{"X-Kit-Sum": nil}
			next.ServeHTTP(w, given)
		}
	})
	_, err := at.whole(at.request("POST", "/?q=1", strings.NewReader("a=b"), "Content-Type", "application/octet-stream"))
	return err
}

// copiesApart lets the handler spoil its header and URL, and looks at those outside. A filter that hands on the map or
// URL that it was given shares it by right: net/http does so too.
func copiesApart(s *subject) error {
	var given *http.Request
	at := s.serveIn(func(w http.ResponseWriter, r *http.Request) {
		before, address := given.Header.Clone(), *given.URL
		spare := slices.Clone(given.Header["X-Kit"][:4])
		if r.URL != given.URL {
			r.URL.Path, r.URL.RawPath, r.URL.RawQuery, r.URL.Host = "/spoilt", "", "spoilt", "spoilt.example"
			if *given.URL != address {
				s.failf("the handler's edit of its URL shows in the one outside")
			}
		}
		if !shared(r.Header, given.Header) {
			spoil(r.Header)
			if !reflect.DeepEqual(given.Header, before) || !slices.Equal(given.Header["X-Kit"][:4], spare) {
				s.failf("the handler's edits of its header show in the one outside")
			}
		}
		io.WriteString(w, "ok")
	}, func(next http.Handler) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			given = r.Clone(context.WithValue(r.Context(), contextKey{}, "kit"))
			given.Header["X-Kit"] = append(make([]string, 0, 4), "1") // room to append in place
			next.ServeHTTP(w, given)
		}
	})
	_, err := at.whole(at.request("GET", "/a/b/?q=1", nil,
		"X-Forwarded-For", "192.0.2.7", "X-Forwarded-Proto", "https", "X-Forwarded-Host", "other.example",
		"X-Request-ID", "kit-1", "If-None-Match", `"v1"`, "Range", "bytes=0-1", "Cookie", "a=1"))
	return err
}

// shared says whether two headers are one map.
func shared(a, b http.Header) bool {
	const probe = "X-Kit-Probe"
	a[probe] = nil
	_, one := b[probe]
	delete(a, probe)
	return one
}

// spoil edits every field in place, and behind its end.
func spoil(h http.Header) {
	for name, values := range h {
		for i := range values {
			values[i] = "spoilt"
		}
		h.Add(name, "spoilt")
	}
}
