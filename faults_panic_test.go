package weir_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// when is what has become of a response when its handler panics.
type when int

const (
	before  when = iota // nothing has been sent: a 500 is due
	between             // that depends on what the filters hold back
	after               // the client has a part: the rest must be cut off
)

// panicStages are how far a handler comes before it panics.
var panicStages = []struct {
	name string
	when when
	work func(w http.ResponseWriter, r *http.Request)
}{
	{"before anything", before, func(http.ResponseWriter, *http.Request) {}},
	{"after an edit of the header", before, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Set-Cookie", "session=failed")
		w.Header().Set("Content-Length", "12345")
		w.Header().Set("Content-Encoding", "br")
		w.Header().Set("Etag", `"failed"`)
	}},
	{"after an informational response", before, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusEarlyHints) }},
	{"within an upload", before, func(w http.ResponseWriter, r *http.Request) { _, _ = io.CopyN(io.Discard, r.Body, 10) }},
	{"after the head", between, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Set-Cookie", "session=failed")
		w.WriteHeader(http.StatusCreated)
	}},
	{"after a little", between, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Set-Cookie", "session=failed")
		_, _ = io.WriteString(w, page("a little", 80))
	}},
	{"after all that was declared", between, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "80")
		_, _ = io.WriteString(w, page("all", 80))
	}},
	{"after a part of what was declared", between, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "8000")
		_, _ = io.WriteString(w, page("a part", 800))
	}},
	{"after trailers were announced", between, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "X-Sum")
		_, _ = io.WriteString(w, page("trailers", 3000))
		w.Header().Set("X-Sum", "1")
	}},
	{"after a flushed head", after, func(w http.ResponseWriter, r *http.Request) { flushed(w) }},
	{"after a little that was flushed", after, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, page("a little", 80))
		flushed(w)
	}},
	{"after much", after, func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write(noisy(100_000)) }},
	{"after much and a flush", after, func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write(noisy(100_000))
		flushed(w)
	}},
	{"after a file", after, func(w http.ResponseWriter, r *http.Request) {
		f, err := os.Open(r.Header.Get("X-File"))
		if err != nil {
			return
		}
		defer f.Close()
		_, _ = io.Copy(w, f)
	}},
}

func flushed(w http.ResponseWriter) { _ = http.NewResponseController(w).Flush() }

// panicKinds are the ways to leave a handler without returning. Those that are
// no fault are not logged and get no 500.
var panicKinds = []struct {
	name  string
	fault bool
	leave func()
}{
	{"with a text", true, func() { panic("oops") }},
	{"with an error", true, func() { panic(fmt.Errorf("failed: %w", http.ErrAbortHandler)) }},
	{"with a mistake", true, func() { var none []int; none[len(none)]++ }},
	{"with http.ErrAbortHandler", false, func() { panic(http.ErrAbortHandler) }},
	{"with runtime.Goexit", false, runtime.Goexit},
}

func TestPanicsAtEveryStage(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	putFile(t, file, noisy(70_000))
	app := func(w http.ResponseWriter, r *http.Request) {
		var stage, kind int
		_, _ = fmt.Sscanf(r.URL.Path, "/%d/%d", &stage, &kind)
		w.Header().Set("Content-Type", r.Header.Get("X-Type"))
		panicStages[stage].work(w, r)
		panicKinds[kind].leave()
	}
	faulty(t, app, func(t *testing.T, s *faultSite) {
		for stage, from := range panicStages {
			for kind, way := range panicKinds {
				for _, coding := range []string{"identity", "gzip"} {
					for _, mime := range []string{"text/plain", "text/x-none"} {
						e := s.exchange(s.request("POST", fmt.Sprintf("/app/%d/%d", stage, kind), strings.NewReader(page("upload", 20_000)),
							"Accept-Encoding", coding, "X-Type", mime, "X-File", file))
						if err := s.afterPanic(e, from.when, way.fault); err != nil {
							t.Errorf("%s %s, %s, %s: %v\n%v", from.name, way.name, coding, mime, err, e)
						}
					}
				}
			}
		}
		if text := s.complaints.String(); s.inOrder && text != "" {
			t.Errorf("net/http complains: %.2000s", text)
		}
	})
}

// afterPanic says what is wrong with the response of a handler that panicked.
func (s *faultSite) afterPanic(e exchanged, w when, fault bool) error {
	if s.inOrder {
		if err := panicLog(s.log.take(), e, fault); err != nil {
			return err
		}
	}
	if e.bad != nil {
		return e.bad
	}
	if e.cut != nil {
		if w == before && fault && (s.inOrder || e.status != 0) {
			return errors.New("it was cut, want a 500")
		}
		return nil
	}
	if !fault || w == after || e.status != http.StatusInternalServerError {
		return errors.New("it is whole")
	}
	text, _, _ := strings.Cut(strings.TrimPrefix(e.text, "500 "), "\n") // ErrorPage says more
	if text != "Internal Server Error" || s.inOrder && (e.text != text+"\n" || e.header.Get("X-Request-Id") == "") {
		return fmt.Errorf("the page of the 500 is %q, its header %v", e.text, e.header)
	}
	for _, name := range []string{"Set-Cookie", "Etag", "Content-Encoding", "Trailer", "X-Sum"} {
		if v := e.header.Values(name); len(v) > 0 {
			return fmt.Errorf("the 500 has %s: %q of the failed attempt", name, v)
		}
	}
	return nil
}

// panicLog holds the log of a panic against what the client got.
func panicLog(records []map[string]any, e exchanged, fault bool) error {
	panics, requests := 0, 0
	for _, r := range records {
		switch r["msg"] {
		case "panic":
			panics++
		case "request":
			requests++
			if cut := r["cut"] == true; cut != (e.cut != nil) || e.status != 0 && r["status"] != int64(e.status) {
				return fmt.Errorf("the log says %v", r)
			}
		}
	}
	if want := map[bool]int{true: 1}[fault]; panics != want || requests != 1 {
		return fmt.Errorf("%d panics and %d requests are logged, want %d and 1", panics, requests, want)
	}
	return nil
}
