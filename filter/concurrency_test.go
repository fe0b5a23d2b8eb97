package filter_test

import (
	"context"
	"errors"
	"fmt"
	"io"
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

// works is a handler whose requests run until they are let go, each by its path.
type works struct {
	mu      sync.Mutex
	order   []string // in which requests came in
	running map[string]chan struct{}
}

func (k *works) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	done := make(chan struct{})
	k.mu.Lock()
	if k.running == nil {
		k.running = make(map[string]chan struct{})
	}
	k.order = append(k.order, r.URL.Path)
	k.running[r.URL.Path] = done
	k.mu.Unlock()
	<-done
}

// end lets the request of a path go.
func (k *works) end(path string) {
	k.mu.Lock()
	done := k.running[path]
	delete(k.running, path)
	k.mu.Unlock()
	close(done)
	synctest.Wait()
}

func (k *works) came() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return strings.Join(k.order, " ")
}

// crowd sends requests to a handler in a bubble of synctest, each in a goroutine of its own.
type crowd struct {
	h       http.Handler
	answers sync.Map // of *httptest.ResponseRecorder, by path
	clients sync.WaitGroup
}

func (c *crowd) send(ctx context.Context, path string) {
	c.clients.Go(func() {
		w := httptest.NewRecorder()
		c.h.ServeHTTP(w, httptest.NewRequestWithContext(ctx, "GET", path, nil))
		c.answers.Store(path, w)
	})
	synctest.Wait()
}

// answer is what became of a request: "200", or "503 after 1", or "" when there is none yet.
func (c *crowd) answer(path string) string {
	w, ok := c.answers.Load(path)
	if !ok {
		return ""
	}
	rec := w.(*httptest.ResponseRecorder)
	if after := rec.Header().Get("Retry-After"); after != "" {
		return fmt.Sprintf("%d after %s", rec.Code, after)
	}
	return fmt.Sprint(rec.Code)
}

func TestConcurrency(t *testing.T) {
	filtertest.Run(t, filter.Concurrency(1000, filter.ConcurrencyOptions{}))
	t.Run("by client", func(t *testing.T) {
		filtertest.Run(t, filter.Concurrency(1000, filter.ConcurrencyOptions{ByClient: true, Queue: 5}))
	})

	byPath := func(r *http.Request) string { return r.URL.Query().Get("key") }
	for name, c := range map[string]struct {
		limit int
		o     filter.ConcurrencyOptions
		// Steps are "+path" for a request that comes, "-path" for one that is let go, "!path" for a client that goes
		// away, or a time that passes.
		steps string
		order string // of the requests that were served
		want  string // the answers, of all paths in their order
	}{
		"a request too many is refused at once": {2, filter.ConcurrencyOptions{},
			"+/a +/b +/c -/a -/b", "/a /b", "200 200 503 after 1"},
		"a place is free when its request has ended": {1, filter.ConcurrencyOptions{},
			"+/a -/a +/b -/b", "/a /b", "200 200"},
		"those that wait are served in their order": {1, filter.ConcurrencyOptions{Queue: 3},
			"+/a +/d +/c +/b -/a -/d -/c -/b", "/a /d /c /b", "200 200 200 200"},
		"a full queue refuses": {1, filter.ConcurrencyOptions{Queue: 1, RetryAfter: 1500 * time.Millisecond},
			"+/a +/b +/c -/a -/b", "/a /b", "200 200 503 after 2"},
		"who has waited for too long is refused": {1, filter.ConcurrencyOptions{Queue: 2, QueueTimeout: 5 * time.Second},
			"+/a +/b 3s +/c 2s -/a -/c", "/a /c", "200 503 after 1 200"},
		"ten seconds are too long, without a word": {1, filter.ConcurrencyOptions{Queue: 1},
			"+/a +/b 9999ms -/a -/b +/c +/d 10s -/c", "/a /b /c", "200 200 200 503 after 1"},
		"nobody who comes late goes before who waits": {1, filter.ConcurrencyOptions{Queue: 2},
			"+/a +/b -/a +/c -/b -/c", "/a /b /c", "200 200 200"},
		"a client that goes away frees its place in the queue": {1, filter.ConcurrencyOptions{Queue: 1},
			"+/a +/b !/b +/c -/a -/c", "/a /c", "200 503 after 1 200"},
		"and from the middle of it": {1, filter.ConcurrencyOptions{Queue: 3},
			"+/a +/b +/c +/d !/c -/a -/b -/d", "/a /b /d", "200 200 503 after 1 200"},
		"keys are counted by themselves": {1, filter.ConcurrencyOptions{Key: byPath},
			"+/a?key=1 +/b?key=2 +/c?key=1 -/a -/b", "/a /b", "200 200 503 after 1"},
		"and wait by themselves": {1, filter.ConcurrencyOptions{Key: byPath, Queue: 1},
			"+/a?key=1 +/b?key=1 +/c?key=2 +/d?key=2 -/c -/d -/a -/b", "/a /c /d /b", "200 200 200 200"},
		"without a text the address is the key": {1, filter.ConcurrencyOptions{Key: byPath},
			"+/a +/b -/a", "/a", "200 503 after 1"},
		"by client the address is the key": {1, filter.ConcurrencyOptions{ByClient: true},
			"+/a?key=1 +/b?key=2 -/a", "/a", "200 503 after 1"},
		"more keys than there is room for are refused": {1, filter.ConcurrencyOptions{Key: byPath, MaxKeys: 2},
			"+/a?key=1 +/b?key=2 +/c?key=3 -/a +/d?key=3 -/b -/d", "/a /b /d", "200 200 503 after 1 200"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				app := &works{}
				clients := &crowd{h: filter.Concurrency(c.limit, c.o)(app)}
				paths, gone := play(t, clients, app, c.steps)
				for _, leave := range gone {
					leave()
				}
				clients.clients.Wait()
				var got []string
				for _, path := range paths {
					got = append(got, clients.answer(path))
				}
				if answers := strings.Join(got, " "); answers != c.want {
					t.Errorf("answers %s, want %s", answers, c.want)
				}
				if app.came() != c.order {
					t.Errorf("served were %s, want %s", app.came(), c.order)
				}
			})
		})
	}
}

