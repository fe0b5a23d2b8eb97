package filter

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/weirhttp/weir/rewrite"
)

// AllowHosts returns a filter that lets through the requests for some hosts, and answers those for any other with 421
// (Misdirected Request, RFC 9110 §7.4 and §15.5.20), and with 400 where the host is none (RFC 9112 §3.2).
//
// A host is written as in a URL: "example.org", "192.0.2.1", "[2001:db8::1]", any of them with a port. One without a port
// stands for every port. "*.example.org" stands for all names below example.org, of one label or more, and not for that
// itself. A name beyond ASCII is written as DNS has it, "xn--…". What is no host, or a "*" in another place, panics when
// the filter is made, and so does having none.
//
// The host of a request is what [rewrite.Host] holds, where a filter further out has set it, such as [TrustProxy], or
// else Request.Host, which net/http takes from the target in absolute form where there is one. It is compared without
// regard to case, and to one dot at its end, which is the root of DNS; an IPv6 address by its value. A port
// counts where the list names one: without one it is 443 by https and 80 by http, by [rewrite.Scheme] or the connection. A
// request that names no host, as HTTP/1.0 allows, is refused.
//
// An application that makes links of the host that it is asked by can be made to link anywhere, and a site on a private
// network or on localhost is open to any page whose name resolves to it (DNS rebinding): this is what keeps both out.
//
// It belongs inside of what finds out the host, and outside of everything that goes by it, such as [HTTPS].
func AllowHosts(hosts ...string) func(http.Handler) http.Handler {
	list := newHostList("AllowHosts", "hosts", hosts)
	return func(next http.Handler) http.Handler {
		if next == nil {
			panic("filter.AllowHosts: next is nil")
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch host, ok := rewrite.NamedHost(r); {
			case ok && list.allows(host, rewrite.SchemeOf(r)):
				next.ServeHTTP(w, r)
			case host != "" && !ok:
				http.Error(w, "the Host is no host", http.StatusBadRequest)
			default:
				http.Error(w, http.StatusText(http.StatusMisdirectedRequest), http.StatusMisdirectedRequest)
			}
		})
	}
}

// hostList has names of hosts, those with a port as "name:port", and ".name" for all names below.
type hostList map[string]bool

// newHostList returns the hosts of a parameter of a filter, and panics where there are none, or one is none.
func newHostList(filter, parameter string, hosts []string) hostList {
	if len(hosts) == 0 {
		panic(fmt.Sprintf("filter.%s: %s is empty: no host would be in it", filter, parameter))
	}
	list := hostList{}
	for i, host := range hosts {
		below, wild := strings.CutPrefix(host, "*.")
		name, port, ok := rewrite.SplitHost(below)
		if !ok || port == "" && strings.HasSuffix(host, ":") || wild && !isDomain(name) {
			panic(fmt.Sprintf("filter.%s: %s[%d] is %q, no host: write one such as \"example.org\", \"example.org:8443\", \"[::1]\" or \"*.example.org\"", filter, parameter, i, host))
		}
		if wild {
			name = "." + name
		}
		list[joinPort(name, port)] = true
	}
	return list
}

// allows says whether a host of a request, by a scheme, is in the list. Names are short, so that looking at what is
// behind each of their dots is cheap.
func (list hostList) allows(host, scheme string) bool {
	name, port, ok := rewrite.SplitHost(host)
	if !ok {
		return false
	}
	if port == "" {
		port = portOfScheme(scheme)
	}
	for at := 0; ; {
		if list[name[at:]] || list[joinPort(name[at:], port)] {
			return true
		}
		dot := strings.IndexByte(name[at+1:], '.')
		if dot < 0 || !isDomain(name) {
			return false
		}
		at += 1 + dot
	}
}

// isDomain says whether a name, as rewrite.SplitHost returns it, is one of DNS and not an address, whose last label is a number.
func isDomain(name string) bool {
	last := name[strings.LastIndexByte(name, '.')+1:]
	return name[0] != '[' && strings.Trim(last, "0123456789") != ""
}

func joinPort(name, port string) string {
	if port == "" {
		return name
	}
	return name + ":" + port
}

// portOfScheme returns the port that a URL of a scheme has without naming it.
func portOfScheme(scheme string) string {
	if scheme == "https" {
		return "443"
	}
	return "80"
}
