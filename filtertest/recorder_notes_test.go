package filtertest_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weirhttp/weir/filtertest"
)

var discard = log.New(io.Discard, "", 0)

func ExampleRecorder() {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</style.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Del("Link")
		io.WriteString(w, "one, ")
		http.NewResponseController(w).Flush()
		io.WriteString(w, "two")
	})

	var rec filtertest.Recorder
	rec.Serve(handler, httptest.NewRequest("GET", "/", nil)) // handler below the filter that is tested

	got := rec.Result()
	for _, early := range got.Early {
		fmt.Println(early.Status, early.Header)
	}
	fmt.Printf("%d %v %q, flushed after %v bytes\n", got.Status, got.Header, got.Body, got.Flushes)
	// Output:
	// 103 map[Link:[</style.css>; rel=preload]]
	// 200 map[] "one, two", flushed after [5] bytes
}

// A writer that only embeds another one hides what that can do, and the Recorder has not been asked.
func ExampleRecorder_wrong() {
	type embeds struct{ http.ResponseWriter }
	filter := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(embeds{w}, r) })
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "one")
		fmt.Println(http.NewResponseController(w).Flush())
	})
	var rec filtertest.Recorder
	rec.Serve(filter(handler), httptest.NewRequest("GET", "/", nil))
	fmt.Println(rec.Result().Flushes)
	// Output:
	// feature not supported
	// []
}

func TestRecorderNotes(t *testing.T) {
	deadline := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	var rec filtertest.Recorder
	rec.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		control.SetReadDeadline(deadline)
		control.SetWriteDeadline(deadline)
		control.SetWriteDeadline(time.Time{})
		control.EnableFullDuplex()
		control.Flush()
		io.Copy(w, struct{ io.Reader }{strings.NewReader("12345")})
		control.Flush()
		w.WriteHeader(http.StatusTeapot)
	}), httptest.NewRequest("GET", "/", nil))
	want := filtertest.Recorded{
		Status:         http.StatusOK,
		Header:         http.Header{},
		Body:           []byte("12345"),
		Flushes:        []int{0, 5},
		ReadFrom:       5,
		Superfluous:    []int{http.StatusTeapot},
		ReadDeadlines:  []time.Time{deadline},
		WriteDeadlines: []time.Time{deadline, {}},
		FullDuplex:     true,
	}
	if got := rec.Result(); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestRecorderNotesAPanic(t *testing.T) {
	var rec filtertest.Recorder
	rec.Serve(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("it") }), httptest.NewRequest("GET", "/", nil))
	if got := rec.Result(); got.Panic != "it" || !got.Cut || got.Status != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestRecorderRefusesWhatComesTooLate(t *testing.T) {
	var rec filtertest.Recorder
	w := rec.HTTP2()
	io.WriteString(w, "in time")
	rec.Close()
	rec.Close()
	for name, err := range map[string]error{
		"Write":            second(w.Write([]byte("x"))),
		"WriteString":      second(io.WriteString(w, "x")),
		"ReadFrom":         second(rec.ReadFrom(strings.NewReader("x"))),
		"Flush":            http.NewResponseController(w).Flush(),
		"Hijack":           second(second2(rec.Hijack())),
		"SetReadDeadline":  http.NewResponseController(w).SetReadDeadline(time.Time{}),
		"SetWriteDeadline": http.NewResponseController(w).SetWriteDeadline(time.Time{}),
		"EnableFullDuplex": http.NewResponseController(w).EnableFullDuplex(),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	w.WriteHeader(http.StatusTeapot)
	got := rec.Result()
	if got.Status != http.StatusOK || string(got.Body) != "in time" || len(got.Late) != 9 || len(got.Superfluous) != 0 {
		t.Errorf("got %+v", got)
	}
}

func second[T any](_ T, err error) error { return err }

func second2[T, U any](v T, _ U, err error) (T, error) { return v, err }

func TestRecorderHijack(t *testing.T) {
	var rec filtertest.Recorder
	hijacked, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		rec.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			conn, buffered, err := http.NewResponseController(w).Hijack()
			close(hijacked)
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			line, _ := buffered.ReadString('\n')
			buffered.WriteString("echo " + line)
			buffered.Flush()
			if _, err := io.WriteString(w, "x"); !errors.Is(err, http.ErrHijacked) {
				t.Errorf("Write after Hijack: %v", err)
			}
			if _, _, err := http.NewResponseController(w).Hijack(); !errors.Is(err, http.ErrHijacked) {
				t.Errorf("a second Hijack: %v", err)
			}
			w.WriteHeader(http.StatusTeapot)
		}), httptest.NewRequest("GET", "/", nil))
	}()
	<-hijacked
	client := rec.Result().Conn
	io.WriteString(client, "hello\n")
	if line, err := bufio.NewReader(client).ReadString('\n'); line != "echo hello\n" || err != nil {
		t.Errorf("the client got %q, %v", line, err)
	}
	<-over
	if got := rec.Result(); !got.Hijacked || got.Status != 0 || len(got.Superfluous) != 1 {
		t.Errorf("got %+v", got)
	}
}

// Goroutines of a handler may use a Recorder at once, while the test looks.
func TestRecorderInSeveralGoroutines(t *testing.T) {
	var rec filtertest.Recorder
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 100 {
				io.WriteString(&rec, "x")
				rec.Flush()
				rec.Result()
			}
		})
	}
	all.Wait()
	rec.Close()
	if got := rec.Result(); len(got.Body) != 800 || len(got.Flushes) != 800 {
		t.Errorf("%d bytes, %d flushes", len(got.Body), len(got.Flushes))
	}
}

func TestRecorderResultIsACopy(t *testing.T) {
	var rec filtertest.Recorder
	rec.Header().Set("X-A", "1")
	rec.WriteHeader(http.StatusEarlyHints)
	io.WriteString(&rec, "one")
	got := rec.Result()
	got.Header.Set("X-A", "2")
	got.Early[0].Header.Set("X-A", "2")
	got.Body[0] = 'O'
	if again := rec.Result(); again.Header.Get("X-A") != "1" || again.Early[0].Header.Get("X-A") != "1" || string(again.Body) != "one" {
		t.Errorf("got %+v", again)
	}
}
