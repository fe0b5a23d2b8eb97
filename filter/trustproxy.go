package filter

import (
	"fmt"
	"iter"
	"net/http"
	"net/netip"
	"strings"

	"github.com/weirhttp/weir/rewrite"
)

// TrustProxyOptions are the options of [TrustProxy]. The zero value believes X-Forwarded-For and X-Forwarded-Proto.
type TrustProxyOptions struct {
	// Forwarded believes the field Forwarded (RFC 7239) and nothing of the X-Forwarded family. False believes the family
	// and nothing of Forwarded. It is never both: a proxy that writes the one passes on what a client says in the other.
	Forwarded bool

	// Host believes the host that the proxies name, X-Forwarded-Host or the host of Forwarded. Many proxies pass on what
	// a client says in X-Forwarded-Host: have the last one overwrite it first. It is what the client asked for in any
	// case, and as little to be relied on as any Host; see AllowHosts.
	Host bool

	// Prefix believes X-Forwarded-Prefix, the part of the path that the proxies took off: it becomes the beginning of the
	// script name, if [rewrite.Prepend] takes it. Have the last proxy overwrite it first. Forwarded has no such thing.
	Prefix bool

	// UnixSocket trusts whoever connects to a Unix socket that the server listens on.
	UnixSocket bool
}

// TrustProxy returns a filter that finds out what the client asked for, from what the proxies in front of the server
// say, and believes nobody else. Proxies are the ranges of their addresses; one that trusts everybody, 0.0.0.0/0 or
// ::/0, panics when the filter is made, as does what is no range, and Prefix with Forwarded. With no ranges, and
// without UnixSocket, it trusts nobody.
//
// If the connection comes from a proxy, it sets
//
//   - [rewrite.Client]: each proxy adds the address of who connected to it at the end of X-Forwarded-For, or of Forwarded.
//     They are read from the end, and the first that is none of the proxies is the client; if all are, the one at the
//     beginning. What stands before it is the client's own invention, and is not even read. Where the next one is
//     "unknown", an obfuscated identifier (RFC 7239 §6.3) or cannot be read, nobody knows the client, and
//     the value is the zero address. Ports do not matter, and IPv4 mapped into IPv6 is IPv4.
//   - [rewrite.Scheme]: http or https, by the last value of X-Forwarded-Proto (ws and wss count as these), or the proto of
//     that element of Forwarded which names the client;
//   - [rewrite.Host], with the option Host, from X-Forwarded-Host or Forwarded in the same way;
//   - the script name, with the option Prefix: [rewrite.ScriptName] then begins with what the proxies took off.
//
// What is missing, or is no scheme, host or prefix, is not set. RemoteAddr, Host and the path of the request stay as they are.
//
// The header of the request is left with what was believed, written anew: X-Forwarded-For (or Forwarded) from the client
// on, and the other fields of the family that count, each with one value. All else that speaks of these things goes,
// whoever sent it: X-Real-Ip, True-Client-Ip, Cf-Visitor, X-Original-Url, X-Script-Name, all that begins with X-Forwarded,
// and the like, in all spellings that some application takes for them, such as X_Forwarded_For; and options of
// Connection that name such a field, by which a client could have it dropped further on (CVE-2024-45410). A request
// that has none of them is handed on as it is, and so is a header that says what was believed in those words
// already: it is not copied.
//
// A client whose own address is in the ranges, such as another machine of the same network, can say what it likes: name
// the proxies, not their network. A proxy has to add to X-Forwarded-For, or overwrite it, and to overwrite
// X-Forwarded-Proto; where one leaves them alone, clients write them.
//
// It answers nothing itself. It is the outermost filter of a stack, since all others go by what it finds out.
func TrustProxy(proxies []netip.Prefix, o TrustProxyOptions) func(http.Handler) http.Handler {
	t := &trust{TrustProxyOptions: o, proxies: newRanges("TrustProxy", "proxies", proxies)}
	for i, p := range t.proxies {
		if p.Bits() == 0 {
			panic(fmt.Sprintf("filter.TrustProxy: proxies[%d] is %v, everybody: write the addresses of the proxies", i, p))
		}
	}
	if o.Forwarded && o.Prefix {
		panic("filter.TrustProxy: Prefix is set with Forwarded, which has none: leave Forwarded out, and have the proxies write the X-Forwarded family")
	}
	return func(next http.Handler) http.Handler {
		if next == nil {
			panic("filter.TrustProxy: next is nil")
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !speaksOfProxies(r.Header) {
				next.ServeHTTP(w, r)
				return
			}
			rewrite.Serve(w, r, t.edit(r), next)
		})
	}
}

type trust struct {
	TrustProxyOptions
	proxies ranges
}

// edit returns a copy of r that has nothing but what was believed.
func (t *trust) edit(r *http.Request) *http.Request {
	var said hearsay
	if t.trusts(r) {
		said = t.read(r.Header)
	}
	edited := said.tell(r)
	edited.Header = said.write(r.Header, t.Forwarded)
	return edited
}

// trusts says whether the connection of r comes from a proxy.
func (t *trust) trusts(r *http.Request) bool {
	return t.proxies.contain(rewrite.PeerOf(r)) || t.UnixSocket && overUnix(r)
}

// hop is who connected to a proxy, and what that proxy says of the request. The zero address is nobody who is known.
type hop struct {
	addr         netip.Addr
	scheme, host string
}

// hearsay is what is believed of what the proxies say. Empty texts are what nobody said.
type hearsay struct {
	hops                 []hop // the nearest first; the last is the client
	scheme, host, prefix string
}

// read returns what is to be believed of a header that a proxy sent.
func (t *trust) read(h http.Header) hearsay {
	var s hearsay
	if t.Forwarded {
		s.hops = t.walk(forwardedHops(h["Forwarded"]))
		if n := len(s.hops); n > 0 {
			s.scheme, s.host = s.hops[n-1].scheme, s.hops[n-1].host
		}
	} else {
		s.hops = t.walk(forHops(h["X-Forwarded-For"]))
		s.scheme = schemeOf(lastValue(h["X-Forwarded-Proto"]))
		s.host = lastValue(h["X-Forwarded-Host"])
	}
	if _, _, ok := rewrite.SplitHost(s.host); !ok || !t.Host {
		s.host = ""
	}
	if lines := h["X-Forwarded-Prefix"]; t.Prefix && len(lines) == 1 {
		s.prefix = strings.TrimSuffix(lines[0], "/")
	}
	return s
}

// walk returns the hops up to the first that is no proxy.
func (t *trust) walk(hops iter.Seq[hop]) []hop {
	var believed []hop
	for h := range hops {
		believed = append(believed, h)
		if !t.proxies.contain(h.addr) {
			break
		}
	}
	return believed
}

// tell returns a copy of r in whose context the values are. A prefix that is refused is forgotten.
func (s *hearsay) tell(r *http.Request) *http.Request {
	ctx := r.Context()
	if n := len(s.hops); n > 0 {
		ctx = rewrite.Client.WithValue(ctx, s.hops[n-1].addr)
	}
	if s.scheme != "" {
		ctx = rewrite.Scheme.WithValue(ctx, s.scheme)
	}
	if s.host != "" {
		ctx = rewrite.Host.WithValue(ctx, s.host)
	}
	edited := r.WithContext(ctx)
	if prefixed, ok := rewrite.Prepend(edited, s.prefix); ok && !strings.Contains(s.prefix, ",") { // several are none
		return prefixed
	}
	s.prefix = ""
	return edited
}
