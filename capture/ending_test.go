package capture_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/weirhttp/weir/capture"
)

// diary is a body writer that notes what it is asked.
type diary struct{ calls []string }

func (d *diary) Write(p []byte) (int, error) { d.calls = append(d.calls, "Write"); return len(p), nil }
func (d *diary) Flush() error                { d.calls = append(d.calls, "Flush"); return nil }
func (d *diary) Close() error                { d.calls = append(d.calls, "Close"); return errBroken }

func TestNothingIsAskedOfAClosedWriter(t *testing.T) {
	d := new(diary)
	f := transforming(0, func(h *capture.Head, dst io.Writer) io.WriteCloser { return d })
	panics(f(write("x")), httptest.NewRecorder())
	if !slices.Equal(d.calls, []string{"Write", "Close"}) {
		t.Error(d.calls)
	}
}

func TestAFieldSetAfterAnInnerLayerEndedIsLate(t *testing.T) {
	f := transforming(512, pass)
	late := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f(write("body")).ServeHTTP(w, r)
		w.Header().Set("X-Late", "1")
	})
	w := httptest.NewRecorder()
	f(late).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Result().Header.Get("X-Late") != "" {
		t.Error("it was sent")
	}
}

func TestAHookThatPanickedLeavesNoHead(t *testing.T) {
	f := transforming(0, func(h *capture.Head, dst io.Writer) io.WriteCloser { panic("hook") })
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() { recover() }()
		w.WriteHeader(http.StatusNotFound)
	})
	protocols(t, observing(transforming(0, pass)(f(app))), func(t *testing.T, s *httptest.Server) {
		if res, _, err := get(t, s); err == nil {
			t.Errorf("the client got a head: %v", res)
		}
	})
}

func TestAShortBodyWhoseLengthAHookRemovedIsCut(t *testing.T) {
	f := transforming(0, func(h *capture.Head, dst io.Writer) io.WriteCloser {
		h.Header.Del("Content-Length")
		return nil
	})
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		io.WriteString(w, "short")
	})
	protocols(t, f(app), func(t *testing.T, s *httptest.Server) {
		if _, body, err := get(t, s); err == nil {
			t.Errorf("it looks whole: %q", body)
		}
	})
}

// shrink makes any body a short one.
type shrink struct{ dst io.Writer }

func (s shrink) Write(p []byte) (int, error) { return len(p), nil }

func (s shrink) Close() error {
	_, err := io.WriteString(s.dst, "small")
	return err
}

func TestTrailersOfAChangedBody(t *testing.T) {
	f := transforming(0, func(h *capture.Head, dst io.Writer) io.WriteCloser {
		h.Changed("small")
		return shrink{dst}
	})
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "X-Sum, Repr-Digest")
		io.WriteString(w, strings.Repeat("x", 10_000))
		w.Header().Set("X-Sum", "42")
		w.Header().Set("Repr-Digest", "sha-256=:b2xk:")
		w.Header().Set(http.TrailerPrefix+"X-More", "43")
	})
	protocols(t, f(app), func(t *testing.T, s *httptest.Server) {
		res, body, err := get(t, s)
		if err != nil || body != "small" || res.Trailer.Get("X-Sum") != "42" || res.Trailer.Get("X-More") != "43" {
			t.Errorf("%q, %v, trailer %v", body, err, res.Trailer)
		}
		if res.Trailer.Get("Repr-Digest") != "" {
			t.Errorf("the digest of the old bytes: %v", res.Trailer)
		}
	})
}

// informed is a writer that looks at the header it is given with a 1xx.
type informed struct {
	http.ResponseWriter
	t *testing.T
}

func (i informed) WriteHeader(status int) {
	if values, ok := i.Header()["Content-Length"]; status < 200 && (!ok || len(values) > 0) {
		i.t.Errorf("%d: the header has no Content-Length without values, so net/http does not copy it", status)
	}
}

func TestTheHeaderOfAnInformationalResponseIsCopied(t *testing.T) {
	w := informed{httptest.NewRecorder(), t}
	observing(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		if _, ok := w.Header()["Content-Length"]; ok {
			t.Error("the handler sees a Content-Length")
		}
	})).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
}

func TestSendReplacesALength(t *testing.T) {
	res, err := capture.Record(httptest.NewRequest("GET", "/", nil), write("error page"), 100)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	w.Header().Set("Content-Length", "1000")
	if err := capture.Send(w, res); err != nil || w.Header().Get("Content-Length") != "10" {
		t.Errorf("%v, header %v", err, w.Header())
	}
}

func TestSendRefusesToSwitchProtocols(t *testing.T) {
	w := httptest.NewRecorder()
	if err := capture.Send(w, &http.Response{StatusCode: http.StatusSwitchingProtocols}); err == nil {
		t.Error("no error")
	}
}

func TestSendBeginsAnEventStreamAtOnce(t *testing.T) {
	more := make(chan struct{})
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		http.NewResponseController(w).Flush()
		<-more
	}))
	defer upstream.Close()
	front := httptest.NewServer(observing(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		res, err := upstream.Client().Get(upstream.URL)
		if err == nil {
			err = capture.Send(w, res)
		}
		if err != nil {
			t.Error(err)
		}
	})))
	defer front.Close()
	res, err := front.Client().Get(front.URL) // would hang
	if err != nil {
		t.Fatal(err)
	}
	close(more)
	io.Copy(io.Discard, res.Body)
	res.Body.Close()
}

func TestRecordWantsAStatus(t *testing.T) {
	for _, status := range []int{0, 99, 1000} {
		app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(status) })
		record := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { capture.Record(r, app, 10) })
		if panics(record, httptest.NewRecorder()) == nil {
			t.Errorf("%d passed", status)
		}
	}
}
