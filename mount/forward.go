package mount

import (
	"net"
	"net/http"
	"net/textproto"
	"strconv"
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
	client, proto := clientOf(r), "http"
	if r.TLS != nil {
		proto = "https"
	}
	values := make([]string, 0, 8) // of all fields together
	set := func(name, value string) {
		values = append(values, value)
		h[name] = values[len(values)-1 : len(values) : len(values)]
	}
	if client != "" {
		set("X-Forwarded-For", client)
	}
	set("X-Forwarded-Proto", proto)
	set("X-Forwarded-Port", portOf(r))
	if r.Host != "" && !hasControl(r.Host) {
		set("X-Forwarded-Host", r.Host)
	}
	set("Forwarded", forwarded(client, r.Host, proto))
	// A prefix that begins with two slashes would be a host to an application that redirects.
	if prefix := rewrite.EscapedScriptName(r); prefix != "" && !strings.HasPrefix(prefix, "//") {
		set("X-Forwarded-Prefix", prefix)
		set("X-Script-Name", prefix)
	}
	if user, _ := rewrite.User.Value(r.Context()); user != "" && userField != "" && !hasControl(user) && user == textproto.TrimString(user) {
		set(http.CanonicalHeaderKey(userField), user)
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

// portOf returns the port that the client asked for, that of the scheme where it named none.
func portOf(r *http.Request) string {
	if _, port, err := net.SplitHostPort(r.Host); err == nil {
		if _, err := strconv.ParseUint(port, 10, 16); err == nil {
			return port
		}
	}
	if r.TLS != nil {
		return "443"
	}
	return "80"
}

// forwarded returns the value of a Forwarded field.
func forwarded(client, host, proto string) string {
	var b strings.Builder
	b.Grow(len("for=unknown;host=;proto=https") + len(client) + len(host) + 8)
	b.WriteString("for=")
	switch {
	case client == "":
		b.WriteString("unknown")
	case strings.Contains(client, ":"):
		b.WriteString(`"[`)
		b.WriteString(client)
		b.WriteString(`]"`)
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
	b.WriteString(";proto=")
	b.WriteString(proto)
	return b.String()
}
