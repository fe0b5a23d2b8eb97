package redislimit_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/redislimit"
)

const childBurst = 500

// child is a process of TestStore_twoProcesses. It says that it is ready, sends its filter requests when in ends, and
// says how many passed.
func child(socket string, in io.Reader, out io.Writer) {
	client := redis.NewClient(&redis.Options{Network: "unix", Addr: socket, ContextTimeoutEnabled: true})
	defer client.Close()
	h := filter.RateLimit(1e-9, childBurst, filter.RateLimitOptions{
		Store:     redislimit.Store(client, patient),
		StoreDown: func(_ *http.Request, err error) bool { panic(err) },
	})(nothing)
	fmt.Fprintln(out, 0)
	_, _ = io.ReadAll(in)
	passed := 0
	for range childBurst {
		if ask(h, "/").StatusCode == 200 {
			passed++
		}
	}
	fmt.Fprintln(out, passed)
}

// TestStore_twoProcesses has two processes ask at the same time as much as one limit bears.
func TestStore_twoProcesses(t *testing.T) {
	s := start(t)
	type process struct {
		cmd *exec.Cmd
		in  io.Closer
		out *bufio.Reader
	}
	var processes [2]process
	for i := range processes {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), "REDISLIMIT_SOCKET="+s.socket)
		cmd.Stderr = os.Stderr
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		processes[i] = process{cmd, in, bufio.NewReader(out)}
	}
	say := func(p process) (n int) {
		if _, err := fmt.Fscanln(p.out, &n); err != nil {
			t.Error("a process says nothing:", err)
		}
		return n
	}
	for _, p := range processes {
		say(p) // is ready
	}
	for _, p := range processes {
		_ = p.in.Close()
	}
	passed := 0
	for _, p := range processes {
		passed += say(p)
		if err := p.cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
	if passed != childBurst {
		t.Errorf("%d requests passed in both processes, want %d", passed, childBurst)
	}
	h := filter.RateLimit(1e-9, childBurst, filter.RateLimitOptions{Store: redislimit.Store(s.client(t, nil), patient)})(nothing)
	if res := ask(h, "/"); res.StatusCode != 429 {
		t.Errorf("a third process lets one more through: %d", res.StatusCode)
	}
}