// play goes through the steps of a case of TestConcurrency and returns the paths in their order.
func play(t *testing.T, clients *crowd, app *works, steps string) (paths []string, gone map[string]context.CancelFunc) {
	gone = make(map[string]context.CancelFunc)
	for step := range strings.FieldsSeq(steps) {
		switch path := step[1:]; step[0] {
		case '+':
			ctx, cancel := context.WithCancel(t.Context())
			clients.send(ctx, path)
			paths, gone[path] = append(paths, path), cancel
		case '-':
			app.end(path)
		case '!':
			gone[path]()
			synctest.Wait()
		default:
			d, err := time.ParseDuration(step)
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(d)
			synctest.Wait()
		}
	}
	return paths, gone
}

// All turns are kept when requests end, time out and give up at the same instant: at the end every place is free.
func TestConcurrency_race(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = 3
		var mu sync.Mutex
		var running, most, served int
		f := filter.Concurrency(limit, filter.ConcurrencyOptions{Queue: 50, QueueTimeout: 20 * time.Millisecond})
		h := f(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			running++
			served++
			most = max(most, running)
			mu.Unlock()
			time.Sleep(5 * time.Millisecond)
			mu.Lock()
			running--
			fails := served%7 == 0
			mu.Unlock()
			if fails {
				panic("a handler that fails")
			}
		}))
		var clients sync.WaitGroup
		for i := range 2000 {
			clients.Go(func() {
				defer func() { _ = recover() }()
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%5)*5*time.Millisecond+time.Hour*time.Duration(i%2))
				defer cancel()
				time.Sleep(time.Duration(i/40) * 5 * time.Millisecond)
				h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", "/", nil))
			})
		}
		clients.Wait()
		if most != limit || served < 100 {
			t.Errorf("%d requests at a time of %d, want %d", most, served, limit)
		}
		app := &works{}
		after := &crowd{h: f(app)}
		for _, path := range []string{"/1", "/2", "/3"} {
			after.send(t.Context(), path)
		}
		if app.came() != "/1 /2 /3" {
			t.Errorf("of the places, there are left: %s", app.came())
		}
		for _, path := range []string{"/1", "/2", "/3"} {
			app.end(path)
		}
	})
}

func TestConcurrency_panics(t *testing.T) {
	h := filter.Concurrency(1, filter.ConcurrencyOptions{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/panic" {
			panic("no")
		}
	}))
	for range 2 {
		func() {
			defer func() {
				if v := recover(); v != "no" {
					t.Errorf("the panic came out as %v", v)
				}
			}()
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/panic", nil))
		}()
	}
	if res := ask(h, "192.0.2.1:1"); res.StatusCode != 200 {
		t.Errorf("after panics: %d", res.StatusCode)
	}
}

