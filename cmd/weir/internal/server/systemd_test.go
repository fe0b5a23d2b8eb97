package server_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/weirhttp/weir/cmd/weir/internal/server"
	"github.com/weirhttp/weir/deploy"
)

// asChild names the variable that makes the test binary be a server, at the addresses that it lists.
const asChild = "WEIR_TEST_LISTEN"

func TestMain(m *testing.M) {
	if addresses := os.Getenv(asChild); addresses != "" {
		if err := child(strings.Split(addresses, ",")); err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child serves until its standard input ends. Its site tells what a program sees that it starts.
func child(addresses []string) error {
	v, err := server.Listen(defaults(deploy.Server{Listen: addresses}), slog.New(slog.NewTextHandler(os.Stderr, nil)))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	site := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := exec.Command("/bin/sh", "-c", `echo "variables ${LISTEN_PID-none} ${LISTEN_FDS-none} ${LISTEN_FDNAMES-none}"; ls -l /proc/$$/fd`)
		out, err := c.CombinedOutput()
		fmt.Fprintf(w, "%s%v", out, err)
	})
	fmt.Println("serving", v.URLs())
	return v.Serve(ctx, site, nil)
}

// activated is a child that was started as systemd does it.
type activated struct {
	first  string // the first line that it printed
	stderr string
	err    error
}

// activate starts a child with sockets, has test use it, and returns what became of it.
func activate(t *testing.T, addresses, names, pid string, test func(), listeners ...net.Listener) activated {
	t.Helper()
	c := exec.Command("/bin/sh", "-c", `LISTEN_PID=`+pid+` exec "$0"`, os.Args[0]) // only the child knows its id
	c.Env = append(os.Environ(), asChild+"="+addresses, fmt.Sprint("LISTEN_FDS=", len(listeners)), "LISTEN_FDNAMES="+names)
	for _, l := range listeners {
		file, err := l.(interface{ File() (*os.File, error) }).File()
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		c.ExtraFiles = append(c.ExtraFiles, file)
	}
	var stderr strings.Builder
	c.Stderr = &stderr
	stdin, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	first, _ := bufio.NewReader(stdout).ReadString('\n')
	if strings.HasPrefix(first, "serving") && test != nil {
		test()
	}
	stdin.Close()
	err = c.Wait()
	return activated{first, stderr.String(), err}
}

func tcp(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func TestSocketsOfSystemd(t *testing.T) {
	web, path := tcp(t), socketDir(t)+"/socket"
	unix, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close()
	for _, addresses := range []string{"systemd", "systemd:web,systemd:proxied", "systemd:proxied,systemd"} {
		t.Run(addresses, func(t *testing.T) {
			test := func() {
				_, body := get(t, client(t, nil), "http://"+web.Addr().String())
				if !strings.HasPrefix(body, "variables none none none\n") {
					t.Errorf("a program that the child starts sees the variables: %s", body)
				}
				if !strings.HasSuffix(body, "<nil>") || strings.Contains(body, "socket:") {
					t.Errorf("a program that the child starts has a socket: %s", body)
				}
				get(t, overUnix(t, path), "http://any/")
			}
			if c := activate(t, addresses, "web:proxied", "$$", test, web, unix); c.err != nil || !strings.HasPrefix(c.first, "serving") {
				t.Errorf("%+v", c)
			}
			if _, err := os.Lstat(path); err != nil {
				t.Error("the child removed the socket of systemd")
			}
		})
	}
}

// A restart loses nobody: who connects while nothing serves is served by the next process.
func TestARestartUnderSystemdLosesNoConnection(t *testing.T) {
	l := tcp(t)
	activate(t, "systemd", "web", "$$", nil, l)
	waiting := make(chan error, 1)
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "GET / HTTP/1.0\r\n\r\n")
	next := activate(t, "systemd", "web", "$$", func() {
		_, err := http.ReadResponse(bufio.NewReader(c), nil)
		waiting <- err
	}, l)
	if next.err != nil {
		t.Fatalf("%+v", next)
	}
	if err := <-waiting; err != nil {
		t.Error(err)
	}
}

func TestSocketsThatAreNotThere(t *testing.T) {
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	for _, test := range []struct {
		name, addresses, names, pid string
		want                        string
	}{
		{"a name that no socket has", "systemd:wbe", "web:admin", "$$", `there is no socket of this name, only "web", "admin"`},
		{"all, and then one more", "systemd,systemd:web", "web:admin", "$$", "there is no such socket left"},
		{"sockets for another process", "systemd", "web:admin", "1", "there is no such socket left"},
		{"no names", "systemd:web", "", "$$", `only "unknown", "unknown"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := activate(t, test.addresses, test.names, test.pid, nil, tcp(t), tcp(t))
			if c.err == nil || !strings.Contains(c.first, test.want) {
				t.Errorf("%+v, want %q", c, test.want)
			}
		})
	}
	t.Run("a socket that nobody takes", func(t *testing.T) {
		c := activate(t, "systemd:web", "web:admin", "$$", nil, tcp(t), tcp(t))
		if c.err != nil || !strings.Contains(c.stderr, "nothing listens at") || !strings.Contains(c.stderr, "names=admin") {
			t.Errorf("%+v", c)
		}
	})
	t.Run("a socket of datagrams", func(t *testing.T) {
		c := activate(t, "systemd", "dns", "$$", nil, packets{udp.(*net.UDPConn)})
		if c.err == nil || !strings.Contains(c.first, `the socket "dns" is none that can be listened on`) {
			t.Errorf("%+v", c)
		}
	})
}

// packets has the file of a socket that is no listener.
type packets struct{ *net.UDPConn }

func (p packets) Accept() (net.Conn, error) { return nil, net.ErrClosed }
func (p packets) Addr() net.Addr            { return p.LocalAddr() }
