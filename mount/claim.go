package mount

import (
	"slices"

	"github.com/weirhttp/weir/internal/forwarded"
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
	return forwarded.Is(name) || also != "" && rewrite.Like(name, also) ||
		slices.ContainsFunc(claimed[:], func(c string) bool { return rewrite.Like(name, c) })
}

// claimed are the fields beside those that speak of where the client is and what it asked for.
var claimed = [...]string{
	"Remote-User", "X-Remote-User",
	"Proxy", // HTTP_PROXY, where programs look for a proxy to use (CVE-2016-5386)
}
