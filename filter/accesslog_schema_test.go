package filter_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/filtertest"
	"github.com/weirhttp/weir/rewrite"
)

func TestAccessLogSchemas(t *testing.T) {
	filtertest.Run(t, filter.AccessLog(filter.AccessLogOptions{Schema: "ecs", Logger: slog.New(slog.DiscardHandler)}))

	mux := http.NewServeMux()
	mux.HandleFunc("GET example.org/users/{name}", func(w http.ResponseWriter, r *http.Request) {
		rewrite.Note(r.Context(), slog.String("tenant", "acme"))
		rewrite.User.WithValue(r.Context(), "ann")
		filter.ID.WithValue(r.Context(), "x1")
		_, _ = io.WriteString(w, "hello")
	})
	mux.HandleFunc("/cut", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	mux.HandleFunc("/fail", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) })
	for _, c := range []struct {
		name       string
		schema     filter.AccessLogSchema
		method     string
		target     string
		edit       func(*http.Request)
		want       map[string]any // but for the duration
		durationAs string
	}{
		{"ECS", "ecs", "GET", "http://example.org/users/a%2Fb?c=%20d", func(r *http.Request) { r.Proto, r.ProtoMajor, r.ProtoMinor = "HTTP/2.0", 2, 0 }, map[string]any{
			"ecs.version": "8.11.0", "http.request.method": "GET", "url.path": "/users/a%2Fb", "url.query": "c=%20d", "url.scheme": "http",
			"url.domain": "example.org", "http.response.status_code": 200.0, "http.response.body.bytes": 5.0, "client.address": "192.0.2.1",
			"client.ip": "192.0.2.1", "http.version": "2.0", "http.request.referrer": "http://example.org/", "user_agent.original": "me",
			"user.name": "ann", "http.request.id": "x1", "pattern": "GET example.org/users/{name}", "tenant": "acme"}, "event.duration"},
		{"OpenTelemetry", "otel", "GET", "http://example.org/users/ann?c=d", func(r *http.Request) { r.Proto, r.ProtoMajor, r.ProtoMinor = "HTTP/2.0", 2, 0 }, map[string]any{
			"http.request.method": "GET", "url.path": "/users/ann", "url.query": "c=d", "url.scheme": "http", "server.address": "example.org", "server.port": 80.0,
			"http.response.status_code": 200.0, "http.response.body.size": 5.0, "client.address": "192.0.2.1", "network.protocol.version": "2",
			"user_agent.original": "me", "user.name": "ann", "id": "x1", "http.route": "/users/{name}", "tenant": "acme"}, "http.server.request.duration"},
		{"HEAD has no body", "otel", "HEAD", "http://[::1]:80/users/ann", func(r *http.Request) { r.Host = "example.org"; r.Header.Del("User-Agent") }, map[string]any{
			"http.request.method": "HEAD", "url.path": "/users/ann", "url.scheme": "http", "server.address": "example.org", "server.port": 80.0,
			"http.response.status_code": 200.0, "http.response.body.size": 0.0, "client.address": "192.0.2.1", "network.protocol.version": "1.1",
			"user.name": "ann", "id": "x1", "http.route": "/users/{name}", "tenant": "acme"}, "http.server.request.duration"},
		{"a method of the client's own, and no head", "otel", "BREW", "http://[2001:db8::1]:80/cut", func(r *http.Request) { r.Header = http.Header{} }, map[string]any{
			"http.request.method": "_OTHER", "http.request.method_original": "BREW", "url.path": "/cut", "url.scheme": "http",
			"server.address": "2001:db8::1", "server.port": 80.0, "http.response.body.size": 0.0, "client.address": "192.0.2.1", "network.protocol.version": "1.1",
			"http.route": "/cut", "cut": true}, "http.server.request.duration"},
		{"a client that is no address", "ecs", "BREW", "http://[2001:db8::1]:80/cut", func(r *http.Request) {
			r.Header, r.RemoteAddr = http.Header{}, "[fe80::1%eth0]:80"
		}, map[string]any{
			"ecs.version": "8.11.0", "http.request.method": "BREW", "url.path": "/cut", "url.scheme": "http", "url.domain": "[2001:db8::1]",
			"http.response.body.bytes": 0.0, "client.address": "fe80::1%eth0", "http.version": "1.1", "pattern": "/cut", "cut": true}, "event.duration"},
		{"no client and no host that anybody knows", "ecs", "GET", "/fail", func(r *http.Request) { r.Header, r.RemoteAddr, r.Host = http.Header{}, "", "a@b" }, map[string]any{
			"ecs.version": "8.11.0", "http.request.method": "GET", "url.path": "/fail", "url.scheme": "http", "http.response.status_code": 503.0,
			"http.response.body.bytes": 0.0, "http.version": "1.1", "pattern": "/fail"}, "event.duration"},
		{"an error", "otel", "GET", "/fail", func(r *http.Request) { r.Header, r.RemoteAddr, r.Host = http.Header{}, "", "" }, map[string]any{
			"http.request.method": "GET", "url.path": "/fail", "url.scheme": "http", "http.response.status_code": 503.0, "error.type": "503",
			"http.response.body.size": 0.0, "network.protocol.version": "1.1", "http.route": "/fail"}, "http.server.request.duration"},
		{"by https at a port", "otel", "GET", "https://[2001:DB8::1]:8443/fail", func(r *http.Request) { r.Header = http.Header{} }, map[string]any{
			"http.request.method": "GET", "url.path": "/fail", "url.scheme": "https", "http.response.status_code": 503.0, "error.type": "503",
			"server.address": "2001:db8::1", "server.port": 8443.0, "client.address": "192.0.2.1",
			"http.response.body.size": 0.0, "network.protocol.version": "1.1", "http.route": "/fail"}, "http.server.request.duration"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var book logbook
			h := filter.AccessLog(filter.AccessLogOptions{Schema: c.schema, Logger: book.logger()})(mux)
			r := httptest.NewRequest(c.method, c.target, nil)
			r.Header = http.Header{"User-Agent": {"me"}, "Referer": {"http://example.org/"}}
			c.edit(r)
			func() {
				defer func() { _ = recover() }()
				h.ServeHTTP(httptest.NewRecorder(), r)
			}()
			record := book.records(t)[0]
			if d, ok := record[c.durationAs].(float64); !ok || d < 0 || c.schema == "otel" && d > 60 {
				t.Errorf("%s is %v", c.durationAs, record[c.durationAs])
			}
			for _, name := range []string{c.durationAs, "time", "level", "msg"} {
				delete(record, name)
			}
			if !maps.Equal(record, c.want) {
				t.Errorf("got  %v\nwant %v", record, c.want)
			}
		})
	}
}

