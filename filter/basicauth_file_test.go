package filter_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/filtertest"
)

// hashed returns the line of a user.
func hashed(t testing.TB, name, password string, cost int) string {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), cost)
	if err != nil {
		t.Fatal(err)
	}
	return name + ":" + string(hash) + "\n"
}

// usersFile returns the path of a file with these lines.
func usersFile(t testing.TB, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "users")
	rewriteUsers(t, path, lines...)
	return path
}

// rewriteUsers puts other lines into a file.
func rewriteUsers(t testing.TB, path string, lines ...string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(strings.Join(lines, "")), 0o600); err != nil {
		t.Fatal(err)
	}
}

// login returns the status with which somebody is answered.
func login(h http.Handler, user, password string) int {
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
	r.SetBasicAuth(user, password)
	h.ServeHTTP(w, r)
	return w.Code
}

// Hashes that other programs made: libxcrypt of Debian.
const (
	zoe  = "zoë:$2y$04$abcdefghijklmnopqrstuuWR2lm3j3uqeNEgYQ0DMX8c3OGirQyte\n"  // of "пароль £"
	long = "long:$2b$05$abcdefghijklmnopqrstuujf8SX2ahXLwp9w/B.Y5XdysS6yR576q\n" // of 100 x
)

func TestBasicAuthFile(t *testing.T) {
	path := usersFile(t, "# users\n\n", hashed(t, "alice", "secret", 4), zoe, strings.TrimSpace(long)+":a comment, as of nginx \r\n",
		strings.TrimSpace(hashed(t, "last", "a:b", 4)))
	f := filter.BasicAuthFile(path, filter.BasicAuthFileOptions{})
	filtertest.Run(t, with(basic("alice", "secret"), f), filtertest.Options{RequestFields: []string{"Authorization"}})

	h := f(whoami)
	for name, c := range map[string]struct {
		user, password string
		want           int
	}{
		"a user is let in":                            {"alice", "secret", 200},
		"so is one whom htpasswd -B wrote":            {"zoë", "пароль £", 200},
		"so is one of $2b$":                           {"long", strings.Repeat("x", 100), 200},
		"so is one of the last line":                  {"last", "a:b", 200},
		"a wrong password is refused":                 {"alice", "Secret", 401},
		"that of another user is":                     {"zoë", "secret", 401},
		"a hash is no password":                       {"zoë", strings.TrimPrefix(strings.TrimSpace(zoe), "zoë:"), 401},
		"an empty password is refused":                {"alice", "", 401},
		"a user that does not exist is refused":       {"bob", "secret", 401},
		"so is one in another case":                   {"Alice", "secret", 401},
		"a comment is no user":                        {"# users", "", 401},
		"48 KiB of a password are refused":            {"alice", strings.Repeat("x", 48<<10), 401},
		"bcrypt looks at 72 bytes, and so does a hit": {"long", strings.Repeat("x", 72), 200},
		"it looks at all of them":                     {"long", strings.Repeat("x", 71), 401},
	} {
		t.Run(name, func(t *testing.T) {
			for i := range 2 { // as it is, and remembered
				if got := login(h, c.user, c.password); got != c.want {
					t.Errorf("try %d: got %d, want %d", i, got, c.want)
				}
			}
		})
	}
	crosstalk(t, filter.BasicAuthFile(usersFile(t, hashed(t, "a", "bc", 4), hashed(t, "ab", "c", 4), hashed(t, "abc", "", 4)),
		filter.BasicAuthFileOptions{Queue: 500})(whoami), []string{"a", "ab", "abc"}, []string{"bc", "c", ""})
}

func TestBasicAuthFile_options(t *testing.T) {
	h := filter.BasicAuthFile(usersFile(t, zoe), filter.BasicAuthFileOptions{Realm: "x", KeepAuthorization: true})(whoami)
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
	h.ServeHTTP(w, r)
	if got := w.Header().Get("WWW-Authenticate"); got != `Basic realm="x", charset="UTF-8"` {
		t.Errorf("the challenge is %s", got)
	}
	w = httptest.NewRecorder()
	r.Header.Set("Authorization", basic("zoë", "пароль £"))
	h.ServeHTTP(w, r)
	if want := fmt.Sprintf("%q true [%q]", "zoë", basic("zoë", "пароль £")); w.Body.String() != want {
		t.Errorf("got %s, want %s", w.Body, want)
	}
}

