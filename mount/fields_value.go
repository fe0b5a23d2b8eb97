package mount

import (
	"encoding/json"
	"fmt"
	"strings"
)

// A fieldEdit returns what a line of a field of the application is to the client, or false
// where the client does not get it.
type fieldEdit func(p place, value string) (string, bool)

// reference is the edit of a field that is one reference. HX-Push-Url and HX-Replace-Url may
// say "false" instead, which would be a relative one.
func (p place) reference(value string) (string, bool) { return p.mapped(value), true }

// origin is the edit of a field that speaks for the whole origin.
func (p place) origin(value string) (string, bool) {
	return value, p.script == "" || p.options.WholeOrigin
}

// scope is the edit of Service-Worker-Allowed. A worker gets no other application's requests:
// the scope is compared by its letters, so "/app" would allow "/apple", too.
func (p place) scope(value string) (string, bool) {
	if p.script == "" || p.options.WholeOrigin {
		return value, true
	}
	value = p.mapped(value)
	u, ok := readReference(value)
	path := u.path
	switch {
	case !ok, u.slashes > 1 && !p.isPublic(u):
		return "", false
	case u.slashes > 1:
		path = u.after
	case u.slashes == 0:
		path = p.resolve(path, p.prefix)
	}
	path = resolved(path)
	if spelled(path, p.script) == len(path) {
		return shielded(p.prefix + "/"), true
	}
	return value, p.holds(path)
}

// links is the edit of Link (RFC 8288 section 3): the targets are mapped, the parameters
// stay.
func (p place) links(value string) (string, bool) {
	out := patch{text: value}
	begin := true // of a link
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case c == '<' && begin:
			n := strings.IndexByte(value[i:], '>')
			if n < 0 {
				return out.String(), true
			}
			out.put(i+1, i+n, p.mapped(value[i+1:i+n]))
			i, begin = i+n, false
		case c == '"':
			i, begin = endOfQuoted(value, i), false
		case c == ',':
			begin = true
		case strings.IndexByte(blanks, c) < 0:
			begin = false
		}
	}
	return out.String(), true
}

// endOfQuoted returns where the string ends that begins at value[i]: at its quote, or at
// the end of a value that has none.
func endOfQuoted(value string, i int) int {
	for i++; i < len(value) && value[i] != '"'; i++ {
		if value[i] == '\\' {
			i++
		}
	}
	return i
}

// endpoints is the edit of Reporting-Endpoints, a dictionary of strings (W3C Reporting API,
// section 3.2; RFC 9651).
func (p place) endpoints(value string) (string, bool) {
	out := patch{text: value}
	for i := 0; i < len(value); i++ {
		if value[i] == '"' {
			end := min(endOfQuoted(value, i), len(value))
			if ref := value[i+1 : end]; !strings.Contains(ref, `\`) {
				out.put(i+1, end, p.mapped(ref))
			}
			i = end
		}
	}
	return out.String(), true
}

// refresh is the edit of Refresh: "5", "5; url=/x", "5;URL='/x'", "0,/x" (HTML, section
// 4.2.5.3, the shared declarative refresh steps).
func (p place) refresh(value string) (string, bool) {
	rest := strings.TrimLeft(value, spaces)
	after := strings.TrimLeft(rest, "0123456789.")
	if after == rest || after == "" || !strings.Contains(spaces+";,", after[:1]) {
		return value, true
	}
	rest = strings.TrimLeft(after, spaces)
	if rest != "" && (rest[0] == ';' || rest[0] == ',') {
		rest = strings.TrimLeft(rest[1:], spaces)
	}
	if len(rest) > 2 && strings.EqualFold(rest[:3], "url") {
		if named, ok := strings.CutPrefix(strings.TrimLeft(rest[3:], spaces), "="); ok {
			rest = strings.TrimLeft(named, spaces)
		}
	}
	ref, quote := rest, ""
	if rest != "" && (rest[0] == '"' || rest[0] == '\'') {
		quote = rest[:1]
		rest = rest[1:]
		ref, _, _ = strings.Cut(rest, quote)
	}
	mapped := p.mapped(ref)
	if quote != "" { // the prefix may have one
		mapped = strings.ReplaceAll(mapped, quote, fmt.Sprintf("%%%X", quote))
	}
	out := patch{text: value}
	from := len(value) - len(rest)
	out.put(from, from+len(ref), mapped)
	return out.String(), true
}

// spaces are the white space of HTML.
const spaces = " \t\n\f\r"

// policy is the edit of a Content-Security-Policy: the addresses of report-uri are mapped,
// all else stays.
func (p place) policy(value string) (string, bool) {
	out := patch{text: value}
	for i, reports := 0, false; i < len(value); {
		n := strings.IndexAny(value[i:], spaces+";,")
		if n < 0 {
			n = len(value) - i
		}
		switch token := value[i : i+n]; {
		case n == 0 && (value[i] == ';' || value[i] == ','):
			reports = false
			n = 1
		case n == 0:
			n = 1
		case reports:
			out.put(i, i+n, unseparated.Replace(p.mapped(token)))
		default:
			reports = strings.EqualFold(token, "report-uri") && beginsDirective(value[:i])
		}
		i += n
	}
	return out.String(), true
}

// unseparated escapes what ends a directive, and a prefix may have.
var unseparated = strings.NewReplacer(";", "%3B", ",", "%2C")

// beginsDirective reports whether the next token after before is a directive's name.
func beginsDirective(before string) bool {
	before = strings.TrimRight(before, spaces)
	return before == "" || strings.HasSuffix(before, ";") || strings.HasSuffix(before, ",")
}

// ajax is the edit of HX-Location: a reference, or a JSON object whose path is one.
func (p place) ajax(value string) (string, bool) {
	if !strings.HasPrefix(strings.TrimLeft(value, spaces), "{") {
		return p.reference(value)
	}
	out := patch{text: value}
	d := json.NewDecoder(strings.NewReader(value))
	if _, err := d.Token(); err != nil {
		return value, true
	}
	for d.More() {
		var member json.RawMessage
		name, err := d.Token()
		if err != nil || d.Decode(&member) != nil {
			return value, true // no JSON to a browser, either
		}
		var ref string
		if name != "path" || json.Unmarshal(member, &ref) != nil {
			continue
		}
		if mapped := p.mapped(ref); mapped != ref {
			quoted, _ := json.Marshal(escapeBeyondASCII(mapped))
			end := int(d.InputOffset())
			out.put(end-len(member), end, string(quoted))
		}
	}
	return out.String(), true
}

// escapeBeyondASCII escapes what would have to be read as Latin-1 in a field.
func escapeBeyondASCII(ref string) string {
	out := patch{text: ref}
	for i := range len(ref) {
		if ref[i] >= 0x80 {
			out.put(i, i+1, fmt.Sprintf("%%%X", ref[i:i+1]))
		}
	}
	return out.String()
}
