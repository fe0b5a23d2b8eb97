package deploy_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/weirhttp/weir/deploy"
)

// stage has the app "play", which answers with its text. A request for /wait says that it came and waits to be
// let go, one for /panic panics.
type stage struct {
	made    atomic.Int64
	came    chan string
	leave   chan bool
	closed  chan string
	problem error // of Close
}

func newStage() (*stage, deploy.Set) {
	s := &stage{came: make(chan string), leave: make(chan bool), closed: make(chan string, 1000)}
	set := parts()
	set["play"] = deploy.App(func(text string) http.Handler {
		s.made.Add(1)
		return &play{s, text, atomic.Int64{}}
	}, "text")
	set["broken"] = deploy.App(func() (http.Handler, error) { return nil, errors.New("broken as it is") })
	return s, set
}

type play struct {
	*stage
	text    string
	playing atomic.Int64
}

func (p *play) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.playing.Add(1)
	defer p.playing.Add(-1)
	switch r.URL.Path {
	case "/wait":
		p.came <- p.text
		<-p.leave
	case "/panic":
		panic(http.ErrAbortHandler)
	}
	_, _ = io.WriteString(w, p.text)
}

func (p *play) Close() error {
	if n := p.playing.Load(); n > 0 {
		p.stage.closed <- fmt.Sprintf("%s with %d requests in flight", p.text, n)
	} else {
		p.stage.closed <- p.text
	}
	return p.problem
}

// put writes a file whole, as a careful editor does.
func put(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name+".new", []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(name+".new", name); err != nil {
		t.Fatal(err)
	}
}

func aPlay(text string) string { return "[app.main]\nuse = 'play'\ntext = '" + text + "'\n" }

// theatre opens a site that says "one", and returns its file, too.
func theatre(t *testing.T) (*stage, *deploy.Live, string) {
	t.Helper()
	s, set := newStage()
	file := filepath.Join(write(t, "site.toml", aPlay("one")), "site.toml")
	live, err := deploy.Open(file, set)
	if err != nil {
		t.Fatal(err)
	}
	return s, live, file
}

// reload reloads and holds what comes of it.
func reload(t *testing.T, live *deploy.Live, changed bool) {
	t.Helper()
	if got, err := live.Reload(); got != changed || err != nil {
		t.Errorf("reload: changed %v and error %v, want %v and none", got, err, changed)
	}
}

func mustSay(t *testing.T, live *deploy.Live, want string) {
	t.Helper()
	if status, _, body := get(live, "/"); status != 200 || body != want {
		t.Errorf("got %d %q, want %q", status, body, want)
	}
}

func TestRequestsInFlightEndOnTheSiteThatTheyBeganOn(t *testing.T) {
	s, live, file := theatre(t)
	answers := make(chan string)
	for range 2 {
		go func() {
			_, _, body := get(live, "/wait")
			answers <- body
		}()
		<-s.came
	}
	put(t, file, aPlay("two"))
	reload(t, live, true)
	mustSay(t, live, "two")
	if current, older := live.InFlight(); current != 0 || older != 2 {
		t.Errorf("in flight are %d and %d, want 0 and 2", current, older)
	}
	s.leave <- true
	if got := <-answers; got != "one" {
		t.Errorf("got %q", got)
	}
	if len(s.closed) > 0 {
		t.Errorf("%s is closed with a request in flight", <-s.closed)
	}
	s.leave <- true
	if got := <-answers; got != "one" {
		t.Errorf("got %q", got)
	}
	if got := <-s.closed; got != "one" {
		t.Errorf("closed is %q", got)
	}
	if err := live.Close(); err != nil {
		t.Error(err)
	}
	if got := <-s.closed; got != "two" || len(s.closed) > 0 {
		t.Errorf("closed are %q and %d more", got, len(s.closed))
	}
	if current, older := live.InFlight(); current != 0 || older != 0 {
		t.Errorf("in flight are %d and %d", current, older)
	}
}

