package filter_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/filtertest"
)

func all(*http.Request) bool { return true }

func TestServerTiming(t *testing.T) {
	filtertest.Run(t, filter.ServerTiming(all, filter.ServerTimingOptions{}), filtertest.Options{})

	const ms = time.Millisecond
	type add = func(string, time.Duration)
	for name, c := range map[string]struct {
		o    filter.ServerTimingOptions
		do   func(w http.ResponseWriter, add add)
		want string
	}{
		"the whole is told":                     {do: func(http.ResponseWriter, add) {}, want: "[total;dur=5]"},
		"parts come before it, in their order":  {do: func(_ http.ResponseWriter, a add) { a("db", 3*ms); a("api", 1500*time.Microsecond) }, want: "[db;dur=3, api;dur=1.5, total;dur=5]"},
		"what is no token is left out":          {do: func(_ http.ResponseWriter, a add) { a("a b", ms); a("a\r\nX: y", ms); a("", ms); a("a,b;c", ms) }, want: "[total;dur=5]"},
		"so is a long name":                     {do: func(_ http.ResponseWriter, a add) { a(strings.Repeat("x", 65), ms) }, want: "[total;dur=5]"},
		"there is room for so many":             {o: filter.ServerTimingOptions{MaxParts: 1}, do: func(_ http.ResponseWriter, a add) { a("a", ms); a("b", ms) }, want: "[a;dur=1, total;dur=5]"},
		"what comes after the head is left out": {do: func(w http.ResponseWriter, a add) { w.WriteHeader(404); a("late", ms) }, want: "[total;dur=5]"},
		"what the handler says stays":           {do: func(w http.ResponseWriter, _ add) { w.Header().Set("Server-Timing", "cache") }, want: "[cache total;dur=5]"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := httptest.NewRecorder()
				filter.ServerTiming(all, c.o)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					add, _ := filter.Timing.Value(r.Context())
					time.Sleep(5 * time.Millisecond) // of the bubble's clock
					c.do(w, add)
				})).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
				if got := fmt.Sprint(w.Result().Header["Server-Timing"]); got != c.want {
					t.Errorf("got %s, want %s", got, c.want)
				}
			})
		})
	}
}

func TestServerTiming_unseen(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	w := httptest.NewRecorder()
	h := filter.ServerTiming(func(*http.Request) bool { return false }, filter.ServerTimingOptions{})(http.HandlerFunc(
		func(_ http.ResponseWriter, got *http.Request) {
			if _, ok := filter.Timing.Value(got.Context()); ok || got != r {
				t.Error("the request was copied, or has a Timing")
			}
		}))
	h.ServeHTTP(w, r)
	if len(w.Header()) != 0 {
		t.Error("somebody who may not sees", w.Header())
	}
	if n := testing.AllocsPerRun(100, func() { h.ServeHTTP(w, r) }); n != 0 {
		t.Errorf("%v allocations for nobody", n)
	}
}

// Goroutines may add at the same time, and after the end.
func TestServerTiming_concurrent(t *testing.T) {
	var add func(string, time.Duration)
	w := httptest.NewRecorder()
	filter.ServerTiming(all, filter.ServerTimingOptions{MaxParts: 100})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		add, _ = filter.Timing.Value(r.Context())
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() { add("x", time.Millisecond) })
		}
		wg.Wait()
	})).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	add("late", 0)
	if got := w.Header().Get("Server-Timing"); strings.Count(got, "x;dur=1, ") != 8 || strings.Contains(got, "late") {
		t.Error(got)
	}
}

func TestServerTiming_nonsense(t *testing.T) {
	for want, f := range map[string]func(){
		"filter.ServerTiming: see is nil":              func() { filter.ServerTiming(nil, filter.ServerTimingOptions{}) },
		"filter.ServerTiming: MaxParts is -1, below 0": func() { filter.ServerTiming(all, filter.ServerTimingOptions{MaxParts: -1}) },
		"filter.ServerTiming: next is nil":             func() { filter.ServerTiming(all, filter.ServerTimingOptions{})(nil) },
	} {
		mustPanic(t, want, f)
	}
}

func ExampleServerTiming() {
	ours := func(r *http.Request) bool { return strings.HasPrefix(r.RemoteAddr, "192.0.2.") }
	h := filter.ServerTiming(ours, filter.ServerTimingOptions{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if add, ok := filter.Timing.Value(r.Context()); ok {
			add("db", 12*time.Millisecond)
		}
	}))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	parts, _, _ := strings.Cut(w.Header().Get("Server-Timing"), ", total")
	fmt.Println(parts)
	// Output: db;dur=12
}