func TestBasicAuthFile_faults(t *testing.T) {
	tail := strings.Repeat("x", 53)
	for name, c := range map[string]struct{ text, want string }{
		"an empty file":             {"", "users has no user: add one with htpasswd -B"},
		"a file of comments":        {"# a\n\n", "users has no user: add one with htpasswd -B"},
		"a line without a colon":    {zoe + "bob\n", "users:2: this is no user: write the line with htpasswd -B"},
		"a line without a name":     {zoe + ":$2y$05$" + tail, "users:2: this is no user: write the line with htpasswd -B"},
		"a name that is not UTF-8":  {"zo\xeb:$2y$05$" + tail, "users:1: this is no user: write the line with htpasswd -B"},
		"a user who is there twice": {zoe + zoe, `users:2: "zoë" is there twice: remove one`},
		"apr1": {zoe + "\nbob:$apr1$r31yhnaw$XlvMJPXO6ZTBsScBBj8zV1\n",
			`users:3: "bob" has a password hashed by MD5 (apr1), and not by bcrypt: make it anew with htpasswd -B`},
		"SHA-1": {"bob:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n",
			`users:1: "bob" has a password hashed by SHA-1, and not by bcrypt: make it anew with htpasswd -B`},
		"crypt": {"bob:rqXexS6ZhobKA\n",
			`users:1: "bob" has a password hashed by crypt or not at all, and not by bcrypt: make it anew with htpasswd -B`},
		"plain text": {"bob:secret\n",
			`users:1: "bob" has a password hashed by crypt or not at all, and not by bcrypt: make it anew with htpasswd -B`},
		"no password": {"bob:\n",
			`users:1: "bob" has a password hashed by crypt or not at all, and not by bcrypt: make it anew with htpasswd -B`},
		"SHA-512": {"bob:$6$salt$" + tail,
			`users:1: "bob" has a password hashed by SHA-512 (crypt), and not by bcrypt: make it anew with htpasswd -B`},
		"the bcrypt that was broken": {"bob:$2x$05$" + tail,
			`users:1: "bob" has a password hashed by a broken bcrypt, and not by bcrypt: make it anew with htpasswd -B`},
		"a bcrypt of no letter": {"bob:$2$05$" + tail,
			`users:1: "bob" has a password hashed by crypt or not at all, and not by bcrypt: make it anew with htpasswd -B`},
		"half a hash":               {"bob:$2y$05$" + tail[1:], `users:1: "bob" has a hash that is not whole: make it anew with htpasswd -B`},
		"more than a hash":          {"bob:$2y$05$x" + tail, `users:1: "bob" has a hash that is not whole: make it anew with htpasswd -B`},
		"a hash of another letter":  {"bob:$2y$05$_" + tail[1:], `users:1: "bob" has a hash that is not whole: make it anew with htpasswd -B`},
		"a cost that is none":       {"bob:$2y$x5$" + tail, `users:1: "bob" has a hash that is not whole: make it anew with htpasswd -B`},
		"a cost too low for bcrypt": {"bob:$2y$03$" + tail, `users:1: "bob" has a hash that is not whole: make it anew with htpasswd -B`},
		"a cost that takes days": {"bob:$2y$31$" + tail,
			`users:1: "bob" has a hash of cost 31, more than 16, which takes too long at each login: make it anew with htpasswd -B`},
	} {
		t.Run(name, func(t *testing.T) {
			if got := fmt.Sprint(filter.ParseUsers(c.text)); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func FuzzParseUsers(f *testing.F) {
	f.Add(zoe + long)
	f.Add("# x\r\nbob:secret\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		err := filter.ParseUsers(text)
		if err == nil {
			return
		}
		for line := range strings.SplitSeq(text, "\n") {
			if _, hash, _ := strings.Cut(line, ":"); len(hash) > 20 && strings.Contains(err.Error(), hash) {
				t.Errorf("the error shows a hash: %v", err)
			}
		}
	})
}

// TestBasicAuthFile_work is that the time of a refusal tells nothing (CVE-2026-32595, CVE-2026-44332): what takes time is
// the rounds of bcrypt, and they are counted.
func TestBasicAuthFile_work(t *testing.T) {
	text := hashed(t, "alice", "secret", 4) + zoe + long + hashed(t, "bob", "secret", 7)
	for _, user := range []string{"alice", "zoë", "long", "bob", "nobody", ""} {
		for _, password := range []string{"secret", "a guess", strings.Repeat("x", 100), ""} {
			rounds, ok := filter.PasswordWork(text, user, password)
			if want := password == "secret" && (user == "alice" || user == "bob") || user == "long" && len(password) > 9; ok != want {
				t.Errorf("%q with %q: %v", user, password, ok)
			}
			if rounds != 1<<7 {
				t.Errorf("%q with %q takes %d rounds, not %d", user, password, rounds, 1<<7)
			}
		}
	}
}

// FuzzSameCredentials is CVE-2026-71326.
func FuzzSameCredentials(f *testing.F) {
	f.Add("a", "h", "bc", "ab", "h", "c")
	f.Add("a", "", "", "", "", "a")
	f.Add("", "\x00\x00\x00\x00\x00\x00\x00\x00", "", "", "", "\x00\x00\x00\x00\x00\x00\x00\x00")
	f.Fuzz(func(t *testing.T, a, b, c, d, e, g string) {
		one, other := [3]string{a, b, c}, [3]string{d, e, g}
		if filter.SameCredentials(one, other) != (one == other) || !filter.SameCredentials(one, one) {
			t.Errorf("%q and %q", one, other)
		}
	})
}

func TestBasicAuthFile_change(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		path := usersFile(t, hashed(t, "alice", "secret", 4))
		h := filter.BasicAuthFile(path, filter.BasicAuthFileOptions{Logger: slog.New(slog.NewTextHandler(&log, nil))})(whoami)
		expect := func(what, user, password string, want int) {
			t.Helper()
			if got := login(h, user, password); got != want {
				t.Errorf("%s: %s gets %d, want %d", what, user, got, want)
			}
		}
		expect("at first", "alice", "secret", 200)
		expect("at first", "bob", "hi", 401)

		rewriteUsers(t, path, hashed(t, "alice", "other", 4), hashed(t, "bob", "hi", 5))
		expect("in the same second", "bob", "hi", 401)
		time.Sleep(time.Second)
		expect("after a second", "bob", "hi", 200)
		expect("with the password that was remembered", "alice", "secret", 401)
		expect("with the new one", "alice", "other", 200)

		for _, damage := range []string{"", "alice:secret\n", "alice"} {
			rewriteUsers(t, path, damage)
			for range 3 {
				time.Sleep(time.Second)
				expect("with a bad file", "bob", "hi", 200)
			}
		}
		os.Remove(path)
		time.Sleep(time.Second)
		expect("without a file", "bob", "hi", 200)
		if got := log.String(); strings.Count(got, "\n") != 4 || !strings.Contains(got, path+":1: \\\"alice\\\" has a password hashed by crypt or not") {
			t.Errorf("the log has %s", got)
		}

		other := usersFile(t, hashed(t, "carol", "yo", 4))
		if err := os.Rename(other, path); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		expect("with another file of that name", "carol", "yo", 200)
		expect("with another file of that name", "bob", "hi", 401)
	})
}

// A file that is away is told each time, also if it comes back as it was.
func TestBasicAuthFile_away(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want int // lines of the log
	}{"good": {zoe, 2}, "bad": {"alice:secret", 5}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				path := usersFile(t, zoe)
				h := filter.BasicAuthFile(path, filter.BasicAuthFileOptions{Logger: slog.New(slog.NewTextHandler(&log, nil))})(whoami)
				rewriteUsers(t, path, c.text)
				long := time.Now().Add(-time.Hour)
				if err := os.Chtimes(path, long, long); err != nil {
					t.Fatal(err)
				}
				look := func() {
					time.Sleep(time.Second)
					login(h, "nobody", "")
				}
				look()
				for range 2 {
					move(t, path, path+".away")
					look()
					look()
					move(t, path+".away", path)
					look()
					look()
				}
				if got := strings.Count(log.String(), "\n"); got != c.want {
					t.Errorf("the log has %s", log.String())
				}
			})
		})
	}
}

