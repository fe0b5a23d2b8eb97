package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/weirhttp/weir/deploy"
)

// scene is a folder with a site that is watched, while requests flow.
type scene struct {
	*testing.T
	dir    string
	server *httptest.Server
	log    journal
	good   atomic.Int64 // reloads
	bad    atomic.Int64
}

// journal keeps records as lines of JSON.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

// records returns those with a message that begins so.
func (j *journal) records(message string) (list []map[string]any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for line := range strings.Lines(j.text.String()) {
		var one map[string]any
		if json.Unmarshal([]byte(line), &one) == nil && strings.HasPrefix(one["msg"].(string), message) {
			list = append(list, one)
		}
	}
	return list
}

// says is a site that answers with a text.
func says(text string) string { return "[app.main]\nuse = 'say'\ntext = '" + text + "'\n" }

// newScene has set up make the files below a folder, and watches the site of name in it.
func newScene(t *testing.T, name string, setUp func(*scene)) *scene {
	t.Helper()
	s := &scene{T: t, dir: t.TempDir()}
	setUp(s)
	set := deploy.Builtin()
	set["say"] = deploy.App(func(text string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) })
	}, "text")
	live, err := deploy.Open(filepath.Join(s.dir, name), set)
	if err != nil {
		t.Fatal(err)
	}
	w, err := newWatcher(live, true, slog.New(slog.NewJSONHandler(&s.log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	w.counted = func(err error) {
		if err == nil {
			s.good.Add(1)
		} else {
			s.bad.Add(1)
		}
	}
	s.server = httptest.NewServer(live)
	ctx, stop := context.WithCancel(context.Background())
	var tasks sync.WaitGroup
	tasks.Go(func() { w.run(ctx) })
	tasks.Go(func() { s.keepAsking(ctx) })
	t.Cleanup(func() {
		stop()
		tasks.Wait()
		s.server.Close()
		if err := live.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// keepAsking holds that every request is answered, whatever happens to the files.
func (s *scene) keepAsking(ctx context.Context) {
	for ctx.Err() == nil {
		if s.ask() == "" {
			return
		}
	}
}

func (s *scene) ask() string {
	res, err := s.server.Client().Get(s.server.URL)
	if err != nil {
		s.Error(err)
		return ""
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 200 {
		s.Errorf("got %d %q, error %v", res.StatusCode, body, err)
		return ""
	}
	return string(body)
}

// until waits for what the system has to tell the program first.
func (s *scene) until(what string, is func() bool) {
	s.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); !is(); <-tick.C {
		if time.Now().After(deadline) {
			s.log.mu.Lock()
			defer s.log.mu.Unlock()
			s.Fatalf("it does not come to this: %s; the log is\n%s", what, &s.log.text)
		}
	}
}

func (s *scene) mustSay(text string) {
	s.Helper()
	s.until("the site says "+text, func() bool { return s.ask() == text })
}

// must has what a step does to the files go well.
func (s *scene) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *scene) path(name string) string { return filepath.Join(s.dir, name) }

// write writes a file in place.
func (s *scene) write(name, text string) {
	s.Helper()
	s.must(os.MkdirAll(filepath.Dir(s.path(name)), 0o755))
	s.must(os.WriteFile(s.path(name), []byte(text), 0o644))
}

// replace has a name be that of another file, at once.
func (s *scene) replace(name, text string) {
	s.Helper()
	s.write(name+"~", text)
	s.must(os.Rename(s.path(name+"~"), s.path(name)))
}

// link has a name be that of a symbolic link, at once.
func (s *scene) link(target, name string) {
	s.Helper()
	s.must(os.Symlink(target, s.path(name+"_tmp")))
	s.must(os.Rename(s.path(name+"_tmp"), s.path(name)))
}

func TestWatchAFileThatIsWritten(t *testing.T) {
	s := newScene(t, "site.toml", func(s *scene) { s.write("site.toml", says("one")) })
	for _, text := range []string{"two", "three"} {
		s.write("site.toml", says(text))
		s.mustSay(text)
	}
	for _, text := range []string{"four", "five"} {
		s.replace("site.toml", says(text))
		s.mustSay(text)
	}
	s.must(os.Remove(s.path("site.toml")))
	s.until("an error", func() bool { return len(s.log.records("no such file")) > 0 })
	s.write("site.toml", says("six"))
	s.mustSay("six")
	s.until("a record of each reload", func() bool { return len(s.log.records("the site was read again")) >= 5 })
	if one := s.log.records("the site was read again")[0]; one["file"] != s.path("site.toml") || one["requests on older ones"] == nil {
		t.Errorf("a record is %v", one)
	}
}

func TestWatchWhatKubernetesMounts(t *testing.T) {
	s := newScene(t, "site.toml", func(s *scene) {
		s.write("..2026_1/site.toml", says("one"))
		s.link("..2026_1", "..data")
		s.link("..data/site.toml", "site.toml")
	})
	for i, text := range []string{"two", "three", "four"} {
		old, folder := "..2026_"+string('1'+rune(i)), "..2026_"+string('2'+rune(i))
		s.write(folder+"/site.toml", says(text))
		s.link(folder, "..data")
		s.must(os.RemoveAll(s.path(old)))
		s.mustSay(text)
	}
}

func TestWatchAFolderThatIsReplaced(t *testing.T) {
	s := newScene(t, "current/site.toml", func(s *scene) {
		s.write("releases/1/site.toml", says("one"))
		s.link("releases/1", "current")
	})
	s.write("releases/2/site.toml", says("two"))
	s.link("releases/2", "current")
	s.mustSay("two")
	s.write("releases/3/site.toml", says("three"))
	s.must(os.Rename(s.path("releases/2"), s.path("releases/old")))
	s.must(os.Rename(s.path("releases/3"), s.path("releases/2")))
	s.mustSay("three")
	s.must(os.Rename(s.path("releases/2"), s.path("releases/old3")))
	s.until("an error", func() bool { return len(s.log.records("no such file")) > 0 })
	s.write("releases/2/site.toml", says("four"))
	s.mustSay("four")
}

func TestWatchABrokenFileUntilItIsMended(t *testing.T) {
	s := newScene(t, "site.toml", func(s *scene) { s.write("site.toml", says("one")) })
	s.replace("site.toml", "[app.main]\nuse = 'mounts'\n'/' = 'more/other.toml#main'\ntext = 'x'\n")
	s.until("two errors", func() bool { return len(s.log.records("the site stays as it is")) == 1 })
	if one := s.log.records("the site stays")[0]; one["errors"] != 2.0 || one["file"] != s.path("site.toml") {
		t.Errorf("a record is %v", one)
	}
	one := s.log.records("this is no place to mount at")
	if len(one) != 1 || one[0]["level"] != "ERROR" || one[0]["file"] != s.path("site.toml") || one[0]["line"] != 4.0 ||
		one[0]["column"] != 1.0 || one[0]["section"] != "app.main" {
		t.Errorf("records of an error are %v", one)
	}
	s.replace("site.toml", "[app.main]\nuse = 'mounts'\n'/' = 'more/other.toml#main'\n")
	s.until("one error", func() bool { return len(s.log.records("the site stays as it is")) == 2 })
	s.replace("more/other.toml", says("two")) // in a folder that was not there
	s.mustSay("two")
	s.replace("more/other.toml", "[app.main]\nuse = 'say'\ntext = { file = '../secrets/text' }")
	s.until("no secret", func() bool { return len(s.log.records("the site stays as it is")) == 3 })
	s.replace("secrets/text", "three\n")
	s.mustSay("three")
	s.replace("secrets/text", "four\n")
	s.mustSay("four")
	s.replace("site.toml", "[")
	s.until("an error of the syntax", func() bool { return len(s.log.records("the site stays as it is")) == 4 })
	s.replace("site.toml", "[app.main]\nuse = 'mounts'\n'/' = 'more/other.toml#main'\n")
	s.until("a file as before", func() bool { return len(s.log.records("the site is again what is served")) == 1 })
	s.mustSay("four")
	if s.good.Load() != 3 || s.bad.Load() < 4 {
		t.Errorf("there were %d good reloads and %d bad ones", s.good.Load(), s.bad.Load())
	}
}

func TestWatchSaysWhatIsOdd(t *testing.T) {
	s := newScene(t, "site.toml", func(s *scene) { s.write("site.toml", says("one")) })
	s.replace("site.toml", says("two")+"[app.more]\nuse = 'say'\n")
	s.mustSay("two")
	s.until("a warning", func() bool { return len(s.log.records("nothing refers to this section")) == 1 })
}

// Files beside the site do not matter.
func TestWatchTheFilesOfTheSiteAlone(t *testing.T) {
	dir := t.TempDir()
	for name, want := range map[string][]string{
		"plain/site.toml":   {"plain/site.toml"},
		"k8s/site.toml":     {"k8s/site.toml", "k8s/..data", "k8s/..1/site.toml"},
		"k8s/..data/x/site": {"k8s/..data", "k8s/..1/x"},
		"way/1/site.toml":   {"way", "plain/1"},
		"round/site.toml":   nil,
	} {
		for _, folder := range []string{"plain", "k8s/..1"} {
			if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		for link, target := range map[string]string{"k8s/site.toml": "..data/site.toml", "k8s/..data": "..1", "way": filepath.Join(dir, "plain"),
			"round": "round"} {
			if err := os.Symlink(target, filepath.Join(dir, link)); err != nil && !os.IsExist(err) {
				t.Fatal(err)
			}
		}
		for i := range want {
			want[i] = filepath.Join(dir, want[i])
		}
		got := places(filepath.Join(dir, name))
		if name == "round/site.toml" && len(got) == linkLimit+1 {
			continue
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

// The program itself, by its signal and by its flag.
func TestServeReadsAFileAgain(t *testing.T) {
	for _, how := range []string{"a signal", "a flag"} {
		t.Run(how, func(t *testing.T) {
			s := &scene{T: t, dir: t.TempDir()}
			s.write("one/x", "one")
			s.write("two/x", "two")
			s.write("site.toml", "[app.main]\nuse = 'dir'\nfs = 'one'")
			args := []string{"serve", "--listen", "127.0.0.1:0", s.path("site.toml")}
			if how == "a flag" {
				args = append(args, "--reload")
			}
			p := startCommand(t, nil, args...)
			s.replace("site.toml", "[app.main]\nuse = 'dir'\nfs = 'two'")
			if how == "a signal" {
				s.must(p.cmd.Process.Signal(syscall.SIGHUP))
			}
			c := client(t)
			s.until("the other folder", func() bool { return ask(t, c, "GET", p.base+"/x", nil).body == "two" })
			p.stop()
			if log := p.stderr.String(); !strings.Contains(log, `level=INFO msg="the site was read again"`) {
				t.Errorf("the log is\n%s", log)
			}
		})
	}
}
