package filtertest_test

import (
	"context"
	"io"
	"net/http"
	"strings"
)

func detach(r *http.Request) { *r = *r.WithContext(context.WithoutCancel(r.Context())) }

func hostileBreaches() []breach {
	echoes := func(value func(*http.Request) string) filter {
		return around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			w.Header().Set("X-Seen", value(r))
			next.ServeHTTP(w, r)
		})
	}
	trims := around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if path, found := strings.CutSuffix(r.URL.Path, "/"); found && path != "" {
			http.Redirect(w, r, path, http.StatusMovedPermanently)
			return
		}
		next.ServeHTTP(w, r)
	})
	writesItself := around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if !strings.Contains(r.URL.Path, "\n") || r.ProtoMajor != 1 {
			next.ServeHTTP(w, r)
			return
		}
		conn, _, _ := http.NewResponseController(w).Hijack()
		defer conn.Close()
		io.WriteString(conn, "HTTP/1.1 301 Moved Permanently\r\nContent-Length: 0\r\nLocation: "+r.URL.Path+"\r\n\r\n")
	})
	believes := around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if host := r.Header.Get("X-Forwarded-Host"); host != "" && host != r.Host {
			http.Redirect(w, r, "https://"+host+r.RequestURI, http.StatusFound)
			return
		}
		next.ServeHTTP(w, r)
	})
	fails := around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if strings.Contains(r.Header.Get("Accept-Encoding"), "NaN") {
			panic(http.ErrAbortHandler)
		}
		next.ServeHTTP(w, r)
	})
	return []breach{
		{"finds gzip in anything", "N19", "gzip was refused", zips()},
		{"fails on weights", "N19", "no readable answer", fails},
		{"echoes the path", "N32", "field \"X-Seen\"", echoes(func(r *http.Request) string { return r.URL.Path })},
		{"echoes the query", "N32", "field \"X-Seen\"", echoes(func(r *http.Request) string { return r.FormValue("next") })},
		{"echoes the user", "N32", "field \"X-Seen\"", echoes(func(r *http.Request) string {
			user, _, _ := r.BasicAuth()
			return user
		})},
		{"redirects to the path", "N32", "field \"Location\"", trims},
		{"writes responses itself", "N32", "came out of the request", writesItself},
		{"takes a slash off", "N33", "leads to \"evil.example\"", trims},
		{"believes a forwarded host", "N33", "leads to \"evil.example\"", believes},
		{"adds a field", "N27", "2 values of X-Frame-Options", around(
			func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				w.Header().Add("X-Frame-Options", "DENY")
				next.ServeHTTP(w, r)
			})},
		{"adds a request field", "N27", "2 values of X-Seen", reads(func(r *http.Request) {
			r.Header = r.Header.Clone()
			r.Header.Add("X-Seen", "yes")
		})},
		{"adds to Vary blindly", "N27", "twice, the response has", onHead(func(h http.Header, status int) {
			h.Set("Vary", strings.Join(append(h.Values("Vary"), "Accept"), ", "))
		})},
		{"compresses what is compressed", "N27", "twice: ", zips()},
	}
}
