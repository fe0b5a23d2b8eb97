package mount

import (
	"slices"

	"github.com/weirhttp/weir/rewrite"
)

// claims reports whether a field of a client claims what only a front may say to an
// application: who is signed in, where the client is, by which URL it came. It does so in
// every spelling that an application may take for it, as rewrite.Like says. A field named
// also counts, too.
//
// Applications believe these fields of anybody, so that the client's own go first, all of
// them: a list of those that this or that application reads is never complete.
func claims(name, also string) bool {
	const family = "X-Forwarded"
	return len(name) >= len(family) && rewrite.Like(name[:len(family)], family) ||
		also != "" && rewrite.Like(name, also) ||
		slices.ContainsFunc(claimed[:], func(c string) bool { return rewrite.Like(name, c) })
}

// claimed are the fields beside X-Forwarded and what begins like it.
var claimed = [...]string{
	"Forwarded", // RFC 7239

	"X-Script-Name", "X-Ingress-Path", "X-ProxyContextPath", "X-RStudio-Root-Path",
	"X-Original-URL", "X-Original-URI", "X-Original-Host", "X-Rewrite-URL",

	"X-Real-IP", "True-Client-IP", "Client-IP", "X-Client-IP",
	"X-Cluster-Client-IP", "CF-Connecting-IP", "Fastly-Client-IP",

	"Remote-User", "X-Remote-User",

	"Proxy", // HTTP_PROXY, where programs look for a proxy to use (CVE-2016-5386)
}
