package mount

import (
	"context"
	"net"
	"strings"
	"time"
)

// dialTimeout is how long a server may take to accept a connection.
const dialTimeout = 10 * time.Second

// dialServer connects to "host:port", or to the path of a unix socket, with or without
// "unix:" before it.
func dialServer(ctx context.Context, server string) (net.Conn, error) {
	network, address := "tcp", strings.TrimPrefix(server, "unix:")
	if strings.Contains(address, "/") {
		network = "unix"
	}
	dialer := net.Dialer{Timeout: dialTimeout}
	return dialer.DialContext(ctx, network, address)
}
