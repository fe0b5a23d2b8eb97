package mount_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// journal is a log that tests can wait for.
type journal struct {
	mu      *sync.Mutex
	records *[]string
	more    *sync.Cond
	attrs   []slog.Attr
}

func newJournal() *journal {
	mu := new(sync.Mutex)
	return &journal{mu: mu, records: new([]string), more: sync.NewCond(mu)}
}

func (j *journal) Enabled(context.Context, slog.Level) bool { return true }
func (j *journal) WithGroup(string) slog.Handler            { return j }
func (j *journal) WithAttrs(attrs []slog.Attr) slog.Handler {
	own := *j
	own.attrs = append(own.attrs[:len(own.attrs):len(own.attrs)], attrs...)
	return &own
}

func (j *journal) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", r.Level, r.Message)
	for _, a := range j.attrs {
		fmt.Fprintf(&b, " %s=%v", a.Key, a.Value)
	}
	r.Attrs(func(a slog.Attr) bool {
		fmt.Fprintf(&b, " %s=%v", a.Key, a.Value)
		return true
	})
	j.mu.Lock()
	defer j.mu.Unlock()
	*j.records = append(*j.records, b.String())
	j.more.Broadcast()
	return nil
}

// String returns all records.
func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Join(*j.records, "\n")
}

func (j *journal) reset() {
	j.mu.Lock()
	defer j.mu.Unlock()
	*j.records = nil
}

func (j *journal) logger() *slog.Logger { return slog.New(j) }

// count returns how many records have the text.
func (j *journal) count(text string) (n int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, record := range *j.records {
		if strings.Contains(record, text) {
			n++
		}
	}
	return n
}

func (j *journal) has(text string) bool { return strings.Contains(j.String(), text) }

// wait returns all records once one of them has the text, or after a long while.
func (j *journal) wait(text string) string {
	late := false
	timer := time.AfterFunc(20*time.Second, func() {
		j.mu.Lock()
		defer j.mu.Unlock()
		late = true
		j.more.Broadcast()
	})
	defer timer.Stop()
	j.mu.Lock()
	defer j.mu.Unlock()
	for !late && !strings.Contains(strings.Join(*j.records, "\n"), text) {
		j.more.Wait()
	}
	return strings.Join(*j.records, "\n")
}

// dial connects to a server, for what no HTTP client would send.
func dial(t *testing.T, server *httptest.Server) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}
