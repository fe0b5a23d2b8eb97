package filtertest_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weirhttp/weir/filtertest"
)

// A script is what a handler does; say notes what it is told in return.
type script struct {
	name   string
	method string // "" is GET
	do     func(w http.ResponseWriter, r *http.Request, say func(...any))
}

var scripts = []script{
	{name: "nothing", do: func(http.ResponseWriter, *http.Request, func(...any)) {}},
	{name: "a body", do: func(w http.ResponseWriter, r *http.Request, say func(...any)) {
		say(w.Write([]byte("one ")))
		say(io.WriteString(w, "two"))
		say(w.Write(nil))
	}},
	{name: "a status and a field that comes too late", do: func(w http.ResponseWriter, r *http.Request, say func(...any)) {
		w.Header().Set("X-Early", "yes")
		w.WriteHeader(http.StatusTeapot)
		w.Header().Set("X-Late", "yes")
		w.WriteHeader(http.StatusOK)
		w.WriteHeader(http.StatusEarlyHints)
		say(io.WriteString(w, "short and stout"))
	}},
	{name: "several informational responses", do: func(w http.ResponseWriter, r *http.Request, say func(...any)) {
		w.Header().Set("Content-Length", "4")
		w.Header().Set("Link", "</a>")
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Set("Link", "</b>")
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Del("Link")
		w.WriteHeader(http.StatusProcessing)
		say(io.WriteString(w, "done"))
	}},
	{name: "204 with a body", do: func(w http.ResponseWriter, r *http.Request, say func(...any)) {
		w.WriteHeader(http.StatusNoContent)
		say(io.WriteString(w, "no"))
		say(w.Write(nil))
	}},
	{name: "304 with a tag", do: func(w http.ResponseWriter, r *http.Request, say func(...any)) {
		w.Header().Set("ETag", `"x"`)
		w.WriteHeader(http.StatusNotModified)
	}},
	{name: "more than was promised", do: func(w http.ResponseWriter, r *http.Request, say func(...any)) {
		w.Header().Set("Content-Length", "3")
		say(io.WriteString(w, "one"))
		say(io.WriteString(w, "two"))
	}},
	{name: "more than was promised after a flush", do: func(w http.ResponseWriter, r *http.Request, say func(...any)) {
		w.Header().Set("Content-Length", "3")
		say(http.NewResponseController(w).Flush())
		say(io.WriteString(w, "one"))
		say(io.WriteString(w, "two"))
	}},
	{name: "less than was promised", do: func(w http.ResponseWriter, r *http.Request, say func(...any)) {
		w.Header().Set("Content-Length", "10")
		say(io.WriteString(w, "one"))
	}},
	{name: "a length that is none", do: func(w http.ResponseWriter, r *http.Request, say func(...any)) {
		w.Header().Set("Content-Length", "three")
		say(io.WriteString(w, "one"))
	}},
	{name: "HEAD", method: "HEAD", do: func(w http.ResponseWriter, r *http.Request, say func(...any)) {
		w.Header().Set("Content-Length", "3")
		w.Header().Set("Trailer", "X-Sum")
		say(io.WriteString(w, "one"))
		w.Header().Set("X-Sum", "1")
	}},
	{name: "announced trailers", do: func(w http.ResponseWriter, r *http.Request, say func(...any)) {
		w.Header().Set("Trailer", "X-Sum, x-other")
		w.Header().Add("Trailer", "X-Unset")
		w.Header().Add("Trailer", "Content-Type")
		say(io.WriteString(w, "one"))
		w.Header().Set("X-Sum", "1")
		w.Header().Add("X-Other", "2")
		w.Header().Add("X-Other", "3")
		w.Header().Set("X-Unannounced", "4")
	}},
	{name: "announced trailers after a length", do: func(w http.ResponseWriter, r *http.Request, say func(...any)) {
		w.Header().Set("Trailer", "X-Sum")
		w.Header().Set("Content-Length", "3")
		say(io.WriteString(w, "one"))
		w.Header().Set("X-Sum", "1")
	}},
	{name: "prefixed trailers", do: prefixed(1, false)},
	{name: "prefixed trailers after a flush", do: prefixed(1, true)},
	{name: "prefixed trailers after a body that just fits", do: prefixed(2048, false)},
	{name: "prefixed trailers after a body that does not fit", do: prefixed(2049, false)},
	{name: "prefixed trailers before the head", do: func(w http.ResponseWriter, r *http.Request, say func(...any)) {
		w.Header().Set(http.TrailerPrefix+"X-Sum", "1")
		say(io.WriteString(w, "one"))
	}},
	{name: "trailers after a 204", do: func(w http.ResponseWriter, r *http.Request, say func(...any)) {
		w.Header().Set("Trailer", "X-Sum")
		w.WriteHeader(http.StatusNoContent)
		w.Header().Set("X-Sum", "1")
	}},
	{name: "a copy", do: func(w http.ResponseWriter, r *http.Request, say func(...any)) {
		say(io.Copy(w, struct{ io.Reader }{strings.NewReader("from a reader")}))
	}},
	{name: "an empty copy after a flush", do: func(w http.ResponseWriter, r *http.Request, say func(...any)) {
		say(http.NewResponseController(w).Flush())
		say(io.Copy(w, struct{ io.Reader }{strings.NewReader("")}))
	}},
	{name: "a connection field", do: func(w http.ResponseWriter, r *http.Request, say func(...any)) {
		w.Header().Set("Connection", "X-Hop")
		say(io.WriteString(w, "one"))
	}},
	{name: "deadlines and full duplex", do: func(w http.ResponseWriter, r *http.Request, say func(...any)) {
		control := http.NewResponseController(w)
		say(control.SetReadDeadline(time.Now().Add(time.Hour)))
		say(control.SetWriteDeadline(time.Now().Add(time.Hour)))
		say(control.EnableFullDuplex())
		say(io.WriteString(w, "one"))
	}},
	{name: "what the writer is", do: func(w http.ResponseWriter, r *http.Request, say func(...any)) {
		_, flusher := w.(http.Flusher)
		_, hijacker := w.(http.Hijacker)
		_, from := w.(io.ReaderFrom)
		_, text := w.(io.StringWriter)
		_, pusher := w.(http.Pusher)
		say(flusher, hijacker, from, text, pusher)
		if pusher {
			say(w.(http.Pusher).Push("/x", nil))
		} else {
			_, err := w.(io.ReaderFrom).ReadFrom(strings.NewReader("read from"))
			say(err)
		}
	}},
	{name: "a status that is none", do: func(w http.ResponseWriter, r *http.Request, say func(...any)) {
		defer func() { say(recover() != nil) }()
		w.WriteHeader(99)
	}},
	{name: "a panic after a flush", do: func(w http.ResponseWriter, r *http.Request, say func(...any)) {
		say(io.WriteString(w, "one"))
		say(http.NewResponseController(w).Flush())
		panic(http.ErrAbortHandler)
	}},
}

