package server_test

import (
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weirhttp/weir/cmd/weir/internal/server"
	"github.com/weirhttp/weir/deploy"
)

func TestAnAddressThatCannotBeOpened(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	dir := socketDir(t)
	answering, err := net.Listen("unix", filepath.Join(dir, "answering"))
	if err != nil {
		t.Fatal(err)
	}
	defer answering.Close()
	if err := os.WriteFile(filepath.Join(dir, "file"), []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, address string
		want          string
	}{
		{"a port that is taken", taken.Addr().String(), " is taken: another program listens there"},
		{"the same, written as a URL", "http://" + taken.Addr().String(), " is taken: another program listens there"},
		{"an address of another machine", "192.0.2.1:0", "192.0.2.1:0 is no address of this machine"},
		{"a port that is none", "127.0.0.1:99999", "127.0.0.1:99999 cannot be listened on: "},
		{"a socket at which somebody answers", "unix:" + dir + "/answering", "/answering is taken"},
		{"a file that is no socket", "unix:" + dir + "/file", "there is a file that is no socket"},
		{"a folder that is not there", "unix:" + dir + "/no/socket", "is in a folder that is not there"},
		{"a path that is too long", "unix:" + dir + strings.Repeat("/long", 40), "has a path that is too long for a socket"},
		{"systemd without systemd", "systemd", "systemd: there is no such socket left"},
	} {
		t.Run(test.name, func(t *testing.T) {
			first := filepath.Join(dir, "first")
			s := deploy.Server{Listen: []string{"unix:" + first, test.address}}
			v, err := server.Listen(s, slog.New(slog.DiscardHandler))
			if err == nil {
				v.Close()
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v, want %q", err, test.want)
			}
			if _, err := os.Lstat(first); err == nil {
				t.Error("the first address is still open")
			}
		})
	}
	if text, _ := os.ReadFile(filepath.Join(dir, "file")); string(text) != "precious" {
		t.Error("the file that is no socket is not what it was")
	}
}

func TestASocketThatWasLeftBehindIsReplaced(t *testing.T) {
	path := filepath.Join(socketDir(t), "socket")
	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		t.Fatal(err)
	}
	stale.SetUnlinkOnClose(false)
	stale.Close()
	v := start(t, deploy.Server{Listen: []string{"unix:" + path}}, hello, nil)
	if _, body := get(t, overUnix(t, path), "http://any/"); body != "hello by HTTP/1.1" {
		t.Errorf("body %q", body)
	}
	info, err := os.Lstat(path)
	if err != nil || info.Mode() != fs.ModeSocket|0o660 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if got := v.URLs(); len(got) != 1 || got[0] != "unix:"+path {
		t.Errorf("URLs %q", got)
	}
	if err := v.end(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); err == nil {
		t.Error("the socket file is still there at the end")
	}
}

func TestTheSocketOfAnotherIsLeftAlone(t *testing.T) {
	path := filepath.Join(socketDir(t), "socket")
	v := start(t, deploy.Server{Listen: []string{"unix:" + path}}, hello, nil)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	other, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := v.end(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Error("the socket of another was removed")
	}
}

func TestSeveralAddressesServeOneSite(t *testing.T) {
	path := filepath.Join(socketDir(t), "socket")
	v := start(t, deploy.Server{Listen: []string{"127.0.0.1:0", "unix:" + path, ":0"}}, hello, nil)
	urls := v.URLs()
	if !strings.HasPrefix(urls[0], "http://127.0.0.1:") || !strings.HasPrefix(urls[2], "http://localhost:") {
		t.Errorf("URLs %q", urls)
	}
	for i, c := range []*http.Client{client(t, nil), overUnix(t, path), client(t, nil)} {
		url := urls[i]
		if i == 1 {
			url = "http://any/"
		}
		if _, body := get(t, c, url); body != "hello by HTTP/1.1" {
			t.Errorf("%s: body %q", url, body)
		}
	}
}