func TestABrokenFileKeepsTheSite(t *testing.T) {
	s, live, file := theatre(t)
	for text, want := range map[string]string{
		"[app.main]\nuse = 'ply'\n":                             file + `:2:7: app.main: there is no app "ply"; did you mean "play"?`,
		"[app.main]\nuse = 'play'\n":                            file + `:1:6: app.main: "text" is missing`,
		"[app.main]\nuse = 'broken'\n[server]\nlisten = [':1']": file + `:1:6: app.main: broken as it is`,
		"": file + `: there is no app or pipeline "main", which is the site`,
	} {
		put(t, file, text)
		changed, err := live.Reload()
		var list deploy.Errors
		if changed || !errors.As(err, &list) || len(list) != 1 || list[0].Error() != want {
			t.Errorf("changed %v and error %v, want %s", changed, err, want)
		}
		mustSay(t, live, "one")
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if _, err := live.Reload(); err == nil || err.Error() != file+": no such file or directory" {
		t.Errorf("got error %v", err)
	}
	put(t, file, aPlay("one"))
	reload(t, live, false)
	put(t, file, aPlay("two"))
	reload(t, live, true)
	mustSay(t, live, "two")
	if got := <-s.closed; got != "one" {
		t.Errorf("closed is %q", got)
	}
	if live.Site().Root().Section != "app.main" {
		t.Error("the site is not there")
	}
}

func TestWhatIsNoChangeIsNotBuilt(t *testing.T) {
	s, set := newStage()
	dir := write(t, "site.toml", "[app.main]\nuse = 'mounts'\n'/' = 'other.toml#main'", "other.toml",
		"[app.main]\nuse = 'play'\ntext = { file = 'text' }\n[app.more]\nuse = 'play'\ntext = { file = 'text' }\n", "text", "one\n")
	live, err := deploy.Open(filepath.Join(dir, "site.toml"), set)
	if err != nil {
		t.Fatal(err)
	}
	reload(t, live, false)
	for _, test := range []struct{ file, text, want string }{
		{"text", "two", "two"},
		{"text", "two\n", "two"}, // byte for byte
		{"other.toml", aPlay("three"), "three"},
		{"site.toml", aPlay("four"), "four"},
	} {
		put(t, filepath.Join(dir, test.file), test.text)
		reload(t, live, true)
		mustSay(t, live, test.want)
		reload(t, live, false)
	}
	put(t, filepath.Join(dir, "text"), "five") // which nothing reads any more
	reload(t, live, false)
	if n := s.made.Load(); n != 5 {
		t.Errorf("%d sites were built, want 5", n)
	}
}

func TestFilesAreThoseOfTheLastAttempt(t *testing.T) {
	dir := write(t, "site.toml", "[app.main]\nuse = 'echo'\ntext = { file = 'secrets/text' }", "secrets/text", "a")
	live, err := deploy.Open(filepath.Join(dir, "site.toml"), parts())
	if err != nil {
		t.Fatal(err)
	}
	mustRead := func(want ...string) {
		t.Helper()
		for i := range want {
			want[i] = filepath.Join(dir, want[i])
		}
		if got := live.Files(); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	mustRead("secrets/text", "site.toml")
	put(t, filepath.Join(dir, "site.toml"), "[app.main]\nuse = 'echo'\ntext = { file = 'a/gone' }\nfilters = ['b/gone.toml#f', 'other.toml#f']")
	put(t, filepath.Join(dir, "other.toml"), "[filter.f]\nuse = 'nothing'\n")
	if _, err := live.Reload(); err == nil {
		t.Error("there is no error")
	}
	mustRead("a/gone", "b/gone.toml", "other.toml", "site.toml")
	if err := os.Remove(filepath.Join(dir, "site.toml")); err != nil {
		t.Fatal(err)
	}
	if _, err := live.Reload(); err == nil {
		t.Error("there is no error")
	}
	mustRead("site.toml")
}

func TestAPanicEndsARequest(t *testing.T) {
	s, live, file := theatre(t)
	func() {
		defer func() {
			if recover() != http.ErrAbortHandler {
				t.Error("the panic did not pass")
			}
		}()
		get(live, "/panic")
	}()
	if current, _ := live.InFlight(); current != 0 {
		t.Errorf("%d requests are in flight", current)
	}
	put(t, file, aPlay("two"))
	reload(t, live, true)
	if got := <-s.closed; got != "one" {
		t.Errorf("closed is %q", got)
	}
}

func TestCloseWaitsForRequests(t *testing.T) {
	s, live, file := theatre(t)
	answers, closed := make(chan string), make(chan error)
	for _, text := range []string{"two", "three"} { // requests on two sites
		go func() {
			_, _, body := get(live, "/wait")
			answers <- body
		}()
		<-s.came
		put(t, file, aPlay(text))
		reload(t, live, true)
	}
	go func() { closed <- live.Close() }()
	if got := <-s.closed; got != "three" { // no request is on it
		t.Errorf("closed is %q", got)
	}
	if status, _, _ := get(live, "/"); status != 503 {
		t.Errorf("a request after Close has got %d", status)
	}
	for range 2 {
		select {
		case err := <-closed:
			t.Fatalf("Close returns %v with requests in flight", err)
		case s.leave <- true:
		}
		<-answers
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	got := []string{<-s.closed, <-s.closed}
	if slices.Sort(got); !slices.Equal(got, []string{"one", "two"}) || len(s.closed) > 0 {
		t.Errorf("closed are %q and %d more", got, len(s.closed))
	}
	if changed, err := live.Reload(); changed || !errors.Is(err, http.ErrServerClosed) {
		t.Errorf("Reload after Close: %v, error %v", changed, err)
	}
	if err := live.Close(); err != nil {
		t.Errorf("a second Close has error %v", err)
	}
}

func TestShutdownDoesNotWaitForever(t *testing.T) {
	s, live, file := theatre(t)
	s.problem = errors.New("closed badly")
	done := make(chan bool)
	go func() {
		get(live, "/wait")
		done <- true
	}()
	<-s.came
	put(t, file, aPlay("two"))
	reload(t, live, true)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := live.Shutdown(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v", err)
	}
	for range 2 {
		err := live.Shutdown(t.Context())
		if !errors.Is(err, context.Canceled) || !errors.Is(err, s.problem) {
			t.Errorf("got error %v", err)
		}
	}
	got := []string{<-s.closed, <-s.closed}
	if slices.Sort(got); !slices.Equal(got, []string{"one with 1 requests in flight", "two"}) {
		t.Errorf("closed are %q", got)
	}
	s.leave <- true
	<-done
}

func TestShutdownOfWhatIsIdleNeedsNoTime(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 20 {
		_, live, _ := theatre(t)
		if err := live.Shutdown(ctx); err != nil && err.Error() != "deploy: not closed yet: app.main: context canceled" {
			t.Fatal(err)
		}
		if err := live.Close(); err != nil { // no request was cut
			t.Fatal(err)
		}
		live, err := deploy.Open(filepath.Join(write(t, "site.toml", "[app.main]\nuse = 'echo'\ntext = 'a'"), "site.toml"), parts())
		if err != nil {
			t.Fatal(err)
		}
		if err := live.Shutdown(ctx); err != nil { // there is nothing to close
			t.Fatal(err)
		}
	}
}

// hanging is an app that is not closed before it is let go.
type hanging struct {
	http.Handler
	let <-chan struct{}
}

func (h *hanging) Close() error {
	<-h.let
	return errors.New("let go")
}

// TestShutdownDoesNotWaitForWhatIsNotClosed has an app that hangs when it is closed, and one whose turn comes after it.
func TestShutdownDoesNotWaitForWhatIsNotClosed(t *testing.T) {
	s, set := newStage()
	let := make(chan struct{})
	set["hanging"] = deploy.App(func() http.Handler { return &hanging{http.NotFoundHandler(), let} })
	const text = "[app.main]\nuse = 'cascade'\nlimit = 0\napps = ['play', 'hanging', 'last']\n[app.play]\nuse = 'play'\ntext = 'one'\n" +
		"[app.hanging]\nuse = 'hanging'\n[app.last]\nuse = 'play'\ntext = 'two'\n"
	live, err := deploy.Open(filepath.Join(write(t, "site.toml", text), "site.toml"), set)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- live.Shutdown(ctx) }()
	if got := <-s.closed; got != "two" {
		t.Errorf("closed is %q", got)
	}
	cancel()
	const want = "deploy: not closed yet: app.hanging, app.play: context canceled"
	for range 2 { // the names are there as long as it hangs
		err := <-done
		// The one that was closed last may have its name still, for a moment.
		if !errors.Is(err, context.Canceled) || err.Error() != want && err.Error() != strings.Replace(want, "app.hanging", "app.last, app.hanging", 1) {
			t.Errorf("got error %v, want %s", err, want)
		}
		go func() { done <- live.Shutdown(ctx) }()
	}
	<-done
	if _, err := live.Reload(); !errors.Is(err, http.ErrServerClosed) {
		t.Errorf("Reload says %v", err)
	}
	waiting := make(chan error)
	go func() { waiting <- live.Close() }()
	close(let)
	if err := <-waiting; err == nil || err.Error() != "let go" {
		t.Errorf("got error %v", err)
	}
	if got := <-s.closed; got != "one" || len(s.closed) > 0 {
		t.Errorf("closed are %q and %d more", got, len(s.closed))
	}
}

// TestShutdownDoesNotWaitForItsTurn has one Shutdown wait for a request, and another one that has no time.
func TestShutdownDoesNotWaitForItsTurn(t *testing.T) {
	s, live, _ := theatre(t)
	answered, closed := make(chan bool), make(chan error)
	go func() {
		get(live, "/wait")
		answered <- true
	}()
	<-s.came
	go func() { closed <- live.Close() }()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for status := 200; status != 503; { // until Close has begun
		status, _, _ = get(live, "/")
	}
	if err := live.Shutdown(ctx); !errors.Is(err, context.Canceled) || err.Error() != "deploy: another Reload or Shutdown has not ended: context canceled" {
		t.Errorf("got error %v", err)
	}
	s.leave <- true
	<-answered
	if err := <-closed; err != nil {
		t.Error(err)
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	dir := write(t, "site.toml", "[app.main]\nuse = 'ech'")
	for _, name := range []string{"site.toml", "gone.toml"} {
		live, err := deploy.Open(filepath.Join(dir, name), parts())
		var list deploy.Errors
		if live != nil || !errors.As(err, &list) {
			t.Errorf("got error %v", err)
		}
	}
}

func TestReloadsAtOnceAreInTurn(t *testing.T) {
	s, live, file := theatre(t)
	put(t, file, aPlay("two"))
	var changes atomic.Int64
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			changed, err := live.Reload()
			if err != nil {
				t.Error(err)
			}
			if changed {
				changes.Add(1)
			}
		})
	}
	wg.Wait()
	if changes.Load() != 1 || s.made.Load() != 2 {
		t.Errorf("%d reloads were changes, %d sites were built", changes.Load(), s.made.Load())
	}
}

