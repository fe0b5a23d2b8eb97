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
		addr = remote(r.RemoteAddr)
	}
	return addr.Unmap().WithZone("")
}

// remote returns the address in a RemoteAddr, from which some servers leave out the port.
func remote(s string) netip.Addr {
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr()
	}
	addr, _ := netip.ParseAddr(s)
	return addr
}
