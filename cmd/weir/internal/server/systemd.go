package server

import (
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// firstSocket is the number of the first file that systemd passes (sd_listen_fds(3)).
const firstSocket = 3

// sockets are those that systemd opened and passed to this process.
type sockets struct {
	open []socket
}

type socket struct {
	file *os.File
	name string // FileDescriptorName= of the .socket unit
}

// inheritedSockets takes the sockets that systemd passed, by the variables LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES.
// The variables go, and the sockets are closed in programs that are started from here: they are for nobody else.
func inheritedSockets() *sockets {
	pid, fds, names := os.Getenv("LISTEN_PID"), os.Getenv("LISTEN_FDS"), strings.Split(os.Getenv("LISTEN_FDNAMES"), ":")
	for _, name := range []string{"LISTEN_PID", "LISTEN_PIDFDID", "LISTEN_FDS", "LISTEN_FDNAMES"} {
		os.Unsetenv(name)
	}
	s := new(sockets)
	n, err := strconv.Atoi(fds)
	if pid != strconv.Itoa(os.Getpid()) || err != nil || n < 0 || n > 1000 {
		return s // they were for another process, such as the shell that started this one
	}
	for i := range n {
		name := "unknown" // what systemd says where the unit has no name
		if i < len(names) && names[i] != "" {
			name = names[i]
		}
		syscall.CloseOnExec(firstSocket + i)
		s.open = append(s.open, socket{os.NewFile(uintptr(firstSocket+i), name), name})
	}
	return s
}

// take makes listeners of the sockets of a name, "systemd:NAME", or of all that are left, "systemd".
func (s *sockets) take(address string) ([]*listener, error) {
	_, name, named := strings.Cut(address, ":")
	var all []*listener
	var err error
	s.open = slices.DeleteFunc(s.open, func(one socket) bool {
		if err != nil || named && one.name != name {
			return false
		}
		var l *listener
		if l, err = one.listener(address); err != nil {
			return false
		}
		all = append(all, l)
		return true
	})
	if err == nil && len(all) == 0 {
		err = s.none(address)
	}
	if err != nil {
		closeAll(all)
		return nil, err
	}
	return all, nil
}

// listener makes a listener of a socket, which has a file of its own then.
func (s socket) listener(address string) (*listener, error) {
	l, err := net.FileListener(s.file)
	if err != nil {
		return nil, fmt.Errorf("%s: the socket %q is none that can be listened on (ListenStream= in its unit makes one): %w",
			address, s.name, err)
	}
	s.file.Close()
	if unix, ok := l.(*net.UnixListener); ok {
		unix.SetUnlinkOnClose(false) // it is systemd's, which starts us again when somebody connects
	}
	return opened(l, address), nil
}

func (s *sockets) none(address string) error {
	if len(s.open) == 0 {
		return fmt.Errorf("%s: there is no such socket left: have systemd start this program, with a .socket unit beside "+
			"its .service", address)
	}
	var names []string
	for _, one := range s.open {
		names = append(names, strconv.Quote(one.name))
	}
	return fmt.Errorf("%s: there is no socket of this name, only %s (FileDescriptorName= in its unit is the name)",
		address, strings.Join(names, ", "))
}

// close closes what nobody took and returns its names.
func (s *sockets) close() []string {
	var names []string
	for _, one := range s.open {
		one.file.Close()
		names = append(names, one.name)
	}
	s.open = nil
	return names
}
