package rewrite

import (
	"net/http"
	"net/netip"
)

// ClientOf returns the address of who sent the request: Client where a filter set it that
// knows which proxies to believe, else that of Request.RemoteAddr. It never looks at
// X-Forwarded-For, which any client can write.
//
// An IPv4 address is one however it was written, and there is no zone, so that == and
// netip.Prefix.Contains say what one expects. The address is not valid where there is none,
// as over a Unix socket, or where Client is the zero address.
func ClientOf(r *http.Request) netip.Addr {
	addr, ok := Client.Value(r.Context())
	if !ok {
		return PeerOf(r)
	}
	return addr.Unmap().WithZone("")
}

// PeerOf returns the address of the other end of the connection, which may be a proxy: that of
// Request.RemoteAddr, in the form of ClientOf. It is the zero Addr where that has none, as over
// a Unix socket.
func PeerOf(r *http.Request) netip.Addr {
	if ap, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		return ap.Addr().Unmap().WithZone("")
	}
	addr, _ := netip.ParseAddr(r.RemoteAddr) // some servers leave the port out
	return addr.Unmap().WithZone("")
}
