package filtertest_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weirhttp/weir/filtertest"
)

func TestStepByStep(t *testing.T) { testStepByStep(t, identity) }

// both runs a script over both versions of the protocol.
func both(t *testing.T, f func(http.Handler) http.Handler, script func(*testing.T, *filtertest.Spawned)) {
	t.Run("HTTP/1.1", func(t *testing.T) { script(t, filtertest.Spawn(t, f)) })
	t.Run("HTTP/2", func(t *testing.T) { script(t, filtertest.SpawnHTTP2(t, f)) })
}

func TestSpawnWalksThroughARequest(t *testing.T) {
	both(t, identity, func(t *testing.T, s *filtertest.Spawned) {
		body, feed := io.Pipe()
		reply := s.Send(httptest.NewRequest("POST", "http://app.example/path?q=1", body))
		call := s.Next()
		if r := call.Request; r.Host != "app.example" || r.URL.RequestURI() != "/path?q=1" || r.Method != "POST" {
			t.Errorf("the request is %s %s %s", r.Method, r.Host, r.URL)
		}
		call.Do(func(w http.ResponseWriter, _ *http.Request) {
			if err := http.NewResponseController(w).EnableFullDuplex(); err != nil {
				t.Error(err)
			}
		})
		for _, word := range []string{"one", "two", "three"} {
			io.WriteString(feed, word)
			p := make([]byte, len(word))
			if _, err := io.ReadFull(call, p); string(p) != word || err != nil {
				t.Errorf("the handler read %q, %v", p, err)
			}
			call.Header().Set("Trailer", "X-Sum")
			fmt.Fprint(call, strings.ToUpper(word))
			if err := call.Flush(); err != nil {
				t.Error(err)
			}
			if got := reply.Text(len(word)); got != strings.ToUpper(word) {
				t.Errorf("the client read %q", got)
			}
		}
		feed.Close()
		if _, err := call.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("after the body: %v", err)
		}
		call.Header().Set("X-Sum", "3")
		call.Return()
		rest, err := reply.Rest()
		if rest != "" || err != nil || reply.Head().Trailer.Get("X-Sum") != "3" {
			t.Errorf("the end: %q, %v, %v", rest, err, reply.Head().Trailer)
		}
		if p := call.Ended(); p != nil {
			t.Errorf("it panicked: %v", p)
		}
	})
}

func TestSpawnTellsWhatTheHandlerIsTold(t *testing.T) {
	both(t, identity, func(t *testing.T, s *filtertest.Spawned) {
		reply := s.Send(httptest.NewRequest("GET", "/", nil))
		call := s.Next()
		call.WriteHeader(http.StatusNoContent)
		if n, err := call.Write([]byte("body")); n != 0 || !errors.Is(err, http.ErrBodyNotAllowed) {
			t.Errorf("Write on a 204: %d, %v", n, err)
		}
		call.Return()
		if got := reply.Head().StatusCode; got != http.StatusNoContent {
			t.Errorf("the status is %d", got)
		}
	})
}

func TestSpawnPanics(t *testing.T) {
	type thing struct{}
	both(t, identity, func(t *testing.T, s *filtertest.Spawned) {
		it := &thing{}
		reply := s.Send(httptest.NewRequest("GET", "/", nil))
		call := s.Next()
		call.Panic(it)
		if p := call.Ended(); p != any(it) {
			t.Errorf("it panicked with %v", p)
		}
		if _, err := reply.Rest(); err == nil {
			t.Error("the client got an answer")
		}
	})
}

func TestSpawnOfARecoverer(t *testing.T) {
	recovers := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() {
				if recover() != nil {
					w.WriteHeader(http.StatusInternalServerError)
				}
			}()
			next.ServeHTTP(w, r)
		})
	}
	both(t, recovers, func(t *testing.T, s *filtertest.Spawned) {
		reply := s.Send(httptest.NewRequest("GET", "/", nil))
		call := s.Next()
		call.Panic("it")
		if got := reply.Head().StatusCode; got != http.StatusInternalServerError {
			t.Errorf("the status is %d", got)
		}
		if p := call.Ended(); p != nil {
			t.Errorf("it panicked: %v", p)
		}
	})
}

func TestSpawnGoexit(t *testing.T) {
	both(t, identity, func(t *testing.T, s *filtertest.Spawned) {
		s.Send(httptest.NewRequest("GET", "/", nil))
		call := s.Next()
		call.Goexit()
		call.Ended()
	})
}

func TestSpawnStepsSeveralRequestsInTurns(t *testing.T) {
	both(t, identity, func(t *testing.T, s *filtertest.Spawned) {
		const n = 5
		var replies [n]*filtertest.Reply
		var calls [n]*filtertest.Call
		for i := range n {
			replies[i] = s.Send(httptest.NewRequest("GET", fmt.Sprint("/", i), nil))
			calls[i] = s.Next()
		}
		for i := range n {
			fmt.Fprint(calls[i], calls[i].Request.URL.Path)
			calls[i].Flush()
		}
		for i := range n {
			if got := replies[i].Text(2); got != fmt.Sprint("/", i) {
				t.Errorf("request %d got %q", i, got)
			}
			calls[i].Return()
		}
	})
}

