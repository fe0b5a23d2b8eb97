package filtertest_test

import (
	"context"
	"io"
	"maps"
	"net/http"
)

func copyBreaches() []breach {
	byHand := around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		mine := &http.Request{
			Method: r.Method, URL: r.URL, Header: r.Header, Body: r.Body, Host: r.Host, RequestURI: r.RequestURI,
			Proto: r.Proto, ProtoMajor: r.ProtoMajor, ProtoMinor: r.ProtoMinor, RemoteAddr: r.RemoteAddr,
		}
		next.ServeHTTP(w, mine.WithContext(r.Context()))
	})
	closes := around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		r.Body.Close()
		next.ServeHTTP(w, r)
	})
	detaches := around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
		defer cancel()
		if deadline, ok := r.Context().Deadline(); ok {
			ctx, cancel = context.WithDeadline(ctx, deadline)
			defer cancel()
		}
		defer context.AfterFunc(r.Context(), cancel)()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
	return []breach{
		{"makes a copy by hand", "N17", "has another TLS", byHand},
		{"sets another address", "N17", "has another RemoteAddr", reads(func(r *http.Request) { r.RemoteAddr = "192.0.2.7:80" })},
		{"copies a header by half", "N18", "edits of its header show", reads(func(r *http.Request) {
			r.Header = maps.Clone(r.Header)
		})},
		{"swallows Close", "N15", "the one below is open", reads(func(r *http.Request) { r.Body = io.NopCloser(r.Body) })},
		{"makes a clean end of a closed body", "N15", "returned 0, EOF", reads(func(r *http.Request) {
			r.Body = &clean{ReadCloser: r.Body}
		})},
		{"closes the body first", "N15", "was closed while", closes},
		{"looks into forms", "N16", "had read", reads(func(r *http.Request) { r.FormValue("_method") })},
		{"drains the body afterwards", "N16", "when it returned", around(
			func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				next.ServeHTTP(w, r)
				io.Copy(io.Discard, r.Body)
			})},
		{"loses the cause", "N38", "the cause is context canceled", detaches},
		{"loses the deadline", "N38", "the deadline is", reads(func(r *http.Request) {
			*r = *r.WithContext(context.WithoutCancel(r.Context()))
		})},
	}
}

// clean is a body that knows no error but io.EOF.
type clean struct{ io.ReadCloser }

func (c *clean) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	if err != nil {
		err = io.EOF
	}
	return n, err
}
