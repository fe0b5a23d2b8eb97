package rewrite

import (
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
)

// SchemeOf returns the scheme of the URL that the client asked for, "http" or "https":
// Scheme where a filter set it, else what Request.TLS tells.
func SchemeOf(r *http.Request) string {
	if scheme, _ := Scheme.Value(r.Context()); scheme != "" {
		return scheme
	}
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

// HostOf returns the host of the URL that the client asked for, with its port where it
// named one: NamedHost or, where that is none, the address that the client connected to, or
// "localhost". So it can always stand in a URL.
//
// A client can name any host that it likes. Whoever makes a link of it that others see, or
// that goes into a mail or a cache, lets a filter refuse the hosts that are not its own.
func HostOf(r *http.Request) string {
	if host, ok := NamedHost(r); ok {
		return host
	}
	if host := localAddress(r); isHost(host) {
		return host
	}
	return "localhost"
}

// NamedHost returns the host of the URL that the client asked for, with its port, as it was
// named: Host where a filter set it, whatever it is, else Request.Host. It also reports
// whether that is a host at all, as SplitHost does: a client may name "a@b" or "a/b", and one
// of HTTP/1.0 no host. It is for those who refuse a request then, or say nothing of a host;
// all others have HostOf.
func NamedHost(r *http.Request) (host string, ok bool) {
	host, ok = Host.Value(r.Context())
	if !ok {
		host = r.Host
	}
	return host, isHost(host)
}

// Domain returns the host of the URL that the client asked for, without its port, to
// compare: in lower case and without the dot that may end it, an IPv6 address in its one
// form and in brackets.
func Domain(r *http.Request) string {
	domain, _, _ := SplitHost(HostOf(r))
	return domain
}

// Port returns the port of the URL that the client asked for, "443" or "80" where it named
// none.
func Port(r *http.Request) string {
	if _, port, _ := SplitHost(HostOf(r)); port != "" {
		return port
	}
	return defaultPort(SchemeOf(r))
}

func defaultPort(scheme string) string {
	if scheme == "https" {
		return "443"
	}
	return "80"
}

// localAddress returns the address that the client connected to, "" where nobody knows it.
func localAddress(r *http.Request) string {
	if addr, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr); ok {
		return addr.String()
	}
	return ""
}

// maxDomain is how many bytes the longest name of DNS has (RFC 1035 section 2.3.4).
const maxDomain = 253

// SplitHost takes the host of a URL or of the field Host apart (RFC 9110 sections 4.2 and
// 7.2), and reports whether it is one. The domain is as Domain returns it; the port is empty
// where there is none, or nothing behind the colon.
//
// It is strict, since what a client calls a host may be anything. A host is labels of ASCII
// letters, digits, hyphens and underscores with dots between them, or an IPv4 address, or an
// IPv6 address in brackets without a zone, and a port is from 1 to 65535 without zeros before
// it.
func SplitHost(host string) (domain, port string, ok bool) {
	if len(host) > maxDomain+len(".:65535") {
		return "", "", false
	}
	domain, port, ok = cutPort(host)
	if !ok {
		return "", "", false
	}
	if inner, literal := strings.CutPrefix(domain, "["); literal {
		inner, closed := strings.CutSuffix(inner, "]")
		addr, err := netip.ParseAddr(inner)
		if !closed || err != nil || !addr.Is6() || addr.Zone() != "" {
			return "", "", false
		}
		return "[" + addr.String() + "]", port, true
	}
	domain = strings.TrimSuffix(domain, ".")
	if !isDomain(domain) { // asked first: the small letter of the sign of Kelvin is a k
		return "", "", false
	}
	return strings.ToLower(domain), port, true
}

func isHost(s string) bool {
	_, _, ok := SplitHost(s)
	return ok
}

// cutPort cuts the port off host.
func cutPort(host string) (domain, port string, ok bool) {
	i := strings.LastIndexByte(host, ':')
	if i < strings.LastIndexByte(host, ']') || i < 0 {
		return host, "", true
	}
	domain, port = host[:i], host[i+1:]
	if port == "" {
		return domain, "", true
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return domain, port, err == nil && n > 0 && port[0] != '0'
}

// isDomain reports whether s is a name of DNS or an IPv4 address, which looks like one.
func isDomain(s string) bool {
	if len(s) > maxDomain {
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