func TestSpawnClientGoesAway(t *testing.T) {
	both(t, identity, func(t *testing.T, s *filtertest.Spawned) {
		reply := s.Send(httptest.NewRequest("GET", "/", nil))
		call := s.Next()
		reply.Cancel()
		call.Do(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		call.Return()
	})
}

func TestSpawnFilterAnswersItself(t *testing.T) {
	refuses := func(http.Handler) http.Handler { return http.NotFoundHandler() }
	both(t, refuses, func(t *testing.T, s *filtertest.Spawned) {
		r, err := http.NewRequest("GET", s.URL+"/x", nil)
		if err != nil {
			t.Fatal(err)
		}
		reply := s.Send(r)
		if text, err := reply.Rest(); reply.Head().StatusCode != http.StatusNotFound || text == "" || err != nil {
			t.Errorf("got %q, %v", text, err)
		}
	})
}

// What is wrong with a script or its filter ends the test with these words, soon, and leaves nothing behind.
func TestSpawnComplains(t *testing.T) {
	const short = 100 * time.Millisecond
	send := func(s *filtertest.Spawned) (*filtertest.Reply, *filtertest.Call) {
		return s.Send(httptest.NewRequest("GET", "/a", nil)), s.Next()
	}
	hidden := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(w, httptest.NewRequest("GET", "/a", nil)) })
	}
	holds := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var rec filtertest.Recorder
			rec.Serve(next, r)
			w.Write(rec.Result().Body)
		})
	}
	faulty := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(nil, r) })
	}
	twice := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer next.ServeHTTP(w, r)
			next.ServeHTTP(w, r)
		})
	}
	for _, c := range []struct {
		name   string
		filter func(http.Handler) http.Handler
		script func(*filtertest.Spawned)
		want   string
	}{
		{"no request arrives", identity, func(s *filtertest.Spawned) { s.Next() }, "no request arrived"},
		{"a call is left", identity, func(s *filtertest.Spawned) { send(s) }, "GET /a was not brought to its end"},
		{"a request is not asked for", twice, func(s *filtertest.Spawned) {
			_, call := send(s)
			call.Return()
		}, "GET /a arrived in the handler and the test did not ask"},
		{"a step after the end", identity, func(s *filtertest.Spawned) {
			_, call := send(s)
			call.Return()
			call.WriteHeader(200)
		}, "WriteHeader after the handler's end"},
		{"nothing is flushed", holds, func(s *filtertest.Spawned) {
			reply, call := send(s)
			call.Write([]byte("x"))
			call.Flush()
			reply.Text(1)
		}, "goes no further than"},
		{"no head", holds, func(s *filtertest.Spawned) {
			reply, _ := send(s)
			reply.Head()
		}, "no final head came within"},
		{"no informational response", holds, func(s *filtertest.Spawned) {
			reply, call := send(s)
			call.WriteHeader(103)
			reply.Early()
		}, "no informational response came within"},
		{"a head and no informational response", holds, func(s *filtertest.Spawned) {
			reply, call := send(s)
			call.WriteHeader(103)
			call.Return()
			reply.Early()
		}, "before the final one: 200 OK"},
		{"a step panics", faulty, func(s *filtertest.Spawned) {
			_, call := send(s)
			call.WriteHeader(200)
		}, "WriteHeader panicked: runtime error"},
		{"a step blocks", identity, func(s *filtertest.Spawned) {
			_, call := send(s)
			call.Do(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		}, "Do did not return within"},
		{"the context is hidden", hidden, func(s *filtertest.Spawned) {
			_, call := send(s)
			call.Return()
			call.Ended()
		}, "does not hand on the context"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			said := complaints(t, func(tb testing.TB) { c.script(filtertest.SpawnWith(tb, c.filter, short)) })
			if !strings.Contains(said, c.want) {
				t.Errorf("it said %q, want %q", said, c.want)
			}
		})
	}
}

// complaints runs a test that is to fail, and returns what it said.
func complaints(t *testing.T, test func(testing.TB)) string {
	failing := &failing{TB: t}
	var over sync.WaitGroup
	over.Go(func() { test(failing) }) // ends by runtime.Goexit
	over.Wait()
	for len(failing.cleanups) > 0 {
		last := len(failing.cleanups) - 1
		f := failing.cleanups[last]
		failing.cleanups = failing.cleanups[:last]
		f()
	}
	return failing.said.String()
}

// failing is a test whose failures are noted and do not count.
type failing struct {
	testing.TB
	failed   bool
	said     strings.Builder
	cleanups []func()
}

func (f *failing) Helper()           {}
func (f *failing) Failed() bool      { return f.failed }
func (f *failing) Cleanup(do func()) { f.cleanups = append(f.cleanups, do) }

func (f *failing) Logf(string, ...any) {}

func (f *failing) Errorf(format string, args ...any) {
	f.failed = true
	fmt.Fprintf(&f.said, format+"\n", args...)
}

func (f *failing) Fatalf(format string, args ...any) {
	f.Errorf(format, args...)
	runtime.Goexit()
}

func (f *failing) Fatal(args ...any) { f.Fatalf("%s", fmt.Sprint(args...)) }