func TestLiveCostsNoAllocation(t *testing.T) {
	set := deploy.Set{"nothing": deploy.App(func() http.Handler { return http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}) })}
	live, err := deploy.Open(filepath.Join(write(t, "site.toml", "[app.main]\nuse = 'nothing'"), "site.toml"), set)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("GET", "/", nil)
	if n := testing.AllocsPerRun(100, func() { live.ServeHTTP(nil, r) }); n != 0 {
		t.Errorf("a request costs %v allocations", n)
	}
}

func BenchmarkLive(b *testing.B) {
	set := deploy.Set{"nothing": deploy.App(func() http.Handler { return http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}) })}
	name := filepath.Join(b.TempDir(), "site.toml")
	if err := os.WriteFile(name, []byte("[app.main]\nuse = 'nothing'"), 0o644); err != nil {
		b.Fatal(err)
	}
	site, err := deploy.Load(name, set)
	if err != nil {
		b.Fatal(err)
	}
	built, _, err := site.Build()
	if err != nil {
		b.Fatal(err)
	}
	live, err := deploy.Open(name, set)
	if err != nil {
		b.Fatal(err)
	}
	r := httptest.NewRequest("GET", "/", nil)
	for _, one := range []struct {
		name string
		http.Handler
	}{{"built", built}, {"live", live}} {
		b.Run(one.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				one.ServeHTTP(nil, r)
			}
		})
		b.Run(one.name+"/parallel", func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					one.ServeHTTP(nil, r)
				}
			})
		})
	}
}

