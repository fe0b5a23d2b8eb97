package capture_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/weirhttp/weir/capture"
)

// hanging is a writer whose client does not read: Write says that it is there
// and waits.
type hanging struct {
	http.ResponseWriter
	entered, release chan struct{}
}

func hang() hanging {
	return hanging{httptest.NewRecorder(), make(chan struct{}), make(chan struct{})}
}

func (h hanging) Write(p []byte) (int, error) {
	close(h.entered)
	<-h.release
	return h.ResponseWriter.Write(p)
}

// pass is a hook that lets everything pass.
func pass(*capture.Head, io.Writer) io.WriteCloser { return nil }

// panics serves a request and returns what the handler panicked with.
func panics(h http.Handler, w http.ResponseWriter) (v any) {
	defer func() { v = recover() }()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	return nil
}

func TestAPanicDoesNotWaitForAHangingWrite(t *testing.T) {
	for name, f := range map[string]func(http.Handler) http.Handler{"observer": observing, "hook": transforming(0, pass)} {
		below, written := hang(), make(chan struct{})
		app := f(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() {
				if v := recover(); !capture.Started(w) {
					t.Errorf("%s: panicked with %v, and it is not too late for an answer", name, v)
				}
				panic(http.ErrAbortHandler)
			}()
			go func() {
				io.WriteString(w, "much")
				close(written)
			}()
			<-below.entered
			panic("boom")
		}))
		if v := panics(observing(app), below); v != http.ErrAbortHandler {
			t.Errorf("%s: panicked with %v", name, v)
		}
		close(below.release)
		<-written
	}
}

// steps writes twice, and waits in between.
type steps struct {
	dst     io.Writer
	between func()
}

func (s steps) Write(p []byte) (int, error) {
	if _, err := s.dst.Write(p); err != nil {
		return 0, err
	}
	s.between()
	return s.dst.Write(p)
}

func (s steps) Close() error { return nil }

func TestAWriteEndsWithItsResponse(t *testing.T) {
	first, finished, failed := make(chan struct{}), make(chan struct{}), make(chan error)
	app := observing(transforming(0, func(h *capture.Head, dst io.Writer) io.WriteCloser {
		return steps{dst, func() { close(first); <-finished }}
	})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		go func() {
			_, err := io.WriteString(w, "x")
			failed <- err
		}()
		<-first
		panic(http.ErrAbortHandler)
	})))
	w := httptest.NewRecorder()
	panics(app, w)
	close(finished)
	if err := <-failed; err == nil || w.Body.String() != "x" {
		t.Errorf("a write went on after its response had ended: %v, %q", err, w.Body)
	}
}

// A filter further out answers for a handler that panicked while another
// goroutine wrote: nobody can tell what is there, so it is cut.
func TestAnAnswerAmidstAWriteIsCut(t *testing.T) {
	first, proceed, written := make(chan struct{}), make(chan struct{}), make(chan struct{})
	app := transforming(0, func(h *capture.Head, dst io.Writer) io.WriteCloser {
		return steps{dst, func() { close(first); <-proceed }}
	})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		go func() {
			io.WriteString(w, "partial")
			close(written)
		}()
		<-first
		panic("boom")
	}))
	foreign := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			recover()
			close(proceed)
			<-written
			http.Error(w, "page", http.StatusInternalServerError)
		}()
		app.ServeHTTP(w, r)
	})
	w := httptest.NewRecorder()
	if v := panics(observing(foreign), w); v != http.ErrAbortHandler || strings.Contains(w.Body.String(), "page") {
		t.Errorf("panicked with %v, sent %q", v, w.Body)
	}
}

// abandoning runs a handler in a goroutine and does not wait for it, as
// timeout filters do.
func abandoning(next http.Handler, in chan struct{}, then http.HandlerFunc) (http.Handler, chan any) {
	ended := make(chan any, 1)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		go func() {
			defer func() { ended <- recover() }()
			next.ServeHTTP(w, r)
		}()
		<-in
		then(w, r)
	}), ended
}

func TestATimeoutPageIsSent(t *testing.T) {
	inners := map[string]func(http.Handler) http.Handler{
		"observer": observing, "hook": transforming(0, pass), "hook that peeks": transforming(512, pass),
	}
	for inner, f := range inners {
		for outer, g := range inners {
			in, release := make(chan struct{}), make(chan struct{})
			app := f(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { close(in); <-release }))
			h, ended := abandoning(app, in, func(w http.ResponseWriter, r *http.Request) {
				http.Error(w, "timeout", http.StatusServiceUnavailable)
			})
			w := httptest.NewRecorder()
			g(h).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
			if w.Code != http.StatusServiceUnavailable || w.Body.String() != "timeout\n" {
				t.Errorf("%s around %s: %d %q", outer, inner, w.Code, w.Body)
			}
			close(release)
			if v := <-ended; v != nil {
				t.Errorf("%s around %s: the abandoned handler panicked: %v", outer, inner, v)
			}
		}
	}
}

func TestAnEncoderThatIsAbandonedCuts(t *testing.T) {
	in, release := make(chan struct{}), make(chan struct{})
	app := transforming(0, upper)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "some")
		close(in)
		<-release
	}))
	h, ended := abandoning(app, in, func(http.ResponseWriter, *http.Request) {})
	if v := panics(observing(h), httptest.NewRecorder()); v != http.ErrAbortHandler {
		t.Errorf("half a body passed for a whole one: %v", v)
	}
	close(release)
	<-ended
}

func TestAnAbandonedObserverSeesNobodyElse(t *testing.T) {
	in, release, reported := make(chan struct{}), make(chan struct{}), make(chan capture.Sent, 1)
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { close(in); <-release })
		capture.Observe(w, r, next, func(_ *http.Request, s capture.Sent) { reported <- s })
	})
	h, ended := abandoning(app, in, func(http.ResponseWriter, *http.Request) {})
	held := transforming(0, pass)
	held(h).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	held(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, "secret")
		close(release)
		if s := <-reported; s != (capture.Sent{Cut: true}) {
			t.Errorf("it reports %+v", s)
		}
	})).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	<-ended
}

// A copy from a pipe, which may take for ever, holds up neither another
// goroutine's flush nor the end of the handler.
func TestACopyFromAPipeHoldsNothingUp(t *testing.T) {
	pr, pw, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer pr.Close()
	copied := make(chan struct{})
	s := httptest.NewServer(observing(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		go func() {
			io.Copy(w, pr)
			close(copied)
		}()
		fmt.Fprint(pw, "hello")
		http.NewResponseController(w).Flush()
	})))
	defer s.Close()
	get(t, s) // would hang
	pw.Close()
	<-copied
}
