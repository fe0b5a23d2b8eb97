package mount

import (
	"net"
	"net/http"
	"strings"

	"github.com/weirhttp/weir/rewrite"
)

// forward writes into h, the header of a request that is sent on to an application over
// HTTP, how the client came to it: X-Forwarded-For, -Proto, -Host, -Port and -Prefix,
// Forwarded (RFC 7239) and X-Script-Name; and in the field userField who is signed in,
// where somebody is. r is the request as the application is to see it. All that the client
// itself said about these goes first.
func forward(h http.Header, r *http.Request, userField string) {
	for name := range h {
		if claims(name, userField) {
			delete(h, name)
		}
	}
	client, proto, port := clientOf(r), "http", "80"
	if r.TLS != nil {
		proto, port = "https", "443"
	}
	if _, p, err := net.SplitHostPort(r.Host); err == nil && p != "" {
		port = p
	}
	if client != "" {
		h["X-Forwarded-For"] = []string{client}
	}
	h["X-Forwarded-Proto"] = []string{proto}
	h["X-Forwarded-Port"] = []string{port}
	if r.Host != "" && !hasControl(r.Host) {
		h["X-Forwarded-Host"] = []string{r.Host}
	}
	h["Forwarded"] = []string{forwarded(client, r.Host, proto)}
	// A prefix that begins with two slashes would be a host to an application that redirects.
	if prefix := rewrite.EscapedScriptName(r); prefix != "" && !strings.HasPrefix(prefix, "//") {
		h["X-Forwarded-Prefix"] = []string{prefix}
		h["X-Script-Name"] = []string{prefix}
	}
	if user, _ := rewrite.User.Value(r.Context()); user != "" && userField != "" && !hasControl(user) {
		h[http.CanonicalHeaderKey(userField)] = []string{user}
	}
}

// clientOf returns the address of the client, without port and zone; empty: nobody knows it.
func clientOf(r *http.Request) string {
	if client, ok := rewrite.Client.Value(r.Context()); ok && client.IsValid() {
		return client.WithZone("").String()
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	host, _, _ = strings.Cut(host, "%")
	return host
}

// forwarded returns the value of a Forwarded field.
func forwarded(client, host, proto string) string {
	var b strings.Builder
	b.WriteString("for=")
	switch {
	case client == "":
		b.WriteString("unknown")
	case strings.Contains(client, ":"):
		b.WriteString(`"[` + client + `]"`)
	default:
		b.WriteString(client)
	}
	if host != "" && !hasControl(host) {
		b.WriteString(`;host="`)
		for _, c := range []byte(host) {
			if c == '"' || c == '\\' {
				b.WriteByte('\\')
			}
			b.WriteByte(c)
		}
		b.WriteByte('"')
	}
	b.WriteString(";proto=" + proto)
	return b.String()
}
