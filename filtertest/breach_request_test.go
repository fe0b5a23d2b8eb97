package filtertest_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"path"
	"sync"
)

func panicBreaches() []breach {
	hushes := around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		defer func() { recover() }()
		next.ServeHTTP(w, r)
	})
	return []breach{
		{"reports every panic", "E01", "complete 500", reports()},
		{"hushes panics up", "E02", "complete 200", hushes},
		{"reports after output", "E03", "complete 200", reports()},
		{"reports aborts", "E04", "complete 200", reports()},
		{"sends what is there", "E05", "complete 200", reports()},
	}
}

// reports is a filter that answers every panic with 500.
func reports() filter {
	return around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		defer func() {
			if recover() != nil {
				w.WriteHeader(http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

func requestBreaches() []breach {
	edits := func(edit func(*http.Request)) filter {
		return around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			edit(r)
			next.ServeHTTP(w, r)
		})
	}
	afresh := around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		fresh, _ := http.NewRequestWithContext(r.Context(), r.Method, r.RequestURI, r.Body)
		next.ServeHTTP(w, fresh)
	})
	cleans := reads(func(r *http.Request) {
		u := *r.URL
		u.Path, u.RawPath = path.Clean(u.Path), ""
		r.URL = &u
	})
	return []breach{
		{"makes a context of its own", "F01", "the value in the context", reads(func(r *http.Request) {
			*r = *r.WithContext(context.Background())
		})},
		{"edits the URL", "F02", "edited URL", edits(func(r *http.Request) { r.URL.Path = path.Clean(r.URL.Path) })},
		{"edits the fields", "F02", "edited Header", edits(func(r *http.Request) { r.Header.Del("X-Forwarded-For") })},
		{"edits the address", "F02", "edited RemoteAddr", edits(func(r *http.Request) { r.RemoteAddr = "192.0.2.7:80" })},
		{"edits the host", "F02", "edited Host", edits(func(r *http.Request) { r.Host = "other.example" })},
		{"sets a body in place", "F02", "edited Body", edits(func(r *http.Request) {
			r.Body = http.MaxBytesReader(nil, r.Body, 1<<30)
		})},
		{"sets a context in place", "F02", "edited Context", edits(func(r *http.Request) {
			*r = *r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, 1))
		})},
		{"edits the target", "F02", "edited RequestURI", edits(func(r *http.Request) { r.RequestURI = "/" })},
		{"makes a request of its own", "F03", "the pattern is \"\"", afresh},
		{"cleans the path", "F04", "the escaped path is", cleans},
		{"keeps the pattern to itself", "F05", "the pattern is \"\"", reads(func(*http.Request) {})},
	}
}

func sharedBreaches() []breach {
	shared, room := []string{"nosniff"}, make([]string, 1, 4)
	room[0] = "Accept-Encoding"
	spare := append(make([]string, 0, 4), "Accept-Encoding")
	proto := []string{"https"}
	var first struct {
		sync.Once
		next http.Handler
	}
	return []breach{
		{"shares a value set before the handler", "C21", "in another response", around(
			func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				w.Header()["X-Content-Type-Options"] = shared
				next.ServeHTTP(w, r)
			})},
		{"shares a value set with the head", "C21", "in another response", onHead(func(h http.Header, status int) {
			h["X-Content-Type-Options"] = room
		})},
		{"shares the spare room of a slice", "C21", "overwrote what another one had added", around(
			func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				w.Header()["Vary"] = spare
				next.ServeHTTP(w, r)
			})},
		{"appends in place", "C22", "Vary", onHead(func(h http.Header, status int) {
			h["Vary"] = append(h["Vary"], "Accept-Encoding")
		})},
		{"edits in place", "C22", "Etag", onHead(func(h http.Header, status int) {
			if tags := h["Etag"]; len(tags) > 0 {
				tags[0] = `W/"v1"`
			}
		})},
		{"shares a request field", "F06", "X-Forwarded-Proto", reads(func(r *http.Request) {
			r.Header = r.Header.Clone()
			r.Header["X-Forwarded-Proto"] = proto
		})},
		{"keeps its writer open", "N07", "a late Write returned", passes(nil)},
		{"uses one buffer for all", "G01", "client", oneBuffer()},
		{"leaves a goroutine per request", "G02", "goroutines are left", around(
			func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				go func() { select {} }()
				next.ServeHTTP(w, r)
			})},
		{"remembers its first handler", "G03", "the handler was not called", func(next http.Handler) http.Handler {
			first.Do(func() { first.next = next })
			return first.next
		}},
	}
}

// oneBuffer is a filter that writes through a buffer that all requests share.
func oneBuffer() filter {
	var mu sync.Mutex
	var buffer bytes.Buffer
	return passes(func(w http.ResponseWriter, p []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		n, _ := buffer.Write(p)
		if buffer.Len() > 1000 {
			io.Copy(w, &buffer)
		}
		return n, nil
	})
}
