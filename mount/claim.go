package mount

import "strings"

// claims reports whether a field of a client claims what only a front may say to an
// application: who is signed in, where the client is, by which URL it came. It does so in
// every spelling that an application may take for it: any case of letters, and "_", "." or
// any other sign for "-", which may all become one letter of an environment variable. A field named also
// counts, too.
//
// Applications believe these fields of anybody, so that the client's own go first, all of
// them: a list of those that this or that application reads is never complete.
func claims(name, also string) bool {
	var buf [longestClaim]byte
	if len(name) > len(buf) {
		return also != "" && foldName(name) == foldName(also)
	}
	folded := buf[:len(name)]
	for i := range len(name) {
		folded[i] = foldByte(name[i])
	}
	return claimed[string(folded)] || strings.HasPrefix(string(folded), "x-forwarded") ||
		also != "" && len(also) == len(name) && foldName(also) == string(folded)
}

// longestClaim bounds the names that claims looks at without a copy, in bytes.
const longestClaim = 64

// claimed are the fields, folded, beside X-Forwarded and what begins like it.
var claimed = map[string]bool{
	"forwarded": true, // RFC 7239

	"x-script-name": true, "x-ingress-path": true, "x-proxycontextpath": true, "x-rstudio-root-path": true,
	"x-original-url": true, "x-original-uri": true, "x-original-host": true, "x-rewrite-url": true,

	"x-real-ip": true, "true-client-ip": true, "client-ip": true, "x-client-ip": true,
	"x-cluster-client-ip": true, "cf-connecting-ip": true, "fastly-client-ip": true,

	"remote-user": true, "x-remote-user": true,

	"proxy": true, // HTTP_PROXY, where programs look for a proxy to use (CVE-2016-5386)
}

// foldName returns name as claims compares it.
func foldName(name string) string {
	folded := []byte(name)
	for i, c := range folded {
		folded[i] = foldByte(c)
	}
	return string(folded)
}

func foldByte(c byte) byte {
	switch {
	case 'A' <= c && c <= 'Z':
		return c + 'a' - 'A'
	case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		return c
	}
	return '-'
}
