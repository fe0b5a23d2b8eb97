//go:build !unix

package mount

import (
	"errors"
	"net"
	"os"
)

func socketPairs(int) ([]net.Conn, []*os.File, error) {
	return nil, nil, errors.New("this system has no unix sockets that a process can inherit")
}
