package filter

import (
	"net/http"
	"strings"

	"github.com/weirhttp/weir/internal/forwarded"
	"github.com/weirhttp/weir/rewrite"
)

// dropForwarded removes all fields by which a proxy says who the client is and what it asked for, and the options of
// Connection that name one.
var dropForwarded = rewrite.DelFunc(forwarded.Is)

// speaksOfProxies says whether a header has anything that dropForwarded drops.
func speaksOfProxies(h http.Header) bool {
	for name := range h {
		if forwarded.Is(name) {
			return true
		}
	}
	for _, line := range h["Connection"] {
		for option := range strings.SplitSeq(line, ",") {
			if forwarded.Is(trimOWS(option)) {
				return true
			}
		}
	}
	return false
}

// write writes into h what was believed, in the one family or the other.
func (s *hearsay) write(h http.Header, byForwarded bool) {
	if byForwarded {
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
