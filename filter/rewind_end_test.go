package filter_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/weirhttp/weir/filter"
)

// files are those of a folder, by name and as the process has them open.
type files struct{ named, open int }

func filesOf(t *testing.T, dir string) (f files) {
	t.Helper()
	names, err := os.ReadDir(dir)
	if err != nil {
		t.Error(err)
	}
	f.named = len(names)
	opened, _ := os.ReadDir("/proc/self/fd") // where there is such a thing
	for _, fd := range opened {
		if target, _ := os.Readlink("/proc/self/fd/" + fd.Name()); strings.HasPrefix(target, dir+"/") {
			f.open++
		}
	}
	return f
}

// TestRewind_leaves holds that no file is left, whatever becomes of a request.
func TestRewind_leaves(t *testing.T) {
	kept := make(chan io.Reader, 8)
	for name, h := range map[string]func(w http.ResponseWriter, r *http.Request){
		"all is read":          func(w http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) },
		"half is read":         func(w http.ResponseWriter, r *http.Request) { io.CopyN(io.Discard, r.Body, 1000) },
		"nothing is read":      func(w http.ResponseWriter, r *http.Request) {},
		"it is closed halfway": func(w http.ResponseWriter, r *http.Request) { io.CopyN(io.Discard, r.Body, 1000); r.Body.Close() },
		"the handler panics": func(w http.ResponseWriter, r *http.Request) {
			io.CopyN(io.Discard, r.Body, 1000)
			panic(http.ErrAbortHandler)
		},
		"the goroutine ends": func(w http.ResponseWriter, r *http.Request) { io.CopyN(io.Discard, r.Body, 1000); runtime.Goexit() },
		"the connection is taken over": func(w http.ResponseWriter, r *http.Request) {
			io.CopyN(io.Discard, r.Body, 1000)
			if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
				conn.Close()
			}
		},
		"the body is kept": func(w http.ResponseWriter, r *http.Request) {
			io.CopyN(io.Discard, r.Body, 1000)
			other, _ := r.GetBody()
			kept <- r.Body
			kept <- other
		},
	} {
		for _, proto := range []int{1, 2} {
			for _, cut := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/HTTP %d, cut: %v", name, proto, cut), func(t *testing.T) {
					dir, ended := t.TempDir(), make(chan files, 2)
					rewind := filter.Rewind(filter.RewindOptions{Memory: 10, Dir: dir})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						w.WriteHeader(http.StatusOK)
						h(w, r)
					}))
					s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						defer func() { ended <- filesOf(t, dir) }()
						rewind.ServeHTTP(w, r)
					}))
					s.EnableHTTP2 = proto == 2
					s.StartTLS()
					defer s.Close()
					var body io.Reader = strings.NewReader(page(50_000))
					if cut {
						body = io.MultiReader(body, iotest.ErrReader(errors.New("cut")))
					}
					r, _ := http.NewRequest("POST", s.URL, io.NopCloser(body))
					if res, err := s.Client().Do(r); err == nil {
						res.Body.Close()
					}
					if left := <-ended; left != (files{}) {
						t.Errorf("what is left: %+v", left)
					}
				})
			}
		}
	}
	for range cap(kept) {
		if got := told(<-kept, everything); got != "!http: invalid Read on closed Body" {
			t.Errorf("a body that was kept says %q", got)
		}
	}
}

// A client that goes away is told from a body that ends, each time, and at the same place.
func TestRewind_cut(t *testing.T) {
	for name, sent := range map[string]string{
		"declared": "Content-Length: 10\r\n\r\n0123456",
		"chunked":  "Transfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n5\r\n56",
		"between":  "Transfer-Encoding: chunked\r\n\r\n7\r\n0123456\r\n",
		"no chunk": "Transfer-Encoding: chunked\r\n\r\n7\r\n0123456\r\nhello",
	} {
		for _, memory := range []int64{3, 7, 100} {
			t.Run(fmt.Sprintf("%s, %d bytes in memory", name, memory), func(t *testing.T) {
				saw := make(chan [3]string, 1)
				s := httptest.NewServer(filter.Rewind(filter.RewindOptions{Memory: memory, Dir: t.TempDir()})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					first := told(r.Body, everything)
					r.Body.(io.Seeker).Seek(0, io.SeekStart)
					other, _ := r.GetBody()
					saw <- [3]string{first, told(r.Body, everything), told(other, everything)}
				})))
				defer s.Close()
				conn, err := net.Dial("tcp", s.Listener.Addr().String())
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				io.WriteString(conn, "POST / HTTP/1.1\r\nHost: localhost\r\n"+sent)
				conn.(*net.TCPConn).CloseWrite()
				got := <-saw
				if !strings.HasPrefix(got[0], "0123456!") || got[1] != got[0] || got[2] != got[0] {
					t.Errorf("read %q", got)
				}
			})
		}
	}
}

