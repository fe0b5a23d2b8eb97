package filter

import (
	"encoding/binary"
	"hash/maphash"
	"net/netip"
)

// A rateKey says who is counted, in 16 bytes. Addresses stand there as they are, texts as a digest with the highest
// bit set, which no address has. The zero rateKey is nobody: an empty cell.
type rateKey struct{ hi, lo uint64 }

// addrKey returns the key of an address: an IPv4 address, mapped into IPv6 or not, is one key, and so is a /64 of IPv6,
// in which a host may take any address that it likes (RFC 4291 §2.5.1), without its zone. No address is a key as well.
func addrKey(a netip.Addr) rateKey {
	if !a.IsValid() {
		return rateKey{lo: 2}
	}
	b := a.As16()
	k := rateKey{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])}
	if k.hi != 0 || k.lo>>32 != 0xffff {
		k.lo = 1
	}
	return k
}

// addrText is addrKey in words.
func addrText(a netip.Addr) string {
	a = a.Unmap().WithZone("")
	switch {
	case !a.IsValid():
		return ""
	case a.Is4():
		return a.String()
	}
	p, _ := a.Prefix(64) // an IPv6 address has one
	return p.String()
}

// A textKeyer makes keys of texts of any length. Two hashes with seeds of their own are 127 bits together: with a
// million keys in the table, the chance that any two of them are taken for one another is below 10⁻²⁶.
type textKeyer struct{ one, two maphash.Seed }

func newTextKeyer() textKeyer { return textKeyer{maphash.MakeSeed(), maphash.MakeSeed()} }

func (t textKeyer) key(s string) rateKey {
	return rateKey{maphash.String(t.one, s), maphash.String(t.two, s) | 1<<63}
}