// A site that is read again, as on a signal.
func ExampleOpen() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "site.toml")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			fmt.Println(err)
		}
	}

	write("[app.main]\nuse = 'mounts'\n")
	live, err := deploy.Open(file, deploy.Builtin())
	if err != nil {
		fmt.Println(err)
		return
	}
	server := httptest.NewServer(live)
	defer live.Close() // after the server
	defer server.Close()

	fmt.Println(live.Reload())
	write("[app.main]\nuse = 'mounts'\nfilters = ['recover']\n")
	fmt.Println(live.Reload())
	write("[app.main]\nuse = 'mounts'\nfilters = ['recovr']\n")
	_, err = live.Reload()
	fmt.Println(err.(deploy.Errors)[0].Message, "and the site stays", live.Site().Root().Filters[0].Use)
	// Output:
	// false <nil>
	// true <nil>
	// there is no filter "recovr" and the site stays recover
}

// TestRequestsThatShutdownCutsAreLogged has a request in flight when its time is up: closing the app ends it, and its
// line is in the file.
func TestRequestsThatShutdownCutsAreLogged(t *testing.T) {
	s, set := newStage()
	dir := write(t, "site.toml", aPlay("one")+"filters = ['log']\n[filter.log]\nuse = 'access-log'\nschema = 'common'\noutput = 'access.log'")
	live, err := deploy.Open(filepath.Join(dir, "site.toml"), set)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan bool)
	go func() {
		get(live, "/wait")
		close(done)
	}()
	<-s.came
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := live.Shutdown(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("shutdown: %v", err)
	}
	<-s.closed
	_ = live.Close()
	s.leave <- true
	<-done
	if got := lines(t, filepath.Join(dir, "access.log")); !strings.Contains(got, `"GET /wait HTTP/1.1" 200`) {
		t.Errorf("the file has %q", got)
	}
}