func move(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

// The clock of a bubble begins in 2000, so that a file can be older than it, or just made.
func TestBasicAuthFile_unchanged(t *testing.T) {
	for name, c := range map[string]struct {
		age  time.Duration
		read bool
	}{
		"a file that looks as it did is not read again":        {time.Hour, false},
		"one that had just been written may have changed more": {time.Second, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				modified := time.Now().Add(-c.age)
				path := usersFile(t, zoe)
				os.Chtimes(path, modified, modified)
				h := filter.BasicAuthFile(path, filter.BasicAuthFileOptions{})(whoami)
				rewriteUsers(t, path, strings.Replace(zoe, "zoë", "zoé", 1))
				os.Chtimes(path, modified, modified)
				time.Sleep(time.Second)
				if read := login(h, "zoé", "пароль £") == 200; read != c.read {
					t.Errorf("it is read again: %v", read)
				}
			})
		})
	}
}

// brokenFile is a file of a disk that has a bad day.
type brokenFile struct{ fs.File }

func (brokenFile) Read([]byte) (int, error) { return 0, errors.New("input/output error") }

// A file that was not read has not been seen, whatever it looks like.
func TestBasicAuthFile_unread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		path := usersFile(t, zoe)
		broken := false
		o := filter.BasicAuthFileOptions{Logger: slog.New(slog.NewTextHandler(&log, nil))}
		h := filter.BasicAuthFileOpening(path, o, func(path string) (fs.File, error) {
			file, err := os.Open(path)
			if broken {
				return brokenFile{file}, err
			}
			return file, err
		})(whoami)
		changed := time.Now().Add(-time.Hour)
		rewriteUsers(t, path, long)
		os.Chtimes(path, changed, changed)
		for _, broken = range []bool{true, true, false} {
			time.Sleep(time.Second)
			if got, want := login(h, "zoë", "пароль £") == 200, broken; got != want {
				t.Errorf("broken %v: the user of before is let in: %v", broken, got)
			}
		}
		if got := log.String(); strings.Count(got, "input/output error") != 1 {
			t.Errorf("the log has %s", got)
		}
	})
}

