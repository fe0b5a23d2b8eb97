package deploy

import (
	"net/http"
	"net/netip"
	"reflect"
	"slices"
	"strings"

	"github.com/weirhttp/weir"
	"github.com/weirhttp/weir/capture"
	"github.com/weirhttp/weir/filter"
	"github.com/weirhttp/weir/rewrite"
)

// encodings are the content codings that come with filter.Compress.
var encodings = []string{"zstd", "gzip"}

// encodingInfo describes what encoding reads.
func encodingInfo() *ValueInfo {
	x := textInfo("content coding", "gzip")
	x.Words = encodings
	x.Pattern = "^(" + strings.Join(encodings, "|") + ")$"
	return x
}

// encoding reads the name of a content coding.
func (r reading) encoding(v *value, _ reflect.Type) plan {
	s, ok := r.text(v)
	if !ok {
		return nil
	}
	if !slices.Contains(encodings, s) {
		r.fail(v.at, "", "%q is no content coding that comes with this program: write \"zstd\" or \"gzip\"", s)
		return nil
	}
	return fixed(filter.Encoding{Name: s}, reflect.TypeFor[filter.Encoding]())
}

// headMatch reads a list of media types.
func (r reading) headMatch(v *value, _ reflect.Type) plan {
	types, ok := r.texts(v)
	if !ok {
		return nil
	}
	var match func(*capture.Head) bool
	if message := caught(func() { match = rewrite.Type(types...) }); message != "" {
		r.fail(v.at, "", "%s", message)
		return nil
	}
	return fixed(match, reflect.TypeFor[func(*capture.Head) bool]())
}

// requestKeys are those by which a table says which requests are meant.
var requestKeys = []string{"pattern", "from", "peer", "not"}

// requestsInfo describes what match reads.
func requestsInfo() *ValueInfo {
	pattern := textInfo("pattern", "/static/")
	x := listInfo(pattern)
	x.Name, x.Forms, x.One = "which requests", []string{"array", "table"}, true
	prefixes := describe(reflect.TypeFor[[]netip.Prefix](), plainNote, nil)
	for i, v := range []*ValueInfo{listInfo(pattern), prefixes, prefixes, x} {
		x.Keys = append(x.Keys, KeyInfo{Name: requestKeys[i], Value: v})
	}
	return x
}

// requestMatch reads which requests are meant: a list of patterns, or a table with one of the keys
// pattern, from, peer and not.
func (r reading) requestMatch(v *value, _ reflect.Type) plan {
	match := r.match(v)
	if match == nil {
		return nil
	}
	return fixed(match, reflect.TypeFor[func(*http.Request) bool]())
}

func (r reading) match(v *value) func(*http.Request) bool {
	switch {
	case v.form == listForm:
		return r.patterns(v)
	case v.form != tableForm || len(v.table.entries) != 1:
		r.fail(v.at, `write one such as ["/static/"], { from = ["10.0.0.0/8"] } or { not = ["/static/"] }`,
			"this does not say which requests are meant")
		return nil
	}
	e := v.table.entries[0]
	switch e.key {
	case "pattern":
		return r.patterns(e.value)
	case "from":
		return r.from(e.value, rewrite.ClientOf)
	case "peer":
		return r.from(e.value, rewrite.PeerOf)
	case "not":
		if match := r.match(e.value); match != nil {
			return weir.Not(match)
		}
		return nil
	}
	r.fail(e.at, suggest(e.key, slices.Clone(requestKeys)), "there is no key %q here: requests are meant by pattern, from, peer or not", e.key)
	return nil
}

// patterns reads a list of patterns of http.ServeMux.
func (r reading) patterns(v *value) func(*http.Request) bool {
	texts, ok := r.texts(v)
	if !ok {
		return nil
	}
	all := true
	for i, s := range texts { // one by one, for the place of a fault
		if message := caught(func() { weir.Pattern(s) }); message != "" {
			r.fail(v.list[i].at, `write one such as "/static/" or "GET example.org/{path...}"`, "%s", message)
			all = false
		}
	}
	if !all {
		return nil
	}
	var match func(*http.Request) bool
	if message := caught(func() { match = weir.Pattern(texts...) }); message != "" {
		r.fail(v.at, "", "%s", message)
		return nil
	}
	if slices.ContainsFunc(texts, hasHost) {
		return func(req *http.Request) bool { return match(hosted(req)) }
	}
	return match
}

// from reads a list of ranges of addresses, in one of which the address of the request is.
func (r reading) from(v *value, address func(*http.Request) netip.Addr) func(*http.Request) bool {
	p := r.plan(v, reflect.TypeFor[[]netip.Prefix]())
	if p == nil || len(r.errors) > 0 {
		return nil
	}
	prefixes := p(nil).Interface().([]netip.Prefix)
	for i, p := range prefixes { // no address of a request is IPv4 mapped into IPv6
		if p.Addr().Is4In6() { // with 96 bits at least, since none is set behind them
			prefixes[i] = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
	}
	return func(req *http.Request) bool {
		a := address(req)
		return slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(a) })
	}
}