// prefixed returns a script that sends trailers that it did not announce.
func prefixed(size int, flush bool) func(http.ResponseWriter, *http.Request, func(...any)) {
	return func(w http.ResponseWriter, r *http.Request, say func(...any)) {
		say(w.Write(bytes.Repeat([]byte("x"), size)))
		if flush {
			say(http.NewResponseController(w).Flush())
		}
		w.Header().Set(http.TrailerPrefix+"X-Sum", "1")
	}
}

// What the Recorder notes is what net/http's servers send, and tell the handler.
func TestRecorderIsLikeTheServers(t *testing.T) {
	for _, over2 := range []bool{false, true} {
		for _, s := range scripts {
			t.Run(fmt.Sprintf("%s, HTTP/2 %v", s.name, over2), func(t *testing.T) {
				method := s.method
				if method == "" {
					method = "GET"
				}
				got, gotSaid := record(s, method, over2)
				want, wantSaid := serve(t, s, method, over2)
				if !slices.Equal(gotSaid, wantSaid) {
					t.Errorf("the handler was told %q, by a server %q", gotSaid, wantSaid)
				}
				compare(t, "status", got.Status, want.Status)
				compare(t, "body", string(got.Body), string(want.Body))
				compare(t, "cut", got.Cut, want.Cut)
				compare(t, "fields", ours(got.Header), ours(want.Header))
				compare(t, "trailers", ours(got.Trailer), ours(want.Trailer))
				compare(t, "informational responses", got.Early, want.Early)
			})
		}
	}
}

func compare(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: %v, from a server %v", what, got, want)
	}
}

// ours leaves out what only a server adds, and announcements without a value.
func ours(h http.Header) http.Header {
	h = h.Clone()
	maps.DeleteFunc(h, func(name string, values []string) bool {
		return len(values) == 0 || slices.Contains([]string{"Date", "Content-Type", "Content-Length", "Trailer"}, name)
	})
	if len(h) == 0 {
		return nil
	}
	return h
}

// handler plays the script and keeps what it is told; the reason of an error is left out, as the two versions word it
// differently.
func (s script) handler(said *[]string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.do(w, r, func(told ...any) {
			for i, v := range told {
				if err, ok := v.(error); ok {
					told[i] = fmt.Sprintf("an error (body not allowed: %v)", errors.Is(err, http.ErrBodyNotAllowed))
				}
			}
			*said = append(*said, fmt.Sprint(told...))
		})
	}
}

func record(s script, method string, over2 bool) (filtertest.Recorded, []string) {
	r := httptest.NewRequest(method, "/", nil)
	if over2 {
		r.ProtoMajor, r.ProtoMinor, r.Proto = 2, 0, "HTTP/2.0"
	}
	var said []string
	var rec filtertest.Recorder
	rec.Serve(s.handler(&said), r)
	return rec.Result(), said
}

func serve(t *testing.T, s script, method string, over2 bool) (got filtertest.Recorded, said []string) {
	t.Helper()
	server := httptest.NewUnstartedServer(s.handler(&said))
	server.Config.ErrorLog = discard
	if server.EnableHTTP2 = over2; over2 {
		server.StartTLS()
	} else {
		server.Start()
	}
	defer func() { server.Close() }()
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		Got1xxResponse: func(status int, fields textproto.MIMEHeader) error {
			got.Early = append(got.Early, filtertest.Early{Status: status, Header: http.Header(fields)})
			return nil
		},
	})
	r, err := http.NewRequestWithContext(ctx, method, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	got.Status, got.Header, got.Body, got.Trailer, got.Cut = res.StatusCode, res.Header, body, res.Trailer, err != nil
	server.Close() // the handler has ended, said is whole
	return got, said
}
