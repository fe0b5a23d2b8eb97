package bench_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestMain turns the benchmarks into the servers that some of them measure from outside.
func TestMain(m *testing.M) {
	if serve, ok := servers[os.Getenv("BENCH_SERVER")]; ok {
		listener, err := net.Listen("unix", os.Getenv("BENCH_SOCKET"))
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Fprintln(os.Stderr, http.Serve(listener, serve()))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// programs are processes that work together, in sessions of their own, so that what they cost can be told.
type programs struct {
	tb       testing.TB
	dir      string
	sessions []int
}

func newPrograms(tb testing.TB) *programs { return &programs{tb: tb, dir: tb.TempDir()} }

// path returns the path of a file in the programs' own folder.
func (p *programs) path(name string) string { return filepath.Join(p.dir, name) }

// start starts a program and waits until it listens at the unix socket. It is ended with the benchmark.
func (p *programs) start(socket string, env []string, name string, args ...string) {
	p.tb.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		if os.Getenv("CI") == "true" {
			p.tb.Fatalf("missing: %v", err)
		}
		p.tb.Skipf("missing: %v", err)
	}
	p.sessions = append(p.sessions, cmd.Process.Pid)
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	p.tb.Cleanup(func() {
		for _, pid := range processes(cmd.Process.Pid) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		<-ended
	})
	for until := time.Now().Add(20 * time.Second); time.Now().Before(until); {
		if c, err := net.Dial("unix", socket); err == nil {
			_ = c.Close()
			return
		}
		select {
		case <-ended:
			p.tb.Fatalf("%s has ended: %s", name, &said)
		default:
		}
	}
	p.tb.Fatalf("%s does not listen: %s", name, &said)
}

// weir starts this program as one of the servers.
func (p *programs) weir(server, socket string, env ...string) {
	p.tb.Helper()
	self, err := os.Executable()
	if err != nil {
		p.tb.Fatal(err)
	}
	p.start(socket, append(env, "BENCH_SERVER="+server, "BENCH_SOCKET="+socket), self)
}

// processes returns the processes of a session.
func processes(session int) (pids []int) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, stat := range stats {
		if fields := statOf(stat); fields != nil && fields[3] == strconv.Itoa(session) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(stat)))
			pids = append(pids, pid)
		}
	}
	return pids
}

// statOf returns the fields of a process's stat file that come after its name, the first of them the state.
func statOf(path string) []string {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	return strings.Fields(rest)
}

// cpu returns the processor time that the programs have taken, in seconds.
func (p *programs) cpu() float64 {
	const ticks = 100 // a second, on every Linux
	sum := 0
	for _, session := range p.sessions {
		for _, pid := range processes(session) {
			if fields := statOf(fmt.Sprintf("/proc/%d/stat", pid)); fields != nil {
				for _, f := range fields[11:13] { // user and system
					n, _ := strconv.Atoi(f)
					sum += n
				}
			}
		}
	}
	return float64(sum) / ticks
}

// hammer sends n requests for a path to the unix socket over some connections, and wants answers of so many bytes.
func hammer(tb testing.TB, socket, path string, size int64, n, conns int) {
	tb.Helper()
	request := "GET " + path + " HTTP/1.1\r\nHost: example.com\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n"
	var all sync.WaitGroup
	for i := range conns {
		all.Go(func() {
			c, err := net.Dial("unix", socket)
			if err != nil {
				tb.Error(err)
				return
			}
			defer c.Close()
			in := bufio.NewReader(c)
			for range (n + i) / conns {
				if _, err := io.WriteString(c, request); err != nil {
					tb.Error(err)
					return
				}
				res, err := http.ReadResponse(in, nil)
				if err != nil {
					tb.Error(err)
					return
				}
				got, err := io.Copy(io.Discard, res.Body)
				if err != nil || res.StatusCode != 200 || got != size {
					tb.Errorf("%d, %d bytes, %v", res.StatusCode, got, err)
					return
				}
			}
		})
	}
	all.Wait()
}

// measure times b.N requests and reports what they cost the programs.
func (p *programs) measure(b *testing.B, socket, path string, size int64) {
	hammer(b, socket, path, size, 200, clients)
	before := p.cpu()
	b.ResetTimer()
	hammer(b, socket, path, size, b.N, clients)
	b.StopTimer()

	b.ReportMetric((p.cpu()-before)*1e6/float64(b.N), "cpu-µs/op")
}

// clients is how many connections ask at once.
const clients = 8
