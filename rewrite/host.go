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
// named one: Host where a filter set it, else Request.Host. What is no host, but "a@b" or
// "a/b" or nothing, counts as none; then it is the address that the client connected to,
// or "localhost". So it can always stand in a URL.
//
// A client can name any host that it likes. Whoever makes a link of it that others see, or
// that goes into a mail or a cache, lets a filter refuse the hosts that are not its own.
func HostOf(r *http.Request) string {
	host, _ := Host.Value(r.Context())
	for _, host := range [...]string{host, r.Host, localAddress(r)} {
		if _, _, ok := splitHost(host); ok {
			return host
		}
	}
	return "localhost"
}

// Domain returns the host of the URL that the client asked for, without its port, to
// compare: in lower case and without the dot that may end it, an IPv6 address in its one
// form and in brackets.
func Domain(r *http.Request) string {
	domain, _, _ := splitHost(HostOf(r))
	return domain
}

// Port returns the port of the URL that the client asked for, "443" or "80" where it named
// none.
func Port(r *http.Request) string {
	if _, port, _ := splitHost(HostOf(r)); port != "" {
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

// splitHost takes the host of a URL apart (RFC 9110 section 4.2). The port is empty where
// it has none. It is strict, since what a client calls a host may be anything: labels of
// letters, digits, hyphens and underscores, or an address.
func splitHost(host string) (domain, port string, ok bool) {
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
	domain = strings.ToLower(strings.TrimSuffix(domain, "."))
	return domain, port, isDomain(domain)
}

// cutPort cuts the port off host. It is empty where there is none, or nothing behind the
// colon.
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

// isDomain reports whether s is a name of DNS or an IPv4 address (RFC 1035 section 2.3.4).
func isDomain(s string) bool {
	if len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || strings.ContainsFunc(label, notInLabel) {
			return false
		}
	}
	return true
}

func notInLabel(c rune) bool {
	return (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_'
}
