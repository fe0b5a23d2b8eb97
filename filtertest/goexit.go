package filtertest

import (
	"errors"
	"net/http"
	"runtime"
)

func goexitRules() []rule {
	return []rule{{
		id:     "N09",
		text:   "a filter neither hangs nor completes a response when the handler ends its goroutine",
		reason: "testing.T.FailNow does that in a handler; a filter that waits for a return waits for ever",
		ref:    "runtime.Goexit",
		check:  goexit,
	}}
}

func goexit(s *subject) error {
	return errors.Join(
		cut(s, false, func(w http.ResponseWriter, r *http.Request) { runtime.Goexit() }),
		cut(s, false, func(w http.ResponseWriter, r *http.Request) {
			half(w)
			runtime.Goexit()
		}),
		cut(s, false, func(w http.ResponseWriter, r *http.Request) {
			half(w)
			flush(w, true)
			runtime.Goexit()
		}),
	)
}
