package filtertest_test

import (
	"net/http"
)

func headBreaches() []breach {
	lastWins := around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		h := &held{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(h, r)
		w.WriteHeader(h.status)
		w.Write(h.body.Bytes())
	})
	skipsEmpty := writes(func(w http.ResponseWriter, r *http.Request) http.ResponseWriter {
		return &broken{ResponseWriter: w, body: func(w http.ResponseWriter, p []byte) (int, error) {
			if len(p) == 0 {
				return 0, nil
			}
			return w.Write(p)
		}}
	})
	onceOnly := writes(func(w http.ResponseWriter, r *http.Request) http.ResponseWriter {
		done := false
		return &broken{ResponseWriter: w, head: func(w http.ResponseWriter, status int) {
			if !done {
				done = true
				w.WriteHeader(status)
			}
		}}
	})
	only103 := writes(func(w http.ResponseWriter, r *http.Request) http.ResponseWriter {
		return &broken{ResponseWriter: w, head: func(w http.ResponseWriter, status int) {
			if status != http.StatusProcessing {
				w.WriteHeader(status)
			}
		}}
	})
	bareHints := writes(func(w http.ResponseWriter, r *http.Request) http.ResponseWriter {
		return &broken{ResponseWriter: w, head: func(w http.ResponseWriter, status int) {
			if status == http.StatusEarlyHints {
				w.Header().Del("Link")
			}
			w.WriteHeader(status)
		}}
	})
	repeats := around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(w, r)
		w.WriteHeader(http.StatusOK)
	})
	forgets := onHead(func(h http.Header, status int) {
		if status == http.StatusNotModified {
			h.Del("ETag")
		}
	})
	lies := writes(func(w http.ResponseWriter, r *http.Request) http.ResponseWriter {
		return &broken{ResponseWriter: w, head: func(w http.ResponseWriter, status int) {
			if r.Method == http.MethodHead {
				w.Header().Set("Content-Length", "7")
			}
			w.WriteHeader(status)
		}}
	})
	return []breach{
		{"lets the last status win", "B04", "the status is 500", lastWins},
		{"changes the status after Write", "B06", "the status is 500", lastWins},
		{"skips empty writes", "B07", "the status is 500", skipsEmpty},
		{"repeats WriteHeader", "B11", "superfluous", repeats},
		{"labels before it knows", "C18", "differ from byte 0", zips()},
		{"takes 103 for the answer", "B08", "the status is 200", onceOnly},
		{"drops the fields of a 103", "B08", "Link", bareHints},
		{"drops a 102", "N03", "informational responses", only103},
		{"labels a 103", "N04", "Content-Encoding", zips()},
		{"labels a 204", "B01", "Content-Encoding", zips()},
		{"labels a 304", "B02", "Content-Encoding", zips()},
		{"drops the ETag of a 304", "B02", "lost its ETag", forgets},
		{"declares another length to HEAD", "B03", "HEAD", lies},
		{"compresses nothing", "B05", "differ from byte 0", zips()},
		{"swallows write errors", "B10", "the handler saw <nil>", swallows()},
	}
}

// swallows is a filter whose writer never returns an error.
func swallows() filter {
	return writes(func(w http.ResponseWriter, r *http.Request) http.ResponseWriter {
		return &broken{
			ResponseWriter: w,
			body: func(w http.ResponseWriter, p []byte) (int, error) {
				w.Write(p)
				return len(p), nil
			},
			flush: func(w http.ResponseWriter) { w.(http.Flusher).Flush() },
		}
	})
}