// A client that waits to be told to send its body gets the answer of a handler that closed what it did not want.
func TestRewind_notWanted(t *testing.T) {
	for name, closes := range map[string]func(r *http.Request) io.Closer{
		"the body":    func(r *http.Request) io.Closer { return r.Body },
		"another one": func(r *http.Request) io.Closer { other, _ := r.GetBody(); return other },
	} {
		s := httptest.NewServer(filter.Rewind(filter.RewindOptions{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			closes(r).Close()
			w.WriteHeader(http.StatusForbidden)
		})))
		conn, err := net.Dial("tcp", s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(conn, "POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n")
		conn.SetReadDeadline(time.Now().Add(5 * time.Second)) // of a failure
		if got, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.HasPrefix(got, "HTTP/1.1 403 ") {
			t.Errorf("%s is closed: the client gets %q, %v", name, got, err)
		}
		conn.Close()
		s.Close()
	}
}

// An error of a body that would go on after it, as that of a deadline can, is its end.
func TestRewind_errorsStay(t *testing.T) {
	h := filter.Rewind(filter.RewindOptions{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for range 2 {
			if got := told(r.Body, everything); !strings.HasSuffix(got, "!timeout") {
				t.Errorf("read %q", got)
			}
		}
	}))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/", iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("body")))))
}

// A folder that is gone is told where the first byte could not be kept.
func TestRewind_disk(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "dir")
	os.Mkdir(dir, 0o700)
	h := filter.Rewind(filter.RewindOptions{Memory: 5, Dir: dir})(twice)
	os.Remove(dir)
	for body, whole := range map[string]bool{"01234": true, "0123456789": false} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("POST", "/", strings.NewReader(body)))
		const want = "01234!filter.Rewind: what is more than Memory cannot be kept in Dir: open "
		if first, again, _ := strings.Cut(w.Body.String(), " 01234"); !whole && (!strings.HasPrefix(first, want+dir) || !strings.HasPrefix("01234"+again, want+dir)) {
			t.Errorf("the handler was told %q", w.Body)
		}
		if whole && w.Body.String() != "01234 01234" {
			t.Errorf("without need of a file the handler was told %q", w.Body)
		}
	}
}

// Nobody waits for a client who sends nothing: not the request whose handler returned, nor those who read what is there. What
// comes then is nobody's.
func TestRewind_late(t *testing.T) {
	body, client := io.Pipe()
	var waiting sync.WaitGroup
	filter.Rewind(filter.RewindOptions{Memory: 1, Dir: t.TempDir()})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		go io.WriteString(client, "01")
		told(r.Body, 2)
		began := make(chan bool)
		waiting.Go(func() {
			close(began)
			if n, err := r.Body.Read(make([]byte, 1)); n != 0 || err != http.ErrBodyReadAfterClose {
				t.Errorf("%d bytes and %v came after the request", n, err)
			}
			if _, err := r.GetBody(); err != http.ErrBodyReadAfterClose {
				t.Errorf("there is another body after the request: %v", err)
			}
			if _, err := r.Body.(io.Seeker).Seek(0, io.SeekStart); err != http.ErrBodyReadAfterClose {
				t.Errorf("the body can be sought after the request: %v", err)
			}
		})
		<-began
		other, _ := r.GetBody()
		if got := told(other, 2); got != "01" {
			t.Errorf("read %q while another one waited", got)
		}
	})).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/", body))
	client.Write([]byte("2"))
	waiting.Wait()
}
