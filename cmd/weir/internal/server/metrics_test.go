package server_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/weirhttp/weir/deploy"
)

// metrics asks for the metrics of a server.
func metrics(t *testing.T, v *serving) string {
	t.Helper()
	_, body := get(t, client(t, nil), v.AdminURL()+"metrics")
	return body
}

func TestRequestsAreCounted(t *testing.T) {
	site := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/missing":
			http.NotFound(w, r)
		case "/panic":
			panic(http.ErrAbortHandler)
		case "/hijack":
			c, b, err := http.NewResponseController(w).Hijack()
			if err != nil {
				panic(err)
			}
			b.WriteString("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
			b.Flush()
			c.Close()
		}
	})
	v := start(t, deploy.Server{Admin: deploy.ServerAdmin{Listen: "127.0.0.1:0"}}, site, nil)
	c, url := client(t, nil), v.URLs()[0]
	for _, request := range []string{"GET ", "GET ", "POST ", "GET missing", "GET hijack", "BREW ", "SCAN "} {
		method, path, _ := strings.Cut(request, " ")
		ask(t, c, method, url+path)
	}
	if res, err := client(t, nil).Get(url + "panic"); err == nil { // a connection that was used before would be tried again
		res.Body.Close()
		t.Error("a panic has an answer")
	}
	v.Reloaded(nil)
	v.Reloaded(errors.New("broken"))
	v.Reloaded(errors.New("broken"))
	// A request is counted when its handler has returned, which may be after the client has all of the answer.
	got := metrics(t, v)
	for end := time.Now().Add(10 * time.Second); !strings.Contains(got, "_count 8\n") && time.Now().Before(end); {
		got = metrics(t, v)
	}
	for _, want := range []string{
		`http_requests_total{code="2xx",method="GET"} 2`,
		`http_requests_total{code="2xx",method="POST"} 1`,
		`http_requests_total{code="4xx",method="GET"} 1`,
		`http_requests_total{code="1xx",method="GET"} 1`,
		`http_requests_total{code="none",method="GET"} 1`,
		`http_requests_total{code="2xx",method="other"} 2`,
		`http_request_duration_seconds_count 8`,
		`http_requests_in_flight 0`,
		`weir_reloads_total{result="success"} 1`,
		`weir_reloads_total{result="failure"} 2`,
	} {
		if !strings.Contains(got, "\n"+want+"\n") {
			t.Errorf("there is no %s", want)
		}
	}
}

func TestMetricsKeepTheConventions(t *testing.T) {
	v := admin(t, false)
	get(t, client(t, nil), v.URLs()[0])
	problems, err := promlint.New(strings.NewReader(metrics(t, v))).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// The writer that counts is the one that the filters of the site share: what the connection can do goes through it.
func TestCountingTakesNothingAway(t *testing.T) {
	site := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, ok := w.(io.ReaderFrom); !ok {
			t.Error("there is no ReadFrom, and so no sendfile")
		}
		io.WriteString(w, "first")
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
	})
	get(t, client(t, nil), start(t, deploy.Server{}, site, nil).URLs()[0])
}
