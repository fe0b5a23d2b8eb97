package filtertest

import (
	"io"
	"net/http"
	"strings"
)

func pathRules() []rule {
	return []rule{{
		id:     "F03",
		text:   "a filter inside a mux lets the handler see the pattern and its path values",
		reason: "handlers read their arguments from them",
		ref:    "net/http.Request.PathValue",
		check:  pathValues,
		unless: mounting,
	}, {
		id:      "F04",
		text:    "a filter hands on the request's target, method and length as they came",
		reason:  "signatures and proxies need the target byte for byte",
		ref:     "RFC 9112, 3.2",
		check:   target,
		changes: "Rewrites: path and query are not compared; RequestFields: the fields that are named are not compared",
	}, {
		id:      "F05",
		text:    "a filter outside a mux lets the filters around it see the pattern",
		reason:  "logs and metrics name the route by it; a copied request has to give it back",
		ref:     "net/http.Request.Pattern",
		check:   patternOutside,
		changes: "Mounts: something may stand before the path",
	}}
}

func pathValues(s *subject) error {
	at := s.serveIn(func(w http.ResponseWriter, r *http.Request) {
		if r.Pattern != "GET /items/{id}/{rest...}" {
			s.failf("the pattern is %q", r.Pattern)
		}
		io.WriteString(w, r.PathValue("id")+" "+r.PathValue("rest"))
	}, func(next http.Handler) http.HandlerFunc {
		mux := http.NewServeMux()
		mux.Handle("GET /items/{id}/{rest...}", next)
		return mux.ServeHTTP
	})
	_, err := at.expect("/items/a%2Fb/c/d", http.StatusOK, "a/b c/d")
	return err
}

func target(s *subject) error {
	const path = "/a//b/%2Fc;v=1/%e4/?q=1&q=%2F"
	at := s.serve(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			s.failf("reading the body: %w", err)
		}
		for name, pair := range map[string][2]string{
			"RequestURI":   {r.RequestURI, path},
			"escaped path": {r.URL.EscapedPath(), "/a//b/%2Fc;v=1/%e4/"},
			"path":         {r.URL.Path, "/a//b//c;v=1/\xe4/"},
			"query":        {r.URL.RawQuery, "q=1&q=%2F"},
			"method":       {r.Method, "PUT"},
			"protocol":     {r.Proto, string(s.proto)},
			"host":         {r.Host, "kit.example"},
			"body":         {string(body), "body"},
			"X-Kit":        {r.Header.Get("X-Kit"), "1"},
			"Content-Type": {r.Header.Get("Content-Type"), "text/plain"},
		} {
			if got, want := pair[0], pair[1]; got != want && !edits(s.declared.RequestFields, name) {
				s.failf("the %s is %q, want %q", name, got, want)
			}
		}
		if r.ContentLength != 4 {
			s.failf("ContentLength is %d, want 4", r.ContentLength)
		}
		if (r.TLS != nil) != (s.proto == http2) {
			s.failf("TLS is %v over %s", r.TLS, s.proto)
		}
	})
	r := at.request("PUT", path, strings.NewReader("body"), "X-Kit", "1", "Content-Type", "text/plain")
	r.Host = "kit.example"
	_, err := at.whole(r)
	return err
}

func patternOutside(s *subject) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /items/{id}", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "ok") })
	done := make(chan struct{})
	at := s.serveIn(mux.ServeHTTP, func(next http.Handler) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			defer close(done)
			next.ServeHTTP(w, r)
			mounted := s.declared.Mounts && strings.HasPrefix(r.Pattern, "GET /") && strings.HasSuffix(r.Pattern, "/items/{id}")
			if r.Pattern != "GET /items/{id}" && !mounted {
				s.failf("outside the filter the pattern is %q, the mux inside set GET /items/{id}", r.Pattern)
			}
		}
	})
	_, err := at.expect("/items/7", http.StatusOK, "ok")
	s.wait(done)
	return err
}
