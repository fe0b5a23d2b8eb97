package filter

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
)

// ranges are ranges of addresses, none of IPv4 mapped into IPv6, whose addresses are plain IPv4 here.
type ranges []netip.Prefix

// newRanges returns the ranges of a parameter of a filter, and panics where one is none.
func newRanges(filter, parameter string, prefixes []netip.Prefix) ranges {
	list := make(ranges, len(prefixes))
	for i, p := range prefixes {
		switch mapped := p.Addr().Is4In6(); {
		case !p.IsValid():
			panic(fmt.Sprintf("filter.%s: %s[%d] is no range of addresses: write one such as 10.0.0.0/8", filter, parameter, i))
		case mapped && p.Bits() < 96:
			panic(fmt.Sprintf("filter.%s: %s[%d] is %v, which holds more than IPv4 mapped into IPv6: write the range of IPv4", filter, parameter, i, p))
		case mapped:
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		list[i] = p.Masked()
	}
	return list
}

// contain says whether an address, as plainAddr returns it, is in one of the ranges. No address is in none.
func (list ranges) contain(a netip.Addr) bool {
	for _, p := range list {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// plainAddr returns a without its zone, and as IPv4 where it is IPv4 mapped into IPv6.
func plainAddr(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// overUnix says whether the connection of r is one of a Unix socket, which only its own listener can know: RemoteAddr
// is empty or "@" then.
func overUnix(r *http.Request) bool {
	a, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	return ok && a.Network() == "unix"
}
