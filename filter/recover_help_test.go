package filter_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// logbook takes a logger's output from all goroutines of a server.
type logbook struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logbook) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logbook) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// records are the records of a logger that writes JSON, one a line.
func (b *logbook) records(t *testing.T) []map[string]any {
	t.Helper()
	var all []map[string]any
	for line := range strings.Lines(b.String()) {
		var record map[string]any
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatalf("log line %q: %v", line, err)
		}
		all = append(all, record)
	}
	return all
}

func (b *logbook) logger() *slog.Logger { return slog.New(slog.NewJSONHandler(b, nil)) }

// outcomes fetches from h over both protocols and says what came of it.
func outcomes(t *testing.T, h http.Handler, each func(t *testing.T, res *http.Response, body string, err error)) {
	for _, http2 := range []bool{false, true} {
		s := httptest.NewUnstartedServer(h)
		s.EnableHTTP2 = http2
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.StartTLS()
		r, err := http.NewRequestWithContext(t.Context(), "GET", s.URL+"/a%2Fb?secret=1", nil)
		if err != nil {
			t.Fatal(err)
		}
		var body []byte
		res, err := s.Client().Do(r)
		if err == nil {
			body, err = io.ReadAll(res.Body)
			res.Body.Close()
		}
		each(t, res, string(body), err)
		s.Close()
	}
}

// untilDone serves h over HTTP/1.1. The channel is closed when h has served a
// request, hijacked or not.
func untilDone(h http.Handler) (*httptest.Server, <-chan struct{}) {
	done := make(chan struct{})
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(done)
		h.ServeHTTP(w, r)
	})), done
}
