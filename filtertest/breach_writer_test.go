package filtertest_test

import (
	"bytes"
	"io"
	"net/http"
)

// timedOut is what the kit says when something never came.
const timedOut = "after waiting"

func writerBreaches() []breach {
	hides := writes(func(w http.ResponseWriter, r *http.Request) http.ResponseWriter { return hidden{w} })
	veils := writes(func(w http.ResponseWriter, r *http.Request) http.ResponseWriter { return opaque{hidden{w}} })
	keepsFlush := writes(func(w http.ResponseWriter, r *http.Request) http.ResponseWriter {
		return struct {
			http.ResponseWriter
			http.Flusher
		}{w, w.(http.Flusher)}
	})
	ignores := writes(func(w http.ResponseWriter, r *http.Request) http.ResponseWriter {
		return deaf{&broken{ResponseWriter: w}}
	})
	dams := writes(func(w http.ResponseWriter, r *http.Request) http.ResponseWriter {
		return &broken{ResponseWriter: w, flush: func(http.ResponseWriter) {}}
	})
	damsEvents := writes(func(w http.ResponseWriter, r *http.Request) http.ResponseWriter {
		return &broken{ResponseWriter: w, flush: func(w http.ResponseWriter) {
			if w.Header().Get("Content-Type") != "text/event-stream" {
				w.(http.Flusher).Flush()
			}
		}}
	})
	readsFirst := around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		body, _ := io.ReadAll(r.Body)
		r = r.WithContext(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
	claims := func(stray string) filter {
		return writes(func(w http.ResponseWriter, r *http.Request) http.ResponseWriter {
			return grabby{&broken{ResponseWriter: w}, stray}
		})
	}
	return []breach{
		{"hides Flush", "A01", "is no http.Flusher", hides},
		{"hides the writer", "A02", "feature not supported", hides},
		{"ignores Flush", "A03", timedOut, dams},
		{"holds events back", "A04", timedOut, damsEvents},
		{"holds everything back", "A03", timedOut, holds()},
		{"ignores Flush before the body", "B09", timedOut, dams},
		{"hides Hijack", "A05", "is no http.Hijacker", veils},
		{"writes on a hijacked connection", "A05", "differ from byte 9", claims("HTTP/1.1 200 OK\r\n\r\n")},
		{"hides Hijack from the controller", "A06", "feature not supported", keepsFlush},
		{"panics on Hijack", "A11", "hijacking panicked", claims("")},
		{"hides read deadlines", "A08", "feature not supported", keepsFlush},
		{"ignores read deadlines", "A08", "reading the body went on", ignores},
		{"hides write deadlines", "A09", "feature not supported", keepsFlush},
		{"ignores write deadlines", "A09", "without an error", ignores},
		{"hides full duplex", "A10", "feature not supported", keepsFlush},
		{"reads the body first", "N02", timedOut, readsFirst},
	}
}
