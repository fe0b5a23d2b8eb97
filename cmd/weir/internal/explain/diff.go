package explain

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// change is one thing that is not what it was.
type change struct {
	sign     byte   // '+', '-', or '~'
	name     string // such as "Content-Length:" or "path"
	from, to string // of '+' to alone, of '-' from alone
}

// comparer compares requests and responses for people to read.
type comparer struct{ secrets bool }

// requests returns what is not the same in a request further in.
func (d comparer) requests(outer, inner asked) []change {
	var list []change
	for _, c := range []change{
		{0, "method", outer.Method, inner.Method},
		pathChange(outer, inner),
		{0, "query", outer.Query, inner.Query},
		{0, "host", outer.Host, inner.Host},
		{0, "peer", outer.Peer, inner.Peer},
		{0, "client", outer.Client, inner.Client},
		{0, "user", outer.User, inner.User},
		{0, "body", length(outer.Length), length(inner.Length)},
	} {
		if c.from == c.to {
			continue
		}
		c.sign = sign(c.from, c.to)
		list = append(list, c)
	}
	fields := d.headers("", outer.Header, inner.Header)
	isID := func(c change) bool { return c.to == inner.ID }
	if inner.ID != outer.ID && !slices.ContainsFunc(fields, isID) {
		list = append(list, change{sign(outer.ID, inner.ID), "request id", outer.ID, inner.ID})
	}
	return append(list, fields...)
}

func sign(from, to string) byte {
	switch {
	case from == "":
		return '+'
	case to == "":
		return '-'
	}
	return '~'
}

// pathChange tells where the path is cut in two.
func pathChange(outer, inner asked) change {
	cut := func(a asked) string {
		if outer.ScriptName == inner.ScriptName {
			return a.PathInfo
		}
		if a.ScriptName == "" {
			return a.PathInfo
		}
		return "script name " + a.ScriptName + ", path info " + a.PathInfo
	}
	return change{0, "path", cut(outer), cut(inner)}
}

func length(n int64) string {
	switch {
	case n < 0:
		return "of unknown length"
	case n == 0:
		return ""
	}
	return bytesOf(n)
}

// answers returns what is not the same in a response further out.
func (d comparer) answers(inner, outer *reply) []change {
	var list []change
	if inner.Status != outer.Status {
		list = append(list, change{'~', "", statusOf(inner.Status), statusOf(outer.Status)})
	}
	list = append(list, d.headers("", inner.Header, outer.Header)...)
	list = append(list, d.headers("trailer ", inner.Trailer, outer.Trailer)...)
	switch {
	case inner.Bytes != outer.Bytes:
		list = append(list, change{'~', "body", strings.TrimSuffix(bytesOf(inner.Bytes), " bytes"), bytesOf(outer.Bytes)})
	case inner.Hash != outer.Hash:
		list = append(list, change{'~', "body", bytesOf(inner.Bytes), "as many others"})
	}
	return list
}

// headers returns the fields that are not the same.
func (d comparer) headers(kind string, from, to http.Header) []change {
	names := maps.Clone(from)
	if names == nil {
		names = http.Header{}
	}
	maps.Copy(names, to)
	var list []change
	for _, name := range slices.Sorted(maps.Keys(names)) {
		list = append(list, d.field(kind, name, from[name], to[name])...)
	}
	return list
}

// field returns the values of a field that are not the same.
func (d comparer) field(kind, name string, from, to []string) []change {
	var list []change
	add := func(sign byte, from, to string) {
		if !d.secrets {
			from, to = masked(name, from), masked(name, to)
		}
		list = append(list, change{sign, kind + name + ":", from, to})
	}
	same := 0 // at the beginning
	for same < min(len(from), len(to)) && from[same] == to[same] {
		same++
	}
	from, to = from[same:], to[same:]
	if len(from) == len(to) {
		for i := range from {
			if from[i] != to[i] {
				add('~', from[i], to[i])
			}
		}
		return list
	}
	for _, value := range from {
		add('-', value, "")
	}
	for _, value := range to {
		add('+', "", value)
	}
	return list
}

// masked returns the value of a field without what is secret in it.
func masked(name, value string) string {
	if value == "" {
		return ""
	}
	switch name {
	case "Authorization", "Proxy-Authorization":
		scheme, secret, found := strings.Cut(value, " ")
		if !found {
			return hidden(value)
		}
		return scheme + " " + hidden(secret)
	case "Cookie":
		var pairs []string
		for pair := range strings.SplitSeq(value, ";") {
			pairs = append(pairs, maskedPair(strings.TrimSpace(pair)))
		}
		return strings.Join(pairs, "; ")
	case "Set-Cookie":
		pair, attributes, found := strings.Cut(value, ";")
		if !found {
			return maskedPair(pair)
		}
		return maskedPair(pair) + ";" + attributes
	}
	return value
}

func maskedPair(pair string) string {
	name, value, found := strings.Cut(pair, "=")
	if !found {
		return hidden(pair)
	}
	return name + "=" + hidden(value)
}

func hidden(secret string) string {
	if n := utf8.RuneCountInString(secret); n != 1 {
		return fmt.Sprintf("«%d characters»", n)
	}
	return "«1 character»"
}

// hide masks what is secret in all that is known.
func (e *Explanation) hide() {
	for _, s := range e.Steps {
		maskHeader(s.In.Header)
		if s.Out != nil {
			maskHeader(s.Out.Header)
			maskHeader(s.Out.Trailer)
		}
	}
	if e.Answer != nil {
		maskHeader(e.Answer.Header)
		maskHeader(e.Answer.Trailer)
		for _, i := range e.Answer.Informational {
			maskHeader(i.Header)
		}
	}
}

func maskHeader(h http.Header) {
	for name, values := range h {
		for i, value := range values {
			values[i] = masked(http.CanonicalHeaderKey(name), value)
		}
	}
}

// statusOf returns a status with its name.
func statusOf(status int) string {
	return strings.TrimSpace(strconv.Itoa(status) + " " + http.StatusText(status))
}

// bytesOf returns a number of bytes with commas between thousands.
func bytesOf(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	if n == 1 {
		return "1 byte"
	}
	return digits + " bytes"
}

// printable replaces what a terminal would not show as it is, or would obey.
func printable(s string) string {
	return strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return utf8.RuneError
		}
		return c
	}, s)
}
