// Package forwarded knows the fields by which proxies tell an application who the client is and what it asked for. An
// application may believe any of them of anybody, so that who does not know where one comes from has to remove it. No
// list of them is ever complete: this is what proxies, content delivery networks and frameworks are known to write and
// to read.
package forwarded

// family is how the names of the largest family begin, X-Forwarded itself included.
const family = "x-forwarded"

// Is says whether a field is such a one, in any spelling that some application takes for it, as rewrite.Like says.
func Is(name string) bool {
	var buf [longest]byte
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
	if len(folded) >= len(family) && string(folded[:len(family)]) == family {
		return true
	}
	return len(name) <= len(buf) && fields[string(folded)]
}

// longest is how many bytes the longest name of fields has.
const longest = len("cloudfront-forwarded-proto")

// fields are those beside the family.
var fields = map[string]bool{
	"forwarded": true, // RFC 7239

	// Who the client is.
	"x-real-ip": true, "x-client-ip": true, "client-ip": true, "true-client-ip": true, "x-true-client-ip": true,
	"x-cluster-client-ip": true, "x-remote-ip": true, "x-remote-addr": true, "remote-addr": true, "x-originating-ip": true,
	"x-proxyuser-ip": true, "proxy-client-ip": true, "wl-proxy-client-ip": true, "x-coming-from": true, "coming-from": true,
	"forwarded-for": true, "forwarded-for-ip": true, "x-forward-for": true, "forward-for": true, "x-http-forwarded-for": true,
	"x-original-forwarded-for": true, "x-original-for": true, "x-original-remote-addr": true, "x-ms-forwarded-client-ip": true,
	"cf-connecting-ip": true, "cf-connecting-ipv6": true, "cf-pseudo-ipv4": true, "do-connecting-ip": true, "cloudfront-viewer-address": true,
	"fastly-client-ip": true, "fly-client-ip": true, "incap-client-ip": true, "akamai-client-ip": true, "x-sucuri-clientip": true,
	"x-azure-clientip": true, "x-azure-socketip": true, "x-appengine-user-ip": true, "x-appengine-remote-addr": true,
	"x-envoy-external-address": true, "x-vercel-forwarded-for": true, "x-nf-client-connection-ip": true,
	"ali-cdn-real-ip": true, "cdn-src-ip": true, "cdn-real-ip": true, "x-real-port": true,

	// By which scheme it came.
	"x-scheme": true, "x-url-scheme": true, "x-original-scheme": true, "x-original-proto": true, "x-proto": true,
	"x-real-proto": true,
	"https":        true, "x-https": true, "x-ssl": true, "front-end-https": true, "x-arr-ssl": true, "wl-proxy-ssl": true,
	"fastly-ssl": true, "cf-visitor": true, "cloudfront-forwarded-proto": true, "x-appengine-https": true,

	// Which host, path and method it asked for.
	"x-host": true, "x-http-host-override": true, "x-original-host": true, "x-original-port": true,
	"x-envoy-original-host": true, "x-original-url": true, "x-original-uri": true, "x-original-path": true,
	"x-envoy-original-path": true, "x-rewrite-url": true, "x-replaced-path": true,
	"x-waws-unencoded-url": true, "x-original-method": true, "x-original-prefix": true,

	// Below which prefix the application lives.
	"x-script-name": true, "x-ingress-path": true, "x-proxycontextpath": true, "x-rstudio-root-path": true,
	"x-rstudio-request": true,
}
