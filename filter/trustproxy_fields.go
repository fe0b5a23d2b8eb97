package filter

import (
	"net/http"
	"strings"
)

// speaksOfProxies says whether a header has anything that dropProxyFields drops.
func speaksOfProxies(h http.Header) bool {
	for name := range h {
		if isProxyField(name) {
			return true
		}
	}
	for _, line := range h["Connection"] {
		for option := range strings.SplitSeq(line, ",") {
			if isProxyField(trimOWS(option)) {
				return true
			}
		}
	}
	return false
}

// dropProxyFields removes all fields by which a proxy says who the client is and what it asked for, and the options of
// Connection that name one.
func dropProxyFields(h http.Header) {
	for name := range h {
		if isProxyField(name) {
			delete(h, name)
		}
	}
	var kept []string
	dropped := false
	for _, line := range h["Connection"] {
		for option := range strings.SplitSeq(line, ",") {
			if option = trimOWS(option); isProxyField(option) {
				dropped = true
			} else {
				kept = append(kept, option)
			}
		}
	}
	switch {
	case !dropped:
	case len(kept) == 0:
		delete(h, "Connection")
	default:
		h["Connection"] = []string{strings.Join(kept, ", ")}
	}
}

// isProxyField says whether a field is one by which proxies speak of the client, in any spelling that some application
// takes for it: as in the names of CGI's variables, all signs are one.
func isProxyField(name string) bool {
	var buf [len("x-original-forwarded-for")]byte
	folded := buf[:min(len(name), len(buf))]
	for i := range folded {
		switch c := name[i]; {
		case 'A' <= c && c <= 'Z':
			folded[i] = c + 'a' - 'A'
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
			folded[i] = c
		default:
			folded[i] = '-'
		}
	}
	const family = "x-forwarded"
	if len(folded) >= len(family) && string(folded[:len(family)]) == family {
		return true
	}
	return len(name) <= len(buf) && proxyFields[string(folded)]
}

// proxyFields are the fields, folded, beside X-Forwarded and what begins like it, none longer than isProxyField looks at.
var proxyFields = map[string]bool{
	"forwarded": true, // RFC 7239

	"x-real-ip": true, "x-client-ip": true, "client-ip": true, "true-client-ip": true, "x-cluster-client-ip": true,
	"x-remote-ip": true, "x-remote-addr": true, "x-originating-ip": true, "x-proxyuser-ip": true,
	"proxy-client-ip": true, "wl-proxy-client-ip": true, "cf-connecting-ip": true, "cf-connecting-ipv6": true,
	"fastly-client-ip": true, "fly-client-ip": true, "x-azure-clientip": true, "x-appengine-user-ip": true,
	"x-envoy-external-address": true, "x-vercel-forwarded-for": true, "x-original-forwarded-for": true,

	"x-scheme": true, "x-url-scheme": true, "front-end-https": true,
	"x-host": true, "x-http-host-override": true, "x-original-host": true,
	"x-original-url": true, "x-original-uri": true, "x-rewrite-url": true, "x-original-method": true,
	"x-original-for": true, "x-original-proto": true, "x-original-prefix": true, "x-original-remote-addr": true,
	"x-script-name": true, "x-ingress-path": true, "x-proxycontextpath": true, "x-rstudio-root-path": true,
}

// write writes into h what was believed, in the one family or the other.
func (s *hearsay) write(h http.Header, forwarded bool) {
	if forwarded {
		s.writeForwarded(h)
		return
	}
	set := func(name, value string) {
		if value != "" {
			h[name] = []string{value}
		}
	}
	var list []string
	for i := len(s.hops) - 1; i >= 0; i-- {
		list = append(list, s.hops[i].name())
	}
	set("X-Forwarded-For", strings.Join(list, ", "))
	set("X-Forwarded-Proto", s.scheme)
	set("X-Forwarded-Host", s.host)
	set("X-Forwarded-Prefix", s.prefix)
}

func (s *hearsay) writeForwarded(h http.Header) {
	var b strings.Builder
	for i := len(s.hops) - 1; i >= 0; i-- {
		if b.Len() > 0 {
			b.WriteString(", ")
		}
		b.WriteString("for=")
		if a := s.hops[i].addr; a.Is6() {
			b.WriteString(`"[` + a.String() + `]"`)
		} else {
			b.WriteString(s.hops[i].name())
		}
		if i < len(s.hops)-1 {
			continue
		}
		if s.host != "" { // of characters that need no escape
			b.WriteString(`;host="` + s.host + `"`)
		}
		if s.scheme != "" {
			b.WriteString(";proto=" + s.scheme)
		}
	}
	if b.Len() > 0 {
		h["Forwarded"] = []string{b.String()}
	}
}

// name is how a hop stands in a field.
func (h hop) name() string {
	if !h.addr.IsValid() {
		return "unknown"
	}
	return h.addr.String()
}
