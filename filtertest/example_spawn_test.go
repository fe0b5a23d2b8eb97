package filtertest_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/weirhttp/weir/filtertest"
)

// A test of one's own filter, step by step: a 103 passes before the head, the filter flushes when the handler does, and
// a response that the handler breaks off is seen to be cut.
func ExampleSpawn() {
	_ = func(t *testing.T) { testStepByStep(t, identity) }
}

func testStepByStep(t *testing.T, filter func(http.Handler) http.Handler) {
	s := filtertest.Spawn(t, filter)
	reply := s.Send(httptest.NewRequest("GET", "/page", nil))
	call := s.Next()

	call.Header().Set("Link", "</style.css>; rel=preload")
	call.WriteHeader(http.StatusEarlyHints)
	if early := reply.Early(); early.Status != http.StatusEarlyHints || early.Header.Get("Link") == "" {
		t.Errorf("the informational response is %d %v", early.Status, early.Header)
	}

	call.Write([]byte("first"))
	call.Flush()
	if text := reply.Text(len("first")); text != "first" { // the handler has not gone on
		t.Errorf("flushed: %q", text)
	}

	call.Panic(http.ErrAbortHandler)
	if _, err := reply.Rest(); err == nil {
		t.Error("the response was cut and looks complete")
	}
}

func identity(next http.Handler) http.Handler { return next }