func TestBasicAuthFile_remembers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hashes := 0
		path := usersFile(t, hashed(t, "a", "1", 4), hashed(t, "b", "2", 4), hashed(t, "c", "3", 4))
		h := filter.BasicAuthFileWith(path, filter.BasicAuthFileOptions{Remember: time.Minute, MaxRemembered: 2},
			func(hash, password []byte) error { hashes++; return bcrypt.CompareHashAndPassword(hash, password) })(whoami)
		expect := func(what, user, password string, status, want int) {
			t.Helper()
			hashes = 0
			if got := login(h, user, password); got != status || hashes != want {
				t.Errorf("%s: %s gets %d after %d hashes, want %d after %d", what, user, got, hashes, status, want)
			}
		}
		expect("the first time", "a", "1", 200, 1)
		expect("the second time", "a", "1", 200, 0)
		expect("another password", "a", "2", 401, 1)
		expect("that password again", "a", "2", 401, 1)
		expect("a user who does not exist", "1", "a", 401, 1)
		expect("that user again", "1", "a", 401, 1)
		time.Sleep(time.Minute - 1)
		expect("within the minute", "a", "1", 200, 0)
		time.Sleep(time.Nanosecond)
		expect("after it", "a", "1", 200, 1)
		expect("a second user", "b", "2", 200, 1)
		expect("there is room for both", "a", "1", 200, 0)
		expect("a third user", "c", "3", 200, 1)
		expect("the first one had to go", "a", "1", 200, 1)
	})
}

