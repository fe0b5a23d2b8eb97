package capture_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/weirhttp/weir/capture"
)

func ExampleRecord() {
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		io.WriteString(w, "hello "+r.URL.Query().Get("name"))
	})
	r := httptest.NewRequest("GET", "/greet?name=world", nil)
	res, err := capture.Record(r, app, 1<<20)
	if err != nil {
		fmt.Println(err)
		return
	}
	body, _ := io.ReadAll(res.Body)
	fmt.Println(res.Status, res.Header.Get("Content-Type"), string(body))
	// Output: 200 OK text/plain hello world
}

func TestRecord(t *testing.T) {
	tests := []struct {
		name   string
		method string
		app    http.HandlerFunc
		status string
		body   string
		length int64
		err    error
	}{
		{"nothing written is 200", "GET", func(w http.ResponseWriter, r *http.Request) {}, "200 OK", "", 0, nil},
		{"status and body", "GET", func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no", 404) }, "404 Not Found", "no\n", 3, nil},
		{"a status without a name", "GET", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(299) }, "299", "", 0, nil},
		{"103 is dropped", "GET", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(103); w.WriteHeader(201) }, "201 Created", "", 0, nil},
		{"a flush begins it", "GET", func(w http.ResponseWriter, r *http.Request) { w.(http.Flusher).Flush(); w.WriteHeader(500) }, "200 OK", "", 0, nil},
		{"HEAD keeps the declared length", "HEAD", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "4")
			io.WriteString(w, "body")
		}, "200 OK", "", 4, nil},
		{"the limit itself is allowed", "GET", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "12345678") }, "200 OK", "12345678", 8, nil},
		{"a longer body is too large", "GET", func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "12345678")
			if _, err := io.WriteString(w, "9"); !errors.Is(err, capture.ErrTooLarge) {
				panic(err)
			}
		}, "", "", 0, capture.ErrTooLarge},
		{"a short body is an error", "GET", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "4")
			io.WriteString(w, "12")
		}, "", "", 0, io.ErrUnexpectedEOF},
		{"a 204 has no body", "GET", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(204)
			if _, err := io.WriteString(w, "9"); !errors.Is(err, http.ErrBodyNotAllowed) {
				panic(err)
			}
		}, "204 No Content", "", 0, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			res, err := capture.Record(httptest.NewRequest(test.method, "/", nil), test.app, 8)
			if !errors.Is(err, test.err) || err != nil {
				if !errors.Is(err, test.err) {
					t.Errorf("error %v, want %v", err, test.err)
				}
				return
			}
			body, _ := io.ReadAll(res.Body)
			if res.Status != test.status || string(body) != test.body || res.ContentLength != test.length {
				t.Errorf("%q %q, length %d", res.Status, body, res.ContentLength)
			}
		})
	}
}

func TestRecordIsSealed(t *testing.T) {
	var kept http.ResponseWriter
	res, err := capture.Record(httptest.NewRequest("GET", "/", nil), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kept = w
		io.WriteString(w, "body")
	}), 100)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := kept.Write([]byte("late")); err == nil {
		t.Error("a late write has no error")
	}
	if body, _ := io.ReadAll(res.Body); string(body) != "body" {
		t.Errorf("body %q", body)
	}
}

func TestRecordThenSend(t *testing.T) {
	app := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "X-Sum")
		w.Header().Add("Set-Cookie", "a=1")
		w.Header().Add("Set-Cookie", "b=2")
		w.Header().Set("Connection", "close, X-Hop")
		w.Header().Set("X-Hop", "1")
		w.Header().Set("Vary", "Cookie")
		w.WriteHeader(203)
		io.WriteString(w, "body")
		w.Header().Set("X-Sum", "42")
		w.Header().Set(http.TrailerPrefix+"X-More", "43")
	})
	for _, f := range []func(http.Handler) http.Handler{observing, transforming(512, upper)} {
		h := f(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Add("Set-Cookie", "c=3")
			w.Header().Set("Vary", "Accept-Encoding")
			res, err := capture.Record(r, app, 100)
			if err == nil {
				err = capture.Send(w, res)
			}
			if err != nil {
				t.Error(err)
			}
		}))
		protocols(t, h, func(t *testing.T, s *httptest.Server) {
			res, body, err := get(t, s)
			if err != nil || res.StatusCode != 203 || !strings.HasPrefix(strings.ToLower(body), "body") {
				t.Fatalf("%v %q, %v", res, body, err)
			}
			if got := fmt.Sprint(res.Header["Set-Cookie"], res.Header["Vary"]); got != "[c=3 a=1 b=2] [Accept-Encoding, Cookie]" {
				t.Error(got)
			}
			if res.Header.Get("X-Hop") != "" || res.Trailer.Get("X-Sum") != "42" || res.Trailer.Get("X-More") != "43" {
				t.Errorf("header %v, trailer %v", res.Header, res.Trailer)
			}
		})
	}
}

func TestSendFromAClient(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/cut":
			io.WriteString(w, "some")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		default:
			io.WriteString(w, "some")
			w.(http.Flusher).Flush()
		}
	}))
	defer upstream.Close()
	front := observing(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		res, err := upstream.Client().Get(upstream.URL + r.Header.Get("X-Path"))
		if err != nil {
			t.Error(err)
			return
		}
		if err := capture.Send(w, res); err != nil {
			panic(http.ErrAbortHandler)
		}
	}))
	protocols(t, front, func(t *testing.T, s *httptest.Server) {
		if res, body, err := get(t, s, "X-Path", "/whole"); err != nil || body != "some" || res.ContentLength != -1 {
			t.Errorf("%v %q, %v", res, body, err)
		}
		if _, body, err := get(t, s, "X-Path", "/cut"); err == nil {
			t.Errorf("a cut response came whole: %q", body)
		}
	})
}
