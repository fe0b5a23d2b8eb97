package server

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
)

// listener is an open address.
type listener struct {
	net.Listener
	plain bool // no TLS, whatever the file says of certificates
}

// socketMode is that of the sockets that are made here: their owner and group may connect. Who else may is up to
// the folder that they are in; one with the set-group-ID bit gives them its group.
const socketMode = 0o660

// listenAll opens all addresses, or none.
func listenAll(addresses []string, inherited *sockets) ([]*listener, error) {
	var all []*listener
	for _, address := range addresses {
		opened, err := listen(address, inherited)
		if err != nil {
			closeAll(all)
			return nil, err
		}
		all = append(all, opened...)
	}
	return all, nil
}

func closeAll(all []*listener) {
	for _, l := range all {
		l.Close()
	}
}

// listen opens what one address of the file stands for. "systemd" may be several sockets.
func listen(address string, inherited *sockets) ([]*listener, error) {
	if address == "systemd" || strings.HasPrefix(address, "systemd:") {
		return inherited.take(address)
	}
	var l net.Listener
	var err error
	if path, found := strings.CutPrefix(address, "unix:"); found {
		l, err = listenUnix(path)
	} else {
		l, err = net.Listen("tcp", strings.TrimPrefix(address, "http://"))
	}
	if err != nil {
		return nil, plainly(address, err)
	}
	return []*listener{opened(l, address)}, nil
}

// opened decides whether a listener speaks TLS when there are certificates. A unix socket does not, as there is a
// server in front of it; what is written "http://…" does not, and neither does port 80.
func opened(l net.Listener, address string) *listener {
	o := &listener{Listener: l}
	o.plain = strings.HasPrefix(address, "http://") || o.isUnix() || o.port() == 80
	return o
}

func (l *listener) isUnix() bool {
	_, unix := l.Addr().(*net.UnixAddr)
	return unix
}

func (l *listener) port() int {
	if tcp, ok := l.Addr().(*net.TCPAddr); ok {
		return tcp.Port
	}
	return 0
}

// plainly says of an address that cannot be opened what to do about it.
func plainly(address string, err error) error {
	var what string
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		what = "is taken: another program listens there; stop it, or give another address with listen in [server] or --listen"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		what = "is no address of this machine: write one of its own, or :PORT for all of them"
	case errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM):
		what = "is not allowed: a port below 1024 needs the right to bind it (CAP_NET_BIND_SERVICE) or a socket of " +
			`systemd ("systemd"), a unix socket a folder that may be written`
	case errors.Is(err, syscall.EINVAL):
		what = "has a path that is too long for a socket: choose one of at most 100 bytes"
	case errors.Is(err, fs.ErrNotExist):
		what = "is in a folder that is not there: make it"
	default:
		if operation, ok := errors.AsType[*net.OpError](err); ok {
			err = operation.Err
		}
		return fmt.Errorf("%s cannot be listened on: %w", address, err)
	}
	return fmt.Errorf("%s %s", address, what)
}

// listenUnix makes a unix socket. A socket file that a program left behind when it died is in the way, and is removed
// when nobody answers there.
func listenUnix(path string) (net.Listener, error) {
	l, err := net.Listen("unix", path)
	if errors.Is(err, syscall.EADDRINUSE) {
		if err := removeStale(path); err != nil {
			return nil, err
		}
		l, err = net.Listen("unix", path)
	}
	if err != nil {
		return nil, err
	}
	return own(l.(*net.UnixListener), path)
}

func own(l *net.UnixListener, path string) (net.Listener, error) {
	l.SetUnlinkOnClose(false) // it would remove whatever is there by then
	err := os.Chmod(path, socketMode)
	if err == nil {
		var file os.FileInfo
		if file, err = os.Lstat(path); err == nil {
			return &unixListener{UnixListener: l, path: path, file: file}, nil
		}
	}
	l.Close()
	return nil, err
}

// removeStale removes a socket file that nobody answers at, and nothing else.
func removeStale(path string) error {
	file, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if file.Mode().Type() != fs.ModeSocket {
		return errors.New("there is a file that is no socket: move it away or choose another path")
	}
	c, err := net.Dial("unix", path)
	if err == nil {
		c.Close()
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return syscall.EADDRINUSE // somebody answers, or is too busy to
	}
	if now, err := os.Lstat(path); err != nil || !os.SameFile(file, now) {
		return syscall.EADDRINUSE // another program is just doing the same
	}
	return os.Remove(path)
}

// unixListener removes its socket file at the end, if it is still its own.
type unixListener struct {
	*net.UnixListener
	path   string
	file   os.FileInfo
	closed sync.Once
}

// Close removes the file first: as long as the socket is open, no other file can have its inode.
func (l *unixListener) Close() error {
	l.closed.Do(func() {
		if now, err := os.Lstat(l.path); err == nil && os.SameFile(l.file, now) {
			os.Remove(l.path)
		}
	})
	return l.UnixListener.Close()
}

// url is where a browser finds it, or what the file says where none can.
func (l *listener) url(tls bool) string {
	address, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return "unix:" + l.Addr().String()
	}
	host := address.String()
	if address.IP.IsUnspecified() {
		host = fmt.Sprintf("localhost:%d", address.Port)
	}
	if tls && !l.plain {
		return "https://" + strings.TrimSuffix(host, ":443") + "/"
	}
	return "http://" + strings.TrimSuffix(host, ":80") + "/"
}
