package mount

import (
	"net/http"
	"net/textproto"
	"strings"

	"github.com/weirhttp/weir/rewrite"
)

// forward writes into h, the header of a request that is sent on to an application over
// HTTP, how the client came to it: X-Forwarded-For, -Proto, -Host, -Port and -Prefix,
// Forwarded (RFC 7239) and X-Script-Name; and in the field userField who is signed in,
// where somebody is. r is the request as the application is to see it. All that the client
// itself said about these goes first.
//
// X-Forwarded-For is the client alone, as rewrite.ClientOf has it: without the proxies in
// front of us, whom a filter believed or did not, and of whom the application need know
// nothing. It finds the client at both ends of the list, with us as the one proxy to trust.
func forward(h http.Header, r *http.Request, userField string) {
	for name := range h {
		if claims(name, userField) {
			delete(h, name)
		}
	}
	client, proto, host := clientOf(r), rewrite.SchemeOf(r), publicHost(r)
	values := make([]string, 0, 8) // of all fields together
	set := func(name, value string) {
		values = append(values, value)
		h[name] = values[len(values)-1 : len(values) : len(values)]
	}
	if client != "" {
		set("X-Forwarded-For", client)
	}
	set("X-Forwarded-Proto", proto)
	set("X-Forwarded-Port", rewrite.Port(r))
	if host != "" {
		set("X-Forwarded-Host", host)
	}
	set("Forwarded", forwardedBy(client, host, proto))
	// A prefix that begins with two slashes would be a host to an application that redirects.
	if prefix := rewrite.EscapedScriptName(r); prefix != "" && !strings.HasPrefix(prefix, "//") {
		set("X-Forwarded-Prefix", prefix)
		set("X-Script-Name", prefix)
	}
	if user, _ := rewrite.User.Value(r.Context()); user != "" && userField != "" && !hasControl(user) && user == textproto.TrimString(user) {
		set(http.CanonicalHeaderKey(userField), user)
	}
}

// clientOf returns the address of the client; empty: nobody knows it.
func clientOf(r *http.Request) string {
	if client := rewrite.ClientOf(r); client.IsValid() {
		return client.String()
	}
	return ""
}

// publicHost returns the host that the client asked for; empty: it named none, or what cannot
// stand in a URL.
func publicHost(r *http.Request) string {
	if host, ok := rewrite.NamedHost(r); ok {
		return host
	}
	return ""
}

// forwardedBy returns the value of a Forwarded field.
func forwardedBy(client, host, proto string) string {
	var b strings.Builder
	b.Grow(len("for=unknown;host=;proto=https") + len(client) + len(host) + 4)
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
	if host != "" { // of characters that need no escape
		b.WriteString(`;host="`)
		b.WriteString(host)
		b.WriteByte('"')
	}
	b.WriteString(";proto=")
	b.WriteString(proto)
	return b.String()
}
