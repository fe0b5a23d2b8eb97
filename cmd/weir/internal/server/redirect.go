package server

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// redirect sends whoever comes without TLS to the same place with it. A request that changes something is refused, so that
// whoever sends it this way finds out. A client that names no port sees the standard ports, whatever ours are: there is a
// container or a router between. One that names a port sees ours, and is sent to that of TLS.
type redirect struct {
	port int // of the listener that speaks TLS
}

func (t redirect) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		http.Error(w, "Use HTTPS", http.StatusBadRequest)
		return
	}
	asked, target := &url.URL{Host: r.Host}, r.URL.RequestURI()
	host, ok := hostInURL(asked.Hostname())
	if !ok || !strings.HasPrefix(target, "/") { // "*" or "a:.evil.example", which would continue the host
		http.Error(w, "Bad Host or target", http.StatusBadRequest)
		return
	}
	if asked.Port() != "" && t.port != 443 {
		host += ":" + strconv.Itoa(t.port)
	}
	w.Header().Set("Location", "https://"+host+target)
	w.WriteHeader(http.StatusPermanentRedirect)
}

// hostInURL writes a name or an address as a URL has it, if it is one.
func hostInURL(name string) (string, bool) {
	if address, err := netip.ParseAddr(name); err == nil {
		return strings.TrimSuffix(net.JoinHostPort(address.WithZone("").String(), ""), ":"), true
	}
	other := strings.Trim(name, "-._0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
	return name, name != "" && other == ""
}