func TestAccessLogRefusesWhatMakesNoSense(t *testing.T) {
	level := func(capture.Sent) slog.Level { return 0 }
	attrs := func(*http.Request) []slog.Attr { return nil }
	for want, o := range map[string]filter.AccessLogOptions{
		`Schema is "ECS", not one of`: {Schema: "ECS"},
		"Output is missing":           {Schema: "combined"},
		"Output is for the lines":     {Schema: "ecs", Output: io.Discard},
		"Logger gets no lines":        {Schema: "common", Output: io.Discard, Logger: slog.New(slog.DiscardHandler)},
		"Level is for records":        {Schema: "common", Output: io.Discard, Level: level},
		"Attrs are for records":       {Schema: "common", Output: io.Discard, Attrs: attrs},
	} {
		func() {
			defer func() {
				if v := fmt.Sprint(recover()); !strings.HasPrefix(v, "filter.AccessLog: "+want) {
					t.Errorf("panic %q, want %q", v, want)
				}
			}()
			filter.AccessLog(o)
		}()
	}
}

func TestAccessLogSchemaAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes pools forget")
	}
	next := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(200) })
	r := httptest.NewRequest("GET", "/a?b", nil)
	w := discardResponse{make(http.Header)}
	logger := slog.New(slog.NewJSONHandler(io.Discard, nil))
	for name, c := range map[string]struct {
		options filter.AccessLogOptions
		most    float64
	}{
		"combined": {filter.AccessLogOptions{Schema: "combined", Output: io.Discard}, 2}, // the notes and capture's writer
		"ecs":      {filter.AccessLogOptions{Schema: "ecs", Logger: logger}, 4},          // and two of slog
		"otel":     {filter.AccessLogOptions{Schema: "otel", Logger: logger}, 4},
	} {
		h := filter.AccessLog(c.options)(next)
		h.ServeHTTP(w, r)
		if got := testing.AllocsPerRun(100, func() { h.ServeHTTP(w, r) }); got > c.most {
			t.Errorf("%s: %v allocations, want %v at most", name, got, c.most)
		}
	}
}

// The names are those that Elasticsearch knows; the handler gives the three of slog theirs.
func ExampleAccessLog_ecs() {
	var b bytes.Buffer
	log := filter.AccessLog(filter.AccessLogOptions{
		Schema: "ecs",
		Logger: slog.New(slog.NewJSONHandler(&b, &slog.HandlerOptions{
			ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
				switch a.Key {
				case slog.TimeKey:
					a.Key = "@timestamp"
				case slog.LevelKey:
					a.Key = "log.level"
				case slog.MessageKey:
					a.Key = "message"
				}
				return a
			},
		})),
	})
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "hello") })
	signOn := rewrite.Request(rewrite.User.Set("ann"), rewrite.Client.Set(netip.MustParseAddr("2001:db8::7")))
	log(signOn(app)).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/a?b=c", nil))
	for _, field := range slices.Sorted(strings.SplitSeq(strings.Trim(b.String(), "{}\n"), ",")) {
		if !strings.Contains(field, "@timestamp") && !strings.Contains(field, "duration") { // not the same each time
			fmt.Fprintln(os.Stdout, field)
		}
	}
	// Output:
	// "client.address":"2001:db8::7"
	// "client.ip":"2001:db8::7"
	// "ecs.version":"8.11.0"
	// "http.request.method":"GET"
	// "http.response.body.bytes":5
	// "http.response.status_code":200
	// "http.version":"1.1"
	// "log.level":"INFO"
	// "message":"request"
	// "url.domain":"example.com"
	// "url.path":"/a"
	// "url.query":"b=c"
	// "url.scheme":"http"
	// "user.name":"ann"
}
