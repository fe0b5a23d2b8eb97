package filter

import (
	"iter"
	"net/netip"
	"slices"
	"strings"

	"github.com/weirhttp/weir/internal/token"
)

// forHops yields who connected to the proxies that wrote the lines of X-Forwarded-For, the last one first. The lines are one
// list (RFC 9110 §5.3).
func forHops(lines []string) iter.Seq[hop] {
	return func(yield func(hop) bool) {
		for _, line := range slices.Backward(lines) {
			for more := true; more; {
				var entry string
				entry, line, more = lastOf(line, strings.LastIndexByte(line, ','))
				if !yield(hop{addr: readAddr(trimOWS(entry))}) {
					return
				}
			}
		}
	}
}

// forwardedHops does the same for Forwarded (RFC 7239 §4). It looks for the beginning of an element from its end: quotes
// that a client did not close then cannot take in what a proxy added behind them, and the elements before that of the
// client are not read at all.
func forwardedHops(lines []string) iter.Seq[hop] {
	return func(yield func(hop) bool) {
		for _, line := range slices.Backward(lines) {
			for more := true; more; {
				var element string
				element, line, more = lastOf(line, lastComma(line))
				if !yield(readElement(element)) {
					return
				}
			}
		}
	}
}

// lastOf cuts a list at its last comma, if there is one.
func lastOf(list string, comma int) (last, rest string, more bool) {
	if comma < 0 {
		return list, "", false
	}
	return list[comma+1:], list[:comma], true
}

// lastComma returns the index of the last comma that is not in quotes, or -1.
func lastComma(s string) int {
	quoted := false
	for i := len(s) - 1; i >= 0; i-- {
		switch {
		case s[i] == ',' && !quoted:
			return i
		case s[i] == '"' && !quoted:
			quoted = true
		case s[i] == '"':
			before := strings.TrimRight(s[:i], `\`)
			quoted = (i-len(before))%2 == 1 // a quoted pair
			i = len(before)
		}
	}
	return -1
}

// readElement returns what an element of Forwarded says; nothing at all where it breaks the syntax.
func readElement(s string) hop {
	var h hop
	var seen []string
	for s = trimOWS(s); s != ""; {
		var name, value string
		var ok bool
		if name, value, s, ok = readPair(s); !ok || slices.Contains(seen, name) {
			return hop{}
		}
		switch name {
		case "":
			continue
		case "for":
			h.addr = readNode(value)
		case "proto":
			h.scheme = schemeOf(value)
		case "host":
			h.host = value
		case "by":
		default:
			continue // an extension (RFC 7239 §5.5)
		}
		seen = append(seen, name)
	}
	return h
}

// readPair reads one name=value of an element, up to the next, and the semicolon between them. It may be empty.
func readPair(s string) (name, value, rest string, ok bool) {
	if s[0] == ';' {
		return "", "", trimOWS(s[1:]), true
	}
	name, rest, ok = strings.Cut(s, "=")
	if !ok || !token.Is(name) {
		return "", "", "", false
	}
	if strings.HasPrefix(rest, `"`) {
		value, rest, ok = readQuoted(rest[1:])
	} else {
		end := strings.IndexAny(rest, "; \t")
		if end < 0 {
			end = len(rest)
		}
		value, rest = rest[:end], rest[end:]
		ok = token.Is(value)
	}
	rest = trimOWS(rest)
	if rest != "" && rest[0] != ';' {
		ok = false
	}
	return strings.ToLower(name), value, rest, ok
}

// readQuoted reads a quoted string (RFC 9110 §5.6.4) behind its first quote.
func readQuoted(s string) (value, rest string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return b.String(), s[i+1:], true
		case c == '\\' && i+1 < len(s):
			i++
		}
		if s[i] < ' ' && s[i] != '\t' || s[i] == 0x7f {
			break
		}
		b.WriteByte(s[i])
	}
	return "", "", false
}

// readAddr reads an entry of X-Forwarded-For: an address, with a port or without. IPv6 stands there with brackets and
// without.
func readAddr(s string) netip.Addr {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		return a.Unmap()
	}
	return readNode(s)
}

// readNode reads a node of RFC 7239 §6: an IPv4 address, or one of IPv6 in brackets, and perhaps a port. All else has no
// address: "unknown", obfuscated identifiers, and what breaks the syntax.
func readNode(s string) netip.Addr {
	text, port, ported := s, "", false
	if i := strings.LastIndexByte(s, ':'); i > strings.LastIndexByte(s, ']') {
		text, port, ported = s[:i], s[i+1:], true
	}
	inner, bracketed := strings.CutPrefix(text, "[")
	if bracketed {
		text, bracketed = strings.CutSuffix(inner, "]")
		if !bracketed {
			return netip.Addr{}
		}
	}
	a, err := netip.ParseAddr(text)
	if err != nil || a.Is6() != bracketed || a.Zone() != "" || ported && !isNodePort(port) {
		return netip.Addr{}
	}
	return a.Unmap()
}

// isNodePort says whether s is a port of RFC 7239 §6.
func isNodePort(s string) bool {
	if hidden, ok := strings.CutPrefix(s, "_"); ok {
		return hidden != "" && strings.Trim(hidden, obfuscated) == ""
	}
	return 1 <= len(s) && len(s) <= 5 && strings.Trim(s, obfuscated[:10]) == ""
}

// obfuscated are the characters of an obfuscated identifier, the digits first.
const obfuscated = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ._-"

// schemeOf returns the scheme that a proxy names, as the URL of a page has it; empty: none that is known.
func schemeOf(s string) string {
	switch strings.ToLower(s) {
	case "http", "ws":
		return "http"
	case "https", "wss":
		return "https"
	}
	return ""
}

// lastValue returns the last value of a field that is a list, or ought to have one value.
func lastValue(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	last := lines[len(lines)-1]
	return trimOWS(last[strings.LastIndexByte(last, ',')+1:])
}

func trimOWS(s string) string { return strings.Trim(s, " \t") }
