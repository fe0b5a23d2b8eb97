package mount_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/weirhttp/weir/mount"
)

// TestMain turns the test program into the CGI programs that the tests mount.
func TestMain(m *testing.M) {
	if program, ok := programs[os.Getenv("CGI_TEST_PROGRAM")]; ok {
		program()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

var programs = map[string]func(){
	"act":  actCGI,
	"site": site,
	"wait": wait,
	"env": func() {
		fmt.Print("Content-Type: text/plain\n\n")
		env := os.Environ()
		slices.Sort(env)
		fmt.Println(strings.Join(env, "\n"))
	},
	"echo": func() { // answers before it has read all
		fmt.Print("Content-Type: text/plain\n\n")
		length, _ := io.Copy(os.Stdout, os.Stdin)
		if fmt.Sprint(length) != os.Getenv("CONTENT_LENGTH") {
			fmt.Print("\nCONTENT_LENGTH is wrong")
		}
	},
	"complain": func() {
		fmt.Fprintf(os.Stderr, "first\nsecond %s\r\n\nthe end", strings.Repeat("x", 10_000))
		fmt.Print("Content-Type: text/plain\n\nfine")
	},
	"print": func() { fmt.Print(os.Getenv("PRINT")) },
	"args":  func() { dir, _ := os.Getwd(); fmt.Printf("Content-Type: text/plain\n\n%q in %s", os.Args[1:], dir) },
	"crash": func() {
		fmt.Print("Content-Type: text/plain\nContent-Length: 100\n\nhalf")
		os.Exit(1)
	},
	"end": func() {
		fmt.Print("Content-Type: text/plain\n\nhalf")
		switch os.Getenv("END") {
		case "fails":
			os.Exit(3)
		case "is killed":
			self, _ := os.FindProcess(os.Getpid())
			self.Kill()
		case "leaves its output open":
			child := exec.Command("sleep", "1000")
			child.Stdout = os.Stdout
			child.Start()
			os.Exit(0)
		}
		time.Sleep(time.Hour)
	},
	"wsgi": func() { // says which process serves, and goes on
		app := &mount.WSGI{App: "apps", Python: python, Dir: "testdata/wsgi"}
		w := httptest.NewRecorder()
		app.ServeHTTP(w, httptest.NewRequest("GET", "/pid", nil))
		fmt.Println(w.Body)
		go app.ServeHTTP(w, httptest.NewRequest("GET", "/hangs", nil)) // amid a request
		time.Sleep(time.Hour)
	},
	"save": func() { // asked to end, it takes its time
		asked := make(chan os.Signal, 1)
		signal.Notify(asked, syscall.SIGTERM)
		fmt.Fprintln(os.Stderr, "began")
		all := make(chan struct{})
		go func() { io.Copy(io.Discard, os.Stdin); close(all) }()
		select {
		case <-all:
		case <-asked:
			select {
			case <-all:
			case <-time.After(200 * time.Millisecond):
				return
			}
		}
		fmt.Fprintln(os.Stderr, "has all")
	},
	"sleep": func() {
		fmt.Fprintln(os.Stderr, "began")
		time.Sleep(time.Hour)
	},
	"forever": func() {
		fmt.Print("Content-Type: text/plain\n\n")
		for {
			if _, err := fmt.Println(strings.Repeat("x", 1000)); err != nil {
				return
			}
		}
	},
}

// program returns a CGI that runs one of the programs above.
func program(t *testing.T, name string, env ...string) *mount.CGI {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// Under the race detector a program sleeps for a second before it exits, if not told otherwise.
	env = append(env, "CGI_TEST_PROGRAM="+name, "GORACE=atexit_sleep_ms=0")
	return &mount.CGI{Path: self, Env: env, Logger: slog.New(slog.DiscardHandler)}
}
