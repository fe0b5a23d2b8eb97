package filter

import (
	"net/netip"
	"strconv"
	"strings"
)

// maxHost is the length of the longest name of DNS, in bytes (RFC 1035 §2.3.4). An IPv6 address in brackets is shorter.
const maxHost = 253

// splitHost takes apart host and port of a URL or a Host field (RFC 9110 §4.2, §7.2). The name comes in lower case
// and without the dot at its end that stands for the root of DNS, an IPv6 address in its one form in brackets; the port is
// empty where there is none. It is strict: letters, digits, hyphens, underscores and dots, an address, or nothing.
func splitHost(host string) (name, port string, ok bool) {
	if len(host) > maxHost+len(".:65535") {
		return "", "", false
	}
	name = host
	if i := strings.LastIndexByte(host, ':'); i >= 0 && i > strings.LastIndexByte(host, ']') {
		name, port = host[:i], host[i+1:]
		if n, err := strconv.ParseUint(port, 10, 16); port != "" && (err != nil || n == 0 || port[0] == '0' || port[0] == '+') {
			return "", "", false
		}
	}
	if inner, literal := strings.CutPrefix(name, "["); literal {
		a, err := netip.ParseAddr(strings.TrimSuffix(inner, "]"))
		return "[" + a.String() + "]", port, err == nil && a.Is6() && a.Zone() == "" && strings.HasSuffix(inner, "]")
	}
	name = strings.TrimSuffix(name, ".")
	return strings.ToLower(name), port, isHostName(name) // beyond ASCII, ToLower makes a k of the sign of Kelvin
}

// isHostName says whether s is a name of DNS or an IPv4 address, for which it may stand: labels of
// letters, digits, hyphens and underscores.
func isHostName(s string) bool {
	if s == "" || len(s) > maxHost {
		return false
	}
	label := 0
	for i := range len(s) {
		switch c := s[i]; {
		case c == '.' && label == 0:
			return false
		case c == '.':
			label = 0
		case 'a' <= c|0x20 && c|0x20 <= 'z', '0' <= c && c <= '9', c == '-', c == '_':
			if label++; label > 63 {
				return false
			}
		default:
			return false
		}
	}
	return label > 0
}
