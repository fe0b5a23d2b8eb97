package filtertest_test

import (
	"fmt"
	"net/http"
)

func failureBreaches() []breach {
	waits := around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		done := make(chan struct{})
		go func() {
			next.ServeHTTP(w, r)
			close(done)
		}()
		select {
		case <-done:
		case <-r.Context().Done(): // when the kit has lost its patience
		}
	})
	completes := around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			next.ServeHTTP(w, r)
		}()
		<-done
	})
	wraps := around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		defer func() {
			if v := recover(); v != nil {
				panic(fmt.Errorf("in a handler: %v", v))
			}
		}()
		next.ServeHTTP(w, r)
	})
	places := make(chan struct{}, 8)
	limits := around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		select {
		case places <- struct{}{}:
		case <-r.Context().Done():
			return
		}
		next.ServeHTTP(w, r)
		<-places
	})
	lingers := around(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		go func() {
			<-r.Context().Done()
			select {}
		}()
		next.ServeHTTP(w, r)
	})
	return []breach{
		{"waits for a handler that is gone", "N09", timedOut, waits},
		{"takes the end of a goroutine for a return", "N09", "a complete 200", completes},
		{"wraps what it catches", "N10", "out of the filter comes", wraps},
		{"loses a place to each panic", "N05", "the next request is not served", limits},
		{"makes a clean end of a cut upload", "N36", "to a clean end", reads(func(r *http.Request) {
			r.Body = &clean{ReadCloser: r.Body}
		})},
		{"leaves a goroutine when the client leaves", "N36", "goroutines are left", lingers},
		{"keeps a departure to itself", "N36", "saw no error", func(next http.Handler) http.Handler {
			return reads(detach)(deafens()(next))
		}},
	}
}
