package filtertest

import (
	"fmt"
	"net/http"
)

func valueRules() []rule {
	return []rule{{
		id:      "N10",
		text:    "a filter that does not report panics lets their values pass as they are",
		reason:  "who reports them further out tells them apart, http.ErrAbortHandler above all, by their identity and type",
		ref:     "net/http.ErrAbortHandler",
		check:   panicValue,
		changes: "Recovers: http.ErrAbortHandler alone is compared",
	}}
}

// fault is what the kit's handler panics with, as a pointer: each is equal to itself alone.
type fault struct{ text string }

// panicValue looks at what comes out of the filter. Where nothing comes the filter reports panics itself; the rules
// about panics say how.
func panicValue(s *subject) error {
	thrown := &fault{"filtertest: a handler that fails"}
	seen := make(chan any, 1)
	at := s.serveIn(failing(thrown), func(next http.Handler) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			defer func() {
				v := recover()
				seen <- v
				if v != nil {
					panic(http.ErrAbortHandler)
				}
			}()
			next.ServeHTTP(w, r)
		}
	})
	for _, path := range []string{"/abort", "/first", "/flushed", "/nested"} {
		at.send(at.request("GET", path, nil))
		if err := at.reached(); err != nil {
			return err
		}
		var want, got any = thrown, nil
		if path == "/abort" {
			want = http.ErrAbortHandler
		}
		select {
		case got = <-seen:
		case <-s.ctx.Done():
			return fmt.Errorf("%s: the panic did not come out of the filter", path)
		}
		if path == "/first" && (got == nil || s.declared.Recovers) {
			return nil
		}
		if got != nil && got != want {
			return fmt.Errorf("%s: the handler panicked with %#v, and out of the filter comes %#v", path, want, got)
		}
	}
	return nil
}

// failing is a handler that panics with v at several moments.
func failing(v any) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/abort":
			panic(http.ErrAbortHandler)
		case "/flushed":
			half(w)
			flush(w, true)
		case "/nested":
			defer func() { panic(v) }()
			panic("filtertest: a panic that another one follows")
		}
		panic(v)
	}
}