// A real client that goes away leaves the queue, over both protocols.
func TestConcurrency_leaves(t *testing.T) {
	for _, proto := range []int{1, 2} {
		t.Run(fmt.Sprintf("HTTP %d", proto), func(t *testing.T) {
			entered, let := make(chan string, 3), make(chan struct{})
			limited := filter.Concurrency(1, filter.ConcurrencyOptions{Queue: 1, QueueTimeout: time.Hour})(
				http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					entered <- r.URL.Path
					<-let
				}))
			here, left := make(chan string, 3), make(chan string, 3)
			s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				here <- r.URL.Path
				limited.ServeHTTP(w, r)
				left <- r.URL.Path
			}))
			s.EnableHTTP2 = proto == 2
			s.StartTLS()
			defer s.Close()
			get := func(ctx context.Context, path string) error {
				r, _ := http.NewRequestWithContext(ctx, "GET", s.URL+path, nil)
				res, err := s.Client().Do(r)
				if err == nil {
					res.Body.Close()
					err = errors.New(res.Status)
				}
				return err
			}
			ended := make(chan error, 3)
			go func() { ended <- get(t.Context(), "/first") }()
			<-here
			<-entered
			ctx, leave := context.WithCancel(t.Context())
			go get(ctx, "/second")
			<-here
			leave()
			if path := <-left; path != "/second" {
				t.Fatalf("%s left, want /second", path)
			}
			go func() { ended <- get(t.Context(), "/third") }()
			<-here
			close(let)
			if path := <-entered; path != "/third" {
				t.Errorf("%s was served, want /third", path)
			}
			for range 2 {
				if err := <-ended; err.Error() != "200 OK" {
					t.Error(err)
				}
			}
		})
	}
}

func TestConcurrency_readsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := &works{}
		h := filter.Concurrency(1, filter.ConcurrencyOptions{})(app)
		clients := &crowd{h: h}
		clients.send(t.Context(), "/a")
		w, body := httptest.NewRecorder(), &endless{}
		r := httptest.NewRequest("POST", "/", body)
		h.ServeHTTP(w, r)
		if w.Code != 503 || body.taken > 0 {
			t.Errorf("%d, and %d bytes of the body were read", w.Code, body.taken)
		}
		app.end("/a")
	})
}

func TestConcurrency_nonsense(t *testing.T) {
	for want, f := range map[string]func(){
		"filter.Concurrency: limit is 0, which would refuse every request": func() { filter.Concurrency(0, filter.ConcurrencyOptions{}) },
		"filter.Concurrency: Queue is -1, below 0":                         func() { filter.Concurrency(1, filter.ConcurrencyOptions{Queue: -1}) },
		"filter.Concurrency: QueueTimeout is -1s, below 0": func() {
			filter.Concurrency(1, filter.ConcurrencyOptions{Queue: 1, QueueTimeout: -time.Second})
		},
		"filter.Concurrency: QueueTimeout is set, but there is no Queue": func() {
			filter.Concurrency(1, filter.ConcurrencyOptions{QueueTimeout: time.Second})
		},
		"filter.Concurrency: RetryAfter is -1s, below 0": func() { filter.Concurrency(1, filter.ConcurrencyOptions{RetryAfter: -time.Second}) },
		"filter.Concurrency: MaxKeys is -1, below 0":     func() { filter.Concurrency(1, filter.ConcurrencyOptions{MaxKeys: -1}) },
		"filter.Concurrency: MaxKeys is set, but neither Key nor ByClient": func() {
			filter.Concurrency(1, filter.ConcurrencyOptions{MaxKeys: 1})
		},
		"filter.Concurrency: next is nil": func() { filter.Concurrency(1, filter.ConcurrencyOptions{})(nil) },
	} {
		mustPanic(t, want, f)
	}
}

func ExampleConcurrency() {
	// At most 20 reports at a time, 100 more wait for up to 5 seconds.
	reports := filter.Concurrency(20, filter.ConcurrencyOptions{Queue: 100, QueueTimeout: 5 * time.Second})

	h := reports(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "a report that costs much")
	}))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	fmt.Println(w.Code, w.Body)
	// Output: 200 a report that costs much
}

// No client may have more than one request served at a time, and all of them together no more than 1000.
func ExampleConcurrency_byClient() {
	all := filter.Concurrency(1000, filter.ConcurrencyOptions{})
	each := filter.Concurrency(1, filter.ConcurrencyOptions{ByClient: true})

	var h http.Handler
	h = all(each(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" { // while this one is served, the same client sends another
			second := httptest.NewRecorder()
			h.ServeHTTP(second, httptest.NewRequest("GET", "/second", nil))
			fmt.Println(second.Code, second.Header().Get("Retry-After"))
		}
	})))
	first := httptest.NewRecorder()
	h.ServeHTTP(first, httptest.NewRequest("GET", "/", nil))
	fmt.Println(first.Code)
	// Output:
	// 503 1
	// 200
}

// One filter that stands in a stack twice takes two places for each request, of which this one has only one.
func ExampleConcurrency_wrong() {
	one := filter.Concurrency(1, filter.ConcurrencyOptions{})

	h := one(one(http.NotFoundHandler())) // wrong: as when a router and one of its routes have the same filter
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	fmt.Println(w.Code)
	// Output: 503
}
