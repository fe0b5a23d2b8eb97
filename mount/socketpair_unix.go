//go:build unix

package mount

import (
	"net"
	"os"
	"syscall"
)

// socketPairs returns both ends of n connections that nobody else can reach: ours, and
// those for a process to inherit.
func socketPairs(n int) (ours []net.Conn, theirs []*os.File, err error) {
	for range n {
		conn, file, err := socketPair()
		if err != nil {
			for i := range ours {
				_ = ours[i].Close()
				_ = theirs[i].Close()
			}
			return nil, nil, os.NewSyscallError("socketpair", err)
		}
		ours, theirs = append(ours, conn), append(theirs, file)
	}
	return ours, theirs, nil
}

func socketPair() (net.Conn, *os.File, error) {
	syscall.ForkLock.RLock()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fds[0])
		syscall.CloseOnExec(fds[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, nil, err
	}
	own, file := os.NewFile(uintptr(fds[0]), "weir"), os.NewFile(uintptr(fds[1]), "worker")
	conn, err := net.FileConn(own)
	_ = own.Close()
	if err != nil {
		_ = file.Close()
		return nil, nil, err
	}
	return conn, file, nil
}
