package filter

import (
	"net/http"
	"slices"
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
	return disconnectsProxies(h)
}

// disconnectsProxies says whether an option of Connection names such a field.
func disconnectsProxies(h http.Header) bool {
	for _, line := range h["Connection"] {
		for option := range strings.SplitSeq(line, ",") {
			if forwarded.Is(trimOWS(option)) {
				return true
			}
		}
	}
	return false
}

// belief is a field that says what was believed; none if the value is empty.
type belief struct{ name, value string }

// write returns a header that is h but for what is said of proxies: that is what was believed, in the one family or the
// other. It is h itself where h says just that, as behind one proxy that overwrites what clients say.
func (s *hearsay) write(h http.Header, byForwarded bool) http.Header {
	beliefs := s.beliefs(byForwarded)
	if saysJust(h, beliefs[:]) {
		return h
	}
	h = h.Clone()
	dropForwarded(h)
	for _, b := range beliefs {
		if b.value != "" {
			h[b.name] = []string{b.value}
		}
	}
	return h
}

// saysJust says whether a header says of proxies what is believed, word by word, and nothing else.
func saysJust(h http.Header, beliefs []belief) bool {
	missing := 0
	for _, b := range beliefs {
		if b.value != "" {
			missing++
		}
	}
	for name, values := range h {
		if !forwarded.Is(name) {
			continue
		}
		if len(values) != 1 || values[0] == "" || !slices.Contains(beliefs, belief{name, values[0]}) {
			return false
		}
		missing--
	}
	return missing == 0 && !disconnectsProxies(h)
}

func (s *hearsay) beliefs(byForwarded bool) [4]belief {
	if byForwarded {
		return [4]belief{{"Forwarded", s.forwarded()}}
	}
	return [4]belief{{"X-Forwarded-For", s.forwardedFor()}, {"X-Forwarded-Proto", s.scheme}, {"X-Forwarded-Host", s.host},
		{"X-Forwarded-Prefix", s.prefix}}
}

func (s *hearsay) forwardedFor() string {
	if len(s.hops) == 1 {
		return s.hops[0].name()
	}
	var list []string
	for _, h := range slices.Backward(s.hops) {
		list = append(list, h.name())
	}
	return strings.Join(list, ", ")
}

func (s *hearsay) forwarded() string {
	var b strings.Builder
	for i, h := range slices.Backward(s.hops) {
		if b.Len() > 0 {
			b.WriteString(", ")
		}
		b.WriteString("for=")
		if h.addr.Is6() {
			b.WriteString(`"[` + h.addr.String() + `]"`)
		} else {
			b.WriteString(h.name())
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
	return b.String()
}

// name is how a hop stands in a field.
func (h hop) name() string {
	if !h.addr.IsValid() {
		return "unknown"
	}
	return h.addr.String()
}
