package filter

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// CSP is a content security policy (CSP Level 3): what a page may load and do, as the values of each directive.
//
//	filter.CSP{
//		"default-src": {"'self'"},
//		"script-src":  {"'nonce'", "'strict-dynamic'"},
//		"object-src":  {"'none'"},
//		"base-uri":    {"'none'"},
//	}
//
// The source 'nonce' stands for the request's own, see [Nonce]. A directive without values is sent by its name alone,
// as upgrade-insecure-requests is. Directives that nobody knows, words that lack their quotes, as self does, and values
// that would end a directive or begin another policy panic when the filter is made.
type CSP map[string][]string

// directives are those of CSP Level 3 and of the specifications that add to it.
var directives = [...]string{
	"base-uri", "child-src", "connect-src", "default-src", "fenced-frame-src", "font-src", "form-action", "frame-ancestors",
	"frame-src", "img-src", "manifest-src", "media-src", "object-src", "report-to", "report-uri", "require-trusted-types-for",
	"sandbox", "script-src", "script-src-attr", "script-src-elem", "style-src", "style-src-attr", "style-src-elem",
	"trusted-types", "upgrade-insecure-requests", "webrtc", "worker-src",
}

// keywords are the words that stand in single quotes, and what such words begin with.
var keywords = [...]string{
	"self", "none", "unsafe-inline", "unsafe-eval", "wasm-unsafe-eval", "strict-dynamic", "unsafe-hashes", "report-sample",
	"inline-speculation-rules", "trusted-types-eval", "report-sha256", "report-sha384", "report-sha512",
	"unsafe-webtransport-hashes", "unsafe-allow-redirects", "nonce", "sha256-", "sha384-", "sha512-",
}

// pieces returns the policy as text, cut where the nonce goes in; nil for none.
func (c CSP) pieces(option string) []string {
	var text []string
	for _, name := range slices.Sorted(maps.Keys(c)) {
		if !slices.Contains(directives[:], name) {
			panic(fmt.Sprintf("filter.SecureHeaders: %s has the directive %q, which browsers do not know%s", option, name, meant(name)))
		}
		directive := name
		for _, value := range c[name] {
			if fault := faultOf(name, value); fault != "" {
				panic(fmt.Sprintf("filter.SecureHeaders: %s has %q in %s: %s", option, value, name, fault))
			}
			if strings.EqualFold(value, "'nonce'") && hasSources(name) {
				value = "'nonce-\x00'"
			}
			directive += " " + value
		}
		text = append(text, directive)
	}
	if text == nil {
		return nil
	}
	return strings.Split(strings.Join(text, "; "), "\x00")
}

// meant says which directive a name stands for that has the same letters.
func meant(name string) string {
	letters := strings.NewReplacer("-", "", "_", "")
	for _, d := range directives {
		if strings.EqualFold(letters.Replace(d), letters.Replace(name)) {
			return ": write " + d
		}
	}
	return ""
}

// faultOf says what is wrong with a value of a directive.
func faultOf(directive, value string) string {
	if value == "" || !isVisible(value) || strings.ContainsAny(value, " ;,") {
		return "write one value, without spaces, semicolons and commas"
	}
	if !hasSources(directive) {
		return ""
	}
	word, opened := strings.CutPrefix(value, "'")
	word, closed := strings.CutSuffix(word, "'")
	switch {
	case strings.HasPrefix(strings.ToLower(word), "nonce-"):
		return "write 'nonce' for that of the request; one for all is none"
	case opened != closed, opened && !isKeyword(word):
		return "no such word is known"
	case !opened && isKeyword(word):
		return "write '" + value + "', in single quotes"
	}
	return ""
}

// hasSources says whether the values of a directive are sources.
func hasSources(directive string) bool {
	return strings.Contains(directive, "-src") || directive == "base-uri" || directive == "form-action" || directive == "frame-ancestors"
}

// isKeyword says whether a word is one of those that stand in quotes.
func isKeyword(word string) bool {
	word = strings.ToLower(word)
	return slices.ContainsFunc(keywords[:], func(k string) bool {
		if strings.HasSuffix(k, "-") {
			return strings.HasPrefix(word, k) && len(word) > len(k)
		}
		return word == k
	})
}
