package filtertest_test

import (
	"net/http"
	"strings"
)

func fieldBreaches() []breach {
	ownVary := onHead(func(h http.Header, status int) { h.Set("Vary", "Origin") })
	joins := onHead(func(h http.Header, status int) {
		if c := h.Values("Set-Cookie"); len(c) > 0 {
			h.Set("Set-Cookie", strings.Join(c, ", "))
		}
	})
	types := onHead(func(h http.Header, status int) {
		if h.Get("Content-Type") == "" {
			h.Set("Content-Type", "application/octet-stream")
		}
	})
	marks := onHead(func(h http.Header, status int) {
		if tag := h.Get("ETag"); tag != "" && !strings.HasPrefix(tag, "W/") {
			h.Set("ETag", "W/"+strings.TrimSuffix(tag, `"`)+`+gzip"`)
		}
	})
	dropsTrailers := around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(&broken{ResponseWriter: w, head: func(w http.ResponseWriter, status int) {
			w.Header().Del("Trailer")
			w.WriteHeader(status)
		}}, r)
		for name := range w.Header() {
			if strings.HasPrefix(name, http.TrailerPrefix) {
				w.Header().Del(name)
			}
		}
	})
	return []breach{
		{"replaces Vary", "C03", "the handler said Vary: Cookie", ownVary},
		{"sets Vary before the handler does", "C03", "the response is coded", zips()},
		{"says Vary on coded responses alone", "C04", "Vary is []", zips()},
		{"joins cookies", "C12", "the cookies are", joins},
		{"fills in a type", "C13", "Content-Type", types},
		{"lets the coded bytes be sniffed", "C14", "want text/html", zips()},
		{"sends the head at the end", "C15", "set in time is \"no\"", holds()},
		{"shares a strong ETag", "C05", "ETag: \"edition-1\"", zips()},
		{"marks ETags on the way out alone", "C06", "the status is 200", marks},
		{"codes a 206", "C07", "Content-Encoding", zips()},
		{"offers ranges of coded bodies", "C08", "Accept-Ranges", zips()},
		{"codes twice", "C09", "coded with ", zips()},
		{"ignores no-transform", "C10", "Content-Encoding", zips()},
		{"finds gzip in gzip;q=0", "C11", "Content-Encoding", zips()},
		{"keeps old digests", "C19", "Content-Digest", zips()},
		{"drops declared trailers", "C16", "the trailer is \"\"", dropsTrailers},
		{"drops undeclared trailers", "C17", "the trailer is \"\"", dropsTrailers},
	}
}