func TestBasicAuthFile_bounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var running, most, hashes atomic.Int32
		next := make(chan struct{})
		path := usersFile(t, hashed(t, "a", "1", 4), hashed(t, "b", "2", 4))
		silent := slog.New(slog.DiscardHandler)
		h := filter.BasicAuthFileWith(path, filter.BasicAuthFileOptions{Concurrency: 2, Queue: 2, Remember: time.Hour, Logger: silent},
			func(hash, password []byte) error {
				most.Store(max(most.Load(), running.Add(1)))
				hashes.Add(1)
				<-next
				running.Add(-1)
				return bcrypt.CompareHashAndPassword(hash, password)
			})(whoami)
		start := func(ctx context.Context, user, password string) chan int {
			status := make(chan int, 1)
			go func() {
				w, r := httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", "/", nil)
				r.SetBasicAuth(user, password)
				h.ServeHTTP(w, r)
				status <- w.Code
			}()
			synctest.Wait()
			return status
		}
		first := start(t.Context(), "a", "1")
		next <- struct{}{}
		if got := <-first; got != 200 {
			t.Fatalf("the first one gets %d", got)
		}

		one, two := start(t.Context(), "b", "2"), start(t.Context(), "b", "guess")
		ctx, cancel := context.WithCancel(t.Context())
		left, same := start(ctx, "b", "guess"), start(t.Context(), "b", "2")
		if got := <-start(t.Context(), "b", "2"); got != 503 {
			t.Errorf("one more than may wait gets %d, want 503", got)
		}
		if got := <-start(t.Context(), "a", "1"); got != 200 {
			t.Errorf("who is remembered gets %d, want 200", got)
		}
		cancel()
		if got := <-left; got != 503 {
			t.Errorf("who left gets %d, want 503", got)
		}
		waiting := start(t.Context(), "b", "2") // in the place of the one who left
		close(next)
		for what, c := range map[string]struct {
			status chan int
			want   int
		}{"one": {one, 200}, "two": {two, 401}, "same": {same, 200}, "waiting": {waiting, 200}} {
			if got := <-c.status; got != c.want {
				t.Errorf("%s gets %d, want %d", what, got, c.want)
			}
		}
		if most.Load() != 2 {
			t.Errorf("%d were hashed at once, not 2", most.Load())
		}
		if n := hashes.Load(); n > 5 {
			t.Errorf("there were %d hashes", n)
		}
	})
}

// The largest numbers are no bounds, and no overflow.
func TestBasicAuthFile_unbounded(t *testing.T) {
	h := filter.BasicAuthFile(usersFile(t, zoe), filter.BasicAuthFileOptions{Queue: math.MaxInt, MaxRemembered: math.MaxInt})(whoami)
	for range 2 {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
		r.SetBasicAuth("zoë", "пароль £")
		if h.ServeHTTP(w, r); w.Code != http.StatusOK {
			t.Errorf("the right password is answered with %d", w.Code)
		}
	}
}

func TestBasicAuthFile_panics(t *testing.T) {
	path := usersFile(t, zoe)
	bad := usersFile(t, zoe, "bob:secret")
	absent := filepath.Join(t.TempDir(), "absent")
	o := func(o filter.BasicAuthFileOptions) func() { return func() { filter.BasicAuthFile(path, o) } }
	panics(t, map[string]func(){
		"filter.BasicAuthFile: next is nil": func() { filter.BasicAuthFile(path, filter.BasicAuthFileOptions{})(nil) },
		"filter.BasicAuthFile: open " + absent + ": no such file or directory": func() {
			filter.BasicAuthFile(absent, filter.BasicAuthFileOptions{})
		},
		"filter.BasicAuthFile: " + bad + `:2: "bob" has a password hashed by crypt or not at all, and not by bcrypt: make it anew with htpasswd -B`: func() {
			filter.BasicAuthFile(bad, filter.BasicAuthFileOptions{})
		},
		"filter.BasicAuthFile: Remember is -1s, below 0":             o(filter.BasicAuthFileOptions{Remember: -time.Second}),
		"filter.BasicAuthFile: MaxRemembered is -1, below 0":         o(filter.BasicAuthFileOptions{MaxRemembered: -1}),
		"filter.BasicAuthFile: Concurrency is -1, below 0":           o(filter.BasicAuthFileOptions{Concurrency: -1}),
		"filter.BasicAuthFile: Queue is -1, below 0":                 o(filter.BasicAuthFileOptions{Queue: -1}),
		`filter.BasicAuthFile: Realm is "\x00", not printable ASCII`: o(filter.BasicAuthFileOptions{Realm: "\x00"}),
	})
}

func ExampleBasicAuthFile() {
	dir, _ := os.MkdirTemp("", "")
	defer os.RemoveAll(dir)
	users := filepath.Join(dir, "users")
	os.WriteFile(users, []byte(zoe), 0o600) // htpasswd -B -c users zoë

	h := filter.BasicAuthFile(users, filter.BasicAuthFileOptions{})(whoami)
	for _, password := range []string{"a guess", "пароль £"} {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
		r.SetBasicAuth("zoë", password)
		h.ServeHTTP(w, r)
		fmt.Println(w.Code)
	}
	// Output:
	// 401
	// 200
}
