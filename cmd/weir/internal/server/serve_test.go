package server_test

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/weirhttp/weir/deploy"
)

// slow is a site whose requests wait.
type slow struct {
	started chan struct{} // one for each request
	finish  chan struct{} // closed: they end
}

func newSlow() *slow { return &slow{make(chan struct{}, 10), make(chan struct{})} }

func (s *slow) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.started <- struct{}{}
	select {
	case <-s.finish:
		io.WriteString(w, "whole")
	case <-r.Context().Done():
	}
}

func TestRequestsInFlightFinish(t *testing.T) {
	site := newSlow()
	v := start(t, deploy.Server{Admin: deploy.ServerAdmin{Listen: "127.0.0.1:0"}}, site, func() { close(site.finish) })
	admin := client(t, nil)
	if res, _ := get(t, admin, v.AdminURL()+"readyz"); res.StatusCode != http.StatusOK {
		t.Errorf("it is ready with status %d", res.StatusCode)
	}
	answer := make(chan string, 1)
	go func() {
		res, err := http.Get(v.URLs()[0])
		if err != nil {
			answer <- err.Error()
			return
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		answer <- fmt.Sprint(string(body), err)
	}()
	<-site.started
	if err := v.end(); err != nil {
		t.Error(err)
	}
	if got := <-answer; got != "whole<nil>" {
		t.Errorf("the client got %s", got)
	}
}

func TestWhileItShutsDown(t *testing.T) {
	site, told := newSlow(), make(chan struct{})
	v := start(t, deploy.Server{Admin: deploy.ServerAdmin{Listen: "127.0.0.1:0"}}, site, func() { close(told) })
	c := client(t, nil)
	go c.Get(v.URLs()[0])
	<-site.started
	v.stop()
	<-told
	admin := client(t, nil)
	if res, _ := get(t, admin, v.AdminURL()+"readyz"); res.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("/readyz has status %d", res.StatusCode)
	}
	if res, _ := get(t, admin, v.AdminURL()+"healthz"); res.StatusCode != http.StatusOK {
		t.Errorf("/healthz has status %d", res.StatusCode)
	}
	if _, body := get(t, admin, v.AdminURL()+"metrics"); !strings.Contains(body, "\nhttp_requests_in_flight 1\n") {
		t.Error("/metrics does not have the request in flight")
	}
	address := strings.TrimSuffix(strings.TrimPrefix(v.URLs()[0], "http://"), "/")
	if n, err := net.Dial("tcp", address); err == nil {
		n.Close()
		t.Error("it takes new connections")
	}
	close(site.finish)
	if err := <-v.done; err != nil {
		t.Error(err)
	}
	if _, err := admin.Get(v.AdminURL()); err == nil {
		t.Error("the admin listener answers after the end")
	}
}

func TestRequestsThatDoNotFinishAreCut(t *testing.T) {
	for _, s := range []deploy.Server{{}, {TLS: newFiles(t).ServerTLS}} {
		site := newSlow()
		s.ShutdownTimeout = time.Millisecond
		v := start(t, s, site, nil)
		answer := make(chan error, 1)
		go func() {
			res, err := client(t, nil).Get(v.URLs()[0])
			if err == nil {
				res.Body.Close()
			}
			answer <- err
		}()
		<-site.started
		want := "requests were cut that had not finished after 1ms (1): shutdown-timeout in [server] gives them longer"
		if err := v.end(); err == nil || err.Error() != want {
			t.Errorf("the error is %v", err)
		}
		if err := <-answer; err == nil {
			t.Error("the client got a whole answer")
		}
	}
}

func TestAConnectionThatWasTakenOverIsTold(t *testing.T) {
	taken, told := make(chan struct{}), make(chan struct{})
	site := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		close(taken)
		<-r.Context().Done() // it would hang
		close(told)
	})
	v := start(t, deploy.Server{}, site, nil)
	go client(t, nil).Get(v.URLs()[0])
	<-taken
	if err := v.end(); err != nil {
		t.Error(err)
	}
	<-told
}

func TestAnAddressThatFailsEndsTheServer(t *testing.T) {
	v := start(t, deploy.Server{}, hello, nil)
	get(t, client(t, nil), v.URLs()[0])
	v.Close()
	if err := <-v.done; err == nil || !strings.Contains(err.Error(), "accept tcp 127.0.0.1:") {
		t.Errorf("the error is %v", err)
	}
}

func TestWhatNeedsANewStart(t *testing.T) {
	made := func(change func(*deploy.Server)) deploy.Server {
		s := defaults(deploy.Server{ACME: deploy.ServerACME{Directory: &url.URL{Host: "acme.example"}}})
		change(&s)
		return s
	}
	v := listen(t, made(func(*deploy.Server) {}))
	for _, test := range []struct {
		name   string
		change func(*deploy.Server)
		want   bool
	}{
		{"nothing", func(*deploy.Server) {}, false},
		{"the level of the log", func(s *deploy.Server) { s.Log.Level = slog.LevelDebug }, false},
		{"the format of the log", func(s *deploy.Server) { s.Log.Format = "json" }, true},
		{"an address more", func(s *deploy.Server) { s.Listen = append(s.Listen, ":0") }, true},
		{"another directory", func(s *deploy.Server) { s.ACME.Directory = &url.URL{Host: "other.example"} }, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := v.NeedsRestart(made(test.change)); got != test.want {
				t.Errorf("%v", got)
			}
		})
	}
}

func TestASiteIsNeeded(t *testing.T) {
	v := listen(t, deploy.Server{})
	defer func() {
		if got := recover(); got != "server.Serve: site is nil" {
			t.Errorf("panic %v", got)
		}
	}()
	v.Serve(t.Context(), nil, nil)
}

func TestLimitsOfARequest(t *testing.T) {
	v := start(t, deploy.Server{ReadHeaderTimeout: 50 * time.Millisecond}, hello, nil)
	address := strings.TrimSuffix(strings.TrimPrefix(v.URLs()[0], "http://"), "/")
	t.Run("a head that does not come", func(t *testing.T) {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		io.WriteString(c, "GET / HTTP/1.1\r\n")
		if _, err := io.ReadAll(c); err != nil { // it would hang
			t.Error(err)
		}
	})
	t.Run("a head that is too big", func(t *testing.T) {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		go fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: x\r\nX-Big: %s\r\n\r\n", strings.Repeat("x", 100<<10))
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil || res.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("%v, %v", res, err)
		}
	})
}

func TestWhatTheServerSaysIsLogged(t *testing.T) {
	site := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { panic("at the disco") })
	v := start(t, deploy.Server{}, site, nil)
	if res, err := client(t, nil).Get(v.URLs()[0]); err == nil {
		res.Body.Close()
		t.Error("a panic has an answer")
	}
	if err := v.end(); err != nil {
		t.Error(err)
	}
	if got := v.log.String(); !strings.Contains(got, "level=WARN") || !strings.Contains(got, "at the disco") {
		t.Errorf("log %q", got)
	}
}
