package rewrite

import (
	"iter"
	"strings"
)

// ETag is an entity tag as fields have it, `"xyzzy"` or, when it is a weak one, `W/"xyzzy"`
// (RFC 9110 section 8.8.3). What is not of that form, as the empty ETag, matches nothing.
type ETag string

// StrongMatch reports whether the two tags are the same and strong (RFC 9110 section
// 8.8.3.2): If-Match and If-Range ask for that.
func (t ETag) StrongMatch(other ETag) bool {
	return t == other && t != "" && t[0] == '"' && cutETag(string(t)) == len(t)
}

// WeakMatch reports whether the two tags are the same, be they weak or strong:
// If-None-Match asks for that.
func (t ETag) WeakMatch(other ETag) bool {
	return t.opaque() == other.opaque() && t != "" && cutETag(string(t)) == len(t)
}

// opaque is the tag without what makes it a weak one.
func (t ETag) opaque() string { return strings.TrimPrefix(string(t), "W/") }

// ETags is a list of entity tags, the lines of If-Match or If-None-Match as they are:
// ETags(h["If-Match"]). They are read when one asks. A list that is malformed, wherever it
// is, matches nothing: nobody can tell what it was meant to say.
type ETags []string

// Any reports whether the list is "*", which stands for whatever tag there is.
func (t ETags) Any() bool { return len(t) == 1 && trim(t[0]) == "*" }

// All returns the tags of the list in their order, up to a place that is malformed: none of
// "*".
func (t ETags) All() iter.Seq[ETag] {
	return func(yield func(ETag) bool) { t.read(yield) }
}

// Malformed reports whether there is anything in the list that is neither a tag nor "*"
// alone.
func (t ETags) Malformed() bool {
	return !t.Any() && !t.read(func(ETag) bool { return true })
}

// StrongMatch reports whether the list is "*" or has a tag that matches strongly.
func (t ETags) StrongMatch(tag ETag) bool {
	return t.Any() || t.has(func(listed ETag) bool { return listed == tag && listed[0] == '"' })
}

// WeakMatch reports whether the list is "*" or has a tag that matches weakly.
func (t ETags) WeakMatch(tag ETag) bool {
	wanted := tag.opaque()
	return t.Any() || t.has(func(listed ETag) bool { return listed.opaque() == wanted })
}

func (t ETags) has(match func(listed ETag) bool) (found bool) {
	wellFormed := t.read(func(listed ETag) bool {
		found = found || match(listed)
		return true
	})
	return found && wellFormed
}

// read yields the tags up to a malformed place, and reports whether there was none.
func (t ETags) read(yield func(ETag) bool) bool {
	for _, line := range t {
		s := scanner{rest: line}
		for s.next() {
			n := cutETag(s.rest)
			if n == 0 {
				return false
			}
			tag := ETag(s.rest[:n])
			s.rest = s.rest[n:]
			if !s.ends() {
				return false
			}
			if !yield(tag) {
				return true
			}
		}
	}
	return true
}

// cutETag returns the length of the entity tag that s begins with, 0 where there is none.
func cutETag(s string) int {
	opaque, ok := strings.CutPrefix(strings.TrimPrefix(s, "W/"), `"`)
	if !ok {
		return 0
	}
	for i := range len(opaque) {
		switch c := opaque[i]; {
		case c == '"':
			return len(s) - len(opaque) + i + 1
		case c <= ' ' || c == 0x7f:
			return 0
		}
	}
	return 0
}
