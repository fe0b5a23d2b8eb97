package weir_test

import (
	"bytes"
	"log"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"github.com/weirhttp/weir"
	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/internal/allfilters"
	"github.com/weirhttp/weir/mount"
	"github.com/weirhttp/weir/rewrite"
)

// The tests of these files inject faults behind whole stacks: into handlers,
// into the functions that users hand to filters, into clients, into what is
// sent over the wire. What has to hold is the same everywhere: no wrong
// success; a response that was cut looks cut (no final chunk, a short body, a
// stream reset); one status, no byte of another exchange; nothing left behind.

// faultStacks are what the faults are injected behind. The first two come from
// the table of all filters.
var faultStacks = []struct {
	name  string
	stack func(*slog.Logger) []weir.Filter
}{
	{"by name", func(*slog.Logger) []weir.Filter { return byName() }},
	{"by name, backwards", func(*slog.Logger) []weir.Filter {
		all := byName()
		slices.Reverse(all)
		return all
	}},
	{"in the documented order", documented},
}

// byName is all filters but those that send clients to another path, such as /app for /app/, and those that refuse
// requests of HTTP/1.0 that name no host.
func byName() []weir.Filter {
	var all []weir.Filter
	for _, name := range slices.Sorted(maps.Keys(filters)) {
		if f := filters[name]; !f.Declares.Answers && name != "filter.AllowHosts" && name != "filter.ForwardAuth" {
			all = append(all, f.Filter)
		}
	}
	return all
}

func documented(logger *slog.Logger) []weir.Filter {
	return []weir.Filter{
		filter.AccessLog(filter.AccessLogOptions{Logger: logger}),
		filter.RequestID(filter.RequestIDOptions{}),
		filter.Recover(filter.RecoverOptions{Logger: logger}),
		filter.RateLimit(rate.Every(time.Microsecond), 1<<20, filter.RateLimitOptions{}),
		filter.MaxBody(64 << 20),
		filter.Compress(filter.CompressOptions{}),
		rewrite.Request(rewrite.User.Set("alice")),
		rewrite.RequestHeader(rewrite.Set("X-Seen", "yes")),
		rewrite.ResponseHeader(rewrite.Default("X-Frame-Options", "DENY")),
		rewrite.Response(func(h *capture.Head) { capture.Vary(h.Header, "Cookie") }),
		rewrite.Body(rewrite.Type("text/x-none"), allfilters.Deflated),
	}
}

// patience is how long these tests wait for what has to come.
const patience = 20 * time.Second

// longAgo is a deadline that has passed.
var longAgo = time.Unix(1, 0)

// faultSite is a server for an application behind a stack, and a client of it.
type faultSite struct {
	t          *testing.T
	http2      bool
	inOrder    bool // behind the documented stack, which logs into log
	log        ledger
	complaints journal // of net/http
	server     *httptest.Server
	client     *http.Client
}

// faulty runs a test of an application that is mounted at /app, behind every
// stack and over both versions of HTTP.
func faulty(t *testing.T, app http.HandlerFunc, test func(t *testing.T, s *faultSite)) {
	for _, f := range faultStacks {
		for _, proto := range []string{"HTTP/1.1", "HTTP/2"} {
			t.Run(f.name+"/"+proto, func(t *testing.T) {
				s := &faultSite{http2: proto == "HTTP/2", inOrder: f.name == "in the documented order"}
				s.open(t, weir.Stack(f.stack(slog.New(&s.log))...).Then(mount.At("/app", app)))
				test(t, s)
			})
		}
	}
}

// overBoth runs a test of a handler over both versions of HTTP.
func overBoth(t *testing.T, h http.Handler, test func(t *testing.T, s *faultSite)) {
	for _, proto := range []string{"HTTP/1.1", "HTTP/2"} {
		t.Run(proto, func(t *testing.T) {
			s := &faultSite{http2: proto == "HTTP/2"}
			s.open(t, h)
			test(t, s)
		})
	}
}

// open starts the server. When the test ends, every request has to come to an
// end, and no goroutine may be left.
func (s *faultSite) open(t *testing.T, h http.Handler) {
	s.t = t
	before := runtime.NumGoroutine()
	s.server = httptest.NewUnstartedServer(h)
	s.server.Config.ErrorLog = log.New(&s.complaints, "", 0)
	if s.http2 {
		// The test's own client has a buffer of a frame's size for each upload.
		s.server.Config.HTTP2 = &http.HTTP2Config{MaxReadFrameSize: 16 << 10}
		s.server.EnableHTTP2 = true
		s.server.StartTLS()
	} else {
		s.server.Start()
	}
	transport := s.server.Client().Transport.(*http.Transport).Clone()
	transport.DisableCompression = true
	transport.MaxIdleConnsPerHost = 1000
	s.client = &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	t.Cleanup(func() { s.close(before) })
}

func (s *faultSite) close(goroutines int) {
	s.client.CloseIdleConnections()
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		s.server.Close()
	}()
	if !arrives(closed) {
		s.t.Fatalf("a request never ended\n%s", stacksOfAll())
	}
	if !eventually(func() bool { return runtime.NumGoroutine() <= goroutines }) {
		s.t.Errorf("%d goroutines, before it were %d\n%s", runtime.NumGoroutine(), goroutines, stacksOfAll())
	}
}

func stacksOfAll() []byte {
	buf := make([]byte, 1<<20)
	return buf[:runtime.Stack(buf, true)]
}

// arrives waits for a channel and says whether it was closed or sent to.
func arrives[T any](ch <-chan T) bool {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-ch:
		return true
	case <-timer.C:
		return false
	}
}

// eventually waits for what sends no event and says whether it happened.
func eventually(ok func() bool) bool {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); !ok(); <-tick.C {
		if time.Now().After(end) {
			return ok()
		}
	}
	return true
}

// journal is a log that several goroutines write to.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}
